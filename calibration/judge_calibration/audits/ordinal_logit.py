"""Cumulative logit regression by Newton steps: P(Y ≤ k) = logistic(c_k - xβ) (McCullagh 1980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from judge_calibration.engine.cumulative_logit import LEAST_CHANCE, chance_between

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.estimates import Reason

_DONE = 1e-11  # Newton decrement, of the log-likelihood
_HALVINGS = 30
_SINGULAR = 1e-10
_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class OrdinalFit:
    """Maximum of the likelihood: coefficients β (m,) of the design, and what a robust covariance is made of.

    `information` (p, p) and `scores` (n, p) are by cut-points and coefficients of the standardised design.
    `scores` are of a single item of each row.
    """

    log_likelihood: float
    coefficients: FloatArray
    information: FloatArray
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class _At:
    """Likelihood at some parameters: value, scores of items, observed information."""

    value: float
    scores: FloatArray
    information: FloatArray


def fit_ordinal(levels: IntArray, design: FloatArray, weights: FloatArray) -> OrdinalFit | Reason:
    """Fit `levels` (n,), whole numbers in the order of the scale, on `design` (n, m) without a constant.

    `weights` (n,) say how many items each row stands for.
    Levels that do not occur carry no likelihood and are left out. The reason where there is no maximum: one
    level, a constant column, columns that explain each other, separation, or a search that got nowhere.
    """
    _, codes = np.unique(levels, return_inverse=True)
    counts = np.bincount(codes, weights)
    centre = np.average(design, axis=0, weights=weights)
    spread = np.sqrt(np.average((design - centre) ** 2, axis=0, weights=weights))
    if len(counts) <= 1:  # one level has nothing to explain
        return "single_category"
    if np.any(spread <= _NO_SPREAD):
        return "constant_input"
    data = _Data(codes, (design - centre) / spread, weights, len(counts))
    cuts = special.logit(np.cumsum(counts)[:-1] / counts.sum())
    found: FloatArray = np.concatenate([cuts, np.zeros(design.shape[1])]).astype(np.float64)
    start = data.evaluate(found)
    if not _is_regular(start.information, counts.sum()):
        return "not_identified"  # at the start every level has its share: only the columns can be at fault
    at: _At | None = start
    while at is not None and _is_regular(at.information, counts.sum()):
        slope = weights @ at.scores
        step = np.asarray(np.linalg.solve(at.information, slope), np.float64)
        if float(step @ slope) < _DONE * max(1.0, -at.value):
            return OrdinalFit(at.value, found[len(counts) - 1 :] / spread, at.information, at.scores)
        found, at = _advance(found, step, at, data)
    return "not_converged" if at is None else "separation"


def null_log_likelihood(levels: IntArray, weights: FloatArray) -> float:
    """Of a model with cut-points only: Σ n_k log(n_k/n)."""
    _, codes = np.unique(levels, return_inverse=True)
    counts = np.bincount(codes, weights)
    return float(np.sum(counts * np.log(counts / counts.sum())))


def _is_regular(information: FloatArray, items: float) -> bool:
    """Whether no direction has lost its information, as it does on the way to an infinite coefficient."""
    return bool(np.linalg.eigvalsh(information)[0] > _SINGULAR * items)


def _advance(found: FloatArray, step: FloatArray, at: _At, data: _Data) -> tuple[FloatArray, _At | None]:
    """A Newton step, halved until the likelihood rises, so that steps end; None if it never does."""
    tries = (found + step / 2**halving for halving in range(_HALVINGS))
    reached = ((tried, data.evaluate(tried)) for tried in tries)
    rising = ((tried, there) for tried, there in reached if there.value > at.value)
    return next(rising, (found, None))


@dataclass(frozen=True, slots=True)
class _Data:
    """Codes 0..size-1 (n,), standardised design (n, m), weights (n,)."""

    codes: IntArray
    design: FloatArray
    weights: FloatArray
    size: int

    def evaluate(self, parameters: FloatArray) -> _At:
        """With u = c_y - xβ and l = c_(y-1) - xβ: log(F(u) - F(l)), its first and second derivatives."""
        cuts, slopes = parameters[: self.size - 1], parameters[self.size - 1 :]
        middle = self.design @ slopes
        above = np.append(cuts, np.inf)[self.codes] - middle
        below = np.append(-np.inf, cuts)[self.codes] - middle
        # Cut-points out of order are at the likelihood's floor, so no step ends there.
        chance = np.maximum(chance_between(below, above), LEAST_CHANCE)
        f, g = (special.expit(x) * special.expit(-x) for x in (above, below))
        by_above, by_below = f / chance, -g / chance
        twice_above = self.weights * (f * -np.tanh(above / 2) / chance - by_above**2)
        twice_below = self.weights * (g * np.tanh(below / 2) / chance - by_below**2)
        crossed = -self.weights * by_above * by_below
        upper, lower = self._gradients()
        scores = upper * by_above[:, None] + lower * by_below[:, None]
        hessian = upper.T @ (upper * twice_above[:, None]) + lower.T @ (lower * twice_below[:, None])
        mixed = upper.T @ (lower * crossed[:, None])
        return _At(float(self.weights @ np.log(chance)), scores, -(hessian + mixed + mixed.T))

    def _gradients(self) -> tuple[FloatArray, FloatArray]:
        """Of u and l by the parameters (n, p); where one is infinite its density is zero."""
        cut = np.arange(self.size - 1)
        upper = np.column_stack([(self.codes[:, None] == cut).astype(np.float64), -self.design])
        lower = np.column_stack([(self.codes[:, None] - 1 == cut).astype(np.float64), -self.design])
        return upper, lower
