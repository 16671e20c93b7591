"""Puts one judge's scores on another's scale, from both judges' scores of the same items; and method comparison.

Equating makes distributions alike, so that a threshold keeps its meaning; it predicts no physician and is never a
calibration map (Kolen and Brennan 2014). Deming regression (Deming 1943; Cornbleet and Gochman 1979) asks whether two
methods differ by a constant or in proportion, for a stated ratio of error variances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

EquatingMethod = Literal["linear", "equipercentile"]
METHODS: tuple[EquatingMethod, ...] = ("linear", "equipercentile")
LEAST = 10


@dataclass(frozen=True, slots=True)
class Equating:
    """Knots from the new judge's score to the old one's scale; `n` items were scored by both."""

    method: EquatingMethod
    knots: tuple[FloatArray, FloatArray]
    n: int
    slope: float | None = None
    intercept: float | None = None

    def equate(self, scores: FloatArray) -> FloatArray:
        """Scores of the new judge on the old one's scale."""
        return np.interp(scores, *self.knots)

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        raw, equated = self.knots
        return {
            "purpose": "equate",
            "method": self.method,
            "n_items": self.n,
            "slope": rounded(self.slope),
            "intercept": rounded(self.intercept),
            "knots": [[rounded(x), rounded(y)] for x, y in zip(raw.tolist(), equated.tolist(), strict=True)],
        }


def equate(
    old: FloatArray, new: FloatArray, *, low: float, high: float, method: EquatingMethod = "linear"
) -> Equating:
    """From paired scores (n,), nothing missing. NotEnough below ten items or when the new judge is constant."""
    if method not in METHODS:
        raise OptionRejected("equating", f"is one of {', '.join(METHODS)}")
    if len(old) < LEAST or np.ptp(new) == 0:
        raise NotEnough(f"equating needs {LEAST} items scored by both judges, and more than one score")
    if method == "linear":
        slope = float(old.std() / new.std())
        intercept = float(old.mean() - slope * new.mean())
        raw = np.array(_line_knots(slope, intercept, low, high))
        return Equating(
            "linear", (raw, np.clip(intercept + slope * raw, low, high)), len(old), slope, intercept
        )
    return Equating("equipercentile", _equipercentile(old, new, low, high), len(old))


def _line_knots(slope: float, intercept: float, low: float, high: float) -> list[float]:
    crossings = [(bound - intercept) / slope for bound in (low, high)] if slope > 0 else []
    return sorted({low, high, *(at for at in crossings if low < at < high)})


def _equipercentile(
    old: FloatArray, new: FloatArray, low: float, high: float
) -> tuple[FloatArray, FloatArray]:
    """Each score of the new judge to the old one's of the same mid-percentile, both read as straight lines."""
    x, x_rank = _mid_percentiles(new)
    y, y_rank = _mid_percentiles(old)
    equated = np.interp(x_rank, np.concatenate([[0.0], y_rank, [1.0]]), np.concatenate([[y[0]], y, [y[-1]]]))
    return x, np.maximum.accumulate(np.clip(equated, low, high))


def _mid_percentiles(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    values, counts = np.unique(scores, return_counts=True)
    return values, (counts.cumsum() - counts / 2) / len(scores)


@dataclass(frozen=True, slots=True)
class Deming:
    """y = a + b x with errors in both. `error_ratio` is var(error of y) / var(error of x)."""

    slope: float
    intercept: float
    error_ratio: float
    n: int

    def as_json(self) -> dict[str, object]:
        """Plain data; the ratio is always told, for the slope depends on it and on its direction."""
        return {
            "purpose": "method_comparison",
            "slope": rounded(self.slope),
            "intercept": rounded(self.intercept),
            "error_ratio": rounded(self.error_ratio),
            "n_items": self.n,
        }


def deming(x: FloatArray, y: FloatArray, *, error_ratio: float = 1.0) -> Deming:
    """B = [s_yy - λ s_xx + √((s_yy - λ s_xx)² + 4 λ s_xy²)] / (2 s_xy), λ the error ratio."""
    if error_ratio <= 0:
        raise OptionRejected("error_ratio", "is above 0")
    s_xx, s_yy = float(x.var()), float(y.var())
    s_xy = float(((x - x.mean()) * (y - y.mean())).mean())
    if len(x) < LEAST or abs(s_xy) < 1e-12:  # noqa: PLR2004  no slope without covariance
        raise NotEnough(f"method comparison needs {LEAST} items and scores that vary together")
    gap = s_yy - error_ratio * s_xx
    slope = (gap + np.sqrt(gap**2 + 4 * error_ratio * s_xy**2)) / (2 * s_xy)
    return Deming(float(slope), float(y.mean() - slope * x.mean()), error_ratio, len(x))
