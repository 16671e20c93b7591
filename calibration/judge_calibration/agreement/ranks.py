"""Rank coefficients from joint tables: concordant pairs by cumulative sums, mid-ranks from marginals.

The cost depends on the number of cells and not on the number of items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.ratios import ratio

if TYPE_CHECKING:
    from judge_calibration.agreement.coefficients import Joint
    from judge_calibration.arrays import FloatArray

_SMALL = 49  # cells


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Numbers of unordered pairs of items, each (…): concordant, discordant, tied in x only, y only, both."""

    concordant: FloatArray
    discordant: FloatArray
    tied_x: FloatArray
    tied_y: FloatArray
    tied_both: FloatArray


def pair_counts(joint: Joint) -> PairCounts:
    """Count pairs of items in tables (…, K, L) by how the two raters order them."""
    concordant = np.einsum("...k,...k->...", joint.flat, _strictly_below(joint))
    both = _pairs_within(joint.flat)
    tied_x, tied_y = _pairs_within(joint.rows) - both, _pairs_within(joint.columns) - both
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
    x, y = _mid_ranks(joint.rows, joint.n), _mid_ranks(joint.columns, joint.n)
    along = np.einsum("...ij,...j->...i", joint.tables, y)
    covariance = np.einsum("...i,...i->...", along, x)
    variances = [
        np.einsum("...i,...i->...", counts, ranks**2)
        for counts, ranks in ((joint.rows, x), (joint.columns, y))
    ]
    return np.clip(ratio(covariance, np.sqrt(variances[0] * variances[1])), -1, 1)


def _pairs_within(counts: FloatArray) -> FloatArray:
    """Pairs of items that share a cell, over all cells of the last axis."""
    pairs: FloatArray = np.einsum("...k,...k->...", counts, counts - 1) / 2
    return pairs


def _strictly_below(joint: Joint) -> FloatArray:
    """For each cell, the count of the cells with both a lower row and a lower column: (…, K·L)."""
    rows, columns = joint.tables.shape[-2:]
    lower_rows, lower_columns = np.tri(rows, k=-1), np.tri(columns, k=-1)
    if rows * columns <= _SMALL:  # one product of matrices, though with more terms, is faster than many small
        flat = joint.flat.reshape(-1, rows * columns) @ np.kron(lower_rows, lower_columns).T
        return np.asarray(flat.reshape(joint.flat.shape))
    below: FloatArray = lower_rows @ joint.tables @ lower_columns.T
    return below.reshape(joint.flat.shape)


def _mid_ranks(counts: FloatArray, n: FloatArray) -> FloatArray:
    """Mid-ranks of categories, centred: they have mean zero over the items."""
    return counts.cumsum(-1) - (counts - 1) / 2 - (n[..., None] + 1) / 2
