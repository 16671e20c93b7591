"""From the verdicts of a probe's arms to what moved, and whether that is more than the judge's own noise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import comb, fsum
from typing import TYPE_CHECKING

from judge_service.domain.looking import ArmAnswers, CriterionLook, Shift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.looking import Arm
    from judge_service.domain.verdict import Scored, Unscored

LEVEL = 0.05
FEWEST_PAIRS = 5  # of an arm, to say that a judge did not look
NOISIEST = 0.2  # share that asking again may change where that is said
TOLD_APART: tuple[Arm, ...] = ("blanked", "swapped")
_DIGITS = 9
_DOING: dict[Arm, str] = {"blanked": "blanking", "swapped": "swapping"}


@dataclass(frozen=True, slots=True)
class Pair:
    """One case's verdict as it is, and in an arm; `same_images`: the arm shows the case's own."""

    as_is: Scored | Unscored
    other: Scored | Unscored
    same_images: bool = False


def answers(verdicts: Sequence[Scored | Unscored]) -> ArmAnswers:
    """Count what one arm said on one criterion."""
    values = [verdict.value for verdict in verdicts if verdict.value is not None]
    return ArmAnswers(
        answers=len(verdicts),
        scored=sum(verdict.outcome == "scored" for verdict in verdicts),
        mean=_mean(values),
        outcomes=dict(sorted(Counter(verdict.outcome for verdict in verdicts).items())),
    )


def shift(arm: Arm, pairs: Sequence[Pair], again: Sequence[Pair]) -> Shift:
    """Hold an arm's verdicts against those of the same cases as they are, and against asking again."""
    real = pairs if arm == "again" else [pair for pair in pairs if not pair.same_images]
    told = [pair for pair in real if _tells(pair)]
    scored = [pair for pair in told if pair.as_is.outcome == pair.other.outcome == "scored"]
    moved = [
        pair.other.value - pair.as_is.value
        for pair in scored
        if pair.other.value is not None and pair.as_is.value is not None
    ]
    changed = sum(map(_changed, told))
    noise = [pair for pair in again if _tells(pair)]
    tested = arm != "again" and told and noise
    return Shift(
        pairs=len(told),
        scored=len(scored),
        mean=_mean(moved),
        level_changed=sum(map(_changed, scored)),
        began_to_abstain=sum(pair.other.outcome == "abstained" for pair in told),
        stopped_abstaining=sum(pair.as_is.outcome == "abstained" for pair in told),
        changed_share=round(changed / len(told), _DIGITS) if told else None,
        same_images=len(pairs) - len(real),
        p=by_chance(changed, len(told), sum(map(_changed, noise)), len(noise)) if tested else None,
    )


def look(
    arms: dict[Arm, ArmAnswers], shifts: dict[Arm, Shift], *, needs_images: bool, threshold: float
) -> CriterionLook:
    """Say of one criterion whether the judge looked; the rule is `ProbeReport`'s."""
    looked, reason = _verdict(shifts, threshold)
    return CriterionLook(needs_images=needs_images, arms=arms, shifts=shifts, looked=looked, reason=reason)


def by_chance(changed: int, of: int, noisy: int, of_noise: int) -> float:
    """Probability of `changed` or more of `of`, when changes fall on both groups alike: Fisher, one-sided."""
    total, drawn = of + of_noise, changed + noisy
    ways = sum(comb(of, k) * comb(of_noise, drawn - k) for k in range(changed, min(of, drawn) + 1))
    return round(ways / comb(total, drawn), _DIGITS)


def _verdict(shifts: dict[Arm, Shift], threshold: float) -> tuple[bool | None, str]:
    again = shifts["again"]
    arms = {arm: shifts[arm] for arm in TOLD_APART if arm in shifts and shifts[arm].pairs}
    said = ", ".join(
        f"{doing} changed {_share(one)}"
        for doing, one in [
            *((_DOING[arm], arm_shift) for arm, arm_shift in arms.items()),
            ("asking again", again),
        ]
    )
    if any(one.p is not None and one.p <= threshold for one in arms.values()):
        return True, f"{said}: more than by chance"
    if again.pairs == 0 or not arms:
        return None, f"{said}: nothing can be compared"
    if min(one.pairs for one in arms.values()) < FEWEST_PAIRS:
        return None, f"{said}: too few to tell; give {FEWEST_PAIRS} cases or more"
    noise = again.changed_share or 0.0
    if all((one.changed_share or 0.0) <= noise for one in arms.values()):
        if noise <= NOISIEST:
            return False, f"{said}: the images made no difference"
        return None, f"{said}: the judge varies too much by itself to tell; lower its temperature"
    return None, f"{said}: more than by itself, and it may be chance; give more cases"


def _share(one: Shift) -> str:
    changed = one.level_changed + one.began_to_abstain + one.stopped_abstaining
    return f"{changed} of {one.pairs}"


def _tells(pair: Pair) -> bool:
    """Whether it can show a change: a judge that abstains both times, or gave no verdict, shows none."""
    outcomes = {pair.as_is.outcome, pair.other.outcome}
    return "scored" in outcomes and outcomes <= {"scored", "abstained"}


def _changed(pair: Pair) -> bool:
    return (pair.as_is.outcome, pair.as_is.level) != (pair.other.outcome, pair.other.level)


def _mean(values: Sequence[float]) -> float | None:
    return round(fsum(values) / len(values), _DIGITS) if values else None
