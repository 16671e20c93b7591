"""POST /v1/scores: one case in, one score out."""

from __future__ import annotations

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request, Response

from judge_service.api import examples
from judge_service.api.bodies import read_body
from judge_service.api.presence import CLIENT_CLOSED, ClientGone, while_present
from judge_service.api.problems import documented, no_answer
from judge_service.api.state import TheObservation, TheScorer  # noqa: TC001  FastAPI reads them
from judge_service.domain.request import DEADLINE_CAP_MS, DEADLINE_DEFAULT_MS, ScoreRequest
from judge_service.domain.score import Score

router = APIRouter(tags=["scores"])
_log = structlog.get_logger(__name__)
_DIGITS = 15  # more milliseconds than anybody has


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
    x_request_deadline_ms: Annotated[
        str | None, Header(description="Milliseconds left; the smaller of this and `deadline_ms` counts.")
    ] = None,
) -> Response:
    """Put a case before a judge: verdicts per criterion, a total or the reason why there is none.

    A judge that answers badly is data: status 200, `score` null, a typed `outcome`. No answer at all is an
    error: 502, 503 or 504 as problem+json with `outcome`, `retryable` and, where it helps, `Retry-After`.
    """
    order = await read_body(request, ScoreRequest)
    deadline = (
        asyncio.get_running_loop().time() + remaining_ms(order.deadline_ms, x_request_deadline_ms) / 1000
    )
    try:
        score = await while_present(request, scorer.score(order, deadline=deadline))
    except ClientGone:
        return Response(status_code=CLIENT_CLOSED)
    observation.score(score)
    if score.outcome in {"provider_error", "timeout"} and score.failure is not None:
        _log.warning(
            "no answer",
            judge=score.provenance.judge,
            outcome=score.outcome,
            error_code=score.failure.code,
            request_id=request.scope.get("request_id"),
        )
        return no_answer(score, request.scope.get("request_id"))
    return Response(score.model_dump_json(), media_type="application/json")


def remaining_ms(asked: int | None, header: str | None) -> int:
    """Milliseconds in which the answer must be there: what the body asks for, or less by the header."""
    limits = [asked or DEADLINE_DEFAULT_MS, DEADLINE_CAP_MS]
    # A header that is no number says nothing; it is advice from the network, not part of the request.
    if header is not None and header.isascii() and header.isdecimal() and len(header) <= _DIGITS:
        limits.append(int(header))
    return min(limits)
