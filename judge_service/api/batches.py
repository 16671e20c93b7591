"""POST /v1/scores:batch: many cases in, each one's score or problem out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from judge_service.api import examples
from judge_service.api.accepting import wanted
from judge_service.api.answering import DeadlineHeader, deadline_of
from judge_service.api.batch_answers import BatchAnswer
from judge_service.api.batch_work import Batch, Circumstances
from judge_service.api.bodies import JSON, read_json
from judge_service.api.presence import CLIENT_CLOSED, ClientGone, while_present
from judge_service.api.problems import documented
from judge_service.api.state import TheObservation, TheScorer  # noqa: TC001  FastAPI reads them
from judge_service.api.streaming import Streamed
from judge_service.api.tenants import TheTenant  # noqa: TC001  FastAPI reads it
from judge_service.domain.batch import ITEMS_CAP, BatchEnvelope
from judge_service.domain.place import Place
from judge_service.strict_json import loads, validated

if TYPE_CHECKING:
    from typing import Any

router = APIRouter(tags=["scores"])

NDJSON: Final = "application/x-ndjson"
_VALUES_CAP: Final = 200 * ITEMS_CAP  # a request has less than two hundred

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Each item's score or problem: in order, or as lines when they are done.",
        "content": {NDJSON: {"schema": {"type": "string"}, "example": examples.BATCH_LINES}},
    }
}


@router.post(
    "/v1/scores:batch",
    summary="Score many cases",
    response_model=BatchAnswer,
    responses=_ANSWERS | documented(413, 415, 422),
    openapi_extra=examples.body("BatchRequest", examples.BATCH_REQUESTS),
)
async def post_batch(
    request: Request,
    scorer: TheScorer,
    observation: TheObservation,
    tenant: TheTenant,
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Score up to 256 cases in one call; each item is answered as `POST /v1/scores` would answer it.

    The status is 200 whatever came of the items: each has its own `status`, and a `score` or a `problem`. One at
    fault harms no other; only a body that is not of this shape is refused whole. With `Accept:
    application/x-ndjson` each item is a line, sent when it is done, and the last line says `"done": true`. When the
    client leaves, no judge is asked any further. Calls wait behind those of single requests, and tenants take turns.
    """
    began = asyncio.get_running_loop().time()
    asked = validated(loads(await read_json(request), values=_VALUES_CAP), BatchEnvelope)
    around = Circumstances(
        scorer=scorer,
        observation=observation,
        place=Place("batch", tenant),
        began=began,
        deadline=deadline_of(asked.deadline_ms, x_request_deadline_ms),
        request_id=request.scope.get("request_id"),
    )
    batch = Batch(asked, around)
    if wanted(request, JSON, NDJSON) == NDJSON:
        return Streamed(batch.lines(), NDJSON)
    try:
        answer = await while_present(request, batch.answer())
    except ClientGone:
        return Response(status_code=CLIENT_CLOSED)
    return Response(answer.model_dump_json(), media_type=JSON)
