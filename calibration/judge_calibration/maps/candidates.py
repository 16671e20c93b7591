"""The maps that may be chosen, from the simplest: each is fitted on a sample and predicts physicians' scores.

Every prediction rises with the judge's score or stays, and is cut to the scale. With J the judge's score and
Y the physicians' mean:

identity         Y = J
shift            Y = J + a
affine           Y = a + bJ, b shrunk towards 0 by its own noise and never below it (Copas 1983)
isotonic         least squares among rising functions of J, on the means of J's levels (Barlow et al. 1972)
shrunk isotonic  the same, with level means drawn towards the affine line by empirical Bayes (Morris 1983)

Isotonic regression of raw pairs with tied J would give two values for one score, hence means of levels.
The cumulative logit has its own module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.estimates import Reason
    from judge_calibration.maps.sample import MapSample

_MOST_PRIOR = 1e9  # items; as good as the line itself


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate: straight lines through knots, level ends beyond them."""

    method: str
    knots: tuple[FloatArray, FloatArray]
    parameters: Mapping[str, object] = field(default_factory=dict)

    def predict(self, judge: FloatArray) -> FloatArray:
        """Predicted scores (n,)."""
        return np.interp(judge, *self.knots)


def constant_judge(sample: MapSample) -> Reason:  # noqa: ARG001  one shape for all obstacles
    """What keeps a line from being fitted: there is nothing to put it through."""
    return "constant_input"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kind of map: its place from simple to flexible, the least number of items, and how it is fitted.

    `fit` gives None where the map cannot be fitted to the sample; `obstacle` then says why.
    """

    name: str
    complexity: int
    min_n: int
    fit: Callable[[MapSample], Fitted | None]
    obstacle: Callable[[MapSample], Reason] = constant_judge


def identity(sample: MapSample) -> Fitted:
    """The judge's score as it is."""
    ends = np.array([sample.low, sample.high])
    return Fitted("identity", (ends, ends))


def shift(sample: MapSample) -> Fitted:
    """Y = J + a, a = mean(Y - J)."""
    offset = float(np.mean(sample.target - sample.judge))
    return Fitted("shift", _line(offset, 1.0, sample), {"offset": rounded(offset)})


def affine(sample: MapSample) -> Fitted | None:
    """Y = a + b J with the slope shrunk by its own noise, b(1 - s²/(b² S_xx))₊, and never below zero."""
    line = _affine_line(sample)
    if line is None:
        return None
    intercept, slope = line
    parameters = {"intercept": rounded(intercept), "slope": rounded(slope)}
    return Fitted("affine", _line(intercept, slope, sample), parameters)


def isotonic(sample: MapSample) -> Fitted:
    """Least squares among rising functions, on the means of levels: one value for one score."""
    levels, means, counts = level_means(sample)
    fitted = isotonic_regression(means, weights=counts).x
    return Fitted("isotonic", (levels, _cut(fitted, sample)), {"levels": len(levels)})


def shrunk_isotonic(sample: MapSample) -> Fitted | None:
    """Level means drawn towards the line, then pooled: weight n/(n+m) for a level of n items.

    m = s²/t², with s² the variance within levels and t² what their means vary about the line beyond s².
    """
    line = _affine_line(sample)
    if line is None:
        return None
    levels, means, counts = level_means(sample)
    straight = line[0] + line[1] * levels
    which = np.searchsorted(levels, sample.judge)
    within = float(np.mean((sample.target - means[which]) ** 2))
    between = float(np.average((means - straight) ** 2, weights=counts))
    excess = max(0.0, between - within * len(levels) / len(sample))
    prior = within / excess if excess > within / _MOST_PRIOR else _MOST_PRIOR
    drawn = straight + (means - straight) * counts / (counts + prior)
    fitted = isotonic_regression(drawn, weights=counts).x
    parameters = {
        "intercept": rounded(line[0]),
        "slope": rounded(line[1]),
        "prior_items": rounded(prior),
    }
    return Fitted("shrunk_isotonic", (levels, _cut(fitted, sample)), parameters)


def level_means(sample: MapSample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distinct judge scores in order, the mean target at each, and how many items have it."""
    levels, which = np.unique(sample.judge, return_inverse=True)
    counts: FloatArray = np.bincount(which).astype(np.float64)
    return levels, np.bincount(which, weights=sample.target) / counts, counts


def line_knots(intercept: float, slope: float, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """A line cut to the scale, as knots at its ends and where it meets a bound; never falling."""
    xs = {low, high}
    if slope > 0:
        crossings = [(bound - intercept) / slope for bound in (low, high)]
        xs |= {at for at in crossings if low < at < high}
    raw = np.array(sorted(xs))
    return raw, np.maximum.accumulate(np.clip(intercept + slope * raw, low, high))


def _affine_line(sample: MapSample) -> tuple[float, float] | None:
    x, y = sample.judge, sample.target
    if len(sample) < 3 or x.min() == x.max():  # noqa: PLR2004  a line through two points has no residual
        return None
    mean_x, mean_y = float(x.mean()), float(y.mean())
    square = float(np.sum((x - mean_x) ** 2))
    slope = float(np.sum((x - mean_x) * (y - mean_y))) / square
    residual = float(np.sum((y - mean_y - slope * (x - mean_x)) ** 2)) / (len(sample) - 2)
    kept = max(0.0, 1 - residual / (slope**2 * square)) if slope > 0 else 0.0
    return mean_y - kept * slope * mean_x, kept * slope


def _line(intercept: float, slope: float, sample: MapSample) -> tuple[FloatArray, FloatArray]:
    return line_knots(intercept, slope, sample.low, sample.high)


def _cut(values: FloatArray, sample: MapSample) -> FloatArray:
    return np.maximum.accumulate(np.clip(values, sample.low, sample.high))
