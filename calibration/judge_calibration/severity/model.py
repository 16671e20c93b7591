"""Fits the many-facet rating-scale model: physicians, and judges as further raters (Linacre 1989)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.engine.units import MIN_CLUSTERS
from judge_calibration.errors import OptionRejected
from judge_calibration.severity.fitting import maximise
from judge_calibration.severity.likelihood import Layout
from judge_calibration.severity.patterns import Patterns
from judge_calibration.severity.selection import MISSING, codes_of, select
from judge_calibration.severity.telling import told, untold

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.estimates import Reason
    from judge_calibration.severity.fitting import Maximum
    from judge_calibration.severity.results import SeverityFit

_LEAST_NODES = 21


def severity_model(
    ratings: FloatArray,
    *,
    categories: int,
    judges: FloatArray | None = None,
    values: FloatArray | None = None,
    clusters: IntArray | None = None,
    level: float = 0.95,
    nodes: int = 101,
) -> SeverityFit:
    """Severity of each rater, in logits and in points.

    log P(k)/P(k-1) = θ_i - s_j - τ_k, θ ~ N(0, σ²), Σ s = 0 over physicians; marginal maximum likelihood.
    `ratings` (n, R) and `judges` (n, J) hold category codes 0..categories-1, NaN where missing; `values`
    (categories,) are the points of the categories, by default their codes. A category that nobody gave has
    probability zero, the limit of its maximum likelihood estimate. With `clusters` (n,) errors allow for
    items of one cluster depending on each other (sandwich), else they come from the observed information;
    with fewer than ten clusters, of all or of one rater, there are estimates without errors, intervals and test.
    What cannot be estimated is told as undefined, with its reason; codes off the scale raise OptionRejected.
    Sources: Andrich 1978, Linacre 1989; marginal likelihood: Bock and Aitkin 1981.
    """
    points = np.arange(categories, dtype=np.float64) if values is None else values
    if categories <= 1 or len(points) != categories:  # a scale of one value measures nothing
        raise OptionRejected("categories", "is at least 2, with one of 'values' for each")
    if nodes < _LEAST_NODES:
        raise OptionRejected("nodes", f"is at least {_LEAST_NODES}")
    everyone = ratings if judges is None else np.column_stack([ratings, judges])
    problem = select(codes_of(everyone, categories), ratings.shape[1], points)
    if problem.fault is not None:
        return untold(problem, problem.fault)
    given = problem.codes[:, : problem.physicians][:, problem.kept[: problem.physicians]]
    if len(np.unique(given[given != MISSING])) == 1:  # there is nothing to be severe about
        return untold(problem, "single_category")
    layout = Layout(
        problem.kept_physicians, int(problem.kept.sum()) - problem.kept_physicians, len(problem.used)
    )
    patterns = Patterns.of(problem.inner, problem.scores)
    rated = (problem.inner != MISSING).any(1)
    units = np.arange(len(ratings)) if clusters is None else clusters
    enough = clusters is not None and len(np.unique(clusters[rated])) >= MIN_CLUSTERS
    maximum = maximise(patterns, layout, nodes=nodes, clusters=clusters if enough else None)
    fault = _fault(maximum)
    if fault is not None:
        return untold(problem, fault, maximum)
    return told(
        problem,
        patterns,
        maximum,
        level=level,
        units=units,
        method="wald" if clusters is None else "sandwich",
    )


def _fault(maximum: Maximum) -> Reason | None:
    if maximum.at_bound:
        return "separation"
    if not maximum.converged:
        return "not_converged"
    return "not_identified" if maximum.covariance is None else None
