"""Cumulative logit of physicians' ratings on the judge's score (McCullagh 1980): P(Y ≤ k) = logistic(c_k - b J).

Fitted to the single ratings, so that their spread counts; the map is the expected rating. A declared category that
nobody gave has probability zero, which is the limit of its maximum likelihood estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from judge_calibration.estimates import rounded
from judge_calibration.maps.candidates import Fitted

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.maps.sample import MapSample

_STEEPEST = 25.0  # logits per SD of the judge; beyond it the judge separates the ratings
_FLAT = 1e-12
_GRID = 101


@dataclass(frozen=True, slots=True)
class OrdinalLogit:
    """Thresholds c (K'-1) between the categories that occur, slope b ≥ 0, and those categories' values (K')."""

    thresholds: FloatArray
    slope: float
    values: FloatArray

    def probabilities(self, judge: FloatArray) -> FloatArray:
        """P(Y = value) for each judge score: (n, K')."""
        below = expit(self.thresholds - self.slope * np.asarray(judge, np.float64)[:, None])
        edges = np.column_stack([np.zeros(len(below)), below, np.ones(len(below))])
        return np.diff(edges, axis=1)

    def expected(self, judge: FloatArray) -> FloatArray:
        """E(Y) for each judge score (n,)."""
        means: FloatArray = self.probabilities(judge) @ self.values
        return means


def fit_ordinal_logit(sample: MapSample) -> OrdinalLogit | None:
    """Maximum likelihood; None on a continuous scale, with one category or judge score, or under separation."""
    if sample.values is None:
        return None
    levels, counts, values = _counted(sample)
    if len(values) < 2 or len(levels) < 2:  # noqa: PLR2004  nothing to tell apart
        return None
    total = counts.sum(1)
    centre = float(np.average(levels, weights=total))
    spread = float(np.sqrt(np.average((levels - centre) ** 2, weights=total)))
    x = (levels - centre) / spread
    start = np.concatenate([_start(counts), [0.5]])
    bounds = [(None, None)] + [(-12.0, 6.0)] * (len(values) - 2) + [(0.0, _STEEPEST)]
    scale = counts.sum()
    found = minimize(
        _loss,
        start,
        args=(x, counts / scale),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-10},
    )
    if not found.success or found.x[-1] >= _STEEPEST - 1e-6:
        return None
    slope = float(found.x[-1]) / spread
    return OrdinalLogit(_thresholds(found.x[:-1]) + slope * centre, slope, values)


def ordinal_logit(sample: MapSample) -> Fitted | None:
    """The candidate map: the expected rating at every declared value, or on a grid of a continuous judge's scores."""
    model = fit_ordinal_logit(sample)
    if model is None or sample.values is None:
        return None
    on_scale = bool(np.isin(sample.judge, sample.values).all())
    raw = sample.values if on_scale else np.linspace(sample.low, sample.high, _GRID)
    expected = np.maximum.accumulate(np.clip(model.expected(raw), sample.low, sample.high))
    parameters = {
        "slope": rounded(model.slope),
        "thresholds": [rounded(float(each)) for each in model.thresholds],
        "values": [rounded(float(each)) for each in model.values],
    }
    return Fitted("ordinal_logit", (raw, expected), parameters)


def _counted(sample: MapSample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Judge scores, weighted counts of ratings at each (L, K'), and the values that were given."""
    item, rater = np.nonzero(~np.isnan(sample.ratings))
    given = sample.ratings[item, rater]
    values, column = np.unique(given, return_inverse=True)
    levels, row = np.unique(sample.judge[item], return_inverse=True)
    counts = np.zeros((len(levels), len(values)))
    np.add.at(counts, (row, column), sample.weights[item])
    return levels, counts, values


def _start(counts: FloatArray) -> FloatArray:
    shares = (counts.sum(0).cumsum()[:-1] / counts.sum()).clip(1e-3, 1 - 1e-3)
    thresholds = logit(shares)
    return np.concatenate([thresholds[:1], np.log(np.maximum(np.diff(thresholds), 1e-3))])


def _thresholds(free: FloatArray) -> FloatArray:
    """First threshold and logs of the gaps, as thresholds that rise."""
    return np.concatenate([free[:1], free[:1] + np.exp(free[1:]).cumsum()])


def _loss(free: FloatArray, x: FloatArray, counts: FloatArray) -> tuple[float, FloatArray]:
    """Negative log likelihood and its gradient in (c₁, log gaps, b)."""
    below = expit(_thresholds(free[:-1]) - free[-1] * x[:, None])
    edges = np.column_stack([np.zeros(len(x)), below, np.ones(len(x))])
    probability = np.maximum(np.diff(edges, axis=1), _FLAT)
    density = below * (1 - below)
    share = counts / probability
    toward = -(share[:, :-1] - share[:, 1:]) * density  # by threshold, at each judge score
    by_threshold = toward.sum(0)
    gaps = np.exp(free[1:-1])
    later = by_threshold[::-1].cumsum()[::-1]
    gradient = np.concatenate([later[:1], gaps * later[1:], [-(toward * x[:, None]).sum()]])
    return -float(np.sum(counts * np.log(probability))), gradient
