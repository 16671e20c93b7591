"""Maps: fit one, look at it, put it in force, apply it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from judge_service.api.calibration import samples
from judge_service.api.calibration.exchange import PROBLEMS, TheDesk, answered, body, read_mapping
from judge_service.errors import OptionRejected

router = APIRouter(prefix="/v1/calibration/maps", tags=["calibration"])
MapId = Annotated[str, Path(description="The map's id: `sha256:…`.")]
_STATUS = {"retire": {"status": "retired"}, "activate": {"status": "active"}}


@router.post(
    "",
    status_code=201,
    summary="Fit a map",
    responses=PROBLEMS,
    openapi_extra=body("Fit", {"fit": samples.FIT}),
)
async def post_map(request: Request, desk: TheDesk) -> Response:
    """Choose and fit a map of one judge on one criterion, with its conformal interval, and keep it.

    `bind` {judge, rubric, mode} binds it to a configured judge under a rubric; a study made of this
    service's own answers is bound by what they carry. With `activate`, scores of that judge are calibrated
    by it from now on.
    """
    artefact, active = await desk.fit(await read_mapping(request))
    answer = {"id": artefact["id"], "status": "active" if active else "kept", "map": artefact}
    return await answered(desk, answer, 201, Location=f"/v1/calibration/maps/{artefact['id']}")


@router.get("", summary="List the maps", responses=PROBLEMS)
async def list_maps(desk: TheDesk) -> Response:
    """Every map that is kept or ships with the service, and whether it is in force."""
    rows = []
    for map_id in await desk.archive.map_ids():
        one = await desk.archive.find(map_id)
        content = one.content
        rows.append(
            {
                "id": map_id,
                "criterion": one.criterion,
                "method": content["method"],
                "judge": content["judge"]["name"],
                "binding": content["judge"]["binding"],
                "n_items": content["fit"].get("n_items"),
                "status": "active" if await desk.archive.is_active(one) else "kept",
            }
        )
    return await answered(desk, {"maps": rows})


@router.get("/{map_id}", summary="Read a map", responses=PROBLEMS)
async def get_map(map_id: MapId, desk: TheDesk) -> Response:
    """The artefact; its id is the hash of its content without the id."""
    one = await desk.archive.find(map_id)
    status = "active" if await desk.archive.is_active(one) else "kept"
    return await answered(desk, {"id": map_id, "status": status, "map": dict(one.content)})


@router.patch(
    "/{map_id}",
    summary="Put a map in or out of force",
    responses=PROBLEMS,
    openapi_extra=body("Status", _STATUS),
)
async def patch_map(map_id: MapId, request: Request, desk: TheDesk) -> Response:
    """`{"status": "active"}` or `{"status": "retired"}`; one map a criterion is in force at a time."""
    given = await read_mapping(request)
    one = await desk.archive.find(map_id)
    if given == {"status": "active"}:
        await desk.activate(one)
    elif given == {"status": "retired"}:
        await desk.archive.retire(one)
    else:
        raise OptionRejected("option 'status': is active or retired", (("/status", "is active or retired"),))
    return await answered(desk, {"id": map_id, "status": given["status"]})


@router.post(
    "/{map_id}/apply",
    summary="Apply a map",
    responses=PROBLEMS,
    openapi_extra=body("Apply", {"scores": samples.APPLY}),
)
async def apply_map(map_id: MapId, request: Request, desk: TheDesk) -> Response:
    """Scores through the map: calibrated, with interval, flags and status. Raw scores come back too."""
    return await answered(desk, await desk.apply(map_id, await read_mapping(request)))
