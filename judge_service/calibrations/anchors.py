"""Scores anchor cases with two judges through the one scorer, and compares both with physicians."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from judge_service.domain.case import Case
from judge_service.domain.request import DEADLINE_DEFAULT_MS, ScoreRequest
from judge_service.errors import OptionRejected
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.calibrations.desk import Desk
    from judge_service.domain.rubric import Rubric

MOST_CASES = 256
_AT_ONCE = 16
TOTAL = "score"


class AnchorCase(Case):
    """A case whose id is the item that physicians rated."""

    id: str = Field(min_length=1, max_length=256)


class SwapOrder(BaseModel):
    """The body of a swap on cases."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    judge_a: str = Field(min_length=1, max_length=64)
    judge_b: str = Field(min_length=1, max_length=64)
    rubric: str = Field(min_length=1, max_length=128)
    cases: list[AnchorCase] = Field(min_length=1, max_length=MOST_CASES)
    ratings: list[dict[str, Any]] = Field(default_factory=list)
    threshold: Any = None
    margin: Any = None
    criteria: list[str] | None = None
    options: dict[str, Any] = Field(default_factory=dict)


async def swap_on_cases(desk: Desk, given: Mapping[str, object]) -> dict[str, Any]:
    """Score, compare, tell. A judge's failure on a case is an outcome in the study, never a number."""
    order = validated(given, SwapOrder)
    ids = [case.id for case in order.cases]
    if len(set(ids)) < len(ids):
        raise OptionRejected("option 'cases': ids differ", (("/cases", "every case has an id of its own"),))
    rubric = desk.scorer.rubrics.get(order.rubric).rubric
    slots = asyncio.Semaphore(_AT_ONCE)
    jobs = [
        _scored(desk, order, case, judge, slots)
        for judge in (order.judge_a, order.judge_b)
        for case in order.cases
    ]
    scores = await asyncio.gather(*jobs)
    document = {
        "scales": scales_of(rubric),
        "scores": scores,
        "ratings": order.ratings,
        "composites": composite_of(rubric),
    }
    study = await desk.library.study(document)
    asked = {
        "judge_a": order.judge_a,
        "judge_b": order.judge_b,
        "threshold": order.threshold,
        "margin": order.margin,
        "criteria": order.criteria,
        "options": order.options,
    }
    answer = await desk.library.run("swap", study, asked)
    return {**answer, "scored_cases": len(ids)}


async def _scored(
    desk: Desk, order: SwapOrder, case: AnchorCase, judge: str, slots: asyncio.Semaphore
) -> dict[str, Any]:
    async with slots:
        deadline = asyncio.get_running_loop().time() + DEADLINE_DEFAULT_MS / 1000
        request = ScoreRequest(
            rubric=order.rubric, judge=judge, case=Case(**case.model_dump()), calibration="none"
        )
        score = await desk.scorer.score(request, deadline=deadline)
        return score.model_dump(mode="json")


def scales_of(rubric: Rubric) -> dict[str, Any]:
    """The scales of a study made of a rubric's answers, in the labels that physicians and judges use."""
    scales: dict[str, Any] = {}
    for criterion in rubric.criteria:
        labels = list(criterion.scale.labels)
        if criterion.scale.kind == "nominal" or isinstance(labels[0], str):
            scales[criterion.id] = {"kind": "nominal", "values": [str(label) for label in labels]}
        else:
            scales[criterion.id] = {"kind": "ordinal", "values": labels}
    return scales | ({TOTAL: {"kind": "interval", "low": 0, "high": 100}} if rubric.is_numeric else {})


def composite_of(rubric: Rubric) -> dict[str, Any]:
    """The total of raters, where every criterion has numbers that rise evenly from 0 to the top."""
    if not rubric.is_numeric or any(isinstance(c.scale.labels[0], str) for c in rubric.criteria):
        return {}
    return {TOTAL: {"weights": {criterion.id: criterion.weight for criterion in rubric.criteria}}}
