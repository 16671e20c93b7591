"""Reads what judges said: `{"item", "criterion", "judge", "score", "repeat"?, "outcome"?}`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from judge_calibration.ingest.cells import OUTCOME_AT, OUTCOMES, SCORED
from judge_calibration.ingest.names import Criterion, Names, Place, fields_of, stored
from judge_calibration.ingest.source import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.ingest.cells import Cells
    from judge_calibration.ingest.source import Faults, RowTable

_NEEDED = ("item", "criterion", "judge")
_FIELDS = (*_NEEDED, "score", "repeat", "outcome")
_SHORT = 4  # fields of a row that has neither repeat nor outcome
MOST_REPEATS = 10_000
_Cell = tuple[int, int, int, float, int, int]


def read_judge_scores(table: RowTable, names: Names, cells: Cells, faults: Faults) -> None:
    """Append every sound row to `cells`. A row with something new or wrong in it is read slowly."""
    items, judges, criteria = names.items, names.judges, names.criteria
    add_item, add_criterion, add_who = cells.items.append, cells.criteria.append, cells.who.append
    add_score, add_repeat, add_outcome = cells.scores.append, cells.repeats.append, cells.outcomes.append
    for number, given in table.numbered():
        row = cast("dict[str, str]", given)  # what is no such thing raises below, and is looked at slowly
        try:
            criterion, score = criteria[row["criterion"]], row["score"]
            value = criterion.seen[score.__class__, score]
            item, who, at, repeat, outcome = items[row["item"]], judges[row["judge"]], criterion.at, 1, 0
            known = len(row) == _SHORT
        except (KeyError, TypeError, IndexError):
            known = False
        if not known:
            found = _read(given, names, Place(faults, table.name, number))
            if found is None:
                continue
            item, at, who, value, repeat, outcome = found
        add_item(item)
        add_criterion(at)
        add_who(who)
        add_score(value)
        add_repeat(repeat)
        add_outcome(outcome)
        cells.numbers.append(number)
    cells.close(table)


def repeat_of(row: Mapping[str, object], place: Place) -> int:
    """Which repeat a row is, from 1 where it does not say; a fault is noted when it is no count."""
    given = row.get("repeat")
    if given is None:
        return 1
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST_REPEATS:
        place.fault(
            "repeat", "bad_repeat", f"{quoted(given)}: repeats are whole numbers up to {MOST_REPEATS}"
        )
        return 1
    return given


def outcome_of(given: object, place: Place) -> int | None:
    """The index of an outcome; None, with a fault, when there is no such outcome."""
    at = OUTCOME_AT.get(given) if isinstance(given, str) else None
    if at is None:
        place.fault("outcome", "unknown_outcome", f"{quoted(given)} is none of {', '.join(OUTCOMES)}")
    return at


def _read(given: object, names: Names, place: Place) -> _Cell | None:
    """One row with all its checks; None when there is a fault in it, and every one of them is noted."""
    before = place.faults.total
    row = fields_of(given, _NEEDED, _FIELDS, place)
    if row is None:
        return None
    item = names.numbered(row, "item", names.items, place)
    who = names.numbered(row, "judge", names.judges, place)
    criterion = names.criterion(row, place)
    repeat = repeat_of(row, place)
    value, outcome = _said(row, criterion, place)
    if place.faults.total > before or criterion is None:
        return None
    return cast("int", item), criterion.at, cast("int", who), value, repeat, outcome


def _said(row: Mapping[str, object], criterion: Criterion | None, place: Place) -> tuple[float, int]:
    """The score with its outcome: a row has a score and is scored, or has none and says why."""
    score, told = row.get("score"), row.get("outcome")
    outcome = 0 if told is None else outcome_of(told, place)
    if score is None:
        if told is None and "score" not in row:
            place.fault("score", "missing_field", "the field is missing")
        elif outcome == 0:
            place.fault(
                "outcome", "null_without_outcome", "a score that is null needs the outcome that says why"
            )
        return math.nan, outcome or 0
    if outcome:
        place.fault("outcome", "score_with_outcome", f"a row with a score is {SCORED!r}, not {quoted(told)}")
    value = stored(criterion, score, place) if criterion else None
    return (math.nan if value is None else value), 0
