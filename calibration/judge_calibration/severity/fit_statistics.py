"""Infit and outfit of a rater: how much his ratings depart from the model, against what it expects.

Squared residuals are averaged over each item's posterior instead of being taken at a point estimate of θ: the
mean squares then have expectation one under the model, whatever the number of ratings per item
(Wright and Masters 1982 for the mean squares).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.severity.likelihood import Expectations
    from judge_calibration.severity.patterns import Patterns

_LEAST_VARIANCE = 1e-9  # of a rating at a node: far out it vanishes, and so does the posterior


@dataclass(frozen=True, slots=True)
class MeanSquare:
    """A mean square and the standard error of its logarithm, over items; None for a single rating."""

    value: float
    log_error: float | None


def mean_squares(patterns: Patterns, at: Expectations, rater: int) -> tuple[MeanSquare, MeanSquare]:
    """Infit = Σ E(x-E)² / Σ E Var and outfit = mean E[(x-E)²/Var] of one rater; outer E over posteriors."""
    counts = patterns.counts_of(rater)
    means = at.means[rater]
    distances = (patterns.scores[:, None] - means) ** 2  # (U, Q)
    variance = np.maximum((at.probabilities[rater] * distances).sum(0), _LEAST_VARIANCE)
    squares = distances @ at.posterior.T  # (U, G)
    expected = np.broadcast_to(at.posterior @ variance, squares.shape)
    standard = (distances / variance) @ at.posterior.T
    return (
        _ratio_of_sums(counts, squares, expected),
        _ratio_of_sums(counts, standard, np.ones_like(standard)),
    )


def _ratio_of_sums(counts: FloatArray, above: FloatArray, below: FloatArray) -> MeanSquare:
    n = float(counts.sum())
    total = float((counts * below).sum())
    value = float((counts * above).sum()) / total
    if n <= 1:  # one rating has no spread
        return MeanSquare(value, None)
    error = math.sqrt(float((counts * (above - value * below) ** 2).sum()) * n / (n - 1)) / total
    return MeanSquare(value, error / value)
