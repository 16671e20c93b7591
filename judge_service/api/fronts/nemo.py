"""NeMo's RemoteMetric: a case in, numbers under stable keys out, sooner than its 30 s."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from judge_service.api import examples
from judge_service.api.answering import DeadlineHeader, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.fronts.judging import TheBench, soonest
from judge_service.api.fronts.telling import PlainRoute
from judge_service.api.presence import while_present
from judge_service.api.problems import documented
from judge_service.domain.case import Case

router = APIRouter(tags=["fronts"], route_class=PlainRoute)
WITHIN_S = 25.0  # NeMo waits 30 s, and asks again
EXAMPLES: dict[str, dict[str, object]] = {
    "case": {
        "summary": "One answer; call it with ?rubric=medical-qa",
        "value": {
            "prompt": "What does the radiograph show?",
            "response": "Pneumonia in the right lower lobe.",
            "reference": "Right lower lobe pneumonia.",
        },
    }
}


class MetricValue(BaseModel):
    """A number."""

    value: float = Field(ge=0, le=100)


class MetricScore(BaseModel):
    """Numbers and nothing else: `$.score` and `$.criteria.<id>.value`, from 0 to 100."""

    score: float = Field(ge=0, le=100)
    criteria: dict[str, MetricValue]


@router.post(
    "/v1/fronts/nemo",
    summary="Score for NeMo",
    response_model=MetricScore,
    responses=documented(404, 413, 415, 422, 502, 503, 504),
    openapi_extra=examples.body("Case", EXAMPLES),
)
async def post_nemo(
    request: Request, bench: TheBench, x_request_deadline_ms: DeadlineHeader = None
) -> Response:
    """Send the case as the RemoteMetric's body.

    Where there is no number the answer is a problem, 25 seconds after the request at the latest.
    """
    case = await read_body(request, Case)
    deadline = soonest(deadline_of(None, x_request_deadline_ms), WITHIN_S)
    order = bench.order(case.model_dump(exclude_unset=True), "")
    found = await while_present(request, bench.score(order, deadline))
    criteria = {key: MetricValue(value=value) for key, value in found.values.items()}
    told = MetricScore(score=found.number, criteria=criteria)
    return Response(told.model_dump_json(), media_type="application/json")
