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
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.severity.likelihood import Expectations
    from judge_calibration.severity.patterns import Patterns

_LEAST_VARIANCE = 1e-9  # of a rating at a node: far out it vanishes, and so does the posterior


@dataclass(frozen=True, slots=True)
class MeanSquare:
    """A mean square and the standard error of its logarithm, over clusters; None for a single one."""

    value: float
    log_error: float | None


def mean_squares(
    patterns: Patterns, at: Expectations, rater: int, clusters: IntArray
) -> tuple[MeanSquare, MeanSquare]:
    """Infit = Σ E(x-E)² / Σ E Var and outfit = mean E[(x-E)²/Var] of one rater; outer E over posteriors.

    `clusters` (n,) are the items' own numbers where items do not depend on each other.
    """
    here = patterns.codes[:, rater] >= 0
    given, pattern = patterns.codes[here, rater], patterns.of_item[here]
    distances = (patterns.scores[:, None] - at.means[rater]) ** 2  # (U, Q)
    variance = np.maximum((at.probabilities[rater] * distances).sum(0), _LEAST_VARIANCE)
    squares = (distances @ at.posterior.T)[given, pattern]
    standard = ((distances / variance) @ at.posterior.T)[given, pattern]
    expected = (at.posterior @ variance)[pattern]
    _, units = np.unique(clusters[here], return_inverse=True)
    return (
        _ratio_of_sums(squares, expected, units),
        _ratio_of_sums(standard, np.ones_like(standard), units),
    )


def _ratio_of_sums(above: FloatArray, below: FloatArray, units: IntArray) -> MeanSquare:
    """Of values of ratings (n,) in units 0..m-1, with the linearised error of a ratio."""
    total = float(below.sum())
    value = float(above.sum()) / total
    residuals = np.bincount(units, above - value * below)
    m = len(residuals)
    if m <= 1:  # one unit has no spread
        return MeanSquare(value, None)
    error = math.sqrt(float(np.sum(residuals**2)) * m / (m - 1)) / total
    return MeanSquare(value, error / value)
