"""Means with errors that allow for clusters, and the checks of arrays that estimates start with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from judge_calibration.definitions import definition_of
from judge_calibration.engine.units import too_few_clusters
from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import NO_SPREAD, Interval, Statistic, estimated

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.estimates import Reason

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class MeanError:
    """A mean, its standard error, the degrees of freedom, and how many items in how many units it is of."""

    mean: float
    error: float
    df: float
    n: int
    units: int


def mean_error(values: FloatArray, clusters: IntArray | None = None) -> MeanError:
    """Mean of (n,) values without NaN; the error is NaN when there is only one unit.

    Var = G/(G-1) · Σ_g (Σ_{i in g} (x_i - x̄))² / n² over G clusters, which is s²/n when each item is its own;
    G-1 degrees of freedom (Liang & Zeger 1986).
    """
    n = len(values)
    mean = float(values.mean()) if n else math.nan
    totals = values - mean if clusters is None else np.bincount(clusters, values - mean)[np.unique(clusters)]
    units = len(totals)
    if units <= 1:
        return MeanError(mean, math.nan, math.nan, n, units)
    error = math.sqrt(units / (units - 1) * float(np.sum(totals**2))) / n
    return MeanError(mean, 0.0 if error < _NOTHING * max(1.0, abs(mean)) else error, units - 1.0, n, units)


def told_mean(
    name: str,
    found: MeanError,
    *,
    level: float,
    method: str,
    notes: Sequence[str] = (),
    details: dict[str, object] | None = None,
    n_ratings: int | None = None,
) -> Statistic:
    """The mean with Student's interval; withheld below the least n, with few clusters, or without spread.

    The least n counts `n_ratings` where they are given (the labels among many items), else the items.
    """
    told = estimated(
        name, found.mean, n_items=found.n, n_ratings=n_ratings, notes=tuple(notes), details=details or {}
    )
    counted = found.n if n_ratings is None else n_ratings
    few = counted < definition_of(name).min_n or too_few_clusters(found.units, counted)
    if few or not math.isfinite(found.error):
        return withheld(told, "n_below_min")
    if found.error == 0:
        return withheld(told, "constant_input").noted(NO_SPREAD)
    half = float(stats.t.ppf((1 + level) / 2, found.df)) * found.error
    interval = Interval(found.mean - half, found.mean + half, level, method, "sampled_items")
    return replace(told, ci=interval)


def two_sided_p(found: MeanError) -> float | None:
    """Student's p for a mean of zero; None without a standard error above zero."""
    if not math.isfinite(found.error) or found.error == 0:
        return None
    return float(2 * stats.t.sf(abs(found.mean) / found.error, found.df))


def coded(labels: Sequence[object] | None) -> tuple[IntArray | None, tuple[str, ...]]:
    """Codes 0.. of labels, and the labels in sorted order of their text; (None, ()) for None."""
    if labels is None:
        return None, ()
    names, codes = np.unique(np.array([str(label) for label in labels], dtype=object), return_inverse=True)
    return codes.astype(np.int64), tuple(names.tolist())


def need_same_length(option: str, n: int, given: Sized | None) -> None:
    """Refuse a column that has not one entry per item."""
    if given is not None and len(given) != n:
        raise OptionRejected(option, f"has {len(given)} entries for {n} items")


def need_share(option: str, value: float) -> None:
    """Refuse what is not strictly between 0 and 1."""
    if not 0 < value < 1:
        raise OptionRejected(option, f"is {value}; it lies between 0 and 1")


def need_positive(option: str, value: float) -> None:
    """Refuse what is not a finite number above zero."""
    if not (value > 0 and math.isfinite(value)):
        raise OptionRejected(option, f"is {value}; it is above 0")


def need_finite(option: str, values: FloatArray) -> None:
    """Refuse an infinite entry; NaN marks a missing one."""
    if np.isinf(values).any():
        raise OptionRejected(option, "has an infinite entry")


def withheld(told: Statistic, reason: Reason) -> Statistic:
    """The estimate stays, the interval goes, and the reason is told."""
    return replace(told, ci=None, status="insufficient", reason=reason)
