"""Scores anchor cases with two judges through the one scorer; physicians' ratings make a study of it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from judge_service.calibrations.rubric_scales import composite_of, scales_of
from judge_service.domain.case import Case
from judge_service.domain.request import DEADLINE_DEFAULT_MS, ScoreRequest
from judge_service.errors import ImageRejected, OptionRejected, StudyRejected, UnfitCase
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from judge_service.calibrations.desk import Desk

MOST_CASES = 256
_AT_ONCE = 16  # a judge's own gate bounds it too
Points = Annotated[float, Strict()]


class AnchorCase(Case):
    """A case whose id is the item that physicians rated."""

    id: str = Field(min_length=1, max_length=256)


class SwapOrder(BaseModel):
    """Two judges and anchor cases, which the service scores with both before it compares them."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    judge_a: str = Field(min_length=1, max_length=64, description="The judge in use.")
    judge_b: str = Field(min_length=1, max_length=64, description="The judge that would take its place.")
    rubric: str = Field(min_length=1, max_length=128, description="`id`, or `id@version`.")
    mode: Literal["auto", "text", "image"] = "auto"
    cases: list[AnchorCase] = Field(min_length=1, max_length=MOST_CASES)
    ratings: list[dict[str, Any]] = Field(
        default_factory=list, description="Physicians' ratings by case id: item, criterion, rater, score."
    )
    threshold: Points | dict[str, Points] | None = Field(
        default=None, description="Decisions turn at this score; one, or by criterion."
    )
    margin: Points | dict[str, Points] | None = Field(
        default=None, description="A shift within ± this many points is none; one, or by criterion."
    )
    criteria: list[str] | None = Field(default=None, min_length=1)
    options: dict[str, Any] = Field(default_factory=dict, description="As of a report.")


async def swap_on_cases(desk: Desk, given: Mapping[str, object]) -> dict[str, Any]:
    """Score, compare, tell. A judge's failure on a case is an outcome in the study, never a number."""
    order = validated(given, SwapOrder)
    ids = [case.id for case in order.cases]
    if len(set(ids)) < len(ids):
        raise OptionRejected("option 'cases': ids differ", (("/cases", "every case has an id of its own"),))
    if order.judge_a == order.judge_b:
        raise OptionRejected("option 'judge_b': is another judge", (("/judge_b", "is another judge"),))
    for name in (order.judge_a, order.judge_b):
        desk.scorer.judge(name)
    rubric = desk.scorer.rubrics.get(order.rubric).rubric
    document = {
        "scales": scales_of(rubric),
        "scores": await _both(desk, order),
        "ratings": order.ratings,
        "composites": composite_of(rubric),
    }
    asked = order.model_dump(include={"judge_a", "judge_b", "threshold", "margin", "criteria", "options"})
    with _told_of_ratings():
        answer = await desk.run("swap", {"study": document, **asked})
    return {**answer, "scored_cases": len(ids)}


async def _both(desk: Desk, order: SwapOrder) -> list[dict[str, Any]]:
    """Every case by both judges; the first fault of a case ends it all."""
    slots = asyncio.Semaphore(_AT_ONCE)
    try:
        async with asyncio.TaskGroup() as group:
            jobs = [
                group.create_task(_scored(desk, order, at, judge, slots))
                for at in range(len(order.cases))
                for judge in (order.judge_a, order.judge_b)
            ]
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from None
    return [job.result() for job in jobs]


async def _scored(
    desk: Desk, order: SwapOrder, at: int, judge: str, slots: asyncio.Semaphore
) -> dict[str, Any]:
    async with slots:
        deadline = asyncio.get_running_loop().time() + DEADLINE_DEFAULT_MS / 1000
        request = ScoreRequest(
            rubric=order.rubric, judge=judge, case=order.cases[at], mode=order.mode, calibration="none"
        )
        try:
            score = await desk.scorer.score(request, deadline=deadline)
        except (ImageRejected, UnfitCase) as exc:
            raise type(exc)(f"cases[{at}]: {exc}") from exc
        return score.model_dump(mode="json")


@contextmanager
def _told_of_ratings() -> Iterator[None]:
    """The study was made here: what is at fault in it is in the ratings, as they came."""
    try:
        yield
    except (StudyRejected, OptionRejected) as exc:
        faults = tuple((pointer.removeprefix("/study"), detail) for pointer, detail in exc.faults)
        raise type(exc)(str(exc), faults) from exc
