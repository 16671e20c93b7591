"""Conformal sets of neighbouring scale values that hold one more physician's rating.

Chances p of the declared values come from the cumulative logit. Two scores of a value y, small where y fits:

aps  what the set has gathered when it takes y in, growing from the likeliest value to the likelier neighbour:
     ordinal adaptive prediction sets (Lu, Angelopoulos and Pomerantz 2022)
rps  ranked probability score Σ_k (F_k - [y ≤ k])², F the distribution (Epstein 1969; as a conformal score,
     arXiv 2606.24959)

The set holds every value whose score is at most the k-th smallest of the true ratings' scores, k =
⌈(n+1)(1-α)⌉. Both give neighbouring values only: the first by its growth, the second because rps(y+1) - rps(y)
= 2F_y - 1 rises with y. A 90 % set therefore holds a new rating of an exchangeable item in 90 % of cases.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from judge_calibration.estimates import rounded
from judge_calibration.maps.conformal import conformal_quantile
from judge_calibration.maps.folds import fold_masks
from judge_calibration.maps.ordinal_logit import fit_ordinal_logit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.maps.sample import MapSample

Score = Literal["aps", "rps"]
SCORES: tuple[Score, ...] = ("aps", "rps")
LEAST = 50
_FOLDS = 10
_SLACK = 1e-12


def ordinal_sets(sample: MapSample, *, alpha: float, seed: int) -> dict[str, Any] | None:
    """Sets by judge score, with out-of-fold coverage; None on a continuous scale, small samples, or no fit.

    One rating per item takes part, drawn with the seed: items with many ratings would count more, and their
    ratings are no independent draws. Sets are those of the first score; `tried` tells coverage and size of both.
    """
    if sample.values is None or len(sample) < LEAST:
        return None
    final = fit_ordinal_logit(sample)
    masks = fold_masks(sample.clusters, _FOLDS, np.random.default_rng(seed))
    chances = _out_of_fold(sample, masks)
    if final is None or chances is None:
        return None
    truth = _one_rating_each(sample, np.random.default_rng(seed))
    score = SCORES[0]
    found = {name: _calibrated(name, chances, truth, masks, alpha) for name in SCORES}
    first, last = sets_within(score, final.over(sample.values, sample.values), found[score][0])
    return {
        "alpha": rounded(alpha),
        "for": "one more physician's rating",
        "score": score,
        "sets": [
            {"judge": rounded(level), "low": rounded(low), "high": rounded(high)}
            for level, low, high in zip(
                sample.values.tolist(),
                sample.values[first].tolist(),
                sample.values[last].tolist(),
                strict=True,
            )
        ],
        **found[score][1],
        "tried": {name: told for name, (_, told) in found.items()},
    }


def scores_of(score: Score, chances: FloatArray) -> FloatArray:
    """The score of every value under each row of chances: (n, K)."""
    if score == "aps":
        rows, which = np.unique(chances, axis=0, return_inverse=True)
        return np.stack([_gathered(row) for row in rows])[which.ravel()]
    below = chances.cumsum(1)[:, None, :]  # F_k, the same for every value
    reached = np.tri(chances.shape[1]).T[None]  # [y ≤ k] in row y and column k
    found: FloatArray = ((below - reached) ** 2).sum(2)
    return found


def sets_within(score: Score, chances: FloatArray, bound: float) -> tuple[IntArray, IntArray]:
    """First and last place of the values that score at most `bound`; the best one is always in the set."""
    return _within(scores_of(score, chances), bound)


def _within(found: FloatArray, bound: float) -> tuple[IntArray, IntArray]:
    inside = (found <= bound + _SLACK) | (found == found.min(1, keepdims=True))
    return inside.argmax(1), inside.shape[1] - 1 - inside[:, ::-1].argmax(1)


def _gathered(row: FloatArray) -> FloatArray:
    """What has been gathered when each value is taken in."""
    first = last = int(row.argmax())
    found = np.empty(len(row))
    found[first] = total = float(row[first])
    while first > 0 or last < len(row) - 1:
        below = row[first - 1] if first > 0 else -1.0
        above = row[last + 1] if last < len(row) - 1 else -1.0
        if below > above:
            first -= 1
            found[first] = total = total + float(below)
        else:
            last += 1
            found[last] = total = total + float(above)
    return found


def _out_of_fold(sample: MapSample, masks: Sequence[BoolArray]) -> FloatArray | None:
    """Chances of the declared values (n, K) by fits that did not see the item's cluster."""
    if sample.values is None:
        return None
    found = np.empty((len(sample), len(sample.values)))
    for outside in masks:
        model = fit_ordinal_logit(sample.part(np.flatnonzero(~outside)))
        if model is None:
            return None
        found[outside] = model.over(sample.values, sample.judge[outside])
    return found


def _calibrated(
    score: Score, chances: FloatArray, truth: IntArray, masks: Sequence[BoolArray], alpha: float
) -> tuple[float, dict[str, float | None]]:
    """The bound on the score, and what sets hold whose bound was found without the item's fold."""
    scores = scores_of(score, chances)
    own = scores[np.arange(len(truth)), truth]
    covered, sizes = np.empty(len(truth), bool), np.empty(len(truth))
    for outside in masks:
        first, last = _within(scores[outside], _bound(own[~outside], alpha))
        covered[outside] = (first <= truth[outside]) & (truth[outside] <= last)
        sizes[outside] = last - first + 1
    told = {"coverage": rounded(float(covered.mean())), "mean_size": rounded(float(sizes.mean()))}
    return _bound(own, alpha), told


def _one_rating_each(sample: MapSample, generator: np.random.Generator) -> IntArray:
    """The place on the scale of one rating of each item, drawn at random."""
    present = ~np.isnan(sample.ratings)
    order = np.where(present, generator.random(present.shape), -1.0)
    drawn = sample.ratings[np.arange(len(sample)), order.argmax(1)]
    return np.asarray(np.searchsorted(sample.values if sample.values is not None else [], drawn), np.int64)


def _bound(scores: FloatArray, alpha: float) -> float:
    """The k-th smallest; beyond the largest, a bound that holds every value."""
    found = conformal_quantile(scores, alpha)
    return math.inf if found is None else found
