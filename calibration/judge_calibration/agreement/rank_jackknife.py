"""Leave-one-out values of rank coefficients on a continuous scale, where no joint table is at hand.

Everything follows from the signs of differences between items, so that leaving out a unit takes away its rows
and columns of a matrix and nothing is ranked anew. Memory grows with the square of the number of items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.ranks import PairCounts, kendall_tau_b, pairwise_accuracy
from judge_calibration.ratios import ratio

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray

MOST_ITEMS = 1_000  # a matrix of 8 MB, and a tenth of a second a pair


def rank_left_out(x: FloatArray, y: FloatArray, unit: IntArray, units: int) -> dict[str, FloatArray]:
    """Spearman's ρ, τ-b and pairwise accuracy without each unit (units,), NaN where undefined.

    x, y (n,), NaN where missing; unit (n,) the number of each item's unit. A unit without an item that both
    rated leaves the value as it is.
    """
    both = np.flatnonzero(~np.isnan(x) & ~np.isnan(y))
    order = both[np.argsort(unit[both], kind="stable")]
    here, starts = np.unique(unit[order], return_index=True)
    signs = [np.sign(values[order][:, None] - values[order]) for values in (x, y)]
    pairs = _pairs_left(signs[0], signs[1], starts)
    found = (_spearman_left(signs[0], signs[1], starts), kendall_tau_b(pairs), pairwise_accuracy(pairs))
    # Behind the units that have an item stands the value of all of them.
    place = np.full(units, len(here))
    place[here] = np.arange(len(here))
    named = zip(("spearman", "kendall_tau_b", "pairwise_accuracy"), found, strict=True)
    return {name: values[place] for name, values in named}


def _by_unit(rows: FloatArray, starts: IntArray) -> FloatArray:
    """Sums of columns (n, n) within units, which begin at `starts`; and a last unit that has none: (n, U + 1)."""
    sums = np.zeros((len(rows), len(starts) + 1))
    if len(starts):
        np.add.reduceat(rows, starts, axis=1, out=sums[:, :-1])
    return sums


def _pairs_left(first: FloatArray, second: FloatArray, starts: IntArray) -> PairCounts:
    strict_x, strict_y = np.abs(first), np.abs(second)
    net, untied, untied_x, untied_y = (
        _sum_left(matrix, starts) / 2 for matrix in (first * second, strict_x * strict_y, strict_x, strict_y)
    )
    sizes = np.append(np.diff(starts, append=len(first)), 0) if len(starts) else np.zeros(1)
    items = len(first) - sizes
    total = items * (items - 1) / 2
    tied_x, tied_y = untied_y - untied, untied_x - untied  # tied in one alone: the other one is not
    return PairCounts(
        (untied + net) / 2, (untied - net) / 2, tied_x, tied_y, total - untied - tied_x - tied_y
    )


def _sum_left(matrix: FloatArray, starts: IntArray) -> FloatArray:
    """Σ of a symmetric matrix without the rows and columns of each unit."""
    across = _by_unit(matrix, starts)
    within = np.append(np.diagonal(_by_unit(np.ascontiguousarray(across.T), starts)[:-1, :-1]), 0.0)
    return np.asarray(matrix.sum() - 2 * across.sum(0) + within)


def _spearman_left(first: FloatArray, second: FloatArray, starts: IntArray) -> FloatArray:
    """Centred mid-ranks are half the sums of signs; without a unit its signs are missing from them."""
    x, y = ((signs.sum(1)[:, None] - _by_unit(signs, starts)) / 2 for signs in (first, second))
    unit = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(first)))
    x[np.arange(len(first)), unit] = 0.0
    y[np.arange(len(first)), unit] = 0.0
    covariance, square_x, square_y = (np.einsum("iu,iu->u", a, b) for a, b in ((x, y), (x, x), (y, y)))
    return np.clip(ratio(covariance, np.sqrt(square_x * square_y)), -1, 1)
