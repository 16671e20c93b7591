"""What a judge said, as types that cannot be read wrongly: where there is no number, there is no attribute for one.

match client.score(rubric="medical-qa", response=answer, reference=known):
    case ScoredCase(score):
        ...
    case UnscoredCase(outcome, reason):
        ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from judge_client import models
from judge_client.calls import Reply, parsed
from judge_client.errors import Incompatible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.models import Comparison, Interval, Provenance, Score

T = TypeVar("T")
_MOST = 100  # points
NO_NUMERIC_SCALE = "no_numeric_scale"


class Numberless:
    """Has no number. Who asks for one is told so, by the type checker and when it runs."""

    __slots__ = ()
    _absent: ClassVar[frozenset[str]]
    _instead: ClassVar[str]

    if not TYPE_CHECKING:  # a type checker that saw this would allow every name

        def __getattr__(self, name: str) -> object:
            kind = type(self).__name__
            if name in self._absent:
                raise AttributeError(
                    f"{kind} has no {name!r}: there is none, and `outcome` and `reason` say why; "
                    f"ask isinstance(…, {self._instead}) first",
                    name=name,
                )
            raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name)


@dataclass(frozen=True, slots=True)
class Scored:
    """A criterion on which the judge chose a level. `value`: in points, 0 to 100; `None` on a nominal scale."""

    level: int | str
    value: float | None
    rationale: str
    verdict: models.Scored
    """Everything that the service said of it."""
    outcome: Literal["scored"] = "scored"


@dataclass(frozen=True, slots=True)
class Unscored(Numberless):
    """A criterion without a level, and why."""

    _absent = frozenset({"level", "value"})
    _instead = "Scored"

    outcome: str
    reason: str
    verdict: models.Unscored
    """Everything that the service said of it."""


Verdict = Scored | Unscored


@dataclass(frozen=True, slots=True)
class ScoredCase:
    """A case with a score, in points from 0 to 100."""

    score: float
    criteria: Mapping[str, Verdict]
    answer: Score
    """Everything that the service said: members of a panel, calibration, costs, metadata."""
    outcome: Literal["scored"] = "scored"

    @property
    def interval(self) -> Interval | None:
        """Where the score may lie, where that is known."""
        return self.answer.interval

    @property
    def provenance(self) -> Provenance:
        """How the score came about."""
        return self.answer.provenance


@dataclass(frozen=True, slots=True)
class UnscoredCase(Numberless):
    """A case without a score, and why. It never counts as 0.

    `outcome` is the service's: `refused`, `truncated`, `unparsable`, `abstained`, …; or `no_numeric_scale`, where
    every criterion was judged and the rubric's scale has no numbers to make a total of.
    """

    _absent = frozenset({"score", "interval"})
    _instead = "ScoredCase"

    outcome: str
    reason: str
    criteria: Mapping[str, Verdict]
    answer: Score
    """Everything that the service said."""

    @property
    def provenance(self) -> Provenance:
        """Who was asked, and how."""
        return self.answer.provenance


CaseOutcome = ScoredCase | UnscoredCase


@dataclass(frozen=True, slots=True)
class Preferred:
    """One response is better, or neither is: `winner` is `a`, `b` or `tie`; `preference` is from -1 (b) to 1 (a)."""

    winner: str
    preference: float
    answer: Comparison
    """Everything that the service said."""
    outcome: Literal["compared"] = "compared"


@dataclass(frozen=True, slots=True)
class NoPreference(Numberless):
    """There is no winner, and why: the two orders contradict each other (`position_flip`), or an outcome."""

    _absent = frozenset({"winner", "preference"})
    _instead = "Preferred"

    outcome: str
    reason: str
    answer: Comparison
    """Everything that the service said."""


ComparedOutcome = Preferred | NoPreference


def outcome_of(answer: Score) -> CaseOutcome:
    """A score as it may be read. One that contradicts itself is of no API of ours."""
    criteria = {name: _verdict(verdict) for name, verdict in answer.criteria.items()}
    if answer.score is not None:
        if answer.outcome != "scored":
            raise Incompatible("the service's answer has a score although its outcome is none")
        _check_points(answer.score)
        return ScoredCase(answer.score, criteria, answer)
    if answer.outcome != "scored":
        return UnscoredCase(answer.outcome, answer.reason or "no reason was given", criteria, answer)
    if NO_NUMERIC_SCALE not in answer.flags:
        raise Incompatible("the service's answer is scored and has no score")
    return UnscoredCase(NO_NUMERIC_SCALE, "the rubric's scale has no numbers", criteria, answer)


def compared(answer: Comparison) -> ComparedOutcome:
    """A comparison as it may be read."""
    if answer.outcome == "compared" and answer.winner is not None and answer.preference is not None:
        if not -1 <= answer.preference <= 1:
            raise Incompatible("the service's comparison has a preference that is not from -1 to 1")
        return Preferred(answer.winner, answer.preference, answer)
    if answer.outcome == "compared" or answer.winner is not None or answer.preference is not None:
        raise Incompatible("the service's comparison contradicts itself")
    return NoPreference(answer.outcome, answer.reason or "no reason was given", answer)


def read_score(reply: Reply) -> CaseOutcome:
    """Read the answer of `POST /v1/scores`."""
    return outcome_of(parsed(models.Score, reply.body))


def read_comparison(reply: Reply) -> ComparedOutcome:
    """Read the answer of `POST /v1/comparisons`."""
    return compared(parsed(models.Comparison, reply.body))


def _check_points(points: float) -> None:
    if not 0 <= points <= _MOST:  # NaN is neither
        raise Incompatible(f"the service's answer has a score that is not from 0 to {_MOST}")


def _verdict(told: models.Scored | models.Unscored) -> Verdict:
    if isinstance(told, models.Scored):
        if told.value is not None:
            _check_points(told.value)
        return Scored(told.level, told.value, told.rationale, told)
    return Unscored(told.outcome, told.reason, told)
