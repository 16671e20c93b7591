"""What is told where no judge answered: the guard stood before it, or no answer could be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_service.backends.base import Usage
from judge_service.domain.price import total
from judge_service.domain.score import Failure
from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome
from judge_service.scoring.distribution import certain
from judge_service.scoring.judgement import GUARDED, Judgement
from judge_service.scoring.reading import distributed, scored

if TYPE_CHECKING:
    from judge_service.domain.rubric import Criterion
    from judge_service.domain.score import Attempt
    from judge_service.errors import BackendError

# What went wrong with a call, as an outcome of the verdicts; any other code is the provider's fault.
_OUTCOMES: dict[str, UnscoredOutcome] = {
    "timeout": "timeout",
    "context_too_long": "rejected_input",
    "bad_image": "rejected_input",
    "content_filter": "refused",
}


def summed(attempts: tuple[Attempt, ...]) -> Usage:
    """Tokens of all attempts; what nobody counted stays unknown."""

    def sum_of(counts: list[int | None]) -> int | None:
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    return Usage(sum_of([a.input_tokens for a in attempts]), sum_of([a.output_tokens for a in attempts]))


def counted(attempts: tuple[Attempt, ...]) -> Usage:
    """The same, but None as soon as one attempt was not counted."""
    return Usage(total(a.input_tokens for a in attempts), total(a.output_tokens for a in attempts))


def floored(criteria: tuple[Criterion, ...], reason: str) -> Judgement:
    """What a response without content gets: the level each criterion names for it, or none."""
    verdicts: dict[str, Scored | Unscored] = {}
    for criterion in criteria:
        label = criterion.when_degenerate
        verdicts[criterion.id] = (
            Unscored(outcome="degenerate_response", weight=criterion.weight, reason=reason)
            if label is None
            else distributed(
                criterion,
                scored(criterion, label, f"No judge was asked: {reason}."),
                certain(label, criterion.scale.labels),
            )
        )
    return Judgement(verdicts=verdicts, cost_microusd=0, flags=(GUARDED,), keeps=True)


def failed(
    criteria: tuple[Criterion, ...], error: BackendError, attempts: tuple[Attempt, ...] = ()
) -> Judgement:
    """What is known when no answer could be had: why, and whether asking again may help."""
    outcome = _OUTCOMES.get(error.code, "provider_error")
    failure = Failure(
        code=error.code, detail=str(error), retryable=error.retryable, retry_after_s=error.retry_after_s
    )
    return Judgement(
        verdicts={c.id: Unscored(outcome=outcome, weight=c.weight, reason=str(error)) for c in criteria},
        attempts=attempts,
        usage=summed(attempts),
        cost_microusd=total(attempt.cost_microusd for attempt in attempts),
        failure=failure,
    )
