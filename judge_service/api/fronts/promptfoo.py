"""promptfoo's webhook assertion: an output in, pass and score out, sooner than its 5 s."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from judge_service.api import examples
from judge_service.api.answering import DeadlineHeader, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.fronts.judging import TheBench, soonest
from judge_service.api.fronts.telling import PlainRoute
from judge_service.api.presence import while_present
from judge_service.api.problems import documented
from judge_service.domain.verdict import Scored
from judge_service.errors import OptionRejected

if TYPE_CHECKING:
    from judge_service.domain.score import Score

router = APIRouter(tags=["fronts"], route_class=PlainRoute)
WITHIN_S = 4.5  # promptfoo waits 5 s
_TEXTS = ("reference", "claim", "visual_description")  # of the variables, by these names
_REASON_CAP = 300  # characters of each criterion's reason
EXAMPLES: dict[str, dict[str, object]] = {
    "output": {
        "summary": "One output; call it with ?rubric=medical-qa",
        "value": {
            "output": "Pneumonia in the right lower lobe.",
            "context": {
                "prompt": "What does the radiograph show?",
                "vars": {"reference": "Right lower lobe pneumonia."},
            },
        },
    }
}
_THEIRS = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class AssertionContext(BaseModel):
    """What the output is of. promptfoo sends more, which is not looked at."""

    model_config = _THEIRS

    prompt: str | None = None
    vars: dict[str, Any] = Field(
        default_factory=dict,
        description="`reference`, `claim` and `visual_description` are shown to the judge; others are not.",
    )


class AssertionOrder(BaseModel):
    """An output to judge."""

    model_config = _THEIRS

    output: str | dict[str, Any] | list[Any]
    context: AssertionContext = AssertionContext()

    def case(self) -> dict[str, object]:
        """The case, not yet looked at."""
        output = self.output if isinstance(self.output, str) else json.dumps(self.output, ensure_ascii=False)
        texts = {name: self.context.vars[name] for name in _TEXTS if name in self.context.vars}
        return {"prompt": self.context.prompt, "response": output, **texts}


class AssertionResult(BaseModel):
    """A score from 0 to 1, and whether it reaches the threshold."""

    passed: bool = Field(serialization_alias="pass")
    score: float = Field(ge=0, le=1)
    reason: str


@router.post(
    "/v1/fronts/promptfoo",
    summary="Score for promptfoo",
    response_model=AssertionResult,
    responses=documented(404, 413, 415, 422, 502, 503, 504),
    openapi_extra=examples.body("AssertionOrder", EXAMPLES),
)
async def post_promptfoo(
    request: Request,
    bench: TheBench,
    threshold: Annotated[
        str,
        Query(description="From 0 to 1: the least score that passes.", json_schema_extra={"default": "0.5"}),
    ] = "0.5",
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Where there is no score the answer is a problem, 4.5 seconds after the request at the latest.

    promptfoo itself then fails the assertion, and shows the status as the reason.
    """
    least = _share(threshold)
    deadline = soonest(deadline_of(None, x_request_deadline_ms), WITHIN_S)
    asked = await read_body(request, AssertionOrder)
    order = bench.order(asked.case(), "/context/vars")
    found = await while_present(request, bench.score(order, deadline))
    told = AssertionResult(passed=found.share >= least, score=found.share, reason=_reason(found.score))
    return Response(told.model_dump_json(by_alias=True), media_type="application/json")


def _share(threshold: str) -> float:
    try:
        share = float(threshold)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        rule = "is a number from 0 to 1"
        raise OptionRejected(f"option 'threshold': {rule}", (("/threshold", rule),))
    return share


def _reason(score: Score) -> str:
    """What the judge said of each criterion."""
    said = [
        f"{key} {verdict.value:g}/100: {verdict.rationale[:_REASON_CAP]}"
        for key, verdict in score.criteria.items()
        if isinstance(verdict, Scored)
    ]
    return f"{score.score:g}/100 by {score.provenance.judge} under {score.provenance.rubric}. " + " | ".join(
        said
    )
