"""The answers to many cases in one call: each an outcome, or the error that a single request would have raised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from judge_client.calls import unreadable
from judge_client.errors import Incompatible, NoAnswer, Refused
from judge_client.models import Score
from judge_client.outcomes import CaseOutcome, outcome_of
from judge_client.problems import error_of

if TYPE_CHECKING:
    from judge_client.calls import Reply

CAP: Final = 256


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What came of one case of many; `index` is its place among them, from 0.

    match item.result:
        case ScoredCase(score): ...
        case UnscoredCase(outcome, reason): ...
        case NoAnswer() | Refused() as error: ...
    """

    index: int
    custom_id: str | None
    result: CaseOutcome | NoAnswer | Refused


def read_batch(reply: Reply) -> list[BatchItem]:
    """Read the answer of `POST /v1/scores:batch`, in the order of its items."""
    told = _object(reply.body)
    rows = told.get("items")
    if not isinstance(rows, list):
        raise Incompatible("the service's answer to a batch has no items")
    return sorted(map(item_of, rows), key=lambda item: item.index)


def read_line(line: bytes) -> BatchItem | None:
    """Read a line of a streamed batch; `None` is its last one, which says that all have come."""
    told = _object(line)
    return None if told.get("done") is True else item_of(told)


def item_of(row: Any) -> BatchItem:
    """Read one item: it has a score or a problem, and never both."""
    if not isinstance(row, dict) or not isinstance(row.get("index"), int):
        raise Incompatible("an item of the service's answer has no index")
    custom_id = row.get("custom_id")
    name = custom_id if isinstance(custom_id, str) else None
    return BatchItem(row["index"], name, _result(row))


def _result(row: dict[str, Any]) -> CaseOutcome | NoAnswer | Refused:
    score, problem = row.get("score"), row.get("problem")
    if (score is None) == (problem is None):
        raise Incompatible("an item of the service's answer needs either a score or a problem")
    if problem is not None:
        wait = row.get("retry_after_s")
        status = row.get("status")
        return error_of(
            problem if isinstance(problem, dict) else None,
            status if isinstance(status, int) else 500,
            float(wait) if isinstance(wait, int | float) else None,
        )
    try:
        return outcome_of(Score.model_validate(score, strict=False))
    except ValidationError as exc:
        raise unreadable("Score", exc) from None


def _object(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Incompatible("the service's answer to a batch is no JSON object")
    return told
