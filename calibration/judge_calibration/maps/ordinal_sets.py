"""Conformal sets of neighbouring scale values that hold a physician's rating (Lu, Angelopoulos, Pomerantz 2022).

Probabilities come from the cumulative logit. Starting at the most likely value the set grows to the likelier
neighbour until it holds the rating; the score is the probability gathered by then (ordinal adaptive sets).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from judge_calibration.estimates import rounded
from judge_calibration.maps.ordinal_logit import fit_ordinal_logit

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.maps.sample import MapSample

LEAST = 50
_HALVES = 2
_SLACK = 1e-12


def ordinal_sets(sample: MapSample, *, alpha: float, seed: int) -> dict[str, Any] | None:
    """Sets for one more physician's rating by judge score, with out-of-half coverage; None on small samples.

    Fitted and calibrated on two halves of the clusters in turn; one rating per item takes part, drawn with the
    seed, so that items with many ratings do not count more.
    """
    if sample.values is None or len(sample) < LEAST:
        return None
    generator = np.random.default_rng(seed)
    truth = _one_rating_each(sample, generator)
    groups, which = np.unique(sample.clusters, return_inverse=True)
    half = (generator.permutation(len(groups)) % _HALVES)[which]
    scores, covered, sizes = np.full(len(sample), np.nan), [], []
    models = []
    for side in range(_HALVES):
        model = fit_ordinal_logit(sample.part(np.flatnonzero(half != side)))
        if model is None:
            return None
        models.append(model)
        inside = np.flatnonzero(half == side)
        scores[inside] = set_scores(
            model.probabilities(sample.judge[inside]), _index(truth[inside], model.values)
        )
    for side in range(_HALVES):
        inside, other = np.flatnonzero(half == side), np.flatnonzero(half != side)
        bound = _quantile(scores[other], alpha)
        first, last = grown_sets(models[side].probabilities(sample.judge[inside]), bound)
        place = _index(truth[inside], models[side].values)
        covered += ((first <= place) & (place <= last)).tolist()
        sizes += (last - first + 1).tolist()
    final = fit_ordinal_logit(sample)
    if final is None:
        return None
    levels = sample.values
    first, last = grown_sets(final.probabilities(levels), _quantile(scores, alpha))
    return {
        "alpha": alpha,
        "for": "one more physician's rating",
        "sets": [
            {
                "judge": rounded(float(level)),
                "low": rounded(float(final.values[a])),
                "high": rounded(float(final.values[b])),
            }
            for level, a, b in zip(levels, first, last, strict=True)
        ],
        "coverage": rounded(float(np.mean(covered))),
        "mean_size": rounded(float(np.mean(sizes))),
    }


def set_scores(probabilities: FloatArray, truth: IntArray) -> FloatArray:
    """Probability gathered when the growing set first holds the truth (n,); 1 for a value that no fit knows."""
    gathered = inclusion(probabilities)[np.arange(len(truth)), np.maximum(truth, 0)]
    return np.where(truth >= 0, gathered, 1.0)


def inclusion(probabilities: FloatArray) -> FloatArray:
    """For each row and category, what the set has gathered when it takes the category in: (n, K)."""
    rows, which = np.unique(probabilities, axis=0, return_inverse=True)
    return np.stack([_gathered(row) for row in rows])[which.ravel()]


def grown_sets(probabilities: FloatArray, bound: float) -> tuple[IntArray, IntArray]:
    """First and last category of the set of those taken in by `bound`; the most likely one is always in it."""
    gathered = inclusion(probabilities)
    inside = (gathered <= bound + _SLACK) | (gathered == gathered.min(1, keepdims=True))
    return inside.argmax(1), inside.shape[1] - 1 - inside[:, ::-1].argmax(1)


def _gathered(row: FloatArray) -> FloatArray:
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


def _one_rating_each(sample: MapSample, generator: np.random.Generator) -> FloatArray:
    present = ~np.isnan(sample.ratings)
    order = np.where(present, generator.random(present.shape), -1.0)
    chosen: FloatArray = sample.ratings[np.arange(len(sample)), order.argmax(1)]
    return chosen


def _index(truth: FloatArray, values: FloatArray) -> IntArray:
    """Place of each rating among the values that a fit knows; -1 for another."""
    found = np.minimum(np.searchsorted(values, truth), len(values) - 1)
    return np.where(values[found] == truth, found, -1).astype(np.int64)


def _quantile(scores: FloatArray, alpha: float) -> float:
    n = len(scores)
    k = math.ceil(round((n + 1) * (1 - alpha), 9))
    return float(np.sort(scores)[k - 1]) if k <= n else 1.0
