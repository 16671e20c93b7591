"""Maps: fit one, look at it, put it in force, apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response

from judge_service.api.bodies import read_json
from judge_service.api.calibration import samples
from judge_service.api.calibration.documents import OF_READING, body, gives
from judge_service.api.calibration.exchange import TheDesk, answered, parsed, while_wanted
from judge_service.api.paging import After, LimitTo1000, page_limit
from judge_service.calibrations.keeping import MOST_LISTED
from judge_service.errors import OptionRejected

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk

router = APIRouter(prefix="/v1/calibration/maps", tags=["calibration"])
MapId = Annotated[str, Path(description="The map's id: `sha256:…`.")]


@router.post(
    "",
    status_code=201,
    summary="Fit a map",
    responses=gives("FittedMap", 201),
    openapi_extra=body("FitOrder", {"fit": samples.FIT}),
)
async def post_map(request: Request, desk: TheDesk) -> Response:
    """Choose and fit a map of one judge on one criterion, with its conformal interval, and keep it.

    `bind` {judge, rubric, mode} binds it to a configured judge under a rubric; a study made of this service's
    own answers is bound by what they carry. With `activate`, scores of that judge are calibrated by it from
    now on.
    """
    return await while_wanted(request, _fitted(desk, await read_json(request)))


async def _fitted(desk: Desk, raw: bytes) -> Response:
    artefact, status = await desk.fit(await parsed(desk, raw))
    answer = {"id": artefact["id"], "status": status, "map": artefact}
    return await answered(answer, 201, Location=f"/v1/calibration/maps/{artefact['id']}")


@router.get("", summary="List the maps", responses=gives("MapList", problems=(422, 503)))
async def list_maps(desk: TheDesk, after: After = "", limit: LimitTo1000 = "1000") -> Response:
    """Maps that are kept or ship with the service, by id: whether each is in force, and fits."""
    page = page_limit(limit, MOST_LISTED)
    found = await desk.maps(after, page + 1)
    return await answered({"maps": found[:page], "has_more": len(found) > page})


@router.get("/{map_id}", summary="Read a map", responses=gives("FittedMap", problems=OF_READING))
async def get_map(map_id: MapId, desk: TheDesk) -> Response:
    """The artefact; its id is the hash of its canonical content without the id."""
    return await _told(desk, map_id)


@router.patch(
    "/{map_id}",
    summary="Put a map in or out of force",
    responses=gives("FittedMap"),
    openapi_extra=body("MapStatus", {"retire": {"status": "retired"}, "activate": {"status": "active"}}),
)
async def patch_map(map_id: MapId, request: Request, desk: TheDesk) -> Response:
    """`{"status": "active"}` or `{"status": "retired"}`. The map that was active before is then retired."""
    given = await parsed(desk, await read_json(request))
    one = await desk.archive.find(map_id)
    if given == {"status": "active"}:
        await desk.activate(one)
    elif given == {"status": "retired"}:
        await desk.archive.retire(one)
    else:
        raise OptionRejected("option 'status': is active or retired", (("/status", "is active or retired"),))
    return await _told(desk, map_id)


async def _told(desk: Desk, map_id: str) -> Response:
    one = await desk.archive.find(map_id)
    status = await desk.archive.standing(one)
    return await answered({"id": map_id, "status": status, "map": dict(one.content)})


@router.post(
    "/{map_id}/apply",
    summary="Apply a map",
    responses=gives("AppliedScores"),
    openapi_extra=body("ApplyOrder", {"scores": samples.APPLY}),
)
async def apply_map(map_id: MapId, request: Request, desk: TheDesk) -> Response:
    """Scores through the map: calibrated, with interval, flags and status. Raw scores come back too."""
    return await while_wanted(request, _applied(desk, map_id, await read_json(request)))


async def _applied(desk: Desk, map_id: str, raw: bytes) -> Response:
    return await answered(await desk.apply(map_id, await parsed(desk, raw)))
