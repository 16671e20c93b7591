"""From rows as numbers to one table for each criterion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.criterion_table import CriterionTable, Unscored
from judge_calibration.ingest.cells import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.ingest.cells import CellArrays
    from judge_calibration.ingest.names import Criterion, Names


def tables_of(names: Names, rated: CellArrays, judged: CellArrays) -> dict[str, CriterionTable]:
    """A table for every declared criterion; raters and judges in the order of their names."""
    return {name: _table(name, criterion, names, rated, judged) for name, criterion in names.criteria.items()}


def _table(
    name: str, criterion: Criterion, names: Names, rated: CellArrays, judged: CellArrays
) -> CriterionTable:
    n_items = len(names.items)
    mine, theirs = rated.criteria == criterion.at, np.flatnonzero(judged.criteria == criterion.at)
    raters, rater_at = _present(names.raters, rated.who[mine])
    judges, judge_at = _present(names.judges, judged.who[theirs])
    ratings = np.full((n_items, len(raters)), np.nan)
    ratings[rated.items[mine], rater_at] = rated.scores[mine]
    runs = [_Runs.of(n_items, judged, theirs[judge_at == at]) for at in range(len(judges))]
    first = [np.empty((n_items, 0)), *(each.first()[:, None] for each in runs)]
    unscored = [row for at, each in enumerate(runs) for row in each.unscored(at)]
    return CriterionTable(
        criterion=name,
        scale=criterion.scale,
        raters=raters,
        judges=judges,
        ratings=ratings,
        judged=np.concatenate(first, axis=1),
        repeats={
            judge: each.scores for judge, each in zip(judges, runs, strict=True) if each.scores.shape[1] > 1
        },
        outcomes={judge: each.counts() for judge, each in zip(judges, runs, strict=True)},
        unscored=tuple(sorted(unscored)),
    )


def _present(numbers: dict[str, int], used: IntArray) -> tuple[tuple[str, ...], IntArray]:
    """Names that occur, sorted, and for each row which of them it is."""
    there = set(used.tolist())
    chosen = sorted(name for name, at in numbers.items() if at in there)
    place = np.zeros(len(numbers), np.int64)
    place[[numbers[name] for name in chosen]] = np.arange(len(chosen))
    return tuple(chosen), place[used]


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """What one judge said: `scores` (items, repeats), and its rows with the columns they are in."""

    scores: FloatArray
    items: IntArray
    columns: IntArray
    outcomes: IntArray

    @classmethod
    def of(cls, n_items: int, judged: CellArrays, rows: IntArray) -> _Runs:
        """From the judge's rows. Repeats 1 and 3 are two columns: nobody asked a second time."""
        numbers, columns = np.unique(judged.repeats[rows], return_inverse=True)
        scores = np.full((n_items, numbers.size), np.nan)
        scores[judged.items[rows], columns] = judged.scores[rows]
        return cls(scores, judged.items[rows], columns.astype(np.int64), judged.outcomes[rows])

    def first(self) -> FloatArray:
        """Of each item the first repeat that has a score."""
        there = ~np.isnan(self.scores)
        chosen = self.scores[np.arange(len(self.scores)), there.argmax(axis=1)]
        return np.where(there.any(axis=1), chosen, np.nan)

    def counts(self) -> dict[str, int]:
        counted = Counter(self.outcomes.tolist())
        return {OUTCOMES[at]: counted[at] for at in sorted(counted)}

    def unscored(self, judge: int) -> Iterator[Unscored]:
        for row in np.flatnonzero(self.outcomes).tolist():
            outcome = OUTCOMES[int(self.outcomes[row])]
            yield Unscored(int(self.items[row]), judge, int(self.columns[row]) + 1, outcome)
