"""Open answers before the Judge Service: what is asked, and the line that is kept of what it said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from judge_client import (
    AsyncJudgeClient,
    CaseOutcome,
    JudgeClientError,
    NoAnswer,
    Refused,
    ScoredCase,
    Unreachable,
)
from judge_client.calls import encoded
from judge_client.patience import Patience
from judge_client.pictures import image_of
from judge_client.run.digests import digest_of_bytes
from judge_client.run.discretion import Discreet
from judge_client.run.folder import FAILED, now
from judge_client.run.parsing import visible
from judge_client.run.pictures import picture_seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.run.items import Dataset, Item
    from judge_client.run.plan import Judge
    from judge_client.transport import AsyncTransport

_MICRO = 1e6
_BUSY = 429


class Unencodable(ValueError):
    """A text that cannot be sent, for it holds half a character (a lone surrogate)."""


def client_of(judge: Judge, transport: AsyncTransport) -> AsyncJudgeClient:
    """A client of the service, over a transport of the caller's."""
    headers = {"authorization": f"Bearer {judge.key}"} if judge.key else {}
    patience = Patience(deadline_s=judge.timeout_s, tries=judge.tries)
    told = Discreet(transport, judge.key)
    return AsyncJudgeClient(
        judge.url, tenant=judge.tenant, headers=headers, patience=patience, transport=told
    )


async def instrument_of(client: AsyncJudgeClient, judge: Judge) -> dict[str, Any]:
    """What measures: the rubric as it stands at the service, the judge behind the name. A run is bound to both."""
    rubric, judges = await asyncio.gather(client.rubric(judge.rubric), client.judges())
    name = judge.name or "default"
    found = next((each for each in judges if each.name == name), None)
    if found is None:
        raise ValueError(f"the service has no judge {name!r}")
    return {
        "rubric": f"{rubric.id}@{rubric.version}",
        "rubric_digest": rubric.digest,
        "weights": {criterion.id: criterion.weight for criterion in rubric.criteria},
        "judge_kind": found.kind,
        "judge_model": found.model,
        "is_llm": found.is_llm,
        "sampling": dict(found.sampling),
    }


def request_of(
    item: Item, answer: Mapping[str, Any], judge: Judge, model: str, data: Dataset
) -> dict[str, Any]:
    """The body of `POST /v1/scores` for one answer; raises `Unencodable`, and `DatasetFault` for a picture."""
    case: dict[str, Any] = {
        "id": item.key,
        "prompt": item.question,
        "response": visible(answer["text"]),
        "reference": item.answer,
        "model": model,
        "subgroups": dict(item.groups),
    }
    if item.visual_description:
        case["visual_description"] = item.visual_description
    if judge.mode == "image" and (picture := picture_seen(item, answer, data.images)) is not None:
        case["images"] = [image_of(picture)]
    _check_encodable(case)
    named = {"judge": judge.name, "mode": judge.mode}
    return {"rubric": judge.rubric, "case": case} | {name: value for name, value in named.items() if value}


def asked_line(request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, as it is kept: every word, and the picture by the digest that the model's request has."""
    case = dict(request["case"])
    if "images" in case:
        seen = answer["request"]
        case["images"] = [{"digest": seen["image"], "path": seen["image_path"]}]
    return {"digest": digest_of_bytes(encoded(request)), "body": {**request, "case": case}}


def _check_encodable(case: Mapping[str, Any]) -> None:
    for name, value in case.items():
        try:
            (value if isinstance(value, str) else "").encode()
        except UnicodeEncodeError:
            words = (
                f"the {name.replace('_', ' ')} holds half a character (a lone surrogate) and cannot be sent"
            )
            raise Unencodable(words) from None


def score_line(item: Item, answer: Mapping[str, Any], outcome: CaseOutcome) -> dict[str, Any]:
    """The line of a case that the service answered for; without a score it is null and says why."""
    scored = isinstance(outcome, ScoredCase)
    spent = outcome.provenance.spent_microusd
    return {
        **_head(item, answer),
        "called": True,
        "outcome": outcome.outcome,
        "score": outcome.score if isinstance(outcome, ScoredCase) else None,
        "reason": None if isinstance(outcome, ScoredCase) else outcome.reason,
        "comparable": scored and outcome.answer.comparable,
        "cost_usd": None if spent is None else spent / _MICRO,
        "answer": outcome.answer.model_dump(mode="json"),
    }


def failed_line(item: Item, answer: Mapping[str, Any], fault: Exception, *, called: bool) -> dict[str, Any]:
    """The line of a call that failed: there is no score, and the next run asks again."""
    told = fault.outcome if isinstance(fault, NoAnswer) else None
    kind = told or ("refused" if isinstance(fault, Refused) else type(fault).__name__)
    return {
        **_head(item, answer),
        "called": called,
        "outcome": FAILED,
        "paid": "maybe" if called and _may_be_paid(fault) else "no",
        "score": None,
        "fault": kind,
        "reason": str(fault)
        if isinstance(fault, JudgeClientError | Unencodable)
        else f"{type(fault).__name__}: {fault}",
    }


def _may_be_paid(fault: Exception) -> bool:
    """Whether the judge may have been asked: the service may fail after that."""
    if isinstance(fault, Unreachable):
        return fault.sent
    return not isinstance(fault, Refused) and getattr(fault, "status", None) != _BUSY


def _head(item: Item, answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": item.key, "kind": item.kind, "response": answer["response_digest"], "at": now()}
