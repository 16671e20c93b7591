"""Ratings drawn from the rating-scale model, and its likelihood written out the slow way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import integrate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Ratings (n, R) with NaN, and what they were drawn from."""

    ratings: FloatArray
    severity: FloatArray
    theta: FloatArray


def drawn(n: int, severity: Sequence[float], *, seed: int, sigma: float = 1.5, missing: float = 0.0) -> Drawn:
    """Ratings on six categories; `severity` is centred first."""
    generator = np.random.default_rng(seed)
    severities = np.array(severity) - np.mean(severity)
    theta = generator.normal(0, sigma, n)
    chances = category_chances(theta[:, None] - severities)
    ratings = (generator.random((n, len(severities), 1)) > np.cumsum(chances, 2)[..., :-1]).sum(2)
    gaps = generator.random(ratings.shape) < missing
    return Drawn(np.where(gaps, np.nan, ratings.astype(np.float64)), severities, theta)


def category_chances(distance: FloatArray, steps: Sequence[float] = STEPS) -> FloatArray:
    """P(k) at θ - s, on a last axis."""
    logits = np.arange(len(steps) + 1) * distance[..., None] - np.concatenate([[0], np.cumsum(steps)])
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(odds / odds.sum(-1, keepdims=True))


def naive_log_likelihood(
    ratings: FloatArray, severity: Sequence[float], steps: Sequence[float], sigma: float
) -> float:
    """Sum over items of the log of an integral by adaptive quadrature, rating by rating."""

    def chance(k: int, distance: float) -> float:
        odds = [math.exp(h * distance - sum(steps[:h])) for h in range(len(steps) + 1)]
        return odds[k] / sum(odds)

    total = 0.0
    for row in ratings:
        given = [(int(k), s) for k, s in zip(row, severity, strict=True) if not math.isnan(k)]

        def integrand(theta: float, given: list[tuple[int, float]] = given) -> float:
            product = math.exp(-((theta / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))
            for k, s in given:
                product *= chance(k, theta - s)
            return product

        area, _ = integrate.quad(integrand, -8 * sigma, 8 * sigma, epsabs=1e-13, epsrel=1e-11, limit=200)
        total += math.log(area)
    return total
