"""A cheap judge first, the next one where that is not sure enough; what was asked and why is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rfc8785

from judge_service.backends.base import Usage
from judge_service.domain.price import common_date, total
from judge_service.domain.score import Calibrated, Score, Step, TokenUsage
from judge_service.errors import CacheMiss
from judge_service.scoring.aggregate import Total
from judge_service.scoring.answering import CompositeFacts
from judge_service.scoring.judgement import GUARDED, OTHER_MODEL, Judgement
from judge_service.scoring.panel import OWN_FAMILY, common_cache, strict_usage, summed_usage
from judge_service.scoring.pooling import UNANSWERED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_service.domain.panel import CascadeSpec
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.rubric import Mode
    from judge_service.domain.score import Provenance
    from judge_service.scoring.answering import Answering
    from judge_service.scoring.calibrating import Calibration

_IDENTITY = 16


class Cascade:
    """The steps of a configured cascade, and what is known of them together."""

    def __init__(self, name: str, spec: CascadeSpec, judges: Mapping[str, Answering]) -> None:
        self.name = name
        self.steps = tuple(judges[step] for step in spec.steps)
        self.width = spec.escalate_width
        self.ends_with_a_human = spec.exhausted == "needs_human"
        sampling: dict[str, object] = {
            "steps": [step.identity[:_IDENTITY] for step in self.steps],
            "escalate_width": spec.escalate_width,
            "exhausted": spec.exhausted,
        }
        self.spec = CompositeFacts.of("cascade", self.steps, sampling)
        self.identity = hashlib.sha256(rfc8785.dumps(["cascade", sampling])).hexdigest()
        self.model = self.spec.model

    @property
    def made_of(self) -> tuple[str, ...]:
        """The names of its steps, in their order."""
        return tuple(step.name for step in self.steps)

    async def climb(
        self, request: ScoreRequest, mode: Mode, ask: Callable[[ScoreRequest], Awaitable[Score]]
    ) -> Course:
        """Ask one step after another, all in one mode, until an answer is sure enough or none is left.

        Each is asked with the maps in force, whatever the request wants to be told: the interval decides.
        """
        scores: list[Score] = []
        path: list[Step] = []
        for at, judge in enumerate(self.steps, start=1):
            asked = request.model_copy(update={"judge": judge.name, "mode": mode, "calibration": "auto"})
            try:
                score = await ask(asked)
            except CacheMiss as exc:
                raise CacheMiss(f"step {judge.name!r}: {exc}") from exc
            doubt, is_final = self._doubt(score), _is_final(score)
            scores.append(score)
            path.append(_step(score, _why(self, doubt, is_final=is_final, is_last=at == len(self.steps))))
            if doubt is None or is_final:
                break
        return Course(tuple(scores), tuple(path), doubt=None if is_final else doubt)

    def _doubt(self, score: Score) -> str | None:
        """Why an answer is not sure enough; None: it is."""
        if score.outcome != "scored":
            return f"the outcome is {score.outcome}"
        width = _width(score)
        if width is None:
            return f"there is no interval (calibration: {score.calibrated.status})"
        return f"the interval is wider than {self.width:g} points" if width > self.width else None


@dataclass(frozen=True, slots=True)
class Course:
    """What the steps of a cascade answered, the last of which counts; `doubt`: why it is not sure enough."""

    scores: tuple[Score, ...]
    path: tuple[Step, ...]
    doubt: str | None

    @property
    def last(self) -> Score:
        """The answer of the step that was asked last: an earlier one's is never told in its place."""
        return self.scores[-1]

    def provenance(self, cascade: Cascade) -> Provenance:
        """Where the last answer is from, with what all steps took together."""
        every, last = [score.provenance for score in self.scores], self.last.provenance
        usage = summed_usage(Usage(one.usage.input_tokens, one.usage.output_tokens) for one in every)
        spent = (Usage(one.spent_usage.input_tokens, one.spent_usage.output_tokens) for one in every)
        spent_usage = strict_usage(spent)
        guarded = GUARDED in self.last.flags
        named: dict[str, object] = {
            "judge": cascade.name,
            "judge_kind": cascade.spec.kind,
            "path": self.path,
            "attempts": tuple(attempt for one in every for attempt in one.attempts),
            "usage": TokenUsage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens),
            "cost_microusd": total(one.cost_microusd for one in every),
            "spent_microusd": total(one.spent_microusd for one in every),
            "spent_usage": TokenUsage(
                input_tokens=spent_usage.input_tokens, output_tokens=spent_usage.output_tokens
            ),
            "prices_as_of": common_date(one.prices_as_of for one in every),
            "cache": common_cache(one.cache for one in every),
        }
        if not guarded:
            named |= {"instrument": cascade.spec.instrument, "sampling": cascade.spec.sampling}
            named |= {} if OTHER_MODEL in self.last.flags else {"model": cascade.model}
        return last.model_copy(update=named)

    def judgement(self) -> Judgement:
        """The last answer as a judgement, for maps of the cascade as a whole."""
        return Judgement(verdicts=self.last.criteria, flags=self.last.flags)

    def total(self) -> Total:
        """The last answer's total."""
        last = self.last
        return Total(last.score, last.outcome, last.reason, last.left_out, last.flags)

    def answer(
        self, cascade: Cascade, request: ScoreRequest, provenance: Provenance, own: Calibration
    ) -> Score:
        """The last answer under the cascade's name. A map of the cascade goes before its step's own."""
        last = self.last
        told: dict[str, object] = {"provenance": provenance}
        if any(OWN_FAMILY in score.flags for score in self.scores[:-1]):
            told["flags"] = tuple(dict.fromkeys((*last.flags, OWN_FAMILY)))
        if request.calibration == "none" or own.calibrated.map or own.calibrated.criteria:
            told |= {"calibrated": own.calibrated, "interval": own.interval}
        if cascade.ends_with_a_human and self.doubt and not _may_still_answer(last):
            told |= {
                "outcome": "needs_human",
                "score": None,
                "reason": f"no step is sure enough; of the last, {self.path[-1].judge!r}, {self.doubt}"
                + (f": {last.reason}" if last.reason else ""),
                "interval": None,
                "calibrated": Calibrated(criteria=last.calibrated.criteria),
            }
        return Score.model_validate(dict(last) | told)


def _step(score: Score, why: str) -> Step:
    return Step(
        judge=score.provenance.judge,
        model=score.provenance.model,
        outcome=score.outcome,
        score=score.score,
        width=_width(score),
        why=why,
    )


def _why(cascade: Cascade, doubt: str | None, *, is_final: bool, is_last: bool) -> str:
    if is_final:
        return "ended: no judge would answer otherwise"
    if doubt is None:
        return f"ended: the interval is no wider than {cascade.width:g} points"
    return f"ended, for it is the last step: {doubt}" if is_last else f"went on: {doubt}"


def _width(score: Score) -> float | None:
    return None if score.interval is None else round(score.interval.high - score.interval.low, 9)


def _is_final(score: Score) -> bool:
    """Whether every step would say this: the guard's answer, and of a case that lacks an input."""
    return GUARDED in score.flags or score.outcome == "missing_input"


def _may_still_answer(score: Score) -> bool:
    """Whether asking again may help, so that no person's time is to be taken."""
    retryable = score.failure is not None and score.failure.retryable
    return retryable or score.outcome in UNANSWERED
