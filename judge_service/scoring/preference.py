"""From two verdicts to which response is better, or to the reason why nobody knows. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, get_args

from judge_service.domain.comparison import FIRST, SECOND, TIE, ComparedCriterion, Position, Said
from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.comparison import Asking, ComparedOutcome, Winner
    from judge_service.scoring.aggregate import Partial

    Verdict = Scored | Unscored

_PRECEDENCE: tuple[str, ...] = get_args(UnscoredOutcome)
_MEANT: dict[Asking, dict[int | str, Winner]] = {
    "a_first": {FIRST: "a", SECOND: "b", TIE: "tie"},
    "b_first": {FIRST: "b", SECOND: "a", TIE: "tie"},
}
_WORTH: dict[Winner | None, float] = {"a": 1.0, "tie": 0.0, "b": -1.0}
_HOW: dict[Asking, str] = {
    "a_first": "with a shown first",
    "b_first": "with b shown first",
    "a": "of a by itself",
    "b": "of b by itself",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """The preference over all criteria; None comes with an outcome and a reason."""

    preference: float | None
    outcome: ComparedOutcome
    winner: Winner | None = None
    reason: str | None = None
    left_out: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def severity(outcome: str) -> int:
    """Which of several reasons is told first: the lower."""
    return _PRECEDENCE.index(outcome)


def by_orders(a_first: Verdict, b_first: Verdict) -> ComparedCriterion:
    """Both responses shown in both orders; each verdict's level is `first`, `second` or `tie`.

    Agreement is a winner or a tie, a winner and a tie are half a preference, a contradiction is a flip.
    """
    said: dict[Asking, Said] = {
        "a_first": _preferred("a_first", a_first),
        "b_first": _preferred("b_first", b_first),
    }
    if lacking := _lacking({"a_first": a_first, "b_first": b_first}, said):
        return lacking
    preferred = {each.prefers for each in said.values()}
    flipped = preferred == {"a", "b"}
    named: Winner = "tie" if preferred == {"tie"} else "a" if "a" in preferred else "b"
    return ComparedCriterion(
        outcome="position_flip" if flipped else "compared",
        winner=None if flipped else named,
        preference=sum(_WORTH[each.prefers] for each in said.values()) / 2,
        flipped=flipped,
        weight=a_first.weight,
        reason="each order preferred another response: the judge chose the same position twice"
        if flipped
        else None,
        said=said,
    )


def by_levels(a: Verdict, b: Verdict) -> ComparedCriterion:
    """Each response judged by itself: the level of higher value wins, and equal levels are a tie."""
    said: dict[Asking, Said] = {"a": _leveled(a), "b": _leveled(b)}
    if lacking := _lacking({"a": a, "b": b}, said):
        return lacking
    difference = (a.value or 0.0) - (b.value or 0.0)  # of ordered scales only: their levels have values
    winner: Winner = "a" if difference > 0 else "b" if difference < 0 else "tie"
    return ComparedCriterion(
        outcome="compared", winner=winner, preference=_WORTH[winner], weight=a.weight, said=said
    )


def of_same_texts(weight: float) -> ComparedCriterion:
    """One text twice: a tie that nobody has to be asked for."""
    return ComparedCriterion(outcome="compared", winner="tie", preference=0.0, weight=weight, said={})


def without_input(verdict: Unscored) -> ComparedCriterion:
    """A criterion that nobody was asked about, because the case lacks something."""
    return ComparedCriterion(outcome=verdict.outcome, weight=verdict.weight, reason=verdict.reason, said={})


def _preferred(asking: Asking, verdict: Verdict) -> Said:
    meant = _MEANT[asking].get(verdict.level) if isinstance(verdict, Scored) else None
    return _said(verdict).model_copy(update={"prefers": meant})


def _leveled(verdict: Verdict) -> Said:
    return _said(verdict).model_copy(update={"level": verdict.level})


def _said(verdict: Verdict) -> Said:
    return Said(
        outcome=verdict.outcome,
        reason=verdict.reason if isinstance(verdict, Unscored) else None,
        rationale=verdict.rationale,
        evidence=verdict.evidence if isinstance(verdict, Scored) else (),
        flags=verdict.flags,
    )


def _lacking(verdicts: Mapping[Asking, Verdict], said: dict[Asking, Said]) -> ComparedCriterion | None:
    """What is told when an asking has no answer: one answer alone is no comparison."""
    unscored = {asking: v for asking, v in verdicts.items() if isinstance(v, Unscored)}
    if not unscored:
        return None
    asking = min(unscored, key=lambda asking: severity(unscored[asking].outcome))
    first = unscored[asking]
    reason = f"{_HOW[asking]}: {first.reason}"
    return ComparedCriterion(outcome=first.outcome, weight=first.weight, reason=reason, said=said)


def whole(criteria: Mapping[str, ComparedCriterion], *, partial: Partial = "forbid") -> Whole:
    """Σ w·p / Σ w over the criteria, with p in [-1, 1]; the winner is its sign.

    A flip is data and counts as zero with its weight. A preference of zero is a tie only where nothing
    flipped: else nobody knows. One criterion without a comparison makes the whole null, unless `partial`
    renormalises the weights over the others.
    """
    known = {key: each for key, each in criteria.items() if each.preference is not None}
    unknown = {key: each for key, each in criteria.items() if each.preference is None}
    if unknown and (partial == "forbid" or not known):
        key = min(unknown, key=lambda key: severity(unknown[key].outcome))
        return Whole(None, unknown[key].outcome, reason=f"{key}: {unknown[key].reason}")
    flipped = [key for key, each in known.items() if each.flipped]
    flags = (*(("partial",) if unknown else ()), *(("position_flip",) if flipped else ()))
    preference = _mean([(each.weight, each.preference or 0.0) for each in known.values()])
    if preference == 0 and flipped:
        reason = f"the preferences come to nothing, and the order decided {', '.join(flipped)}"
        return Whole(preference, "position_flip", None, reason, tuple(unknown), flags)
    winner: Winner = "a" if preference > 0 else "b" if preference < 0 else "tie"
    return Whole(preference, "compared", winner, None, tuple(unknown), flags)


def _mean(pairs: list[tuple[float, float]]) -> float:
    """An exact sum, so that it mirrors exactly; rounded where rounding leaves something of it."""
    mean = fsum(weight * value for weight, value in pairs) / fsum(weight for weight, _ in pairs)
    return (round(mean, 9) or mean) + 0.0  # adding zero makes a negative zero a plain one


def position(criteria: Mapping[str, ComparedCriterion]) -> Position:
    """What the order did, over the criteria that were answered in both."""
    both = [each for each in criteria.values() if each.preference is not None and "a_first" in each.said]
    flips = [each for each in both if each.flipped]
    to_first = sum(each.said["a_first"].prefers == "a" for each in flips)
    return Position(
        criteria=len(both),
        flips=len(flips),
        to_first=to_first,
        to_second=len(flips) - to_first,
        half=sum(abs(each.preference or 0.0) == 0.5 for each in both),  # noqa: PLR2004  half a preference
    )
