"""Which raters can enter the model: those with ratings, tied to each other, and not all at one end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.study_profile import rater_components

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.estimates import Reason

MISSING = -1


@dataclass(frozen=True, slots=True)
class Problem:
    """The ratings as the model takes them. Columns are physicians, then judges.

    `unit` is the standard deviation of the codes that enter: the model works with codes divided by it, so
    the same bounds and tolerances serve a scale of two values and one of a hundred.
    """

    codes: IntArray  # (n, R) declared codes, MISSING where there is none
    physicians: int
    values: FloatArray  # (K,) points of each category
    kept: BoolArray  # (R,) raters that enter
    used: IntArray  # (U,) categories that they gave
    left_out: dict[int, Reason] = field(default_factory=dict)
    fault: Reason | None = None
    notes: tuple[str, ...] = ()
    unit: float = 1.0

    @property
    def kept_physicians(self) -> int:
        """How many physicians enter."""
        return int(self.kept[: self.physicians].sum())

    @property
    def scores(self) -> FloatArray:
        """Used categories in units of the model, the lowest at zero (U,)."""
        return np.asarray((self.used - self.used[0]) / self.unit, np.float64)

    @property
    def inner(self) -> IntArray:
        """Ratings that enter (n, kept raters), as positions among the used categories."""
        codes = self.codes[:, self.kept]
        return np.where(codes == MISSING, MISSING, np.searchsorted(self.used, codes))


def codes_of(ratings: FloatArray, categories: int) -> IntArray:
    """Whole numbers, MISSING for NaN; what is no code of the scale is refused."""
    missing = np.isnan(ratings)
    codes = np.where(missing, MISSING, ratings)
    off = ~missing & ((codes != np.floor(codes)) | (codes < 0) | (codes >= categories))
    if off.any():
        first = f"{codes[off][0]:g}"
        raise OptionRejected("ratings", f"are category codes 0 to {categories - 1}; {first} is none")
    return codes.astype(np.int64)


def select(codes: IntArray, physicians: int, values: FloatArray) -> Problem:
    """Leave out raters whose severity cannot be finite or tied to the others', and say why."""
    present = codes != MISSING
    kept = present.any(0)
    left_out: dict[int, Reason] = {int(j): "no_ratings" for j in np.flatnonzero(~kept)}
    while True:
        given = codes[:, kept]
        used = np.unique(given[given != MISSING])
        if len(used) <= 1:  # one category tells nobody apart
            break
        found = _stray(codes, kept, physicians, used)
        if not found:
            break
        left_out |= found
        kept = kept & ~np.isin(np.arange(len(kept)), list(found))
    fault, words = _fault(present, kept, physicians, used, left_out)
    notes = (*_left_out_words(left_out, physicians), *_unused_words(used, len(values)), *words)
    given = codes[:, kept]
    given = given[given != MISSING]
    unit = float(np.std(given - used[0])) if len(used) else 1.0
    return Problem(codes, physicians, values, kept, used, left_out, fault, notes, unit)


def _stray(codes: IntArray, kept: BoolArray, physicians: int, used: IntArray) -> dict[int, Reason]:
    """Raters who only gave one end of the used scale, and judges who share no item with a physician."""
    found: dict[int, Reason] = {}
    seen = (codes[:, :physicians][:, kept[:physicians]] != MISSING).any(1)
    for j in np.flatnonzero(kept).tolist():
        given = codes[codes[:, j] != MISSING, j]
        if (given == used[0]).all() or (given == used[-1]).all():
            found[j] = "separation"
        elif j >= physicians and not (seen & (codes[:, j] != MISSING)).any():
            found[j] = "no_overlap"
    return found


def _fault(
    present: BoolArray, kept: BoolArray, physicians: int, used: IntArray, left_out: dict[int, Reason]
) -> tuple[Reason | None, tuple[str, ...]]:
    """Why no model can be fitted, or None."""
    rated = np.flatnonzero(present[:, :physicians].any(0))
    if len(rated) <= 1:  # one rater is severe against nobody
        return ("single_rater" if len(rated) else "no_ratings"), ()
    if "separation" not in left_out.values() and len(used) <= 1:  # one category tells nobody apart
        return "single_category", ()
    apart = _apart(present, rated)
    if apart:
        return "not_identified", apart
    stayed = np.flatnonzero(kept[:physicians])
    if len(stayed) <= 1 or len(used) <= 1:
        return "separation", ()
    apart = _apart(present, stayed)
    return ("not_identified" if apart else None), apart


def _apart(present: BoolArray, who: IntArray) -> tuple[str, ...]:
    """Names the groups of physicians that no shared item ties together; nothing when all are tied."""
    parts = rater_components(present[:, who])
    if len(parts) == 1:
        return ()
    named = " | ".join(", ".join(str(who[j]) for j in part) for part in parts)
    return (f"raters {named} share no items, even over others",)


def _left_out_words(left_out: dict[int, Reason], physicians: int) -> tuple[str, ...]:
    words = {
        "separation": "gave only one end of the categories in use, so its severity is not finite",
        "no_overlap": "shares no item with a physician",
        "no_ratings": "has no ratings",
    }
    named = {j: f"rater {j}" if j < physicians else f"judge {j - physicians}" for j in left_out}
    return tuple(f"{named[j]} {words[left_out[j]]}: left out of the model" for j in sorted(left_out))


def _unused_words(used: IntArray, size: int) -> tuple[str, ...]:
    unused = [str(k) for k in range(size) if k not in used]
    if not unused or not len(used):
        return ()
    return (f"category codes {', '.join(unused)} were never given: their probability is taken as zero",)
