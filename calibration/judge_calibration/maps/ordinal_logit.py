"""Cumulative logit of physicians' ratings on the judge's score (McCullagh 1980): P(Y ≤ k) = logistic(c_k - bJ).

Fitted to the single ratings, so that their spread counts; the map is the expected rating, Σ value · P(value).
Maximum likelihood by Fisher scoring with the analytic gradient, on the table of judge scores by ratings, so
that a step costs the same for a hundred items and a hundred thousand. The likelihood is concave in (c, b)
(Pratt 1981), so b ≥ 0 binds exactly when the gradient at b = 0 does not point up. A declared value that nobody
gave has probability zero, the limit of its estimate: its two thresholds are one. The maximum is infinite
exactly when no rating at a judge score is above any at a higher one, and some value is told from the rest:
separation (Albert and Anderson 1984).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from judge_calibration.engine.cumulative_logit import LEAST_CHANCE, chance_between
from judge_calibration.estimates import rounded
from judge_calibration.maps.candidates import Fitted

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.estimates import Reason
    from judge_calibration.maps.sample import MapSample

Likelihood = tuple[float, "FloatArray", "FloatArray"]  # its logarithm, the gradient, the expected information
_GRID = 101
_STEPS, _HALVINGS = 100, 40
_DONE = 1e-12  # of the log-likelihood, per rating


@dataclass(frozen=True, slots=True)
class OrdinalLogit:
    """Thresholds c (K'-1) between the values that occur, slope b ≥ 0, and those values (K')."""

    thresholds: FloatArray
    slope: float
    values: FloatArray

    def probabilities(self, judge: FloatArray) -> FloatArray:
        """P(Y = value) for each judge score: (n, K')."""
        return _chances(self.thresholds - self.slope * np.asarray(judge, np.float64)[:, None])

    def over(self, declared: FloatArray, judge: FloatArray) -> FloatArray:
        """P(Y = value) for every declared value: (n, K); 0 for those that nobody gave."""
        found = np.zeros((len(judge), len(declared)))
        found[:, np.searchsorted(declared, self.values)] = self.probabilities(judge)
        return found

    def expected(self, judge: FloatArray) -> FloatArray:
        """E(Y) for each judge score (n,)."""
        means: FloatArray = self.probabilities(judge) @ self.values
        return means


def fit_ordinal_logit(sample: MapSample) -> OrdinalLogit | None:
    """Maximum likelihood; None on a continuous scale, with one value or judge score, or under separation."""
    if sample.values is None:
        return None
    levels, counts, values = _counted(sample)
    if len(values) < 2 or len(levels) < 2 or _is_separated(counts):  # noqa: PLR2004  nothing to tell apart
        return None
    total = counts.sum(1)
    centre = float(np.average(levels, weights=total))
    spread = float(np.sqrt(np.average((levels - centre) ** 2, weights=total)))
    found = _maximum((levels - centre) / spread, counts / counts.sum())
    if found is None:
        return None
    slope = float(found[-1]) / spread
    return OrdinalLogit(found[:-1] + slope * centre, slope, values)


def obstacle(sample: MapSample) -> Reason:
    """Why there is no fit."""
    if sample.values is None:
        return "not_for_this_scale"
    levels, counts, values = _counted(sample)
    if len(values) < 2:  # noqa: PLR2004  nothing to tell apart
        return "single_category"
    if len(levels) < 2:  # noqa: PLR2004  likewise
        return "constant_input"
    return "separation" if _is_separated(counts) else "not_converged"


def ordinal_logit(sample: MapSample) -> Fitted | None:
    """The candidate map: the expected rating at every declared value, or on a grid of a finer judge's scores."""
    model = fit_ordinal_logit(sample)
    if model is None or sample.values is None:
        return None
    on_scale = bool(np.isin(sample.judge, sample.values).all())
    raw = sample.values if on_scale else np.linspace(sample.low, sample.high, _GRID)
    expected = np.maximum.accumulate(np.clip(model.expected(raw), sample.low, sample.high))
    never = sample.values[~np.isin(sample.values, model.values)]
    parameters = {
        "slope": rounded(model.slope),
        "thresholds": [rounded(float(each)) for each in model.thresholds],
        "values": [rounded(float(each)) for each in model.values],
        "values_never_given": [rounded(float(each)) for each in never],
    }
    return Fitted("ordinal_logit", (raw, expected), parameters)


def _counted(sample: MapSample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Judge scores, counts of ratings at each (L, K'), and the values that were given."""
    declared = np.asarray(sample.values)
    levels, row = np.unique(sample.judge, return_inverse=True)  # every item of a sample has a rating
    column = np.searchsorted(declared, sample.ratings)  # a missing one stands behind the last value
    width = len(declared) + 1
    cells = np.bincount((row[:, None] * width + column).ravel(), minlength=len(levels) * width)
    counts = cells.reshape(len(levels), width)[:, :-1]
    given = counts.any(0)
    return levels, counts[:, given].astype(np.float64), declared[given]


def _is_separated(counts: FloatArray) -> bool:
    """Whether every rating at a judge score is at most every rating at the next one."""
    given = counts > 0
    lowest, highest = given.argmax(1), given.shape[1] - 1 - given[:, ::-1].argmax(1)
    return bool((highest[:-1] <= lowest[1:]).all())


def _chances(edges: FloatArray) -> FloatArray:
    """From c_k - bx (n, m) to the chances between them (n, m+1)."""
    bounded = np.full((len(edges), edges.shape[1] + 2), np.inf)
    bounded[:, 0] = -np.inf
    bounded[:, 1:-1] = edges
    return chance_between(bounded[:, :-1], bounded[:, 1:])


def _maximum(x: FloatArray, counts: FloatArray) -> FloatArray | None:
    """Thresholds and slope (m+1,) of greatest likelihood with slope ≥ 0; None if no step count reaches it."""
    shares = counts.sum(0).cumsum()[:-1]
    at = np.append(logit(shares), 0.0)
    value, gradient, information = _likelihood(at, x, counts)
    if gradient[-1] <= 0:
        return at
    for _ in range(_STEPS):
        step = _step(information, gradient)
        if step is None:
            return None
        decrement = float(gradient @ step)
        if decrement < _DONE:
            return at
        moved = _improved(at, step, value - _DONE, x, counts)
        if moved is None:
            return None
        at, (value, gradient, information) = moved
    return None


def _step(information: FloatArray, gradient: FloatArray) -> FloatArray | None:
    """The scoring step; None where chances have vanished and with them the information."""
    try:
        return np.asarray(np.linalg.solve(information, gradient), np.float64)
    except np.linalg.LinAlgError:
        return None


def _improved(
    at: FloatArray, step: FloatArray, least: float, x: FloatArray, counts: FloatArray
) -> tuple[FloatArray, Likelihood] | None:
    """The first of the step and its halves that keeps the thresholds in order and the likelihood up.

    With the likelihood there, from which the next step starts: nearly always the first one is taken.
    """
    for halving in range(_HALVINGS):
        tried: FloatArray = at + step / 2**halving
        if (tried[1:-1] > tried[:-2]).all() and (found := _likelihood(tried, x, counts))[0] >= least:
            return tried, found
    return None


def _likelihood(at: FloatArray, x: FloatArray, counts: FloatArray) -> Likelihood:
    """Log-likelihood, its gradient in (c, b), and the expected information."""
    edges = at[:-1] - at[-1] * x[:, None]
    chances = np.maximum(_chances(edges), LEAST_CHANCE)
    density = expit(edges) * expit(-edges)  # d P(Y ≤ k) / d c_k at each judge score: (L, m)
    bounded = np.zeros((len(x), density.shape[1] + 2))
    bounded[:, 1:-1] = density
    change = bounded[:, 1:] - bounded[:, :-1]  # of each chance along all c at once
    expected = counts.sum(1)[:, None] / chances
    share, lever = counts / chances, x[:, None] * change
    m = density.shape[1]
    information = np.zeros((m + 1, m + 1))
    place = np.arange(m)
    information[place, place] = (density**2 * (expected[:, :-1] + expected[:, 1:])).sum(0)
    beside = -(density[:, :-1] * density[:, 1:] * expected[:, 1:-1]).sum(0)
    information[place[1:], place[:-1]] = information[place[:-1], place[1:]] = beside
    across = expected * lever
    information[m, :m] = information[:m, m] = -(density * (across[:, :-1] - across[:, 1:])).sum(0)
    information[m, m] = (across * lever).sum()
    gradient = np.append((density * (share[:, :-1] - share[:, 1:])).sum(0), -(share * lever).sum())
    return float(np.sum(counts * np.log(chances))), gradient, information
