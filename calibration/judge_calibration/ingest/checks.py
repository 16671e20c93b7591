"""What no single row shows: cells given twice, one name in two roles, items nobody rated, raters who share none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.study_profile import rater_components

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from judge_calibration.criterion_table import CriterionTable
    from judge_calibration.ingest.cells import CellArrays
    from judge_calibration.ingest.item_rows import ItemFacts
    from judge_calibration.ingest.names import Names
    from judge_calibration.ingest.source import Faults

_NAMED = 10


def no_cell_twice(cells: CellArrays, what: str, faults: Faults) -> None:
    """Note every row whose item, criterion, rater (or judge) and repeat an earlier row has."""
    if not len(cells.items):
        return
    keys = np.column_stack([cells.items, cells.criteria, cells.who, cells.repeats])
    _, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    for row in np.flatnonzero(first[which.ravel()] != np.arange(len(keys))).tolist():
        earlier = cells.numbers[first[which.ravel()[row]]]
        faults.add(
            cells.tables[row],
            cells.numbers[row],
            what,
            "duplicate",
            f"row {earlier} is about the same item, criterion and {what}",
        )


def no_name_in_two_roles(names: Names, judged: CellArrays, faults: Faults) -> None:
    """Note the first row of every judge who is a rater as well."""
    both = {at: name for name, at in names.judges.items() if name in names.raters}
    seen: set[int] = set()
    for row, who in enumerate(judged.who.tolist()):
        if who in both and who not in seen:
            seen.add(who)
            detail = f"{both[who]!r} is a rater too; a name has one role"
            faults.add(judged.tables[row], judged.numbers[row], "judge", "rater_in_two_roles", detail)


def no_item_unknown(rated: CellArrays, judged: CellArrays, facts: ItemFacts, faults: Faults) -> None:
    """Where a table names the items: note judges' rows about one that it does not name and nobody rated."""
    known = set(facts.rows) | set(rated.items.tolist())
    for row, item in enumerate(judged.items.tolist()):
        if item not in known:
            detail = "the item is neither among the items nor rated by anybody"
            faults.add(judged.tables[row], judged.numbers[row], "item", "unknown_item", detail)


def warnings_of(tables: Mapping[str, CriterionTable], items: tuple[str, ...]) -> Iterator[str]:
    """What a reader of the study should know, criterion by criterion."""
    for name, table in tables.items():
        rated = ~np.isnan(table.ratings)
        judged = ~np.isnan(table.judged)
        alone = np.flatnonzero(judged.any(1) & ~rated.any(1))
        if alone.size:
            shown = ", ".join(items[at] for at in alone[:_NAMED]) + (", …" if alone.size > _NAMED else "")
            yield f"{name}: {alone.size} items have a judge's score and no rating: {shown}"
        groups = rater_components(rated)
        if len(groups) > 1:
            yield (
                f"{name}: raters fall into {len(groups)} groups that share no item; "
                "their severities cannot be compared"
            )
        once = int((rated.sum(1) == 1).sum())
        if once and len(table.raters) > 1:
            yield f"{name}: {once} items have one rating and say nothing about agreement among raters"
