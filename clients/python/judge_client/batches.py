"""The answers to many cases in one call: each an outcome, or the error that a single request would have raised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from judge_client import models
from judge_client.calls import parsed, unreadable
from judge_client.errors import Fault, Incompatible, NoAnswer, Refused
from judge_client.outcomes import CaseOutcome, outcome_of
from judge_client.problems import error_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from judge_client.calls import Reply

CAP: Final = 256
_REFUSED = 422
_HALF = "holds half a character (a lone surrogate)"


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


def read_batch(reply: Reply, unsent: Mapping[int, BatchItem]) -> Batch:
    """Read the answer of `POST /v1/scores:batch`. `unsent`: what is known already of some items, by their places."""
    told = parsed(models.BatchAnswer, reply.body)
    items = sorted(map(item_of, told.items), key=lambda item: item.index)
    return Batch(tuple(unsent.get(item.index, item) for item in items), told.counts, told.spent)


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


def sendable(
    items: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], dict[int, BatchItem]]:
    """What is sent of these cases, and what to tell of those that cannot be, by their places.

    A text with half a character (a lone surrogate) is no Unicode, and the service refuses the whole body that holds
    one. In its case's place goes an empty one, which is refused alone, so that the others keep their places.
    """
    told = {
        at: BatchItem(at, item.get("custom_id"), _unsendable(places))
        for at, item in enumerate(items)
        if (places := list(_halves(item)))
    }
    return [{} if at in told else item for at, item in enumerate(items)], told


def _unsendable(places: Sequence[str]) -> Refused:
    faults = tuple(Fault(place, f"{_HALF} and cannot be sent") for place in places)
    kind = "urn:judge-service:problem:malformed-body"  # as the service itself would say
    return Refused(f"the case {_HALF} and cannot be sent", status=_REFUSED, type=kind, faults=faults)


def _halves(value: object, at: str = "") -> Iterator[str]:
    """Pointers to the texts that are none; of a name, to what holds it."""
    if isinstance(value, str):
        if not _encodes(value):
            yield at
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _halves(inner, f"{at}/{name}") if _encodes(str(name)) else (at,)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _halves(inner, f"{at}/{place}")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
