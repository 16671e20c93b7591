"""Coefficients of two raters as functions of their joint table.

Weights come from the declared values, not from the positions of those that happen to occur. A table's two axes
come first and whatever there are many of (resamples, pairs) behind them, so that every operation runs along
these. Every function gives (…), NaN where the coefficient is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from judge_calibration.ratios import ratio, variance

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.reliability.alpha import Metric

Weighting = Literal["unweighted", "linear", "quadratic"]


class Joint:
    """A joint table (K, L, …) of counts, rows the first rater's categories, with its marginals (K, …), (L, …)."""

    def __init__(self, tables: FloatArray) -> None:
        self.tables = tables
        self.rows: FloatArray = tables.sum(1)
        self.columns: FloatArray = tables.sum(0)
        self.n: FloatArray = self.rows.sum(0)
        self._dots: dict[bytes, FloatArray] = {}

    def dot(self, weights: FloatArray) -> FloatArray:
        """Sum over cells of count times weight (K, L); the same weights are summed once."""
        key = weights.tobytes()
        if key not in self._dots:
            self._dots[key] = np.asarray(np.tensordot(weights, self.tables, 2))
        return self._dots[key]


def sum_of_products(*arrays: FloatArray) -> FloatArray:
    """Σ over the first axis of the product of arrays (K, …)."""
    return np.asarray(np.einsum(",".join(["k..."] * len(arrays)) + "->...", *arrays))


def mid_ranks(counts: FloatArray) -> FloatArray:
    """Mid-ranks of categories (K, …) with these counts, centred: their mean over the items is zero."""
    place = np.arange(len(counts))
    return np.asarray(np.tensordot(np.sign(place[:, None] - place) / 2, counts, 1))


def disagreement(values: FloatArray, weighting: Weighting) -> FloatArray:
    """Costs (K, K) of answering one value for another: 0/1, distance or squared distance, at most 1."""
    gaps = np.abs(values[:, None] - values[None, :])
    if weighting == "unweighted":
        return (gaps > 0).astype(np.float64)
    widest = gaps.max()
    costs: FloatArray = gaps / widest if weighting == "linear" else (gaps / widest) ** 2
    return costs


def kappa(joint: Joint, costs: FloatArray) -> FloatArray:
    """Weighted kappa, 1 - Σ w p_ab / Σ w p_a. p_.b (Cohen 1968); NaN when no disagreement is expected."""
    expected = sum_of_products(np.tensordot(costs.T, joint.rows, 1), joint.columns)
    return 1 - ratio(joint.dot(costs) * joint.n, expected)


def gwet_ac(joint: Joint, costs: FloatArray) -> FloatArray:
    """Gwet's AC1 (0/1 costs) or AC2 of two raters (Gwet 2008): (p_a - p_e)/(1 - p_e) on K declared values.

    p_e = T_w/(K(K-1)) Σ π_k(1-π_k), with π_k the mean share of category k and T_w the sum of all weights.
    """
    size = len(costs)
    agreed = 1 - ratio(joint.dot(costs), joint.n)
    shares = ratio(joint.rows + joint.columns, 2 * joint.n)
    spread = sum_of_products(shares, 1 - shares)
    expected = (1 - costs).sum() / (size * (size - 1)) * spread
    return ratio(agreed - expected, 1 - expected)


def pair_alpha(joint: Joint, values: FloatArray, metric: Metric) -> FloatArray:
    """Krippendorff's alpha of two raters (2011): their coincidences are the table and its transpose added."""
    counts = joint.rows + joint.columns
    n = 2 * joint.n
    if metric != "ordinal":
        costs = disagreement(values, "unweighted" if metric == "nominal" else "quadratic")
        expected = sum_of_products(np.tensordot(costs, counts, 1), counts)
        return 1 - ratio((n - 1) * 2 * joint.dot(costs), expected)
    place = mid_ranks(counts)
    square = sum_of_products(counts, place, place)
    along = np.einsum("ij...,j...->i...", joint.tables, place)
    seen = square - 2 * sum_of_products(along, place)
    return 1 - ratio((n - 1) * seen, n * square)


def exact_share(joint: Joint) -> FloatArray:
    """Share of items on which both give the same value."""
    return 1 - ratio(joint.dot(1 - np.eye(len(joint.tables))), joint.n)


@dataclass(frozen=True, slots=True)
class Moments:
    """Counts, means, variances and covariance (n-denominators) of two raters' values, each (…)."""

    n: FloatArray
    mean_x: FloatArray
    mean_y: FloatArray
    var_x: FloatArray
    var_y: FloatArray
    covariance: FloatArray

    @classmethod
    def of_sums(
        cls,
        n: FloatArray,
        x: FloatArray,
        y: FloatArray,
        x2: FloatArray,
        y2: FloatArray,
        xy: FloatArray,
    ) -> Moments:
        """From sums over items, of values that are centred and about one wide: their squares lose no digits."""
        mean_x, mean_y = ratio(x, n), ratio(y, n)
        covariance = ratio(xy, n) - mean_x * mean_y
        return cls(n, mean_x, mean_y, variance(x2, x, n), variance(y2, y, n), covariance)

    @classmethod
    def of_table(cls, joint: Joint, values: FloatArray) -> Moments:
        """Under their table, by the declared values (K,)."""
        # On a scale of width one: no coefficient depends on the width, but what counts as rounding does.
        centred = (values - values.mean()) / np.ptp(values)
        x, y = np.tensordot(centred, joint.rows, 1), np.tensordot(centred, joint.columns, 1)
        x2, y2 = np.tensordot(centred**2, joint.rows, 1), np.tensordot(centred**2, joint.columns, 1)
        return cls.of_sums(joint.n, x, y, x2, y2, joint.dot(np.outer(centred, centred)))

    def pearson(self) -> FloatArray:
        """Pearson's r; NaN when either rater is constant."""
        return np.clip(ratio(self.covariance, np.sqrt(self.var_x * self.var_y)), -1, 1)

    def ccc(self) -> FloatArray:
        """Lin's concordance, 2 s_xy/(s_x² + s_y² + (x̄-ȳ)²) (Lin 1989), with n-denominators."""
        below = self.var_x + self.var_y + (self.mean_x - self.mean_y) ** 2
        return ratio(2 * self.covariance, below)

    def iccs(self) -> tuple[FloatArray, FloatArray]:
        """ICC(A,1) and ICC(C,1) (McGraw and Wong 1996), from the mean squares of a two-column table."""
        freedom = np.where(self.n > 1, self.n - 1, np.nan)
        spread, covaried = self.var_x + self.var_y, 2 * self.covariance
        rows = self.n * (spread + covaried) / 2 / freedom
        error = self.n * (spread - covaried) / 2 / freedom
        columns = self.n * (self.mean_x - self.mean_y) ** 2 / 2
        items, total = rows - error, rows + error
        return ratio(items, total + 2 * ratio(columns - error, self.n)), ratio(items, total)
