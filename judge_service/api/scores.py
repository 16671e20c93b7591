"""POST /v1/scores: one case in, one score out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from judge_service.api import examples
from judge_service.api.answering import DeadlineHeader, answered, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.problems import documented
from judge_service.api.state import TheObservation, TheScorer  # noqa: TC001  FastAPI reads them
from judge_service.domain.request import ScoreRequest
from judge_service.domain.score import Score

router = APIRouter(tags=["scores"])


@router.post(
    "/v1/scores",
    summary="Score one case",
    response_model=Score,
    responses=documented(404, 409, 413, 415, 422, 502, 503, 504),
    openapi_extra=examples.body("ScoreRequest", examples.SCORE_REQUESTS),
)
async def post_score(
    request: Request,
    scorer: TheScorer,
    observation: TheObservation,
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Put a case before a judge: verdicts per criterion, a total or the reason why there is none.

    A judge that answers badly is data: status 200, `score` null, a typed `outcome`. No answer at all is an
    error: 502, 503 or 504 as problem+json with `outcome`, `retryable` and, where it helps, `Retry-After`.
    """
    order = await read_body(request, ScoreRequest)
    deadline = deadline_of(order.deadline_ms, x_request_deadline_ms)
    return await answered(request, scorer.score(order, deadline=deadline), observation.score)
