"""Scores of items, adjusted for how severe their raters are; judges have no say in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.severity.likelihood import Parameters, category_probabilities, expectations
from judge_calibration.severity.patterns import Patterns
from judge_calibration.severity.results import ItemScores

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray
    from judge_calibration.severity.fitting import Maximum
    from judge_calibration.severity.selection import Problem


def no_item_scores(n: int) -> ItemScores:
    """NaN for every item."""
    nothing = np.full(n, np.nan)
    return ItemScores(nothing, nothing, nothing, nothing, nothing)


def item_scores(problem: Problem, patterns: Patterns, maximum: Maximum) -> ItemScores:
    """Posterior means given the physicians' ratings, and the mean rating less its raters' severities."""
    physicians = maximum.layout.physicians
    own = Patterns.of(patterns.codes[:, :physicians], patterns.scores)
    fitted = maximum.parameters
    at = expectations(
        Parameters(fitted.severity[:physicians], fitted.steps, fitted.sigma), own, maximum.nodes
    )
    values = problem.values[problem.used]
    average, _ = category_probabilities(
        at.theta, Parameters(np.zeros(1), fitted.steps, fitted.sigma), patterns.scores
    )
    fair_at = values @ average[0]
    shift_at = np.einsum("u,ruq->rq", values, at.probabilities) - fair_at
    counts = np.maximum(own.present.sum(1), 1)
    shift = ((own.present @ shift_at) * at.posterior).sum(1) / counts
    rated: BoolArray = own.present.sum(1) > 0
    theta, theta_error = _moments(at.posterior, at.theta / problem.unit)
    fair, fair_error = _moments(at.posterior, fair_at)
    theta, theta_error, fair, fair_error = (
        np.where(rated, figure, np.nan)[own.of_item] for figure in (theta, theta_error, fair, fair_error)
    )
    here = own.codes >= 0
    mean = np.where(here, values[own.codes], 0.0).sum(1) / np.maximum(here.sum(1), 1)
    adjusted = np.where(rated[own.of_item], mean - shift[own.of_item], np.nan)
    return ItemScores(theta, theta_error, fair, fair_error, adjusted)


def _moments(posterior: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean = posterior @ at
    return mean, np.sqrt(np.maximum(posterior @ at**2 - mean**2, 0.0))
