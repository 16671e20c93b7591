"""From rows as numbers to one table for each criterion."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.criterion_table import CriterionTable, Unscored
from judge_calibration.ingest.cells import OUTCOMES

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.ingest.cells import CellArrays
    from judge_calibration.ingest.names import Criterion, Names


def tables_of(names: Names, rated: CellArrays, judged: CellArrays) -> dict[str, CriterionTable]:
    """A table for every declared criterion; raters and judges in the order of their names."""
    return {name: _table(name, criterion, names, rated, judged) for name, criterion in names.criteria.items()}


def _table(
    name: str, criterion: Criterion, names: Names, rated: CellArrays, judged: CellArrays
) -> CriterionTable:
    mine, theirs = rated.criteria == criterion.at, judged.criteria == criterion.at
    raters, rater_at = _present(names.raters, rated.who[mine])
    judges, judge_at = _present(names.judges, judged.who[theirs])
    ratings = np.full((len(names.items), len(raters)), np.nan)
    ratings[rated.items[mine], rater_at] = rated.scores[mine]
    rows = np.flatnonzero(theirs)
    runs = {judge: _runs(names, judged, rows[judge_at == at]) for at, judge in enumerate(judges)}
    empty = np.empty((len(names.items), 0))
    first = np.concatenate([empty, *(_first(each)[:, None] for each in runs.values())], axis=1)
    return CriterionTable(
        criterion=name,
        scale=criterion.scale,
        raters=raters,
        judges=judges,
        ratings=ratings,
        judged=first,
        repeats={judge: each for judge, each in runs.items() if each.shape[1] > 1},
        outcomes={judge: _counts(judged.outcomes[rows[judge_at == at]]) for at, judge in enumerate(judges)},
        unscored=_unscored(judged, rows, judge_at),
    )


def _present(numbers: dict[str, int], used: IntArray) -> tuple[tuple[str, ...], IntArray]:
    """Names that occur, sorted, and for each row which of them it is."""
    there = set(used.tolist())
    chosen = sorted(name for name, at in numbers.items() if at in there)
    place = np.zeros(len(numbers), np.int64)
    for at, name in enumerate(chosen):
        place[numbers[name]] = at
    return tuple(chosen), place[used]


def _runs(names: Names, judged: CellArrays, rows: IntArray) -> FloatArray:
    """Scores of one judge (items, repeats), repeats in the order of their numbers."""
    numbers, column = np.unique(judged.repeats[rows], return_inverse=True)
    scores = np.full((len(names.items), len(numbers)), np.nan)
    scores[judged.items[rows], column] = judged.scores[rows]
    return scores


def _first(runs: FloatArray) -> FloatArray:
    """Of each item the first repeat that has a score."""
    there = ~np.isnan(runs)
    chosen = runs[np.arange(len(runs)), there.argmax(axis=1)]
    return np.where(there.any(axis=1), chosen, np.nan)


def _counts(outcomes: IntArray) -> dict[str, int]:
    counted = Counter(outcomes.tolist())
    return {OUTCOMES[at]: counted[at] for at in sorted(counted)}


def _unscored(judged: CellArrays, rows: IntArray, judge_at: IntArray) -> tuple[Unscored, ...]:
    lacking = np.flatnonzero(np.isnan(judged.scores[rows]))
    return tuple(
        Unscored(
            int(judged.items[rows[at]]),
            int(judge_at[at]),
            int(judged.repeats[rows[at]]),
            OUTCOMES[int(judged.outcomes[rows[at]])],
        )
        for at in lacking.tolist()
    )
