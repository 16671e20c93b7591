"""The report: as JSON, as a page, now or in the background."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response

from judge_service.api.bodies import read_json
from judge_service.api.calibration import samples
from judge_service.api.calibration.documents import OF_READING, body, gives
from judge_service.api.calibration.exchange import TheDesk, answered, as_json, parsed, while_wanted
from judge_service.api.calibration.orders import PARTS

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk
    from judge_service.calibrations.reports import State

router = APIRouter(prefix="/v1/calibration", tags=["calibration"])
_ASYNC = "respond-async"
Accept = Annotated[str, Header(description="`text/html` gives the page.")]
ReportId = Annotated[str, Path(description="From the 202 that `POST /v1/calibration/report` gave.")]


@router.post(
    "/report",
    summary="Report on a study",
    responses=gives("Report", page=True) | gives("PendingReport", 202, problems=()),
    openapi_extra=body("ReportOrder", {"a small study": samples.REPORT}),
)
async def post_report(
    request: Request,
    desk: TheDesk,
    accept: Accept = "application/json",
    prefer: Annotated[
        str | None,
        Header(
            description="`respond-async` reads and keeps the study, and answers 202 with the report's place."
        ),
    ] = None,
) -> Response:
    """Physicians among themselves, every judge against them and against the human ceiling, by criterion.

    The body brings the study's rows, or names a kept one by `study`; every one of `options` has a default. An
    undefined figure is null with a reason. The same body gives the same bytes.
    """
    raw = await read_json(request)
    if _ASYNC in _preferences(prefer or ""):
        return await while_wanted(request, _accepted(desk, raw, accept))
    return await while_wanted(request, _reported(desk, raw, accept))


async def _ordered(desk: Desk, raw: bytes, accept: str) -> dict[str, Any]:
    """What is asked for: a page holds every part, unless the body says which."""
    given = await parsed(desk, raw)
    if _wants_page(accept) and given.get("include") is None:
        return {**given, "include": list(PARTS)}
    return given


async def _accepted(desk: Desk, raw: bytes, accept: str) -> Response:
    report_id, state = await desk.submit(await _ordered(desk, raw, accept))
    told = _asked_for(report_id, state)
    return await answered(told, 202, Location=told["location"], Preference_Applied=_ASYNC, Retry_After="2")


def _asked_for(report_id: str, state: State) -> dict[str, str]:
    return {"id": report_id, "state": state, "location": f"/v1/calibration/reports/{report_id}"}


async def _reported(desk: Desk, raw: bytes, accept: str) -> Response:
    report = await desk.run("report", await _ordered(desk, raw, accept))
    return await _page(desk, report) if _wants_page(accept) else await answered(report)


@router.get(
    "/reports/{report_id}",
    summary="Fetch a report that was asked for",
    responses=gives("Report", page=True, problems=(404, 413, 422, 503))
    | gives("PendingReport", 202, problems=()),
)
async def get_report(report_id: ReportId, desk: TheDesk, accept: Accept = "application/json") -> Response:
    """202 while it is computed, by whichever replica; then the report, or as a problem what was at fault."""
    found = await desk.reports.find(report_id)
    if found is None:
        return await answered(_asked_for(report_id, "in_progress"), 202, Retry_After="2")
    if not _wants_page(accept):
        return as_json(found)
    return await _page(desk, await desk.library.do(lambda: json.loads(found)))


@router.delete(
    "/reports/{report_id}",
    status_code=204,
    summary="Forget a report",
    responses=gives(None, problems=OF_READING),
)
async def delete_report(report_id: ReportId, desk: TheDesk) -> Response:
    """Drop it, or stop computing it; its study stays."""
    await desk.reports.drop(report_id)
    return Response(status_code=204)


async def _page(desk: Desk, report: dict[str, Any]) -> Response:
    return Response(await desk.library.page(report), media_type="text/html; charset=utf-8")


def _preferences(prefer: str) -> set[str]:
    """The names in a `Prefer` header (RFC 7240), without their values and parameters."""
    return {re.split("[=;]", part, maxsplit=1)[0].strip().lower() for part in prefer.split(",")}


def _wants_page(accept: str) -> bool:
    """Whether HTML is wanted before JSON: by weight, and of equals the one named first."""
    weights = dict(_weighed(part) for part in reversed(accept.split(",")))
    page = weights.get("text/html", 0.0)
    data = weights.get("application/json", 0.0)
    if page == data:
        return page > 0 and accept.lower().find("text/html") < accept.lower().find("application/json")
    return page > data


def _weighed(part: str) -> tuple[str, float]:
    kind, _, rest = part.strip().lower().partition(";")
    weight = rest.replace(" ", "").partition("q=")[2].partition(";")[0]
    try:
        return kind.strip(), float(weight) if weight else 1.0
    except ValueError:
        return kind.strip(), 1.0
