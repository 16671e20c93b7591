"""Split conformal intervals of the served score, overall and by subgroup (Vovk et al. 2005; Lei et al. 2018).

Half-width: the k-th smallest absolute residual, k = ⌈(n+1)(1-α)⌉; with k > n the whole scale. Residuals are
out of fold, so that the score that is served is the one that was calibrated on. Coverage given the
calibration set is Beta(k, n+1-k), of which the standard deviation is told. By subgroup (Mondrian): a group
with fewer items than ⌈1/α⌉-1 takes the quantile of all, and is named; nothing is promised for it by itself.

The interval covers the consensus of a new, exchangeable item. It is cut to the scale. Rounding it inward to
values of the scale loses nothing where every consensus is such a value, and only there: the mean of three
physicians lies between values, and an interval rounded inward misses it (a simulated 90 % interval then held
66 %). Whether it is rounded is part of the artefact, and told coverage is that of the interval as served.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from judge_calibration.arrays import BoolArray, FloatArray

    Labels = npt.NDArray[np.object_]  # of items: a text, or None where unknown

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Conformal:
    """Half-widths by group ("" for all; None: the whole scale), groups that were pooled, sizes, and α.

    `inward`: whether the interval is rounded inward to values of the scale when it is served. `clustered`: items
    share clusters, so that the coverage varies more from study to study than Beta(k, n+1-k) says.
    """

    alpha: float
    by: str | None
    quantiles: Mapping[str, float | None]
    pooled: tuple[str, ...]
    sizes: Mapping[str, int]
    inward: bool = False
    clustered: bool = False

    def as_json(self) -> dict[str, Any]:
        """As an artefact holds it."""
        return {
            "alpha": rounded(self.alpha),
            "by": self.by,
            "quantiles": {group: rounded(half) for group, half in self.quantiles.items()},
            "pooled": list(self.pooled),
            "n": dict(self.sizes),
            "coverage_sd": None
            if self.clustered
            else {group: rounded(coverage_sd(n, self.alpha)) for group, n in self.sizes.items()},
            "coverage_sd_reason": "clustered_items" if self.clustered else None,
            "rounded": self.inward,
        }

    def half_width(self, group: str | None) -> float | None:
        """The half-width for an item of a group; of an unknown group that of all."""
        return self.quantiles[group if group is not None and group in self.quantiles else ""]


def least_items(alpha: float) -> int:
    """Fewer items than this give the whole scale: ⌈1/α⌉ - 1."""
    return math.ceil(round(1 / alpha, 9)) - 1


def conformal_quantile(residuals: FloatArray, alpha: float) -> float | None:
    """The k-th smallest absolute residual; None when k > n."""
    n = len(residuals)
    k = _rank(n, alpha)
    return float(np.sort(np.abs(residuals))[k - 1]) if 1 <= k <= n else None


def coverage_sd(n: int, alpha: float) -> float | None:
    """Standard deviation of the coverage over calibration sets, of Beta(k, n+1-k)."""
    k = _rank(n, alpha)
    if not 1 <= k <= n:
        return None
    return math.sqrt(k * (n + 1 - k) / ((n + 1) ** 2 * (n + 2)))


def fit_conformal(
    residuals: FloatArray,
    labels: Labels | None,
    *,
    by: str | None,
    alpha: float,
    inward: bool = False,
    clustered: bool = False,
) -> Conformal:
    """From out-of-fold residuals (n,), and labels of the variable `by` when intervals are by subgroup."""
    fitted = _fitted(residuals, _parts(labels if by is not None else None), by, alpha)
    return replace(fitted, inward=inward, clustered=clustered)


def _fitted(
    residuals: FloatArray,
    parts: Mapping[str, BoolArray],
    by: str | None,
    alpha: float,
) -> Conformal:
    """From the items (n,) of each group; one without any is not known."""
    quantiles: dict[str, float | None] = {"": conformal_quantile(residuals, alpha)}
    sizes, pooled = {"": len(residuals)}, []
    for group, inside in parts.items():
        size = int(np.count_nonzero(inside))
        if size == 0:
            continue
        sizes[group] = size
        if size < least_items(alpha):
            pooled.append(group)
            quantiles[group] = quantiles[""]
        else:
            quantiles[group] = conformal_quantile(residuals[inside], alpha)
    return Conformal(alpha, by, quantiles, tuple(pooled), sizes)


def labels_of(labels: Sequence[str | None]) -> Labels:
    """Labels as an array that is compared in one go."""
    found = np.empty(len(labels), object)
    found[:] = labels
    return found


def _parts(labels: Labels | None) -> dict[str, BoolArray]:
    """Which items carry each label that there is, in the labels' order."""
    groups = sorted({str(label) for label in labels if label is not None}) if labels is not None else []
    return {group: np.asarray(labels == group, bool) for group in groups}


def out_of_fold_coverage(
    predicted: FloatArray,
    target: FloatArray,
    folds: Sequence[BoolArray],
    labels: Labels | None,
    *,
    by: str | None,
    alpha: float,
    scale: Mapping[str, Any],
    inward: bool = False,
) -> dict[str, dict[str, float | int | None]]:
    """Share of items whose consensus lies in the interval made without their fold, for all and by group."""
    half = np.full(len(target), np.inf)
    parts = _parts(labels)  # comparing texts costs more than all the rest: once, and not in every fold
    for outside in folds:
        inner = {group: inside[~outside] for group, inside in parts.items() if by is not None}
        fitted = _fitted((target - predicted)[~outside], inner, by, alpha)
        half[outside] = _number(fitted.half_width(None))
        for group in fitted.quantiles.keys() - {""}:
            half[outside & parts[group]] = _number(fitted.half_width(group))
    least, most = _served(predicted, half, scale, inward=inward)
    hit = (least <= target + _SLACK) & (target <= most + _SLACK)
    return {
        group: {
            "n": int(inside.sum()),
            "coverage": rounded(float(hit[inside].mean())),
            "mean_width": rounded(float((most - least)[inside].mean())),
        }
        for group, inside in {"": np.ones(len(target), bool), **parts}.items()
    }


def _served(
    predicted: FloatArray, half: FloatArray, scale: Mapping[str, Any], *, inward: bool
) -> tuple[FloatArray, FloatArray]:
    """Limits (n,) as a map serves them: cut to the scale, and rounded inward when that is asked."""
    least = np.maximum(predicted - half, float(scale["low"]))
    most = np.minimum(predicted + half, float(scale["high"]))
    if not inward or not scale["values"]:
        return least, most
    values = np.array(scale["values"], np.float64)
    first = np.searchsorted(values, least - _SLACK)
    last = np.searchsorted(values, most + _SLACK, side="right") - 1
    holds = first <= last
    top = len(values) - 1
    return (
        np.where(holds, values[np.minimum(first, top)], least),
        np.where(holds, values[np.maximum(last, 0)], most),
    )


def _rank(n: int, alpha: float) -> int:
    """Of the residual that is the half-width; (n+1)(1-α) is a whole number but for rounding, now and then."""
    return math.ceil(round((n + 1) * (1 - alpha), 9))


def _number(half: float | None) -> float:
    return np.inf if half is None else half
