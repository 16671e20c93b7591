"""Chooses among candidates by grouped, repeated cross-validation, and the simplest within one standard error.

Breiman et al. 1984 (one-standard-error rule). A map is never worse than the identity out of fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.estimates import rounded
from judge_calibration.maps import candidates as kinds
from judge_calibration.maps.error import CrossValidated, cross_validated_error
from judge_calibration.maps.ordinal_logit import ordinal_logit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.maps.candidates import Candidate, Fitted
    from judge_calibration.maps.sample import MapSample

CANDIDATES = (
    kinds.Candidate("identity", 0, 0, kinds.identity),
    kinds.Candidate("shift", 1, 20, kinds.shift),
    kinds.Candidate("affine", 2, 30, kinds.affine),
    kinds.Candidate("ordinal_logit", 3, 50, ordinal_logit),
    kinds.Candidate("shrunk_isotonic", 4, 50, kinds.shrunk_isotonic),
    kinds.Candidate("isotonic", 5, 200, kinds.isotonic),
)
METHODS = tuple(each.name for each in CANDIDATES)
_ALIKE = 0.01


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate with what cross-validation says of it, or why it took no part."""

    candidate: Candidate
    error: CrossValidated | None
    left_out: str | None = None

    @property
    def mse(self) -> float:
        """Mean squared error out of fold; of one that took no part infinite."""
        return self.error.mse if self.error else np.inf

    @property
    def mse_error(self) -> float:
        """Its standard error over clusters."""
        return self.error.mse_error if self.error else np.inf

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        told: dict[str, object] = {"method": self.candidate.name, "left_out": self.left_out}
        return told | (self.error.as_json() if self.error else {})


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen candidate, why, all that were tried, and out-of-fold predictions of the chosen (repeats, n)."""

    chosen: Candidate
    because: str
    tried: tuple[Tried, ...]
    out_of_fold: FloatArray


def select(sample: MapSample, *, method: str, folds: int, repeats: int, seed: int) -> Selection:
    """Cross-validate all candidates, or the one named, and choose."""
    splits = list(_splits(sample.clusters, folds, repeats, seed))
    tried: list[Tried] = []
    predictions: dict[str, FloatArray] = {}
    for candidate in CANDIDATES:
        if method not in {"auto", candidate.name} and candidate.name != "identity":
            continue
        if len(sample) < candidate.min_n and method != candidate.name:
            reason = f"needs {candidate.min_n} items, there are {len(sample)}"
            tried.append(Tried(candidate, None, reason))
            continue
        predicted = out_of_fold(sample, candidate, splits)
        if predicted is None:
            tried.append(Tried(candidate, None, "cannot be fitted in every fold (separation, or one score)"))
            continue
        predictions[candidate.name] = predicted
        tried.append(Tried(candidate, cross_validated_error(predicted, sample)))
    chosen, because = _choose(tried, method)
    return Selection(chosen, because, tuple(tried), predictions[chosen.name])


def _choose(tried: list[Tried], method: str) -> tuple[Candidate, str]:
    """The simplest that is within one standard error of the best, if it beats the identity."""
    ran = [each for each in tried if each.error is not None]
    if method != "auto":
        named = [each for each in ran if each.candidate.name == method]
        return (
            (named[0].candidate, "as asked")
            if named
            else (ran[0].candidate, "the one asked for cannot be fitted")
        )
    if len(ran) == 1:
        return ran[0].candidate, "too few items for any other"
    best = min(ran, key=lambda each: each.mse)
    near = [each for each in ran if _is_near(each, best)]
    simple = min(near, key=lambda each: each.candidate.complexity)
    identity = next(each for each in ran if each.candidate.name == "identity")
    if simple.mse > identity.mse:
        return identity.candidate, "nothing simpler than the best beats the judge as it is"
    reason = f"simplest within one standard error of {best.candidate.name} (√MSE {rounded(best.mse**0.5)})"
    return simple.candidate, reason


def _is_near(one: Tried, best: Tried) -> bool:
    """Whether the loss exceeds the least by at most one standard error of the difference, on the same items.

    Or by a hundredth of it: nearly the same map has nearly no error of the difference.
    """
    if one.error is None or best.error is None:
        return False
    excess, error = one.error.excess_over(best.error)
    return excess <= max(error, _ALIKE * best.mse)


def out_of_fold(
    sample: MapSample, candidate: Candidate, splits: list[tuple[int, IntArray, IntArray]]
) -> FloatArray | None:
    """Predictions of items by maps that were fitted without their cluster (repeats, n); None if a fit fails."""
    repeats = max(at for at, _, _ in splits) + 1
    predicted = np.full((repeats, len(sample)), np.nan)
    for repeat, inside, outside in splits:
        fitted: Fitted | None = candidate.fit(sample.part(inside)) if len(inside) else None
        if fitted is None:
            return None
        predicted[repeat, outside] = fitted.predict(sample.judge[outside])
    return predicted


def _splits(
    clusters: IntArray, folds: int, repeats: int, seed: int
) -> Iterator[tuple[int, IntArray, IntArray]]:
    """(repeat, rows to fit on, rows to predict): clusters stay whole, and folds are of nearly one size."""
    groups, which = np.unique(clusters, return_inverse=True)
    number = min(folds, len(groups))
    generator = np.random.default_rng(seed)
    for repeat in range(repeats):
        fold_of_group = np.empty(len(groups), np.int64)
        fold_of_group[generator.permutation(len(groups))] = np.arange(len(groups)) % number
        fold = fold_of_group[which]
        for at in range(number):
            yield repeat, np.flatnonzero(fold != at), np.flatnonzero(fold == at)
