"""One verdict from several judges': exact arithmetic, in which the order of the judges does not occur."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, get_args

from judge_service.domain.verdict import Disagreement, Scored, Unscored, UnscoredOutcome
from judge_service.scoring.distribution import mixed
from judge_service.scoring.reading import distributed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.rubric import Criterion

Label = int | str

INCOMPLETE = "panel_incomplete"  # a member gave no level, and the others were enough
UNANSWERED = frozenset({"provider_error", "timeout"})
_PRECEDENCE: tuple[str, ...] = get_args(UnscoredOutcome)
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Voting:
    """How many members must score a criterion, and what each one's verdict weighs."""

    quorum: int
    weights: Mapping[str, float]

    def share(self, members: Mapping[str, Scored]) -> dict[str, Fraction]:
        """Each one's weight over the weights of all of these; exact in the decimals as they were written."""
        weights = {name: _exact(self.weights[name]) for name in members}
        whole = sum(weights.values())
        return {name: weight / whole for name, weight in weights.items()}


def pooled(
    criterion: Criterion, verdicts: Mapping[str, Scored | Unscored], voting: Voting
) -> Scored | Unscored:
    """The panel's verdict on one criterion from its members', by name.

    The value is the weighted mean of the members that scored it, the level their weighted median (of two
    middle ones the lower), on a nominal scale the level with most weight. Fewer than the quorum: no level,
    and the outcome is `no_quorum` unless all members gave the same reason, or none could answer at all.
    """
    scored = {name: verdicts[name] for name in sorted(verdicts)}
    levels = {name: verdict for name, verdict in scored.items() if isinstance(verdict, Scored)}
    if len(levels) < voting.quorum:
        return _below_quorum(criterion, scored, voting.quorum)
    shares = voting.share(levels)
    on_level: dict[Label, Fraction] = defaultdict(Fraction)
    for name, verdict in levels.items():
        on_level[verdict.level] += shares[name]
    if criterion.scale.kind == "nominal":
        level = _most(on_level)
        if level is None:
            return _tied(criterion, levels)
    else:
        level = _median(criterion, on_level)
    verdict = _verdict(criterion, level, levels, shares, complete=len(levels) == len(verdicts))
    return _distributed(criterion, verdict, levels, shares)


def _verdict(
    criterion: Criterion,
    level: Label,
    levels: Mapping[str, Scored],
    shares: Mapping[str, Fraction],
    *,
    complete: bool,
) -> Scored:
    values = {name: _exact(verdict.value) for name, verdict in levels.items() if verdict.value is not None}
    mean = sum((shares[name] * value for name, value in values.items()), Fraction()) if values else None
    chosen = {name: verdict for name, verdict in levels.items() if verdict.level == level}
    nearest = min(chosen, key=lambda name: (-shares[name], name))
    return Scored(
        level=level,
        value=None if mean is None else round(float(mean), _DIGITS),
        weight=criterion.weight,
        rationale=levels[nearest].rationale,
        evidence=levels[nearest].evidence,
        flags=(*levels[nearest].flags, *(() if complete else (INCOMPLETE,))),
        by=nearest,
        disagreement=_disagreement(values, shares, mean, len(levels), sum(shares[name] for name in chosen)),
    )


def _distributed(
    criterion: Criterion, verdict: Scored, levels: Mapping[str, Scored], shares: Mapping[str, Fraction]
) -> Scored:
    """Mix the distributions of all who gave a level; where one has none the panel has none, and says why."""
    parts = [
        (float(shares[name]), tuple(one.distribution.values()), one.distribution_mass or 0.0)
        for name, one in levels.items()
        if one.distribution is not None
    ]
    if len(parts) == len(levels):
        return distributed(criterion, verdict, mixed(parts))
    why = next((one.distribution_withheld for one in levels.values() if one.distribution_withheld), None)
    return verdict if why is None else distributed(criterion, verdict, why)


def _disagreement(
    values: Mapping[str, Fraction],
    shares: Mapping[str, Fraction],
    mean: Fraction | None,
    scored: int,
    share: Fraction | int,
) -> Disagreement:
    if mean is None or scored < 2:  # noqa: PLR2004  one alone disagrees with nobody, and agrees with nobody
        return Disagreement(scored=scored, share=_told_share(share))
    variance = sum((shares[name] * (value - mean) ** 2 for name, value in values.items()), Fraction())
    return Disagreement(
        scored=scored,
        range=round(float(max(values.values()) - min(values.values())), _DIGITS),
        sd=round(sqrt(variance), _DIGITS),
        share=_told_share(share),
    )


def _told_share(share: Fraction | int) -> float:
    """In significant digits: a member of little weight may choose the level, and its share is not 0."""
    return float(f"{float(share):.{_DIGITS}g}")


def _median(criterion: Criterion, on_level: Mapping[Label, Fraction]) -> Label:
    """The lowest level at or below which half of the weight lies: of two middle ones the more careful."""
    below = Fraction()
    for label in criterion.scale.labels:
        below += on_level.get(label, Fraction())
        if 2 * below >= 1:
            return label
    raise ValueError("the shares of all levels add up to one")


def _most(on_level: Mapping[Label, Fraction]) -> Label | None:
    most = max(on_level.values())
    first, *others = (label for label, share in on_level.items() if share == most)
    return None if others else first


def _below_quorum(criterion: Criterion, verdicts: Mapping[str, Scored | Unscored], quorum: int) -> Unscored:
    unscored = {name: verdict for name, verdict in verdicts.items() if isinstance(verdict, Unscored)}
    outcomes = {verdict.outcome for verdict in unscored.values()}
    if len(unscored) == len(verdicts) and (outcomes <= UNANSWERED or len(outcomes) == 1):
        outcome = min(outcomes, key=_PRECEDENCE.index)
        reason = "; ".join(f"{name}: {verdict.reason}" for name, verdict in unscored.items())
        return Unscored(outcome=outcome, weight=criterion.weight, reason=reason)
    found = ", ".join(f"{name} {verdict.outcome}" for name, verdict in verdicts.items())
    number = len(verdicts) - len(unscored)
    return Unscored(
        outcome="no_quorum",
        weight=criterion.weight,
        reason=f"{number} of {len(verdicts)} members gave a level and {quorum} are needed: {found}",
    )


def _tied(criterion: Criterion, levels: Mapping[str, Scored]) -> Unscored:
    found = ", ".join(f"{name} {verdict.level}" for name, verdict in levels.items())
    return Unscored(
        outcome="no_quorum",
        weight=criterion.weight,
        reason=f"members disagree, and no level has most of the weight: {found}",
    )


def _exact(number: float) -> Fraction:
    return Fraction(repr(float(number)))
