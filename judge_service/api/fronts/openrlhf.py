"""OpenRLHF's remote reward model: rewards for all, or 503 so that its own retry runs; never a 0 for a failure."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from judge_service.api import examples, problems
from judge_service.api.answering import DeadlineHeader, deadline_of
from judge_service.api.bodies import read_body
from judge_service.api.fronts.judging import TheBench  # noqa: TC001  FastAPI reads it
from judge_service.api.fronts.telling import NoScore, PlainRoute
from judge_service.api.presence import while_present
from judge_service.domain.case import TEXT_CAP
from judge_service.errors import BodyRejected

router = APIRouter(tags=["fronts"], route_class=PlainRoute)
_MOST = 256  # items of one request
_QUERY_CAP = 2 * TEXT_CAP  # a prompt and a response
# What a tokenizer writes at the end of a text, once or often: the query is decoded with it.
_ENDS = re.compile(
    r"(?:\s*(?:<\|[^|<>\n]{1,40}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|</s>|<(?:eos|pad|end_of_turn)>|\[PAD\]))+\s*\Z"
)
EXAMPLES: dict[str, dict[str, Any]] = {
    "one": {
        "summary": "One answer; call it with ?rubric=medical-qa",
        "value": {
            "query": ["<|user|>What does it show?<|assistant|>Pneumonia in the right lower lobe.<|end|>"],
            "prompts": ["<|user|>What does it show?<|assistant|>"],
            "labels": ["Right lower lobe pneumonia."],
        },
    }
}
_Texts = Annotated[list[Annotated[str, Field(max_length=_QUERY_CAP)]], Field(min_length=1, max_length=_MOST)]


class RewardOrder(BaseModel):
    """What was sampled: lists of one length."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    query: _Texts = Field(description="Prompt and response as one text, special tokens and all.")
    prompts: _Texts = Field(description="The response is what follows this in its query.")
    labels: list[Annotated[str, Field(max_length=TEXT_CAP)] | None] = Field(
        default_factory=list, max_length=_MOST, description="The reference answers."
    )

    def cases(self, after: str) -> list[dict[str, object]]:
        """The cases, not yet looked at; raises `BodyRejected`."""
        labels = self.labels or [None] * len(self.query)
        if not len(self.query) == len(self.prompts) == len(labels):
            raise BodyRejected(
                "query, prompts and labels have different lengths", (("/query", "another length"),)
            )
        return [
            {"prompt": prompt, "response": _response(at, query, prompt, after), "reference": label}
            for at, (query, prompt, label) in enumerate(zip(self.query, self.prompts, labels, strict=True))
        ]


class Rewards(BaseModel):
    """One number for each item, from 0 to 1."""

    rewards: list[float]
    scores: list[float] = Field(description="The same.")
    extra_logs: dict[str, list[float]] = Field(description="Each criterion's value, from 0 to 1.")


@router.post(
    "/v1/fronts/openrlhf",
    summary="Score for OpenRLHF",
    response_model=Rewards,
    responses=problems.documented(404, 413, 415, 422, 503),
    openapi_extra=examples.body("RewardOrder", EXAMPLES),
)
async def post_openrlhf(
    request: Request,
    bench: TheBench,
    after: Annotated[
        str,
        Query(
            description="Where a query does not hold its prompt word for word: the response follows the last of this."
        ),
    ] = "",
    x_request_deadline_ms: DeadlineHeader = None,
) -> Response:
    """Rewards for all items, or none: where one has no score, 503 with `Retry-After`, and why."""
    asked = await read_body(request, RewardOrder)
    orders = [bench.order(case, f"/query/{at}") for at, case in enumerate(asked.cases(after))]
    deadline = deadline_of(None, x_request_deadline_ms)
    try:
        scores = await while_present(request, bench.scores(orders, deadline))
    except NoScore as exc:
        problem = exc.problem(request.scope.get("request_id"))
        again = problem.model_copy(update={"status": 503, "retryable": True})
        return problems.response(again, exc.retry_after_s)
    rewards = [one.share for one in scores]
    extra = {key: [round(one.values[key] / 100, 9) for one in scores] for key in scores[0].values}
    told = Rewards(rewards=rewards, scores=rewards, extra_logs=extra)
    return Response(told.model_dump_json(), media_type="application/json")


def _response(at: int, query: str, prompt: str, after: str) -> str:
    """What of a query the model said; raises `BodyRejected` where that cannot be told."""
    found, end = query.find(prompt), len(prompt)
    if found < 0 and after:
        found, end = query.rfind(after), len(after)
    if found < 0:
        rule = "does not hold its prompt, so the response cannot be told from it; say ?after=…"
        raise BodyRejected(f"/query/{at}: {rule}", ((f"/query/{at}", rule),))
    return _ENDS.sub("", query[found + end :])
