"""Chooses among candidates by grouped, repeated cross-validation, and the simplest within one standard error.

Breiman et al. 1984, with the standard error of the *difference* to the best candidate on the same items and
folds, over clusters: errors of candidates rise and fall together, and the standard error of a single one is
so large that hardly anything would beat the judge.
A map is never worse than the identity out of fold. Below 20 items only the identity takes part. A method that
is asked for by name is fitted to fewer items than it should have, and the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import NotEnough
from judge_calibration.estimates import rounded
from judge_calibration.maps import candidates as kinds
from judge_calibration.maps.artefact import FEW_ITEMS
from judge_calibration.maps.error import CrossValidated, cross_validated_error
from judge_calibration.maps.folds import fold_masks
from judge_calibration.maps.ordinal_logit import obstacle, ordinal_logit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray
    from judge_calibration.estimates import Reason
    from judge_calibration.maps.candidates import Candidate
    from judge_calibration.maps.sample import MapSample

CANDIDATES = (
    kinds.Candidate("identity", 0, 0, kinds.identity),
    kinds.Candidate("shift", 1, 20, kinds.shift),
    kinds.Candidate("affine", 2, 30, kinds.affine),
    kinds.Candidate("ordinal_logit", 3, 50, ordinal_logit, obstacle),
    kinds.Candidate("shrunk_isotonic", 4, 50, kinds.shrunk_isotonic),
    kinds.Candidate("isotonic", 5, 200, kinds.isotonic),
)
METHODS = tuple(each.name for each in CANDIDATES)
_ALIKE = 0.01
_WORDS: dict[Reason, str] = {
    "constant_input": "the judge gave one score",
    "single_category": "the physicians gave one value",
    "separation": "the judge's score tells the ratings apart without fail",
    "not_for_this_scale": "the scale has no values that can be counted",
    "not_converged": "the likelihood's maximum was not reached",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate with what cross-validation says of it, or why it took no part: a code, and words."""

    candidate: Candidate
    error: CrossValidated | None
    left_out: str | None = None
    reason: Reason | None = None

    @property
    def mse(self) -> float:
        """Mean squared error out of fold; of one that took no part infinite."""
        return self.error.mse if self.error else np.inf

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        told: dict[str, object] = {
            "method": self.candidate.name,
            "complexity": self.candidate.complexity,
            "left_out": self.left_out,
            "reason": self.reason,
        }
        return told | (self.error.as_json() if self.error else {})


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen candidate, why, all that were tried, and its out-of-fold predictions (repeats, n)."""

    chosen: Tried
    because: str
    tried: tuple[Tried, ...]
    out_of_fold: FloatArray

    def warnings(self, n: int) -> list[str]:
        """What whoever uses a map of n items must know: `few_items`, as it was asked for by name."""
        return [FEW_ITEMS] if n < self.chosen.candidate.min_n else []


def select(sample: MapSample, *, method: str, folds: int, repeats: int, seed: int) -> Selection:
    """Cross-validate all candidates, or the identity and the one named, and choose.

    NotEnough when the one named cannot be fitted in every fold.
    """
    generator = np.random.default_rng(seed)
    splits = [fold_masks(sample.clusters, folds, generator) for _ in range(repeats)]
    tried: list[Tried] = []
    predictions: dict[str, FloatArray] = {}
    for candidate in CANDIDATES:
        if method not in {"auto", candidate.name} and candidate.name != "identity":
            continue
        one, predicted = _try(sample, candidate, splits, asked=method == candidate.name)
        tried.append(one)
        if predicted is not None:
            predictions[candidate.name] = predicted
    chosen, because = _choose(tried) if method == "auto" else _named(tried, method, len(sample))
    return Selection(chosen, because, tuple(tried), predictions[chosen.candidate.name])


def out_of_fold(
    sample: MapSample, candidate: Candidate, splits: Sequence[Sequence[BoolArray]]
) -> FloatArray | Reason:
    """Predictions of items by maps that were fitted without their cluster (repeats, n), or why there are none."""
    predicted = np.full((len(splits), len(sample)), np.nan)
    for row, masks in zip(predicted, splits, strict=True):
        for outside in masks:
            part = sample.part(np.flatnonzero(~outside))
            fitted = candidate.fit(part)
            if fitted is None:
                return candidate.obstacle(part)
            row[outside] = fitted.predict(sample.judge[outside])
    return predicted


def _try(
    sample: MapSample, candidate: Candidate, splits: Sequence[Sequence[BoolArray]], *, asked: bool
) -> tuple[Tried, FloatArray | None]:
    if len(sample) < candidate.min_n and not asked:
        words = f"needs {candidate.min_n} items, there are {len(sample)}"
        return Tried(candidate, None, words, "n_below_min"), None
    predicted = out_of_fold(sample, candidate, splits)
    if isinstance(predicted, str):
        where = "" if candidate.fit(sample) is None else ", in a part of the items"
        return Tried(candidate, None, f"{_WORDS.get(predicted, predicted)}{where}", predicted), None
    return Tried(candidate, cross_validated_error(predicted, sample)), predicted


def _named(tried: list[Tried], method: str, n: int) -> tuple[Tried, str]:
    named = next(each for each in tried if each.candidate.name == method)
    if named.error is None:
        raise NotEnough(f"a map of method {method!r} cannot be fitted: {named.left_out}")
    least = named.candidate.min_n
    return named, "as asked" if n >= least else f"as asked, with {n} items where it should have {least}"


def _choose(tried: list[Tried]) -> tuple[Tried, str]:
    """The simplest that is within one standard error of the best, if it beats the identity."""
    ran = [each for each in tried if each.error is not None]
    identity = ran[0]
    if len(ran) == 1:
        return identity, "too few items for any other"
    best = min(ran, key=lambda each: each.mse)
    near = [each for each in ran if _is_near(each, best)]
    simple = min(near, key=lambda each: each.candidate.complexity)
    if simple is not identity and simple.mse >= identity.mse:
        return identity, "nothing simpler than the best beats the judge as it is"
    reason = f"simplest within one standard error of {best.candidate.name} (√MSE {rounded(best.mse**0.5)})"
    return simple, reason


def _is_near(one: Tried, best: Tried) -> bool:
    """Whether the loss exceeds the least by at most one standard error of the difference, on the same items.

    Or by a hundredth of it: nearly the same map has nearly no error of the difference.
    """
    if one.error is None or best.error is None:
        return False
    excess, error = one.error.excess_over(best.error)
    return excess <= max(error, _ALIKE * best.mse)
