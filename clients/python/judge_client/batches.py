"""The answers to many cases in one call: each an outcome, or the error that a single request would have raised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from judge_client import models
from judge_client.calls import parsed, unreadable
from judge_client.errors import Incompatible, NoAnswer, Refused
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


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of many cases: each one's item, in order; `counts` by outcome, and what the batch itself spent."""

    items: tuple[BatchItem, ...]
    counts: dict[str, int]
    spent: models.Spent


def read_batch(reply: Reply) -> Batch:
    """Read the answer of `POST /v1/scores:batch`."""
    told = parsed(models.BatchAnswer, reply.body)
    items = sorted(map(item_of, told.items), key=lambda item: item.index)
    return Batch(tuple(items), told.counts, told.spent)


def read_line(line: bytes) -> BatchItem | None:
    """Read a line of a streamed batch; `None` is its last one, which says that all have come."""
    try:
        told = json.loads(line)
        if isinstance(told, dict) and told.get("done") is True:
            return None
        return item_of(models.ItemAnswer.model_validate(told))
    except ValidationError as exc:
        raise unreadable("line of a batch", exc) from None
    except ValueError:
        raise Incompatible("a line of the service's batch is no JSON") from None


def item_of(row: models.ItemAnswer) -> BatchItem:
    """Read one item: it has a score or a problem, and never both."""
    if (row.score is None) == (row.problem is None):
        raise Incompatible("an item of the service's batch needs either a score or a problem")
    if row.score is not None:
        return BatchItem(row.index, row.custom_id, outcome_of(row.score))
    problem = row.problem.model_dump() if row.problem else None
    return BatchItem(row.index, row.custom_id, error_of(problem, row.status, row.retry_after_s))
