"""Simulated scores with known truths, and slow references, for the tests of inference from few labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray


def ceiling_skewed(generator: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Mean of three physicians, and a judge in half points that is 0.9 points too kind; 0-5, skewed up."""
    quality = 5 * generator.beta(4, 1.8, n)
    raters = np.clip(np.round(quality[:, None] + 0.8 * generator.standard_normal((n, 3))), 0, 5)
    judge = np.clip(np.round(2 * (0.6 * quality + 2.4 + 0.6 * generator.standard_normal(n))) / 2, 0, 5)
    return raters.mean(1), judge


def with_moments(mean: float, sd: float, n: int) -> FloatArray:
    """Numbers (n,) that have exactly this mean and this standard deviation (n - 1)."""
    steps = np.arange(n, dtype=np.float64)
    return np.asarray(mean + sd * (steps - steps.mean()) / steps.std(ddof=1))


def least_hits(runs: int, coverage: float) -> float:
    """So few of the intervals hit with probability 1 in 2,000 when their coverage is as stated."""
    return float(stats.binom.ppf(0.0005, runs, coverage))


def naive_powered_mean(
    label: list[float], judge: list[float], rest: list[float]
) -> tuple[float, float, float]:
    """Estimate, standard error and λ of 20 or more labels by loops: one degree of freedom for λ."""
    n, unlabelled = len(label), len(rest)
    y, f, g = sum(label) / n, sum(judge) / n, sum(rest) / unlabelled
    covariance = sum((a - y) * (b - f) for a, b in zip(label, judge, strict=True)) / (n - 1)
    variance = sum((b - f) ** 2 for b in judge) / (n - 1)
    lam = max(covariance / ((1 + n / unlabelled) * variance), 0.0) if variance > 0 else 0.0
    residuals = [a - lam * b for a, b in zip(label, judge, strict=True)]
    centre = sum(residuals) / n
    spread = sum((each - centre) ** 2 for each in residuals) / (n - (2 if lam > 0 else 1))
    spread_rest = sum((each - g) ** 2 for each in rest) / (unlabelled - 1)
    return y + lam * (g - f), math.sqrt(spread / n + lam**2 * spread_rest / unlabelled), lam
