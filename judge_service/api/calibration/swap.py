"""Swapping a judge: from a study that holds both, or from anchor cases that the service scores with both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from judge_service.api.bodies import read_json
from judge_service.api.calibration import samples
from judge_service.api.calibration.documents import body, gives
from judge_service.api.calibration.exchange import TheDesk, answered, parsed, while_wanted
from judge_service.calibrations.anchors import swap_on_cases

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk

router = APIRouter(prefix="/v1/calibration", tags=["calibration"])


@router.post(
    "/swap",
    summary="What changes when one judge takes another's place",
    responses=gives("SwapAnswer"),
    openapi_extra=body("SwapEitherOrder", {"a study": samples.SWAP, "cases": samples.SWAP_ON_CASES}),
)
async def post_swap(request: Request, desk: TheDesk) -> Response:
    """What a swap moves: the verdict equivalent, different or inconclusive against `margin` (points).

    Also the agreement of each judge with physicians, paired differences, decisions that flip at `threshold`,
    and an equating map, by which the old thresholds keep their meaning. The body brings a study with scores
    of `judge_a` and `judge_b`; or `rubric`, `cases` (at most 256, each with an id) and `ratings` by case id,
    and the service scores the cases with both judges first. What a judge could not score is counted by its
    outcome.
    """
    return await while_wanted(request, _swapped(desk, await read_json(request)))


async def _swapped(desk: Desk, raw: bytes) -> Response:
    given = await parsed(desk, raw)
    return await answered(await (swap_on_cases(desk, given) if "cases" in given else desk.run("swap", given)))
