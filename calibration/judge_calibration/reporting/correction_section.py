"""What a map would make of the judge's scores, how far off one score is, and which to hand to a physician."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import NotEnough
from judge_calibration.inference.selective import risk_coverage
from judge_calibration.maps.fitting import fit_map

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.estimates import Reason
    from judge_calibration.maps.fitting import FittedMap
    from judge_calibration.reporting.context import Context, View

_HOLDS_FOR = (
    "one new item of a cluster like those of the study; nearly so, for how certain a score is was learnt from the "
    "same study's other clusters"
)
LEAST = 20  # items; a map of fewer is no map
FOLDS, REPEATS = 5, 1  # fewer than a map that is kept takes: the report looks at many


def correction_section(context: Context, view: View, scores: FloatArray) -> dict[str, object] | None:
    """Chosen map with its cross-validated errors, conformal half-width, escalation curve; None on nominal scales.

    Intervals are by the first of the report's subgroup variables, which the section names; those asked for come
    in the order of asking, and an empty list asks for none.
    """
    scale = view.scale
    usable = int((~np.isnan(scores) & (view.rated > 0)).sum())
    if scale.low is None or scale.high is None or usable < LEAST:
        return None
    by = next(iter(context.subgroups), None)
    try:
        fitted = fit_map(
            scores,
            view.ratings,
            scale_values=tuple(scale.numeric.tolist()) if scale.is_discrete else None,
            low=scale.low,
            high=scale.high,
            clusters=view.units.of_item,
            subgroups=context.subgroups,
            by=by,
            alpha=context.options.alpha,
            folds=FOLDS,
            repeats=REPEATS,
            seed=context.options.seed,
        )
    except NotEnough:
        return None
    summary = fitted.summary()
    summary["conformal"]["half_width"] = summary["conformal"]["quantiles"][""]
    why: Reason | None = None if view.scale.has_points else "not_for_this_scale"
    return {
        **summary,
        "escalation": _escalation(context, fitted, view) if why is None else None,
        "escalation_reason": why,
    }


def _escalation(context: Context, fitted: FittedMap, view: View) -> dict[str, object] | None:
    """Kept from the most certain on: certain is a corrected score at which the fold's errors were small.

    An error is more than a point: a scale that is one point wide has none, and would have all scores kept; on an
    interval scale nobody said what a point is. The bound is for independent items, so that each cluster gives one,
    drawn with the seed.
    """
    predicted, target = fitted.out_of_fold, fitted.sample.target
    error = np.abs(target - predicted)
    uncertainty = _expected_error(fitted.sample.judge, error, fitted.sample.clusters)
    rows = _one_of_each(fitted.sample.clusters, context.options.seed)
    wrong = error > view.scale.unit + 1e-9
    found = risk_coverage(uncertainty[rows], wrong[rows], alpha=context.options.alpha)
    if found is None:
        return None
    risk = "corrected score more than one point from the consensus"
    return {"risk": risk, "holds_for": _HOLDS_FOR, **found.as_json()}


def _one_of_each(clusters: IntArray, seed: int) -> IntArray:
    """One item of each cluster (n,), drawn at random, in order; all of them where each is its own cluster."""
    order = np.random.default_rng(seed).permutation(len(clusters))
    _, first = np.unique(clusters[order], return_index=True)
    return np.sort(order[first]).astype(np.int64)


def _expected_error(judge: FloatArray, error: FloatArray, clusters: IntArray) -> FloatArray:
    """Mean error at the judge's score among the items of other clusters, drawn to the overall mean by five items."""
    _, which = np.unique(judge, return_inverse=True)
    groups, cluster = np.unique(clusters, return_inverse=True)
    overall = float(error.mean())
    sums, counts = np.bincount(which, weights=error), np.bincount(which)
    pair = which * len(groups) + cluster
    _, at = np.unique(pair, return_inverse=True)
    own_sum, own_count = np.bincount(at, weights=error)[at], np.bincount(at)[at]
    return (sums[which] - own_sum + 5 * overall) / (counts[which] - own_count + 5)
