"""Reads what people said: `{"item", "criterion", "rater", "score"}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from judge_calibration.ingest.names import Names, Place, fields_of, stored

if TYPE_CHECKING:
    from judge_calibration.ingest.cells import Cells
    from judge_calibration.ingest.source import Faults, RowTable

_FIELDS = ("item", "criterion", "rater", "score")
_Cell = tuple[int, int, int, float]


def read_ratings(table: RowTable, names: Names, cells: Cells, faults: Faults) -> None:
    """Append every sound row to `cells`. A row with something new or wrong in it is read slowly."""
    items, raters, criteria = names.items, names.raters, names.criteria
    add_item, add_criterion = cells.items.append, cells.criteria.append
    add_who, add_score, add_number = cells.who.append, cells.scores.append, cells.numbers.append
    for number, given in table.numbered():
        row = cast("dict[str, str]", given)  # what is no such thing raises below, and is looked at slowly
        try:
            criterion, score = criteria[row["criterion"]], row["score"]
            value = criterion.seen[score.__class__, score]
            item, who, at = items[row["item"]], raters[row["rater"]], criterion.at
            known = len(row) == len(_FIELDS)
        except (KeyError, TypeError, IndexError):
            known = False
        if not known:
            found = _read(given, names, Place(faults, table.name, number))
            if found is None:
                continue
            item, at, who, value = found
        add_item(item)
        add_criterion(at)
        add_who(who)
        add_score(value)
        add_number(number)
    cells.close(table)


def _read(given: object, names: Names, place: Place) -> _Cell | None:
    """One row with all its checks; None when there is a fault in it, and every one of them is noted."""
    before = place.faults.total
    row = fields_of(given, _FIELDS, _FIELDS, place)
    if row is None:
        return None
    item = names.numbered(row, "item", names.items, place)
    who = names.numbered(row, "rater", names.raters, place)
    criterion = names.criterion(row, place)
    value = None
    if "score" in row and row["score"] is None:
        place.fault("score", "null_rating", "missing ratings are left out, not null")
    elif criterion and "score" in row:
        value = stored(criterion, row["score"], place)
    if place.faults.total > before or None in {item, who, value} or criterion is None:
        return None
    return cast("int", item), criterion.at, cast("int", who), cast("float", value)
