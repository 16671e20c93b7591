"""The maps that may be chosen, from the simplest: each is fitted on a sample and predicts physicians' scores.

Every prediction rises with the judge's score or stays, and is cut to the scale. Sources: Barlow et al. 1972
(isotonic regression, pool adjacent violators); McCullagh 1980 (cumulative logit); Copas 1983 (shrunk slopes).
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
    from judge_calibration.maps.sample import MapSample

Parameters = dict[str, object]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate: straight lines through knots, level ends beyond them."""

    method: str
    knots: tuple[FloatArray, FloatArray]
    parameters: Mapping[str, object] = field(default_factory=dict)

    def predict(self, judge: FloatArray) -> FloatArray:
        """Predicted scores (n,)."""
        return np.interp(judge, *self.knots)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kind of map: its place from simple to flexible, the least number of items, and how it is fitted.

    `fit` gives None where the map cannot be fitted to the sample.
    """

    name: str
    complexity: int
    min_n: int
    fit: Callable[[MapSample], Fitted | None]


def identity(sample: MapSample) -> Fitted:
    """The judge's score as it is."""
    ends = np.array([sample.low, sample.high])
    return Fitted("identity", (ends, ends))


def shift(sample: MapSample) -> Fitted:
    """Y = J + a."""
    offset = float(np.average(sample.target - sample.judge, weights=sample.weights))
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
    """Weighted least squares among rising functions, on the means of levels: one value for one judge score."""
    levels, means, weights = level_means(sample)
    fitted = isotonic_regression(means, weights=weights).x
    return Fitted("isotonic", (levels, _cut(fitted, sample)), {"levels": len(levels)})


def shrunk_isotonic(sample: MapSample) -> Fitted | None:
    """Level means drawn towards the line by weight n/(n+m), with m from the variance between and within levels."""
    line = _affine_line(sample)
    if line is None:
        return None
    levels, means, weights = level_means(sample)
    straight = line[0] + line[1] * levels
    which = np.searchsorted(levels, sample.judge)
    within = float(np.average((sample.target - means[which]) ** 2, weights=sample.weights))
    excess = (
        float(np.average((means - straight) ** 2, weights=weights)) - within * len(levels) / weights.sum()
    )
    prior = within / max(excess, 1e-6)
    drawn = straight + (means - straight) * weights / (weights + prior)
    fitted = isotonic_regression(drawn, weights=weights).x
    parameters = {
        "intercept": rounded(line[0]),
        "slope": rounded(line[1]),
        "prior_items": rounded(min(prior, 1e9)),
    }
    return Fitted("shrunk_isotonic", (levels, _cut(fitted, sample)), parameters)


def level_means(sample: MapSample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distinct judge scores in order, the weighted mean target at each, and the weight."""
    levels, which = np.unique(sample.judge, return_inverse=True)
    weights: FloatArray = np.bincount(which, weights=sample.weights).astype(np.float64)
    sums = np.bincount(which, weights=sample.weights * sample.target)
    return levels, sums / weights, weights


def _affine_line(sample: MapSample) -> tuple[float, float] | None:
    x, y, w = sample.judge, sample.target, sample.weights
    mean_x, mean_y = float(np.average(x, weights=w)), float(np.average(y, weights=w))
    square = float(np.sum(w * (x - mean_x) ** 2))
    if square < 1e-9 or len(sample) < 3:  # noqa: PLR2004  a line through two points has no residual
        return None
    slope = float(np.sum(w * (x - mean_x) * (y - mean_y))) / square
    residual = float(np.sum(w * (y - mean_y - slope * (x - mean_x)) ** 2)) / (len(sample) - 2)
    kept = max(0.0, 1 - residual / (slope**2 * square)) if slope > 0 else 0.0
    return mean_y - kept * slope * mean_x, kept * slope


def _line(intercept: float, slope: float, sample: MapSample) -> tuple[FloatArray, FloatArray]:
    """A line cut to the scale, as knots at the ends and where it meets the bounds."""
    xs = {sample.low, sample.high}
    if slope > 0:
        for bound in (sample.low, sample.high):
            crossing = (bound - intercept) / slope
            if sample.low < crossing < sample.high:
                xs.add(crossing)
    raw = np.array(sorted(xs))
    return raw, _cut(intercept + slope * raw, sample)


def _cut(values: FloatArray, sample: MapSample) -> FloatArray:
    return np.maximum.accumulate(np.clip(values, sample.low, sample.high))
