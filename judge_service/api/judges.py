"""POST /v1/judges/{name}/probe: whether a judge looks at the images it is shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from judge_service.api import examples
from judge_service.api.answering import DeadlineHeader, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.presence import CLIENT_CLOSED, ClientGone, while_present
from judge_service.api.problems import documented, no_answer
from judge_service.api.state import TheLooker  # noqa: TC001  FastAPI reads it
from judge_service.domain.looking import ProbeReport, ProbeRequest
from judge_service.domain.score import Score

router = APIRouter(tags=["judges"])


@router.post(
    "/v1/judges/{name}/probe",
    summary="Ask whether a judge looks",
    response_model=ProbeReport,
    responses=documented(404, 413, 415, 422, 502, 503, 504),
    openapi_extra=examples.body("ProbeRequest", examples.PROBE_REQUESTS),
)
async def probe_judge(
    request: Request,
    looker: TheLooker,
    name: Annotated[str, Path(description="Of a configured judge that is shown images.")],
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Score cases with their images, with blank ones, with others', and again as they are; tell what moves.

    Costs four calls a case, and more with `repeats`. Whatever a judge fails at is counted in its arm; where not one
    answer could be had, that is an error as of a score.
    """
    order = await read_body(request, ProbeRequest)
    deadline = deadline_of(order.deadline_ms, x_request_deadline_ms)
    try:
        found = await while_present(request, looker.probe(name, order, deadline=deadline))
    except ClientGone:
        return Response(status_code=CLIENT_CLOSED)
    if isinstance(found, Score):
        return no_answer(found, request.scope.get("request_id"))
    return Response(found.model_dump_json(), media_type="application/json")
