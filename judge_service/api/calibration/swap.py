"""Swapping a judge: from a study that holds both, or from anchor cases that the service scores with both."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from judge_service.api.calibration import samples
from judge_service.api.calibration.exchange import TheDesk, answered, body, read_mapping
from judge_service.api.presence import ClientGone, while_present
from judge_service.api.problems import documented
from judge_service.calibrations.anchors import swap_on_cases

router = APIRouter(prefix="/v1/calibration", tags=["calibration"])
_CLIENT_CLOSED = 499  # nobody reads it; the count shows it


@router.post(
    "/swap",
    summary="What changes when one judge takes another's place",
    responses=documented(404, 413, 415, 422, 502, 503, 504),
    openapi_extra=body("Swap", {"swap": samples.SWAP}),
)
async def post_swap(request: Request, desk: TheDesk) -> Response:
    """Equivalent, different or inconclusive against `margin` (points); which decisions flip at `threshold`.

    With agreement of each with physicians, paired differences and an equating map. Brings a study with scores
    of `judge_a` and `judge_b`; or `rubric`, `cases` (at most 256, each with an id) and `ratings` by case id,
    and the service scores the cases with both judges first.
    """
    given = await read_mapping(request)
    try:
        if "cases" in given:
            answer = await while_present(request, swap_on_cases(desk, given))
        else:
            answer = await desk.run("swap", given)
    except ClientGone:
        return Response(status_code=_CLIENT_CLOSED)
    return await answered(desk, answer)
