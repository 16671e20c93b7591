"""POST /v1/comparisons: two responses to one question in, which one is better out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from judge_service.api import examples
from judge_service.api.answering import DeadlineHeader, answered, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.problems import documented
from judge_service.api.state import TheObservation, TheScorer  # noqa: TC001  FastAPI reads them
from judge_service.domain.comparison import Comparison, ComparisonRequest
from judge_service.scoring.pairwise import compare

router = APIRouter(tags=["comparisons"])


@router.post(
    "/v1/comparisons",
    summary="Compare two responses",
    response_model=Comparison,
    responses=documented(404, 413, 415, 422, 502, 503, 504),
    openapi_extra=examples.body("ComparisonRequest", examples.COMPARISON_REQUESTS),
)
async def post_comparison(
    request: Request,
    scorer: TheScorer,
    observation: TheObservation,
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Ask a judge which of two responses is better, in both orders: a preference, or the reason why there is none.

    Orders that contradict each other are data: outcome `position_flip`, no winner. So is a judge that answers
    badly: status 200, `preference` null, a typed `outcome`. No answer in one of the orders is an error: 502, 503
    or 504 as problem+json. The order that was answered is kept, so asking again costs only the other one.
    """
    order = await read_body(request, ComparisonRequest)
    deadline = deadline_of(order.deadline_ms, x_request_deadline_ms)
    return await answered(request, compare(scorer, order, deadline=deadline), observation.comparison)
