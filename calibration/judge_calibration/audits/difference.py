"""The core of every audit: the difference e = judge - physicians, its mean, its contrast between groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.effects import Effect, effect_of, no_effect
from judge_calibration.audits.regression import cluster_robust

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray

_EXACT_CLUSTERS = 16  # up to here all 2^clusters flips are enumerated
_FLIPS_AT_ONCE = 2**22  # signs held in memory
_TIE = 1e-9


def mean_difference(
    difference: FloatArray, clusters: IntArray, *, name: str = "audit_mean_difference", level: float = 0.95
) -> Effect:
    """Mean of e over items (n,), NaN where missing; t interval with a CR2 error over clusters."""
    here = ~np.isnan(difference)
    if not here.any():
        return no_effect(name, "no_ratings", n_items=0)
    ones = np.ones((int(here.sum()), 1))
    found = cluster_robust(difference[here], ones, ones[:, :0], clusters[here])
    return effect_of(name, found, level=level)


def group_difference(
    difference: FloatArray,
    member: BoolArray,
    clusters: IntArray,
    *,
    name: str = "audit_group_difference",
    among: BoolArray | None = None,
    covariates: FloatArray | None = None,
    level: float = 0.95,
) -> Effect:
    """Mean of e in a group minus the mean elsewhere, given covariates (n, m); the difference test.

    `member` (n,) marks the group; `among` (n,), default all, the items that count. Indicators of raters as
    covariates make it the test on single ratings, e = J_i - H_ij with rater effects. The smaller side decides
    whether there are enough items.
    """
    here = ~np.isnan(difference)
    if among is not None:
        here &= among
    if covariates is not None:
        here &= ~np.isnan(covariates).any(1)
    inside, outside = int((here & member).sum()), int((here & ~member).sum())
    if not inside or not outside:
        which = "the group" if not inside else "the rest"
        return no_effect(name, "no_ratings", f"{which} has no items", n_items=inside + outside)
    nuisance = np.ones((inside + outside, 1))
    if covariates is not None:
        nuisance = np.column_stack([nuisance, covariates[here]])
    contrast = member[here].astype(np.float64)[:, None]
    found = cluster_robust(difference[here], contrast, nuisance, clusters[here])
    return effect_of(name, found, least=min(inside, outside), level=level)


@dataclass(frozen=True, slots=True)
class RaterRows:
    """The judge against single physicians: e (rows,), and the item and physician of each row."""

    difference: FloatArray
    item: IntArray
    rater: IntArray


def against_each_rater(judge: FloatArray, ratings: FloatArray) -> RaterRows:
    """One row for each rating that has a judge's score: e = J_i - H_ij of judge (n,) and ratings (n, R)."""
    difference = judge[:, None] - ratings
    item, rater = np.nonzero(~np.isnan(difference))
    return RaterRows(difference[item, rater], item.astype(np.int64), rater.astype(np.int64))


def sign_flip_p(
    difference: FloatArray, clusters: IntArray, *, flips: int = 4999, seed: int = 0
) -> float | None:
    """Two-sided p of H0: clusters' sums of e are symmetric about zero (Fisher 1935). None without any items.

    All sign patterns up to 16 clusters; above, `flips` random ones and the observed one.
    """
    here = ~np.isnan(difference)
    if not here.any():
        return None
    _, units = np.unique(clusters[here], return_inverse=True)
    totals = np.bincount(units, weights=difference[here])
    observed = abs(float(totals.sum())) - _TIE
    if len(totals) <= _EXACT_CLUSTERS:
        patterns = (np.arange(2 ** len(totals))[:, None] >> np.arange(len(totals))) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ totals) >= observed))
    generator = np.random.default_rng(seed)
    extreme, left = 0, flips
    while left:
        rows = min(left, max(1, _FLIPS_AT_ONCE // len(totals)))
        signs = generator.integers(0, 2, (rows, len(totals)), dtype=np.int8)
        extreme += int(np.sum(np.abs(2 * (signs @ totals) - totals.sum()) >= observed))
        left -= rows
    return (1 + extreme) / (1 + flips)
