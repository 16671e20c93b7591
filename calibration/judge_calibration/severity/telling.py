"""Puts a fitted model into figures with errors; the model's units become logits per category step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy import special, stats

from judge_calibration.definitions import definition_of
from judge_calibration.estimates import Interval, Statistic, estimated, rounded, undefined
from judge_calibration.severity.fit_statistics import mean_squares
from judge_calibration.severity.items import item_scores, no_item_scores
from judge_calibration.severity.likelihood import Parameters, category_probabilities, expectations
from judge_calibration.severity.results import EqualSeverity, Fit, RaterSeverity, SeverityFit
from judge_calibration.severity.selection import MISSING

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.estimates import Reason
    from judge_calibration.severity.fitting import Maximum
    from judge_calibration.severity.patterns import Patterns
    from judge_calibration.severity.selection import Problem

NAMES = ("severity", "severity_points", "severity_infit", "severity_outfit")
_STEP = 1e-5  # of central differences of points
_LOOSE = 3.0  # standard error of a logarithm beyond which limits say nothing
_WORDS = {
    "separation": "the raters agree so closely, or so little, that the model has no finite maximum",
    "not_converged": "the likelihood's maximum was not reached",
    "not_identified": "the likelihood is flat: the ratings do not tell these parameters apart",
}


def untold(problem: Problem, fault: Reason, maximum: Maximum | None = None) -> SeverityFit:
    """No severities, and why."""
    counts = (problem.codes != MISSING).sum(0)
    rows = tuple(
        _unplaced(problem, j, problem.left_out.get(j, fault), int(count)) for j, count in enumerate(counts)
    )
    return SeverityFit(
        status="undefined",
        reason=fault,
        raters=rows[: problem.physicians],
        judges=rows[problem.physicians :],
        item_sd=undefined("severity_item_sd", fault),
        thresholds=(None,) * (len(problem.values) - 1),
        equal_severity=None,
        fit=_fit(maximum) if maximum else None,
        items=no_item_scores(len(problem.codes)),
        notes=(*problem.notes, *((_WORDS[fault],) if maximum else ())),
    )


def told(
    problem: Problem, patterns: Patterns, maximum: Maximum, *, level: float, clustered: bool
) -> SeverityFit:
    """All figures of a fitted model."""
    rows = _rater_rows(problem, patterns, maximum, level, "sandwich" if clustered else "wald")
    n_items = int((patterns.codes >= 0).any(1).sum())
    few = n_items < definition_of("severity").min_n
    flat = ("items differ no more than chance: their spread is near zero",) if maximum.spread_is_flat else ()
    return SeverityFit(
        status="insufficient" if few else "ok",
        reason="n_below_min" if few else None,
        raters=rows[: problem.physicians],
        judges=rows[problem.physicians :],
        item_sd=_item_sd(problem, maximum, n_items, level),
        thresholds=_thresholds(problem, maximum.parameters),
        equal_severity=_equal_severity(maximum),
        fit=_fit(maximum),
        items=item_scores(problem, patterns, maximum),
        notes=(*problem.notes, *flat),
    )


def _rater_rows(
    problem: Problem, patterns: Patterns, maximum: Maximum, level: float, method: str
) -> tuple[RaterSeverity, ...]:
    contrasts, covariance = maximum.layout.contrasts, cast("FloatArray", maximum.covariance)
    free = contrasts.shape[1]
    severity = maximum.parameters.severity / problem.unit
    error = np.sqrt(np.einsum("rf,fg,rg->r", contrasts, covariance[:free, :free], contrasts)) / problem.unit
    points, points_error = _points(problem, maximum)
    at = expectations(maximum.parameters, patterns, maximum.nodes)
    position = np.cumsum(problem.kept) - 1
    rows = []
    for j, count in enumerate((problem.codes != MISSING).sum(0).tolist()):
        if not problem.kept[j]:
            rows.append(_unplaced(problem, j, problem.left_out[j], count))
            continue
        k = int(position[j])
        infit, outfit = mean_squares(patterns, at, k)
        rows.append(
            RaterSeverity(
                j if j < problem.physicians else j - problem.physicians,
                "rater" if j < problem.physicians else "judge",
                count,
                _normal("severity", severity[k], error[k], count, level, method),
                _normal("severity_points", points[k], points_error[k], count, level, method),
                _positive("severity_infit", infit.value, infit.log_error, count, level),
                _positive("severity_outfit", outfit.value, outfit.log_error, count, level),
            )
        )
    return tuple(rows)


def _unplaced(problem: Problem, j: int, reason: Reason, count: int) -> RaterSeverity:
    physician = j < problem.physicians
    return RaterSeverity(
        j if physician else j - problem.physicians,
        "rater" if physician else "judge",
        count,
        *(undefined(name, reason, n_items=count) for name in NAMES),
    )


def _points(problem: Problem, maximum: Maximum) -> tuple[FloatArray, FloatArray]:
    """Mean expected score minus an average physician's over N(0, σ²), and its error by the delta method."""
    weights = np.exp(maximum.nodes.log_weights)
    values = problem.values[problem.used]

    def difference(free: FloatArray) -> FloatArray:
        parameters = maximum.layout.parameters(free)
        theta = parameters.sigma * maximum.nodes.z
        everyone = Parameters(np.append(parameters.severity, 0.0), parameters.steps, parameters.sigma)
        chances, _ = category_probabilities(theta, everyone, problem.scores)
        means = np.einsum("u,ruq,q->r", values, chances, weights)
        return np.asarray(means[:-1] - means[-1])

    slopes = np.column_stack(
        [
            (difference(maximum.free + step) - difference(maximum.free - step)) / (2 * _STEP)
            for step in np.eye(len(maximum.free)) * _STEP
        ]
    )
    variance = np.einsum("rf,fg,rg->r", slopes, cast("FloatArray", maximum.covariance), slopes)
    return difference(maximum.free), np.sqrt(variance)


def _normal(name: str, value: float, error: float, n: int, level: float, method: str) -> Statistic:
    half = float(special.ndtri((1 + level) / 2)) * float(error)
    interval = Interval(float(value) - half, float(value) + half, level, method)
    return _with_least_n(
        estimated(name, float(value), ci=interval, n_items=n, details={"se": rounded(error)})
    )


def _positive(name: str, value: float, log_error: float | None, n: int, level: float) -> Statistic:
    """A figure above zero, with an interval on the logarithmic scale."""
    if log_error is None or log_error > _LOOSE:
        return _with_least_n(estimated(name, value, n_items=n, notes=("too uncertain for an interval",)))
    factor = math.exp(float(special.ndtri((1 + level) / 2)) * log_error)
    interval = Interval(value / factor, value * factor, level, "wald_log")
    return _with_least_n(estimated(name, value, ci=interval, n_items=n))


def _item_sd(problem: Problem, maximum: Maximum, n_items: int, level: float) -> Statistic:
    variance = float(cast("FloatArray", maximum.covariance)[-1, -1])
    error = None if maximum.spread_is_flat else math.sqrt(variance)
    return _positive("severity_item_sd", maximum.parameters.sigma / problem.unit, error, n_items, level)


def _with_least_n(statistic: Statistic) -> Statistic:
    """Without its interval where there are too few items for one."""
    if (statistic.n_items or 0) >= definition_of(statistic.name).min_n:
        return statistic
    return estimated(
        statistic.name,
        cast("float", statistic.estimate),
        n_items=statistic.n_items,
        status="insufficient",
        reason="n_below_min",
        notes=statistic.notes,
    )


def _thresholds(problem: Problem, parameters: Parameters) -> tuple[float | None, ...]:
    steps = dict(zip(problem.used.tolist(), parameters.steps.tolist(), strict=True))
    return tuple(
        steps[k] - steps[k - 1] if k in steps and k - 1 in steps else None
        for k in range(1, len(problem.values))
    )


def _equal_severity(maximum: Maximum) -> EqualSeverity:
    df = maximum.layout.physicians - 1
    free = maximum.free[:df]
    covariance = cast("FloatArray", maximum.covariance)[:df, :df]
    chi_square = float(free @ np.linalg.solve(covariance, free))
    return EqualSeverity(chi_square, df, float(stats.chi2.sf(chi_square, df)))


def _fit(maximum: Maximum) -> Fit:
    return Fit(
        maximum.converged,
        maximum.iterations,
        len(maximum.nodes.z),
        maximum.log_likelihood,
        maximum.slope,
    )
