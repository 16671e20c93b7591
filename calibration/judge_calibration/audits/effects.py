"""A coefficient with its error, p-value and, over a family of tests, q-value."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special, stats

from judge_calibration.definitions import definition_of
from judge_calibration.engine.intervals import t_quantile
from judge_calibration.estimates import Interval, Statistic, estimated, rounded, rounded_p, undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.audits.regression import Regression
    from judge_calibration.estimates import Reason

FdrMethod = Literal["bh", "by"]
_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate in points with its cluster-robust standard error, degrees of freedom and two-sided p.

    They are None where the statistic has no interval. `q` is the p-value adjusted over a family of tests.
    """

    statistic: Statistic
    se: float | None = None
    df: float | None = None
    p: float | None = None
    q: float | None = None
    n_clusters: int | None = None

    @property
    def estimate(self) -> float | None:
        """The statistic's."""
        return self.statistic.estimate

    def as_json(self) -> dict[str, object]:
        """Plain data: the statistic's, and the test's."""
        return self.statistic.as_json() | {
            "se": rounded(self.se),
            "df": rounded(self.df),
            "p": rounded_p(self.p),
            "q": rounded_p(self.q),
            "n_clusters": self.n_clusters,
        }


def effect_of(
    name: str,
    regression: Regression | None,
    at: int = 0,
    *,
    least: int | None = None,
    level: float = 0.95,
    method: str = "cr2_t",
    notes: tuple[str, ...] = (),
) -> Effect:
    """The coefficient at a position. `least` is the number of rows that decides, default all of them."""
    if regression is None:
        return no_effect(name, "not_identified", *notes)
    value, n = float(regression.coefficients[at]), regression.rows
    few = (n if least is None else least) < definition_of(name).min_n or regression.covariance is None
    if few or regression.covariance is None:
        told = estimated(name, value, n_items=n, status="insufficient", reason="n_below_min", notes=notes)
        return Effect(told, n_clusters=regression.clusters)
    error, df = math.sqrt(max(float(regression.covariance[at, at]), 0.0)), float(regression.freedom[at])
    if error <= _NO_SPREAD * max(1.0, abs(value)):
        same = "the differences do not vary: no interval can be computed"
        told = estimated(
            name, value, n_items=n, status="insufficient", reason="constant_input", notes=(*notes, same)
        )
        return Effect(told, n_clusters=regression.clusters)
    half = t_quantile((1 + level) / 2, df) * error
    interval = Interval(value - half, value + half, level, method)
    return Effect(
        estimated(name, value, ci=interval, n_items=n, notes=notes),
        se=error,
        df=df,
        p=2 * float(special.stdtr(df, -abs(value) / error)),
        n_clusters=regression.clusters,
    )


def no_effect(name: str, reason: Reason, *notes: str, n_items: int | None = None) -> Effect:
    """An effect without a value, and why."""
    return Effect(undefined(name, reason, *notes, n_items=n_items))


def with_q_values(effects: Sequence[Effect], method: FdrMethod) -> tuple[Effect, ...]:
    """Adjust the p-values of a family of tests; effects without one stay as they are and do not count.

    Benjamini and Hochberg 1995 for independent or positively dependent tests, Benjamini and Yekutieli 2001
    for any. A family may span groups and criteria: pass all of its effects at once.
    """
    tested = [at for at, one in enumerate(effects) if one.p is not None]
    adjusted = list(effects)
    p = np.array([effects[at].p for at in tested], dtype=np.float64)
    if len(p):
        for at, q in zip(tested, stats.false_discovery_control(p, method=method), strict=True):
            adjusted[at] = replace(effects[at], q=float(q))
    return tuple(adjusted)
