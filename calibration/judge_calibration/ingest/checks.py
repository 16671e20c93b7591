"""What no single row shows: cells given twice, a name in two roles, items nobody rated, raters apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.study_profile import rater_components

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from judge_calibration.arrays import BoolArray, IntArray
    from judge_calibration.criterion_table import CriterionTable
    from judge_calibration.ingest.cells import CellArrays
    from judge_calibration.ingest.item_rows import ItemFacts
    from judge_calibration.ingest.names import Names
    from judge_calibration.ingest.source import Faults

MOST_CELLS = 20_000_000  # 160 MB of numbers
_NAMED = 10


def no_cell_twice(cells: CellArrays, what: str, faults: Faults) -> None:
    """Note every row whose item, criterion, rater (or judge) and repeat an earlier row has."""
    key = _joint(_ranks(_joint(cells.items, cells.criteria)), _ranks(_joint(cells.who, cells.repeats)))
    order = np.argsort(key, kind="stable")
    differs = np.diff(key[order], prepend=-1) != 0
    if differs.all():
        return
    start = np.maximum.accumulate(np.where(differs, np.arange(key.size), 0))
    rows, firsts = order[~differs].tolist(), order[start[~differs]].tolist()
    for row, first in sorted(zip(rows, firsts, strict=True)):
        where = "" if cells.tables[row] == cells.tables[first] else f" of {cells.tables[first]}"
        detail = f"row {cells.numbers[first]}{where} is about the same item, criterion and {what}"
        faults.add(cells.tables[row], cells.numbers[row], what, "duplicate", detail)


def no_name_in_two_roles(names: Names, judged: CellArrays, faults: Faults) -> None:
    """Note the first row of every judge who is a rater as well."""
    both = {at: name for name, at in names.judges.items() if name in names.raters}
    if not both:
        return
    who, first = np.unique(judged.who, return_index=True)
    for judge, row in zip(who.tolist(), first.tolist(), strict=True):
        if judge in both:
            detail = f"{both[judge]!r} is a rater too; a name has one role"
            faults.add(judged.tables[row], judged.numbers[row], "judge", "rater_in_two_roles", detail)


def no_item_unknown(rated: CellArrays, judged: CellArrays, facts: ItemFacts, faults: Faults) -> None:
    """Where items are listed: note judges' rows about one that is not listed and that nobody rated."""
    known = set(facts.listed) | set(rated.items.tolist())
    for row, item in enumerate(judged.items.tolist()):
        if item not in known:
            detail = "the item is neither among the items nor rated by anybody"
            faults.add(judged.tables[row], judged.numbers[row], "item", "unknown_item", detail)


def no_giant(names: Names, rated: CellArrays, judged: CellArrays, n_composites: int) -> None:
    """Refuse a study whose tables, items x raters and items x judges, would not fit into memory."""
    columns = np.unique(_joint(rated.criteria, rated.who)).size
    columns += np.unique(_joint(_ranks(_joint(judged.criteria, judged.who)), judged.repeats)).size
    columns += n_composites * (len(names.raters) + len(names.judges))
    if columns * len(names.items) > MOST_CELLS:
        detail = f"{len(names.items)} items x {columns} raters, judges and repeats over all criteria"
        raise OptionRejected("study", f"{detail} are more than {MOST_CELLS} cells; split it")


def warnings_of(tables: Mapping[str, CriterionTable], items: tuple[str, ...]) -> Iterator[str]:
    """What a reader of the study should know, criterion by criterion."""
    idle = np.ones(len(items), dtype=np.bool_)
    for name, table in tables.items():
        rated = ~np.isnan(table.ratings)
        judged = ~np.isnan(table.judged)
        asked: BoolArray = np.any(judged, axis=1)
        asked[[row.item for row in table.unscored]] = True
        idle &= ~(rated.any(axis=1) | asked)
        if not table.raters and not table.judges:
            yield f"{name}: no row is about it"
        alone = np.flatnonzero(asked & ~rated.any(axis=1))
        if alone.size:
            yield f"{name}: {alone.size} items have a judge's row and no rating: {_named(items, alone)}"
        groups = rater_components(rated)
        if len(groups) > 1:
            apart = f"raters fall into {len(groups)} groups that share no item"
            yield f"{name}: {apart}; their severities cannot be compared"
        once = int((rated.sum(axis=1) == 1).sum())
        if once and len(table.raters) > 1:
            yield f"{name}: {once} items have one rating and say nothing about agreement among raters"
    if idle.any():
        bare = np.flatnonzero(idle)
        yield f"{bare.size} items have neither a rating nor a judge's row: {_named(items, bare)}"


def _joint(first: IntArray, second: IntArray) -> IntArray:
    """One number for each pair of numbers that are not negative."""
    return first * (int(second.max(initial=0)) + 1) + second


def _ranks(numbers: IntArray) -> IntArray:
    """As many different numbers, but small ones: products of two such do not overflow."""
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _named(items: tuple[str, ...], which: IntArray) -> str:
    shown = sorted(items[at] for at in which.tolist())
    return ", ".join(shown[:_NAMED]) + (", …" if len(shown) > _NAMED else "")
