"""A confidence sequence: limits of a mean that hold at every look, for the trickle of labels between anchors.

It may be read after each label without spending the error again; the price is wider limits than at one look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import Interval, Statistic, estimated, rounded, undefined
from judge_calibration.inference.sampling_error import need_finite, need_positive, need_share

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray

_LARGEST_BET = 0.5


@dataclass(frozen=True, slots=True)
class ConfidenceSequence:
    """Limits after each item that hold at all times together, and the statistic at the last one."""

    low: FloatArray
    high: FloatArray
    centre: FloatArray
    final: Statistic
    margin: float | None
    excludes_zero_at: int | None
    within_margin_at: int | None

    def as_json(self) -> dict[str, object]:
        """Plain data; positions count from 0 among the differences that are not missing."""
        return {
            "low": [rounded(value) for value in self.low.tolist()],
            "high": [rounded(value) for value in self.high.tolist()],
            "centre": [rounded(value) for value in self.centre.tolist()],
            "final": self.final.as_json(),
            "margin": self.margin,
            "excludes_zero_at": self.excludes_zero_at,
            "within_margin_at": self.within_margin_at,
        }


def confidence_sequence(
    differences: FloatArray, *, bound: float, margin: float | None = None, level: float = 0.95
) -> ConfidenceSequence:
    """Empirical-Bernstein confidence sequence for the mean of differences in [-bound, bound], NaN left out.

    With X = (d + bound)/(2·bound): Σλ_iX_i/Σλ_i ± (ln(2/α) + Σ 4(X_i - μ̂_{i-1})²·ψ(λ_i))/Σλ_i,
    ψ(λ) = (-ln(1-λ) - λ)/4, λ_t = min(½, √(2 ln(2/α)/(σ̂²_{t-1}·t·ln(t+1)))); limits are cut at ±bound.
    `bound` is the width of the scale for a difference of two scores; `margin` asks when the limits first lay
    within ±margin. Items come in an order that has nothing to do with their differences, and independently.
    Source: Waudby-Smith and Ramdas 2024, theorem 2.
    Errors: OptionRejected for a bound ≤ 0 or a difference beyond it.
    """
    need_positive("bound", bound)
    need_share("level", level)
    differences = np.asarray(differences, np.float64)
    need_finite("differences", differences)
    d = differences[~np.isnan(differences)]
    if (np.abs(d) > bound).any():
        raise OptionRejected("bound", f"a difference is larger than {bound}")
    centre, half = _bernstein((d + bound) / (2 * bound), 1 - level)
    middle = 2 * bound * centre - bound
    low, high = (np.clip(middle + side * 2 * bound * half, -bound, bound) for side in (-1, 1))
    inside = np.zeros(len(d), np.bool_) if margin is None else (low > -margin) & (high < margin)
    return ConfidenceSequence(
        low, high, middle, _final(d, low, high, level), margin, _first((low > 0) | (high < 0)), _first(inside)
    )


def _final(d: FloatArray, low: FloatArray, high: FloatArray, level: float) -> Statistic:
    if not len(d):
        return undefined("drift_running_mean", "no_overlap", n_items=0)
    interval = Interval(
        float(low[-1]), float(high[-1]), level, "empirical_bernstein_sequence", "sampled_items"
    )
    return estimated("drift_running_mean", float(d.mean()), ci=interval, n_items=len(d))


def _bernstein(x: FloatArray, alpha: float) -> tuple[FloatArray, FloatArray]:
    t = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    before_mean, before = np.r_[0.5, mean[:-1]], np.r_[0.25, variance[:-1]]
    log = math.log(2 / alpha)
    bets = np.minimum(np.sqrt(2 * log / (before * t * np.log1p(t))), _LARGEST_BET)
    psi = (-np.log1p(-bets) - bets) / 4
    total = np.cumsum(bets)
    return np.cumsum(bets * x) / total, (log + np.cumsum(4 * (x - before_mean) ** 2 * psi)) / total


def _first(flags: BoolArray) -> int | None:
    at = np.flatnonzero(flags)
    return int(at[0]) if len(at) else None
