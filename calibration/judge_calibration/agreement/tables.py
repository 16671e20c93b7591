"""Joint tables of two raters: the counts from which every pairwise coefficient follows.

A table is (K, K, …): rows are the first rater's categories, columns the second's, K the declared values. The
cells of one pair are features of the engine, so that a resample's table is one product of matrices. An item
is in one cell of a pair's table or in none: the features are sparse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.engine.units import Dense, Units

ABSENT = -1


def positions(values: FloatArray, scale: FloatArray) -> IntArray:
    """Where each value stands on the declared scale, 0..K-1; -1 for a missing one (NaN). Shape is kept."""
    found = np.searchsorted(scale, np.nan_to_num(values, nan=scale[0]))
    return np.where(np.isnan(values), ABSENT, np.minimum(found, len(scale) - 1)).astype(np.int64)


def cells(first: IntArray, second: IntArray, size: int) -> IntArray:
    """The cell of each item in the table of two raters, first · K + second; -1 where either is absent."""
    return np.where((first >= 0) & (second >= 0), first * size + second, ABSENT)


@dataclass(frozen=True, slots=True)
class PairTables:
    """The tables of P pairs of raters: features (units, K²·P), the first cell of every pair first.

    `only` (units, P) is the cell of the one item that a unit has in a pair's table, K² where it has none; None
    where some unit has several.
    """

    size: int
    features: Dense | sparse.csr_array
    only: IntArray | None

    @classmethod
    def of(cls, pairs: Sequence[tuple[IntArray, IntArray]], size: int, units: Units) -> PairTables:
        """Tables from positions (items,) of each pair."""
        of_pairs = [cells(first, second, size) for first, second in pairs]
        cell = np.stack([*of_pairs, np.full(len(units.of_item), ABSENT)], 1)[:, : len(pairs)]
        item, pair = np.nonzero(cell >= 0)
        unit, cell = units.of_item[item], cell[item, pair]
        counted = (np.ones(len(unit), np.float32), (unit, cell * len(pairs) + pair))
        features = sparse.coo_array(counted, shape=(units.size, size * size * len(pairs))).tocsr()
        only = np.full((units.size, len(pairs)), size * size)
        only[unit, pair] = cell
        several = np.count_nonzero(only < size * size) < len(unit)  # two have been written to one place
        return cls(size, features, None if several else only)

    def tables(self, sums: FloatArray) -> npt.NDArray[Any]:
        """Sums (…, K²·P) as tables (K, K, P, …); a view where the sums of a cell lie side by side."""
        return np.moveaxis(sums, -1, 0).reshape(self.size, self.size, -1, *sums.shape[:-1])
