"""Puts a fitted model into figures with errors; the model's units become logits per category step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy import special, stats

from judge_calibration.definitions import definition_of
from judge_calibration.engine.units import MIN_CLUSTERS, too_few_clusters
from judge_calibration.estimates import NO_SPREAD, Interval, Statistic, estimated, rounded, undefined
from judge_calibration.severity.fit_statistics import mean_squares
from judge_calibration.severity.likelihood import Parameters, category_probabilities, expectations
from judge_calibration.severity.results import EqualSeverity, Fit, RaterSeverity, SeverityFit
from judge_calibration.severity.selection import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.estimates import Reason
    from judge_calibration.severity.fitting import Maximum
    from judge_calibration.severity.patterns import Patterns
    from judge_calibration.severity.selection import Problem

NAMES = ("severity", "severity_points", "severity_infit", "severity_outfit")
_STEP = 1e-5  # of central differences of points
_CERTAIN = 1e-9  # an error, or a severity, that is only rounding: physicians who never differ
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
        n_clusters=None,
        notes=(*problem.notes, *((_WORDS[fault],) if maximum else ())),
    )


def told(
    problem: Problem, patterns: Patterns, maximum: Maximum, *, level: float, units: IntArray, method: str
) -> SeverityFit:
    """All figures of a fitted model; those on too few items or clusters without an error."""
    rated = problem.codes != MISSING
    everyone = _Basis.of((patterns.codes != MISSING).any(1), units)
    each = [_Basis.of(given, units) for given in rated.T]
    tested = [each[j] for j in np.flatnonzero(problem.kept[: problem.physicians])]
    few = everyone.is_small("severity")
    flat = ("items differ no more than chance: their spread is near zero",) if maximum.spread_is_flat else ()
    rows = _rater_rows(problem, patterns, maximum, _Errors(level, method, units, each))
    return SeverityFit(
        status="insufficient" if few else "ok",
        reason="n_below_min" if few else None,
        raters=rows[: problem.physicians],
        judges=rows[problem.physicians :],
        item_sd=_item_sd(problem, maximum, everyone, level),
        thresholds=_thresholds(problem, maximum.parameters),
        equal_severity=_equal_severity(maximum, [everyone, *tested]),
        fit=_fit(maximum),
        n_clusters=everyone.clusters,
        notes=(*problem.notes, *flat, *everyone.notes),
    )


@dataclass(frozen=True, slots=True)
class _Basis:
    """How many items a figure rests on, in how many clusters."""

    items: int
    clusters: int

    @classmethod
    def of(cls, rated: BoolArray, units: IntArray) -> _Basis:
        """Of the items (n,) that have ratings."""
        return cls(int(rated.sum()), len(np.unique(units[rated])))

    def is_small(self, name: str) -> bool:
        """Whether there are too few items or clusters for an interval of that statistic, or for a test."""
        few_items = self.items < definition_of(name).min_n
        return few_items or too_few_clusters(self.clusters, self.items)

    @property
    def notes(self) -> tuple[str, ...]:
        """A remark where clusters are what is lacking."""
        few = too_few_clusters(self.clusters, self.items)
        return (f"an error takes {MIN_CLUSTERS} clusters; here are {self.clusters}",) if few else ()


@dataclass(frozen=True, slots=True)
class _Errors:
    """How errors are made, over which units (n,), and what each rater's figures rest on."""

    level: float
    method: str
    units: IntArray
    each: list[_Basis]


def _rater_rows(
    problem: Problem, patterns: Patterns, maximum: Maximum, errors: _Errors
) -> tuple[RaterSeverity, ...]:
    contrasts, covariance = maximum.layout.contrasts, cast("FloatArray", maximum.covariance)
    free = contrasts.shape[1]
    severity = maximum.parameters.severity / problem.unit
    error = np.sqrt(np.einsum("rf,fg,rg->r", contrasts, covariance[:free, :free], contrasts)) / problem.unit
    points, points_error = _points(problem, maximum)
    at = expectations(maximum.parameters, patterns, maximum.nodes)
    position = np.cumsum(problem.kept) - 1
    level, method = errors.level, errors.method
    rows = []
    for j, basis in enumerate(errors.each):
        if not problem.kept[j]:
            rows.append(_unplaced(problem, j, problem.left_out[j], basis.items))
            continue
        k = int(position[j])
        infit, outfit = mean_squares(patterns, at, k, errors.units)
        rows.append(
            RaterSeverity(
                j if j < problem.physicians else j - problem.physicians,
                "rater" if j < problem.physicians else "judge",
                basis.items,
                _normal("severity", severity[k], error[k], basis, level, method),
                _normal("severity_points", points[k], points_error[k], basis, level, method),
                _positive("severity_infit", infit.value, infit.log_error, basis, level),
                _positive("severity_outfit", outfit.value, outfit.log_error, basis, level),
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


def _normal(name: str, value: float, error: float, basis: _Basis, level: float, method: str) -> Statistic:
    value = 0.0 if abs(value) < _CERTAIN else float(value)
    if error < _CERTAIN:
        told = estimated(name, value, n_items=basis.items, status="insufficient", reason="constant_input")
        return _with_enough(told.noted(NO_SPREAD), basis)
    half = float(special.ndtri((1 + level) / 2)) * float(error)
    interval = Interval(value - half, value + half, level, method)
    told = estimated(name, value, ci=interval, n_items=basis.items, details={"se": rounded(float(error))})
    return _with_enough(told, basis)


def _positive(name: str, value: float, log_error: float | None, basis: _Basis, level: float) -> Statistic:
    """A figure above zero, with an interval on the logarithmic scale."""
    told = estimated(name, value, n_items=basis.items)
    if log_error is None or log_error > _LOOSE:
        return _with_enough(told.noted("too uncertain for an interval"), basis)
    factor = math.exp(float(special.ndtri((1 + level) / 2)) * log_error)
    return _with_enough(replace(told, ci=Interval(value / factor, value * factor, level, "wald_log")), basis)


def _item_sd(problem: Problem, maximum: Maximum, basis: _Basis, level: float) -> Statistic:
    variance = float(cast("FloatArray", maximum.covariance)[-1, -1])
    error = None if maximum.spread_is_flat else math.sqrt(variance)
    return _positive("severity_item_sd", maximum.parameters.sigma / problem.unit, error, basis, level)


def _with_enough(told: Statistic, basis: _Basis) -> Statistic:
    """Without its error and interval where there are too few items or clusters for them."""
    if not basis.is_small(told.name):
        return told
    return replace(told, ci=None, status="insufficient", reason="n_below_min", details={}).noted(*basis.notes)


def _thresholds(problem: Problem, parameters: Parameters) -> tuple[float | None, ...]:
    steps = dict(zip(problem.used.tolist(), parameters.steps.tolist(), strict=True))
    return tuple(
        steps[k] - steps[k - 1] if k in steps and k - 1 in steps else None
        for k in range(1, len(problem.values))
    )


def _equal_severity(maximum: Maximum, bases: Sequence[_Basis]) -> EqualSeverity:
    """Wald's test; withheld with too few items or clusters, of all or of one physician, and without spread.

    A covariance over G clusters has rank G - 1 at most: with fewer than the hypothesis has contrasts it tells
    some of them to be certain.
    """
    df = maximum.layout.physicians - 1
    if any(basis.is_small("severity") or basis.clusters - 1 < df for basis in bases):
        return EqualSeverity(None, df, None, "n_below_min")
    free = maximum.free[:df]
    covariance = cast("FloatArray", maximum.covariance)[:df, :df]
    if np.linalg.eigvalsh(covariance)[0] < _CERTAIN**2:
        return EqualSeverity(None, df, None, "constant_input")
    chi_square = float(free @ np.linalg.solve(covariance, free))
    return EqualSeverity(chi_square, df, float(stats.chi2.sf(chi_square, df)))


def _fit(maximum: Maximum) -> Fit:
    return Fit(
        maximum.converged,
        maximum.iterations,
        len(maximum.nodes.z),
        maximum.log_likelihood,
    )
