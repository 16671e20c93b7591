"""The report: as JSON, as a page, now or in the background."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response

from judge_service.api.calibration import samples
from judge_service.api.calibration.exchange import PROBLEMS, TheDesk, answered, body, read_mapping

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk

router = APIRouter(prefix="/v1/calibration", tags=["calibration"])
_PAGES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {}, "text/html": {}}}}


@router.post(
    "/report",
    summary="Report on a study",
    responses={**PROBLEMS, **_PAGES, 202: {"description": "Computed in the background; see Location"}},
    openapi_extra=body("Report", {"a small study": samples.REPORT}),
)
async def post_report(
    request: Request,
    desk: TheDesk,
    accept: Annotated[str, Header(description="`text/html` gives the page.")] = "application/json",
    prefer: Annotated[str | None, Header(description="`respond-async` answers 202 at once.")] = None,
) -> Response:
    """Physicians among themselves, every judge against them and against the human ceiling, by criterion.

    The body brings the study's rows, or names a kept one by `study`; every one of `options` has a default. An
    undefined figure is null with a reason. The same body gives the same bytes.
    """
    given = await read_mapping(request)
    if prefer is not None and "respond-async" in prefer.lower():
        report_id = await desk.submit(given)
        place = f"/v1/calibration/reports/{report_id}"
        answer = {"id": report_id, "state": "in_progress", "location": place}
        return await answered(desk, answer, 202, Location=place, Preference_Applied="respond-async")
    return await _told(desk, await desk.run("report", given), accept)


@router.get(
    "/reports/{report_id}",
    summary="Fetch a report that was asked for",
    responses={**PROBLEMS, **_PAGES, 202: {"description": "Not there yet"}},
)
async def get_report(
    report_id: Annotated[str, Path(description="From the 202 that `POST /v1/calibration/report` gave.")],
    desk: TheDesk,
    accept: Annotated[str, Header(description="`text/html` gives the page.")] = "application/json",
) -> Response:
    """202 while it is computed; then the report itself, or what was at fault."""
    found = await desk.archive.report(report_id)
    if found["state"] == "completed":
        return await _told(desk, json.loads(found["report"]), accept)
    if found["state"] == "failed":
        return await answered(desk, {"id": report_id, **found})
    return await answered(desk, {"id": report_id, **found}, 202, Retry_After="2")


async def _told(desk: Desk, report: dict[str, Any], accept: str) -> Response:
    if _wants_page(accept):
        return Response(await desk.library.page(report), media_type="text/html; charset=utf-8")
    return await answered(desk, report)


def _wants_page(accept: str) -> bool:
    """Whether HTML is wanted before JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/html" in kinds and (
        "application/json" not in kinds or kinds.index("text/html") < kinds.index("application/json")
    )
