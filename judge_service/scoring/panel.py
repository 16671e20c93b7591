"""Several judges asked at once, whose verdicts become one: to the scorer it is a judge like any other."""

from __future__ import annotations

import asyncio
import hashlib
from fractions import Fraction
from typing import TYPE_CHECKING, get_args

import rfc8785

from judge_service.backends.base import Usage
from judge_service.domain.families import families_of
from judge_service.domain.price import common_date, total
from judge_service.domain.score import Member
from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome
from judge_service.errors import CacheMiss
from judge_service.scoring.aggregate import weighted_mean
from judge_service.scoring.answering import CompositeFacts
from judge_service.scoring.judgement import GUARDED, OTHER_MODEL, Judgement
from judge_service.scoring.pooling import INCOMPLETE, Voting, pooled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from judge_service.domain.case import Case
    from judge_service.domain.judge import SchemaMode
    from judge_service.domain.panel import PanelSpec
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.rubric import ScoreFrom
    from judge_service.domain.score import Failure, Provenance
    from judge_service.scoring.answering import Answering, Configured
    from judge_service.scoring.judge import Matter
    from judge_service.scoring.judgement import CacheState

OWN_FAMILY = "own_family"
_PRECEDENCE: tuple[str, ...] = get_args(UnscoredOutcome)
_IDENTITY = 16  # digits of a member's digest, as provenance shows it


class Panel:
    """Asks its members, each through its own line and cache; keeps nothing itself."""

    def __init__(self, name: str, spec: PanelSpec, members: Mapping[str, Answering]) -> None:
        self.name = name
        self.members = {member: members[member] for member in sorted(spec.members)}
        self._voting = Voting(spec.needed, {member: spec.weight(member) for member in spec.members})
        self.spec = CompositeFacts.of("panel", self.members.values(), self._sampling())
        self.identity = hashlib.sha256(rfc8785.dumps(["panel", self.spec.sampling])).hexdigest()
        self.model = self.spec.model

    @property
    def made_of(self) -> tuple[str, ...]:
        """The names of its members."""
        return tuple(self.members)

    def _sampling(self) -> dict[str, object]:
        """What the panel's numbers depend on, by what its members are and not by what they are called."""
        weights = {member: Fraction(repr(weight)) for member, weight in self._voting.weights.items()}
        whole = sum(weights.values())
        members = [
            [judge.identity[:_IDENTITY], round(float(weights[member] / whole), 9)]
            for member, judge in self.members.items()
        ]
        return {"members": sorted(members, key=str), "quorum": self._voting.quorum}

    async def judge(self, matter: Matter, *, cache: str, deadline: float) -> Judgement:
        """Verdicts by the members that have answered by the deadline, if they are enough."""
        asked = (_asked(judge, matter, cache, deadline) for judge in self.members.values())
        said = await all_answered(asked)
        return self._combined(matter, dict(zip(self.members, said, strict=True)))

    def _combined(self, matter: Matter, said: Mapping[str, Judgement]) -> Judgement:
        verdicts = self._verdicts(matter, said)
        flags = dict.fromkeys(flag for each in said.values() for flag in each.flags)
        if any(isinstance(each, Scored) and INCOMPLETE in each.flags for each in verdicts.values()):
            flags[INCOMPLETE] = None
        missing = any(isinstance(each, Unscored) for each in verdicts.values())
        return Judgement(
            verdicts=verdicts,
            model=self._model(said) if OTHER_MODEL in flags else self.model,
            schema_mode=_schema_mode(each.schema_mode for each in said.values() if each.failure is None),
            usage=summed_usage(each.usage for each in said.values()),
            cost_microusd=total(each.cost_microusd for each in said.values()),
            spent_microusd=total(each.spent_microusd for each in said.values()),
            spent_usage=strict_usage(each.spent_usage for each in said.values()),
            prices_as_of=common_date(each.prices_as_of for each in said.values()),
            flags=tuple(flags),
            failure=_failure(said.values()) if missing else None,
            cache=common_cache(each.cache for each in said.values()),
            members=said,
        )

    def _verdicts(self, matter: Matter, said: Mapping[str, Judgement]) -> Mapping[str, Scored | Unscored]:
        # What the guard says of a response it would say to every member, also to one that was too late for it.
        guarded = next((each for each in said.values() if GUARDED in each.flags), None)
        if guarded is not None:
            return guarded.verdicts
        return {
            criterion.id: pooled(
                criterion, {name: each.verdicts[criterion.id] for name, each in said.items()}, self._voting
            )
            for criterion in matter.criteria
        }

    def _model(self, said: Mapping[str, Judgement]) -> str:
        """The models that answered, where one of them is none that the settings let pass."""
        judges = self.members
        answered = (said[name].model or judges[name].model or judges[name].spec.kind for name in judges)
        return " + ".join(sorted(answered))


def members_of(
    judge: Answering,
    judgement: Judgement,
    verdicts: Mapping[str, Scored | Unscored],
    request: ScoreRequest,
    score_from: ScoreFrom,
    provenance_of: Callable[[Configured, Judgement], Provenance],
) -> dict[str, Member]:
    """What each member of a panel said, as it would be told were it the only judge; nothing for other judges.

    `verdicts`: the panel's, in the rubric's order; those on what nobody could be asked are each member's too.
    """
    if not isinstance(judge, Panel):
        return {}
    found = {}
    for name, said in judgement.members.items():
        own = {key: said.verdicts.get(key) or verdict for key, verdict in verdicts.items()}
        whole = weighted_mean(own, partial=request.partial, score_from=score_from)
        found[name] = Member(
            outcome=whole.outcome,
            score=whole.score,
            reason=whole.reason,
            criteria=own,
            flags=(*said.flags, *whole.flags, *own_family(judge.members[name], request.case, said)),
            failure=said.failure,
            provenance=provenance_of(judge.members[name], said),
        )
    return found


def own_family(judge: Configured, case: Case, judgement: Judgement) -> tuple[str, ...]:
    """Warn where a judge that was asked is of the family of the model that gave the response."""
    asked = judgement.verdicts and GUARDED not in judgement.flags
    kin = case.model is not None and judge.spec.families & families_of(case.model)
    return (OWN_FAMILY,) if asked and kin else ()


async def all_answered(asked: Iterable[Awaitable[Judgement]]) -> list[Judgement]:
    """Every answer, or the first refusal once all are there: what another call has cost is in the cache then."""
    found = await asyncio.gather(*asked, return_exceptions=True)
    there = [each for each in found if not isinstance(each, BaseException)]
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return there


async def _asked(judge: Answering, matter: Matter, cache: str, deadline: float) -> Judgement:
    try:
        return await judge.judge(matter, cache=cache, deadline=deadline)
    except CacheMiss as exc:
        raise CacheMiss(f"member {judge.name!r}: {exc}") from exc


def _failure(said: Iterable[Judgement]) -> Failure | None:
    """Why asking again may help: of the members' failures the one whose outcome comes first."""
    failed = [
        (
            _PRECEDENCE.index(next(iter(each.verdicts.values())).outcome),
            not each.failure.retryable,
            at,
            each.failure,
        )
        for at, each in enumerate(said)
        if each.failure is not None
    ]
    return min(failed)[-1] if failed else None


def summed_usage(usages: Iterable[Usage]) -> Usage:
    """Tokens of all; None where nobody counted any."""
    counted = tuple(usages)

    def sum_of(counts: list[int | None]) -> int | None:
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    return Usage(sum_of([u.input_tokens for u in counted]), sum_of([u.output_tokens for u in counted]))


def strict_usage(usages: Iterable[Usage]) -> Usage:
    """Tokens of all; None as soon as one of them was not counted."""
    every = tuple(usages)
    return Usage(total(u.input_tokens for u in every), total(u.output_tokens for u in every))


def common_cache(states: Iterable[CacheState]) -> CacheState:
    """`hit` only when nobody was asked anew."""
    found = set(states)
    if len(found) == 1:
        return found.pop()
    return "joined" if found == {"hit", "joined"} else "miss"


def _schema_mode(modes: Iterable[SchemaMode]) -> SchemaMode:
    found = set(modes)
    return found.pop() if len(found) == 1 else "none"
