"""Random effects over subgroups: how much they scatter beyond chance, and estimates drawn to their mean.

The subgroup estimates may be correlated, as they are when clusters of items span subgroups; with a diagonal
covariance everything here is DerSimonian and Laird 1986.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from judge_calibration.engine.max_t import largest_differences

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

_FARTHEST = 1e6  # times the estimates' variance: beyond it τ² is not searched for


@dataclass(frozen=True, slots=True)
class Pooled:
    """Cochran's Q and what follows; `shrunken` (G,) with `shrunken_error`.

    `p` is Welch's: Q is referred to an F whose second degrees of freedom come from how well each variance is
    known, for with a chi-square small groups would reject too often. `tau2_interval` is from the Q profile.
    """

    q: float
    df: int
    p: float
    i2: float
    tau2: float
    tau2_interval: tuple[float, float]
    typical_variance: float
    mean: float
    mean_error: float
    shrunken: FloatArray
    shrunken_error: FloatArray


def pool(
    estimates: FloatArray, covariance: FloatArray, freedom: FloatArray, *, level: float = 0.95
) -> Pooled:
    """Pool estimates (G,) with covariance (G, G), positive definite, and degrees of freedom (G,); G ≥ 2.

    Q = (b-μ)'V⁻¹(b-μ); τ² = max(0, (Q-(G-1))/(tr W - 1'WW1/1'W1)), W = V⁻¹; I² = max(0, (Q-(G-1))/Q).
    Cochran 1954; DerSimonian and Laird 1986; Higgins and Thompson 2002; Viechtbauer 2007; Welch 1951.
    """
    size = len(estimates)
    weights = np.linalg.inv(covariance)
    q, _, _ = _profile(estimates, covariance, 0.0)
    spare = float(np.trace(weights) - (weights.sum(0) ** 2).sum() / weights.sum())
    tau2 = max(0.0, (q - (size - 1)) / spare)
    _, mean, mean_variance = _profile(estimates, covariance, tau2)
    pull = tau2 * np.linalg.inv(covariance + tau2 * np.eye(size))
    shrunken = mean + pull @ (estimates - mean)
    left = (np.eye(size) - pull).sum(1)
    variance = tau2 * np.diagonal(np.eye(size) - pull) + left**2 * mean_variance
    return Pooled(
        q=q,
        df=size - 1,
        p=_welch(q, covariance, freedom),
        i2=max(0.0, (q - (size - 1)) / q) if q > 0 else 0.0,
        tau2=tau2,
        tau2_interval=_q_profile(estimates, covariance, level),
        typical_variance=(size - 1) / spare,
        mean=mean,
        mean_error=math.sqrt(mean_variance),
        shrunken=shrunken,
        shrunken_error=np.sqrt(np.maximum(variance, 0.0)),
    )


def _profile(estimates: FloatArray, covariance: FloatArray, tau2: float) -> tuple[float, float, float]:
    """Q, mean and the mean's variance when the estimates have variance V + τ²I."""
    weights = np.linalg.inv(covariance + tau2 * np.eye(len(estimates)))
    total = float(weights.sum())
    mean = float(weights.sum(0) @ estimates) / total
    away = estimates - mean
    return float(away @ weights @ away), mean, 1 / total


def _q_profile(estimates: FloatArray, covariance: FloatArray, level: float) -> tuple[float, float]:
    """τ² at which Q(τ²), which falls, meets the chi-square quantiles; zero where it starts below them."""
    df = len(estimates) - 1
    most = _FARTHEST * float(estimates.var() + np.trace(covariance))

    def limit(share: float) -> float:
        aim = float(stats.chi2.ppf(share, df))

        def excess(tau2: float) -> float:
            return _profile(estimates, covariance, tau2)[0] - aim

        if excess(0.0) <= 0:
            return 0.0
        return float(optimize.brentq(excess, 0.0, most, xtol=1e-14, rtol=1e-10))

    return limit((1 + level) / 2), limit((1 - level) / 2)


def _welch(q: float, covariance: FloatArray, freedom: FloatArray) -> float:
    size = len(freedom)
    weights = 1 / np.diagonal(covariance)
    spread = float(np.sum((1 - weights / weights.sum()) ** 2 / freedom))
    scaled = q / (size - 1) / (1 + 2 * (size - 2) / (size**2 - 1) * spread)
    return float(stats.f.sf(scaled, size - 1, (size**2 - 1) / (3 * spread)))


def simultaneous_gap(
    estimates: FloatArray,
    covariance: FloatArray,
    freedom: FloatArray,
    *,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Interval of the largest true difference between two estimates, and p of H0: there are no differences.

    With c the `level` quantile of max |T| over pairs under H0 (simulated multivariate t): the largest of
    |d| - c·SE over pairs (at least zero) and of |d| + c·SE. Simultaneous for all pairs, so it holds for the
    largest one. Hothorn, Bretz and Westfall 2008.
    """
    one, other = np.triu_indices(len(estimates), 1)
    variance = covariance[one, one] + covariance[other, other] - 2 * covariance[one, other]
    error = np.sqrt(np.maximum(variance, 1e-300))
    df = len(freedom) / float(np.sum(1 / freedom))
    largest = largest_differences(covariance, (one, other), error, draws=draws, seed=seed, df=df)
    gap = np.abs(estimates[one] - estimates[other])
    quantile = float(np.quantile(largest, level))
    p = (1 + int(np.sum(largest >= np.max(gap / error)))) / (1 + draws)
    return max(0.0, float(np.max(gap - quantile * error))), float(np.max(gap + quantile * error)), p
