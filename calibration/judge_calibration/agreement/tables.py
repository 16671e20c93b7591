"""Joint tables of two raters: the counts from which every pairwise coefficient follows.

A table is (K, K, …): rows are the first rater's categories, columns the second's, K the declared values. The
cells of one pair are features of the engine, so that a resample's table is one product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.engine.units import Units

ABSENT = -1


def positions(values: FloatArray, scale: FloatArray) -> IntArray:
    """Where each value stands on the declared scale, 0..K-1; -1 for a missing one (NaN). Shape is kept."""
    found = np.searchsorted(scale, np.nan_to_num(values, nan=scale[0]))
    return np.where(np.isnan(values), ABSENT, np.minimum(found, len(scale) - 1)).astype(np.int64)


def cells(first: IntArray, second: IntArray, size: int) -> IntArray:
    """The cell of each item in the table of two raters, first · K + second; -1 where either is absent."""
    return np.where((first >= 0) & (second >= 0), first * size + second, ABSENT)


def one_hot(cell: IntArray, size: int, units: Units) -> npt.NDArray[np.float32]:
    """Counts of cells within units: (units, K²) from cells (items,)."""
    counts = np.zeros((units.size, size * size), np.float32)
    rows = np.flatnonzero(cell >= 0)
    np.add.at(counts, (units.of_item[rows], cell[rows]), 1.0)
    return counts


@dataclass(frozen=True, slots=True)
class PairTables:
    """The tables of P pairs of raters: features (units, K²·P), the first cell of every pair first."""

    size: int
    features: npt.NDArray[np.float32]

    @classmethod
    def of(cls, pairs: Sequence[tuple[IntArray, IntArray]], size: int, units: Units) -> PairTables:
        """Tables from positions (items,) of each pair."""
        blocks = [one_hot(cells(first, second, size), size, units) for first, second in pairs]
        features = np.stack(blocks, 2) if blocks else np.empty((units.size, 0), np.float32)
        return cls(size, features.reshape(units.size, size * size * len(blocks)))

    def tables(self, sums: FloatArray) -> npt.NDArray[Any]:
        """Sums (…, K²·P) as tables (K, K, P, …); a view where the sums of a cell lie side by side."""
        return np.moveaxis(sums, -1, 0).reshape(self.size, self.size, -1, *sums.shape[:-1])
