"""OpenAI's graders: `/v1/fine_tuning/alpha/graders/run` and `/validate`, with our judges as the models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response

from judge_service.api import examples
from judge_service.api.answering import DeadlineHeader, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.fronts.grader_answers import (
    GraderAnswer,
    GraderErrors,
    GraderMetadata,
    GraderSeen,
    spent,
    tokens,
)
from judge_service.api.fronts.grader_orders import GraderRunOrder, GraderValidateOrder
from judge_service.api.fronts.grading import Given, Occasion, planned
from judge_service.api.fronts.places import Known, NotThere
from judge_service.api.fronts.telling import FrontRoute, NoScore, documented
from judge_service.api.presence import while_present
from judge_service.api.state import TheObservation, TheScorer  # noqa: TC001  FastAPI reads them
from judge_service.errors import NotScored

if TYPE_CHECKING:
    from judge_service.domain.score import Score

router = APIRouter(prefix="/v1/fine_tuning/alpha/graders", tags=["openai"], route_class=FrontRoute)
# Which flags say that a judge's answer has no score; any other outcome is `other_error`.
_FLAGS: Final[dict[str, tuple[str, ...]]] = {
    "refused": ("model_grader_refusal_error",),
    "truncated": ("model_grader_parse_error",),
    "unparsable": ("model_grader_parse_error",),
    "off_scale": ("model_grader_parse_error",),
    "provider_error": ("model_grader_server_error",),
    "timeout": ("model_grader_server_error", "unresponsive_reward_error"),
}
_STRING: Final[dict[str, Any]] = {
    "type": "string_check",
    "name": "side",
    "input": "{{sample.output_text}}",
    "reference": "{{item.side}}",
    "operation": "ilike",
}
_SIMILAR: Final[dict[str, Any]] = {
    "type": "text_similarity",
    "name": "wording",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference}}",
    "evaluation_metric": "rouge_l",
}
_MULTI: Final[dict[str, Any]] = {
    "type": "multi",
    "name": "both",
    "graders": {"side": _STRING, "wording": _SIMILAR},
    "calculate_output": "side * (0.5 + 0.5 * wording)",
}
_JUDGED: Final[dict[str, Any]] = {
    "type": "score_model",
    "name": "correctness",
    "model": "default/medical-qa",
    "input": [
        {"role": "user", "content": "{{item.reference}}"},
        {"role": "assistant", "content": "{{sample.output_text}}"},
    ],
}
_GRADED: Final[dict[str, Any]] = {
    "model_sample": "Pneumonia in the right lower lobe.",
    "item": {"side": "right", "reference": "Right lower lobe pneumonia."},
}
RUNS: Final[dict[str, dict[str, Any]]] = {
    "multi": {"summary": "Two graders and a formula", "value": {"grader": _MULTI, **_GRADED}},
    "judged": {"summary": "A judge under a rubric", "value": {"grader": _JUDGED, **_GRADED}},
}
VALIDATIONS: Final[dict[str, dict[str, Any]]] = {
    "multi": {"summary": "Two graders and a formula", "value": {"grader": _MULTI}}
}


@router.post(
    "/run",
    summary="Run a grader",
    response_model=GraderAnswer,
    responses=documented(404, 413, 415, 422, 502, 503, 504),
    openapi_extra=examples.body("GraderRunOrder", RUNS),
)
async def run_grader(
    request: Request,
    scorer: TheScorer,
    observation: TheObservation,
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Give a sample its reward.

    Where there is none (a judge refuses, is cut, or does not answer; the item lacks a value) the answer is a problem;
    only who sends `reward_on_failure` is told that number instead, with the error flags set.
    """
    order = await read_body(request, GraderRunOrder)
    plan, started = planned(order.grader, scorer), time.monotonic()
    occasion = Occasion(
        Known(order.item or {}, order.model_sample),
        deadline_of(None, x_request_deadline_ms),
        observation.score,
    )
    errors = GraderErrors()
    try:
        given = await while_present(request, plan.run(occasion))
    except (NoScore, NotScored) as exc:
        if order.reward_on_failure is None:
            raise
        given, errors = Given(order.reward_on_failure, tuple(occasion.scores)), flagged(exc)
    taken = time.monotonic() - started
    return Response(_told(order, given, errors, taken).model_dump_json(), media_type="application/json")


@router.post(
    "/validate",
    summary="Look at a grader",
    response_model=GraderSeen,
    responses=documented(404, 413, 415, 422, 503),
    openapi_extra=examples.body("GraderValidateOrder", VALIDATIONS),
)
async def validate_grader(request: Request, scorer: TheScorer) -> Response:
    """Say whether a grader can be run here: its shape, judges, rubrics, templates and formula. Nobody is asked."""
    order = await read_body(request, GraderValidateOrder)
    planned(order.grader, scorer)
    seen = GraderSeen(grader=order.grader.model_dump(exclude_unset=True))
    return Response(seen.model_dump_json(), media_type="application/json")


def flagged(exc: NoScore | NotScored) -> GraderErrors:
    """What went wrong, as flags."""
    if isinstance(exc, NotThere):
        return GraderErrors.model_validate({exc.flag: True})
    if isinstance(exc, NotScored):
        return GraderErrors(other_error=True)
    flags: dict[str, Any] = dict.fromkeys(_FLAGS.get(exc.score.outcome, ("other_error",)), True)
    if "model_grader_server_error" in flags:
        flags["model_grader_server_error_details"] = str(exc)
    return GraderErrors.model_validate(flags)


def _told(order: GraderRunOrder, given: Given, errors: GraderErrors, taken_s: float) -> GraderAnswer:
    per_model = spent(given.scores)
    return GraderAnswer(
        reward=given.reward,
        sub_rewards=dict(given.parts),
        metadata=GraderMetadata(
            name=order.grader.name,
            type=order.grader.type,
            errors=errors,
            execution_time=taken_s,
            scores=dict(given.parts),
            sampled_model_name=_model(given.scores),
            token_usage=tokens(per_model),
        ),
        model_grader_token_usage_per_model=dict(per_model),
    )


def _model(scores: tuple[Score, ...]) -> str | None:
    return scores[0].provenance.model if len(scores) == 1 else None
