"""Rank coefficients from joint tables: concordant pairs by cumulative sums, mid-ranks from marginals.

The cost depends on the number of cells and not on the number of items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.coefficients import mid_ranks, sum_of_products
from judge_calibration.ratios import ratio

if TYPE_CHECKING:
    from judge_calibration.agreement.coefficients import Joint
    from judge_calibration.arrays import FloatArray

_SMALL = 81  # cells


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Numbers of unordered pairs of items, each (…): concordant, discordant, tied in x only, y only, both."""

    concordant: FloatArray
    discordant: FloatArray
    tied_x: FloatArray
    tied_y: FloatArray
    tied_both: FloatArray


def pair_counts(joint: Joint) -> PairCounts:
    """Count pairs of items in tables (K, L, …) by how the two raters order them."""
    cells = joint.tables.reshape(-1, *joint.n.shape)
    concordant = _concordant(joint.tables)
    both, in_rows, in_columns = (
        (sum_of_products(counts, counts) - joint.n) / 2 for counts in (cells, joint.rows, joint.columns)
    )
    tied_x, tied_y = in_rows - both, in_columns - both
    total = joint.n * (joint.n - 1) / 2
    return PairCounts(concordant, total - concordant - tied_x - tied_y - both, tied_x, tied_y, both)


def kendall_tau_b(pairs: PairCounts) -> FloatArray:
    """(C-D) / √((C+D+Tx)(C+D+Ty)) (Kendall 1945); NaN when either rater is constant."""
    strict = pairs.concordant + pairs.discordant
    scale = (strict + pairs.tied_x) * (strict + pairs.tied_y)
    return ratio(pairs.concordant - pairs.discordant, np.sqrt(scale))


def pairwise_accuracy(pairs: PairCounts) -> FloatArray:
    """Share of pairs of items on which both raters agree, ties included (Deutsch, Foster, Freitag 2023)."""
    agreed = pairs.concordant + pairs.tied_both
    return ratio(agreed, agreed + pairs.discordant + pairs.tied_x + pairs.tied_y)


def spearman(joint: Joint) -> FloatArray:
    """Pearson's r of mid-ranks; NaN when either rater is constant."""
    x, y = mid_ranks(joint.rows), mid_ranks(joint.columns)
    along = np.einsum("ij...,j...->i...", joint.tables, y)
    covariance = sum_of_products(along, x)
    spread = sum_of_products(joint.rows, x, x) * sum_of_products(joint.columns, y, y)
    return np.clip(ratio(covariance, np.sqrt(spread)), -1, 1)


def _concordant(tables: FloatArray) -> FloatArray:
    """Σ over cells of the count times that of the cells with both a lower row and a lower column: (…)."""
    rows, columns = tables.shape[:2]
    if rows * columns > _SMALL:
        return np.asarray(np.einsum("ij...,ij...->...", tables[1:, 1:], tables[:-1, :-1].cumsum(0).cumsum(1)))
    # Of few cells in many tables one at a time: what is added to stays in the processor's cache.
    found, above = np.zeros(tables.shape[2:]), np.zeros(tables.shape[1:])
    for row, lower in zip(tables[1:], tables[:-1], strict=True):
        above += lower
        below = np.zeros(tables.shape[2:])
        for column in range(1, columns):
            below += above[column - 1]
            found += row[column] * below
    return found
