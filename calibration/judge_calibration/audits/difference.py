"""The core of every audit: the difference e = judge - physicians, its mean, its contrast between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.effects import Effect, effect_of, no_effect
from judge_calibration.audits.regression import cluster_robust

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray


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
    level: float = 0.95,
) -> Effect:
    """Mean of e in a group, marked by `member` (n,), minus the mean elsewhere; the difference test.

    The smaller side decides whether there are enough items.
    """
    here = ~np.isnan(difference)
    inside, outside = int((here & member).sum()), int((here & ~member).sum())
    if not inside or not outside:
        which = "the group" if not inside else "the rest"
        return no_effect(name, "no_ratings", f"{which} has no items", n_items=inside + outside)
    nuisance = np.ones((inside + outside, 1))
    contrast = member[here].astype(np.float64)[:, None]
    found = cluster_robust(difference[here], contrast, nuisance, clusters[here])
    return effect_of(name, found, least=min(inside, outside), level=level)
