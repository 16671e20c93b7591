"""The subgroup forest: the judge's bias or error in each subgroup, and whether subgroups differ at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from judge_calibration.audits.difference import group_difference, mean_difference
from judge_calibration.audits.effects import Effect, FdrMethod, with_q_values
from judge_calibration.audits.labels import Labels
from judge_calibration.audits.pooling import Pooled, pool, simultaneous_gap
from judge_calibration.audits.regression import cluster_robust
from judge_calibration.estimates import Interval, Statistic, estimated, rounded, rounded_p, undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.estimates import Reason

Outcome = Literal["bias", "mae"]
_SINGULAR = 1e-9
_FDR: FdrMethod = "bh"
_NO_NOTES: tuple[str, ...] = ()
_NAMES = ("subgroup_mean", "subgroup_tau", "subgroup_i2", "subgroup_max_gap")


@dataclass(frozen=True, slots=True)
class SubgroupRow:
    """One subgroup: its figure, its difference to the rest (with q), and its shrunken figure."""

    group: str
    n_items: int
    estimate: Effect
    to_rest: Effect
    shrunken: Statistic

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "group": self.group,
            "n_items": self.n_items,
            "estimate": self.estimate.as_json(),
            "to_rest": self.to_rest.as_json(),
            "shrunken": self.shrunken.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Whether subgroups differ. `q`, `df` and `p` are of Cochran's test, None where it cannot be made."""

    q: float | None
    df: int | None
    p: float | None
    mean: Statistic
    tau: Statistic
    i2: Statistic
    max_gap: Statistic

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "q": rounded(self.q),
            "df": self.df,
            "p": rounded_p(self.p),
            "mean": self.mean.as_json(),
            "tau": self.tau.as_json(),
            "i2": self.i2.as_json(),
            "max_gap": self.max_gap.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Forest:
    """All subgroups of one kind. Those with too few items have a row and take no part in heterogeneity."""

    outcome: Outcome
    rows: tuple[SubgroupRow, ...]
    heterogeneity: Heterogeneity
    n_unknown: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "outcome": self.outcome,
            "rows": [row.as_json() for row in self.rows],
            "heterogeneity": self.heterogeneity.as_json(),
            "n_unknown": self.n_unknown,
            "fdr": _FDR,
        }


def subgroup_forest(
    judge: FloatArray,
    consensus: FloatArray,
    groups: Sequence[str | None],
    *,
    clusters: IntArray,
    outcome: Outcome = "bias",
    level: float = 0.95,
    seed: int = 0,
) -> Forest:
    """Bias (mean J - y) or MAE (mean |J - y|) of each subgroup, and their heterogeneity.

    Errors allow for clusters, also for clusters that span subgroups. Items of unknown group are left out.
    """
    labels = Labels.of(groups)
    difference = judge - consensus if outcome == "bias" else np.abs(judge - consensus)
    difference = np.where(labels.known, difference, np.nan)
    figures = [
        mean_difference(
            np.where(labels.members(name), difference, np.nan),
            clusters,
            name=f"subgroup_{outcome}",
            level=level,
        )
        for name in labels.names
    ]
    contrasts = [
        group_difference(difference, labels.members(name), clusters, name="subgroup_difference", level=level)
        for name in labels.names
    ]
    taking_part = np.array([figure.p is not None for figure in figures], dtype=bool)
    joint = _joint(difference, labels, clusters, taking_part)
    shrunken, heterogeneity = _pooled(joint, figures, taking_part, labels, level, seed)
    rows = [
        SubgroupRow(name, figure.statistic.n_items or 0, figure, contrast, one)
        for name, figure, contrast, one in zip(
            labels.names, figures, with_q_values(contrasts, _FDR), shrunken, strict=True
        )
    ]
    return Forest(outcome, tuple(rows), heterogeneity, int((~labels.known).sum()))


@dataclass(frozen=True, slots=True)
class _Joint:
    """Estimates of the subgroups that take part, with their covariance."""

    estimates: FloatArray
    covariance: FloatArray
    freedom: FloatArray
    n_items: int
    notes: tuple[str, ...]


def _joint(
    difference: FloatArray, labels: Labels, clusters: IntArray, taking_part: BoolArray
) -> _Joint | None:
    """One regression on indicators of the subgroups; None with fewer than two."""
    here = ~np.isnan(difference) & np.append(taking_part, False)[labels.codes]
    columns = (labels.codes[here, None] == np.flatnonzero(taking_part)).astype(np.float64)
    found = cluster_robust(difference[here], columns, columns[:, :0], clusters[here])
    if found is None or found.covariance is None or columns.shape[1] <= 1:  # a group needs another
        return None
    scale = np.sqrt(np.diagonal(found.covariance))
    correlation = found.covariance / np.outer(scale, scale)
    covariance, notes = found.covariance, _NO_NOTES
    if np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        covariance = np.diag(scale**2)
        notes = ("too few clusters span the subgroups: their figures count as independent",)
    return _Joint(found.coefficients, covariance, found.freedom, found.rows, notes)


def _pooled(
    joint: _Joint | None,
    figures: list[Effect],
    taking_part: BoolArray,
    labels: Labels,
    level: float,
    seed: int,
) -> tuple[list[Statistic], Heterogeneity]:
    if joint is None:
        reason: Reason = "n_below_min" if any(f.estimate is not None for f in figures) else "no_ratings"
        nothing = [undefined(name, reason, "needs two subgroups with an interval") for name in _NAMES]
        alone = [undefined("subgroup_shrunken", reason, n_items=f.statistic.n_items) for f in figures]
        return alone, Heterogeneity(None, None, None, *nothing)
    found = pool(joint.estimates, joint.covariance, joint.freedom, level=level)
    told = iter(zip(found.shrunken, found.shrunken_error, strict=True))
    shrunken = [
        _normal("subgroup_shrunken", *next(told), level, n_items=figure.statistic.n_items)
        if part
        else undefined("subgroup_shrunken", "n_below_min", n_items=figure.statistic.n_items)
        for figure, part in zip(figures, taking_part, strict=True)
    ]
    names = [name for name, part in zip(labels.names, taking_part, strict=True) if part]
    return shrunken, _heterogeneity(joint, found, names, level, seed)


def _heterogeneity(joint: _Joint, found: Pooled, names: list[str], level: float, seed: int) -> Heterogeneity:
    low, high = found.tau2_interval
    tau = estimated(
        "subgroup_tau",
        math.sqrt(found.tau2),
        ci=Interval(math.sqrt(low), math.sqrt(high), level, "q_profile"),
        n_items=joint.n_items,
        notes=joint.notes,
    )
    least, most = (tau2 / (tau2 + found.typical_variance) for tau2 in (low, high))
    i2 = estimated(
        "subgroup_i2", found.i2, ci=Interval(least, most, level, "q_profile"), n_items=joint.n_items
    )
    mean = _normal("subgroup_mean", found.mean, found.mean_error, level, n_items=joint.n_items)
    return Heterogeneity(found.q, found.df, found.p, mean, tau, i2, _gap(joint, names, level, seed))


def _gap(joint: _Joint, names: list[str], level: float, seed: int) -> Statistic:
    low, high, p = simultaneous_gap(joint.estimates, joint.covariance, joint.freedom, level=level, seed=seed)
    top, bottom = int(np.argmax(joint.estimates)), int(np.argmin(joint.estimates))
    return estimated(
        "subgroup_max_gap",
        float(joint.estimates[top] - joint.estimates[bottom]),
        ci=Interval(low, high, level, "simultaneous_max_t"),
        n_items=joint.n_items,
        details={"highest": names[top], "lowest": names[bottom], "p": rounded_p(p)},
    )


def _normal(name: str, value: float, error: float, level: float, *, n_items: int | None) -> Statistic:
    half = float(special.ndtri((1 + level) / 2)) * float(error)
    return estimated(
        name,
        float(value),
        ci=Interval(float(value) - half, float(value) + half, level, "normal"),
        n_items=n_items,
    )
