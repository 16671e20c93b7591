"""One case, many cases in one call, and two responses beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from judge_client import models
from judge_client.batches import CAP, Batch, read_batch, sendable
from judge_client.calls import NDJSON, Operation, encoded, post
from judge_client.outcomes import CaseOutcome, ComparedOutcome, read_comparison, read_score
from judge_client.pictures import Picture, image_of

if TYPE_CHECKING:
    from judge_client.calls import Call, Reply

Request = models.ScoreRequest | Mapping[str, Any]
Mode = Literal["auto", "text", "image"]
Cache = Literal["use", "refresh", "only", "off"]
# What of the cache makes a repetition free: an answer that was lost is found again.
_KEPT = frozenset({"use", "only"})
_WAY_BACK_S = 5.0


def score(
    request: Request | None = None,
    /,
    *,
    rubric: str | None = None,
    response: str | None = None,
    prompt: str | None = None,
    reference: str | None = None,
    claim: str | None = None,
    visual_description: str | None = None,
    images: Sequence[Picture] = (),
    case_id: str | None = None,
    model: str | None = None,
    judge: str | None = None,
    mode: Mode | None = None,
    samples: int | None = None,
    cache: Cache | None = None,
    deadline_ms: int | None = None,
    max_cost_usd: float | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Operation[CaseOutcome]:
    """Score one case: by the frequent fields, or by a whole `ScoreRequest`.

    Ends as a `ScoredCase` or an `UnscoredCase`; raises `NoAnswer` where no judge answered, `Refused` where the
    request is at fault. `model` is the one that gave the response; no judge sees it.

        client.score(rubric="medical-qa", response="Pneumonia.", reference="Right lower lobe pneumonia.")
    """
    case = {
        "id": case_id,
        "prompt": prompt,
        "response": response,
        "reference": reference,
        "claim": claim,
        "visual_description": visual_description,
        "model": model,
        "images": [image_of(picture) for picture in images] or None,
    }
    rest = {
        "rubric": rubric,
        "judge": judge,
        "mode": mode,
        "samples": samples,
        "cache": cache,
        "deadline_ms": deadline_ms,
        "max_cost_usd": max_cost_usd,
        "metadata": dict(metadata) if metadata else None,
    }
    body = _whole(request, _given(case), _given(rest))
    kept = _field(body, "cache", "use") in _KEPT
    asked_ms = _field(body, "deadline_ms", None)
    return post(
        "/v1/scores",
        encoded(body),
        read_score,
        repeatable=kept,
        bounded=True,
        deadline_s=asked_ms / 1000 + _WAY_BACK_S if isinstance(asked_ms, int | float) else None,
    )


def compare(request: models.ComparisonRequest | Mapping[str, Any], /) -> Operation[ComparedOutcome]:
    """Ask which of two responses is better, in both orders: `Preferred` or `NoPreference`.

    client.compare({"rubric": "medical-qa", "case": {"responses": {"a": "Flu.", "b": "Pneumonia."}, …}})
    """
    kept = _field(request, "cache", "use") in _KEPT
    return post("/v1/comparisons", encoded(request), read_comparison, repeatable=kept, bounded=True)


def score_many(
    requests: Iterable[Request],
    *,
    defaults: Mapping[str, Any] | None = None,
    max_cost_usd: float | None = None,
) -> Operation[Batch]:
    """Score up to 256 cases in one call, answered together and in their order.

    `defaults` are fields for every case that lacks them. A case at fault harms no other: its item holds the error
    in place of an outcome. For more cases, or as each is done: `stream`; for thousands: `jobs.submit`.
    """
    return batch([as_mapping(request) for request in requests], defaults or {}, max_cost_usd)


def batch(
    items: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any], max_cost_usd: float | None = None
) -> Operation[Batch]:
    """The call that scores these items."""
    if not 1 <= len(items) <= CAP:
        raise ValueError(f"a batch has 1 to {CAP} cases, not {len(items)}; for more: stream, or jobs.submit")
    sent, unsent = sendable(items)
    body = {"items": sent} | _given({"defaults": dict(defaults), "max_cost_usd": max_cost_usd})
    kept = all({**defaults, **item}.get("cache", "use") in _KEPT for item in items)

    def read(reply: Reply) -> Batch:
        return read_batch(reply, unsent)

    return post("/v1/scores:batch", encoded(body), read, repeatable=kept, bounded=True)


def streamed(operation: Operation[Batch]) -> Call:
    """The same call, answered line by line."""
    return operation.call.with_headers({"accept": NDJSON})


def as_mapping(request: Request) -> dict[str, Any]:
    """A request as plain data, of a model what was set."""
    if isinstance(request, models.ScoreRequest):
        return request.model_dump(mode="json", exclude_unset=True)
    return dict(request)


def _whole(request: Request | None, case: dict[str, Any], rest: dict[str, Any]) -> Request:
    """What is sent: the request as it was given, or the one that its fields make."""
    if request is not None:
        if case or rest:
            raise TypeError("give a whole request or its fields, not both")
        return request
    if "rubric" not in rest or "response" not in case:
        raise TypeError("a score needs at least rubric=… and response=…")
    return {**rest, "case": case}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _field(body: Any, name: str, other: object) -> Any:
    return body.get(name, other) if isinstance(body, Mapping) else getattr(body, name, other)
