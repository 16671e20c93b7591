"""Compares two methods that both err: constant and proportional bias by Deming regression.

With λ = var(error of y) / var(error of x), y = a + bx has

    b = [s_yy - λ s_xx + √((s_yy - λ s_xx)² + 4 λ s_xy²)] / (2 s_xy),  a = mean(y) - b mean(x)

(Deming 1943; Cornbleet and Gochman 1979). The slope depends on λ and on its direction, and programs differ in
which they mean: with y a judge and x physicians it is var(error of judge) / var(error of physicians), and it
is told with every result. Intervals: exact jackknife over items, or over the clusters that items share (Linnet
1990), Student's t with their number less 2. It asks whether two methods differ; it predicts nobody and is never a
calibration map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from judge_calibration.definitions import definition_of
from judge_calibration.engine.units import Units, too_few_clusters
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import NO_SPREAD, Interval, Statistic, estimated, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray

LEAST = 10
_LEVEL = 0.95
_CERTAIN = 1e-12  # an error that is only rounding
_FLAT = 1e-12  # of the product of both standard deviations
_NEEDS = f"method comparison needs {LEAST} items and scores that vary together"


@dataclass(frozen=True, slots=True)
class Deming:
    """y = a + b x with errors in both. `error_ratio` is var(error of y) / var(error of x).

    `statistics` are slope and intercept with their intervals.
    """

    slope: float
    intercept: float
    error_ratio: float
    n: int
    statistics: tuple[Statistic, Statistic]

    def as_json(self) -> dict[str, object]:
        """Plain data; the ratio is always told, for the slope depends on it and on its direction."""
        return {
            "purpose": "method_comparison",
            "slope": rounded(self.slope),
            "intercept": rounded(self.intercept),
            "error_ratio": rounded(self.error_ratio),
            "n_items": self.n,
            "statistics": {each.name: each.as_json() for each in self.statistics},
        }


def deming(
    x: FloatArray,
    y: FloatArray,
    *,
    clusters: IntArray | None = None,
    error_ratio: float = 1.0,
    level: float = _LEVEL,
) -> Deming:
    """Fit to paired scores (n,), nothing missing; `clusters` (n,) numbers what the items share.

    NotEnough below ten items or when they do not vary together.
    """
    if not (math.isfinite(error_ratio) and error_ratio > 0):
        raise OptionRejected("error_ratio", "is above 0")
    if len(x) != len(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise OptionRejected("scores", "are paired, and none is missing")
    n = len(x)
    if n < LEAST:
        raise NotEnough(_NEEDS)
    u, v = x - x.mean(), y - y.mean()
    mean_u, mean_v, square_u, square_v, product = _means([u, v, u * u, v * v, u * v], clusters)
    s_xx, s_yy = square_u - mean_u**2, square_v - mean_v**2
    s_xy = product - mean_u * mean_v
    defined = np.abs(s_xy) > _FLAT * np.sqrt(s_xx[0] * s_yy[0])
    if not defined[0]:
        raise NotEnough(_NEEDS)
    gap = s_yy - error_ratio * s_xx
    slopes = (gap + np.sqrt(gap**2 + 4 * error_ratio * s_xy**2)) / (2 * np.where(defined, s_xy, np.nan))
    intercepts = y.mean() + mean_v - slopes * (x.mean() + mean_u)
    statistics = (
        _told("deming_slope", slopes, n, level),
        _told("deming_intercept", intercepts, n, level),
    )
    return Deming(float(slopes[0]), float(intercepts[0]), error_ratio, n, statistics)


def _means(terms: Sequence[FloatArray], clusters: IntArray | None) -> FloatArray:
    """Mean of each of T terms (n,), then its mean without each item or cluster: (T, G+1), all fits in one go."""
    columns = np.column_stack([*terms, np.ones(len(terms[0]))])
    if clusters is not None:
        units = Units.of(np.unique(clusters, return_inverse=True)[1])
        columns = units.sums(columns)
    total = columns.sum(0)
    sums = np.vstack([total, total - columns])
    return np.asarray((sums[:, :-1] / sums[:, -1:]).T, np.float64)


def _told(name: str, values: FloatArray, n: int, level: float) -> Statistic:
    """The estimate with its jackknife error, and the interval where there are items enough for one."""
    estimate, without = float(values[0]), values[1:]
    if np.isnan(without).any():
        return estimated(name, estimate, n_items=n, status="suppressed", reason="unstable_resamples")
    units = len(without)
    error = float(without.std()) * math.sqrt(units - 1)
    told = estimated(name, estimate, n_items=n, details={"standard_error": rounded(error)})
    if n < definition_of(name).min_n or too_few_clusters(units, n):
        return replace(told, status="insufficient", reason="n_below_min")
    if error < _CERTAIN:
        return replace(told, status="insufficient", reason="constant_input", details={}).noted(NO_SPREAD)
    half = float(stats.t.ppf((1 + level) / 2, units - 2)) * error
    ci = Interval(estimate - half, estimate + half, level, "jackknife")
    return replace(told, ci=ci)
