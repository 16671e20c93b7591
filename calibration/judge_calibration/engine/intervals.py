"""Intervals from replicates, each chosen by the coverage that was measured for its kind of statistic.

Correlation-like coefficients: jackknife on the arctanh scale up to 100 units, BCa above. Means: BCa above 100
units, jackknife (Student's t) up to there. Shares: Wilson. Sources: Efron 1987 (BCa); Tukey 1958 (jackknife);
Wilson 1927; Korn and Graubard 1998 (clusters); the t quantile has units-1 degrees of freedom.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from judge_calibration.estimates import Interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.replicates import Replicate

Shape = Literal["correlation", "mean", "positive", "root", "share"]
SMALL = 100  # units up to which the jackknife is the default
UNSTABLE_SHARE = 0.01
LEAST_IN_TAIL = 2.5  # resamples beyond a limit: with fewer a BCa interval is measurably too short
_EDGE = 1 - 1e-12
_NO_SPREAD = 1e-12  # what rounding leaves between values that are the same


def jackknife_interval(
    replicate: Replicate, *, level: float, shape: Shape, units: int | None = None
) -> Interval | None:
    """Student interval on a scale on which the statistic is nearly normal; None without variation.

    SE² = (m-1)/m · Σ (θ₍ᵢ₎ - θ̄)² on the transformed scale, m units; limits are transformed back. `units` is
    the number of those that carry data, where some do not. A statistic beyond the bounds of its scale (an
    average form of the ICC may be far below -1) is taken as it is.
    """
    lowest, highest = _BOUNDS[shape]
    shape = shape if lowest < replicate.point < highest else "mean"
    forward, back = _SCALES[shape]
    m = len(replicate.jackknife) if units is None else min(units, len(replicate.jackknife))
    if m < 2 or not np.isfinite(replicate.jackknife).all():  # noqa: PLR2004  one unit has no spread
        return None
    values = forward(_off_the_bounds(replicate, shape))
    centre, error = float(values[0]), math.sqrt((m - 1) / m * _squares(values[1:]))
    if not math.isfinite(centre) or error < _NO_SPREAD * max(1.0, abs(centre)):
        return None
    half = t_quantile((1 + level) / 2, m - 1) * error
    low, high = back(np.array([centre - half, centre + half])).tolist()
    return Interval(low, high, level, f"jackknife_{_CALLED[shape]}")


def bca_interval(replicate: Replicate, *, level: float) -> Interval | None:
    """Bias-corrected and accelerated bootstrap (Efron 1987); None without variation among resamples.

    z₀ from the share of resamples below the estimate (ties count half), acceleration from the jackknife.
    """
    values = np.sort(_finite(replicate.bootstrap))
    if len(values) < 2 or values[-1] - values[0] <= _NO_SPREAD * max(1.0, abs(replicate.point)):  # noqa: PLR2004  a pair
        return None
    ties = [values.searchsorted(replicate.point, side) for side in ("left", "right")]
    below = float(sum(ties)) / (2 * len(values))
    bias = float(special.ndtri(min(max(below, 0.5 / len(values)), 1 - 0.5 / len(values))))
    speed = _acceleration(replicate.jackknife)
    limits, errors = [], []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + _normal_quantile(tail)
        share = float(special.ndtr(bias + z / (1 - speed * z))) if speed * z < 1 else float(tail > 0.5)  # noqa: PLR2004
        limits.append(_quantile(values, share))
        errors.append(_limit_error(values, share))
    return Interval(limits[0], limits[1], level, "bootstrap_bca", mc_error=max(errors))


@lru_cache(256)
def t_quantile(share: float, freedom: float) -> float:
    """Quantile of Student's t."""
    return float(special.stdtrit(freedom, share))


@lru_cache(256)
def _normal_quantile(share: float) -> float:
    return float(special.ndtri(share))


def wilson_interval(hits: float, n: float, *, level: float) -> Interval:
    """Score interval of a share (Wilson 1927). `n` may be an effective number and need not be whole."""
    z = _normal_quantile((1 + level) / 2)
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Without hits, or with hits only, a limit is a bound and not what rounding leaves of it.
    low, high = centre - half if share > 0 else 0.0, centre + half if share < 1 else 1.0
    return Interval(max(0.0, low), min(1.0, high), level, "wilson")


def share_interval(
    replicate: Replicate, n: int, *, level: float, clustered: bool, units: int | None = None
) -> Interval:
    """Wilson; where units are clusters of items, with n divided by the design effect (at least 1).

    The effect is raised by (t/z)², for it is estimated from few clusters (Korn and Graubard 1998). `units` is the
    number of those that carry data, where some do not.
    """
    if not clustered:
        return wilson_interval(replicate.point * n, n, level=level)
    left_out = _finite(replicate.jackknife)
    m = len(left_out) if units is None else min(units, len(left_out))
    variance = (m - 1) / m * _squares(left_out) if m else 0.0
    plain = replicate.point * (1 - replicate.point) / n
    # Where all items agree, or there is one cluster, nothing tells how alike items of a cluster are.
    effect = max(1.0, variance / plain if plain > 0 and m > 1 else n / max(m, 1))
    if m > 1:
        effect *= (t_quantile((1 + level) / 2, m - 1) / _normal_quantile((1 + level) / 2)) ** 2
    interval = wilson_interval(replicate.point * n / effect, n / effect, level=level)
    return Interval(interval.low, interval.high, level, "wilson_design_effect")


def default_interval(
    replicate: Replicate, *, level: float, shape: Shape, units: int | None = None
) -> tuple[Interval | None, tuple[str, ...], bool]:
    """The interval that the rule above picks, remarks about it, and whether resamples were too unstable.

    When both methods were computed and their widths differ by more than a fifth, the other one is in the
    remarks. `units` is the number of those that carry data, where some do not: only they count as many.
    """
    resamples = len(replicate.bootstrap)
    lost = resamples - int(np.count_nonzero(np.isfinite(replicate.bootstrap)))
    if lost > UNSTABLE_SHARE * resamples:
        return None, (f"undefined in {lost} of {resamples} resamples",), True
    notes: tuple[str, ...] = ()
    if lost:
        notes = (f"{lost} of {resamples} resamples left out: undefined in them",)
    many = len(replicate.jackknife) if units is None else min(units, len(replicate.jackknife))
    jackknife = jackknife_interval(replicate, level=level, shape=shape, units=units)
    enough = resamples * (1 - level) / 2 >= LEAST_IN_TAIL
    drawn = bca_interval(replicate, level=level) if enough else None
    chosen = drawn if drawn and many > SMALL else jackknife
    chosen = chosen or drawn
    other = jackknife if chosen is drawn else drawn
    if chosen is None:
        return None, (*notes, _why_none(replicate)), False
    if other is not None and _differ(chosen, other):
        notes += (f"{other.method} gives {other.low:.4g} to {other.high:.4g}: another width",)
    return chosen, notes, False


def _why_none(replicate: Replicate) -> str:
    if len(replicate.jackknife) < 2:  # noqa: PLR2004  one unit has no spread
        return "one unit, or none left out in turn: no interval can be computed"
    if not np.isfinite(replicate.jackknife).all():
        return "undefined without some one unit: no interval can be computed"
    return "leaving out any one unit changes nothing: no interval can be computed"


def _differ(one: Interval, other: Interval) -> bool:
    widths = sorted((one.high - one.low, other.high - other.low))
    return widths[1] > 1.2 * widths[0]


def _acceleration(jackknife: FloatArray) -> float:
    values = _finite(jackknife)
    spread = values.sum() / max(1, len(values)) - values
    square = spread * spread
    total = float(square.sum())
    return float(square @ spread) / (6 * total**1.5) if total > 0 else 0.0


def _squares(values: FloatArray) -> float:
    """Σ (x - x̄)²."""
    spread = values - np.add.reduce(values) / len(values)
    return float(np.add.reduce(spread * spread))


def _finite(values: FloatArray) -> FloatArray:
    here = np.isfinite(values)
    return values if here.all() else values[here]


def _limit_error(values: FloatArray, share: float) -> float:
    """Monte-Carlo standard error of a quantile: half the distance of order statistics one SE around it."""
    step = max(math.sqrt(share * (1 - share) / len(values)), 1 / len(values))
    return (_quantile(values, min(1.0, share + step)) - _quantile(values, max(0.0, share - step))) / 2


def _quantile(values: FloatArray, share: float) -> float:
    """Of sorted values, linear between order statistics (Hyndman and Fan's type 7)."""
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    low, high = values.item(below), values.item(above)
    return low + (place - below) * (high - low)


def _off_the_bounds(replicate: Replicate, shape: Shape) -> FloatArray:
    """The estimate, then leave-one-out values, none nearer to a bound than its own distance from it over e.

    Without its one error a judge is perfect, which is infinitely far away on a scale of logarithms. The logarithm
    of a count of one has a standard error of one, and so has the estimate's with this; half of it for a root.
    """
    point, (lowest, highest) = replicate.point, _BOUNDS[shape]
    nearest = math.sqrt(math.e) if shape == "root" else math.e
    low = lowest + (point - lowest) / nearest if math.isfinite(lowest) else lowest
    high = highest - (highest - point) / nearest if math.isfinite(highest) else highest
    values = np.empty(1 + len(replicate.jackknife))
    values[0] = point
    np.minimum(np.maximum(replicate.jackknife, low, out=values[1:]), high, out=values[1:])
    return values


def _same(values: FloatArray) -> FloatArray:
    return values


_CALLED: dict[Shape, str] = {
    "correlation": "arctanh",
    "mean": "t",
    "positive": "log",
    "root": "log",
    "share": "logit",
}
_BOUNDS: dict[Shape, tuple[float, float]] = {
    "correlation": (-_EDGE, _EDGE),
    "mean": (-math.inf, math.inf),
    "positive": (1e-12, math.inf),
    "root": (1e-12, math.inf),
    "share": (1 - _EDGE, _EDGE),
}
_SCALES: dict[Shape, tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]] = {
    "correlation": (np.arctanh, np.tanh),
    "mean": (_same, _same),
    "positive": (np.log, np.exp),
    "root": (np.log, np.exp),
    "share": (special.logit, special.expit),
}
