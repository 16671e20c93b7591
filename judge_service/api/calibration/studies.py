"""Studies: what physicians and judges said, kept under the hash of its content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from judge_service.api.calibration import samples
from judge_service.api.calibration.exchange import (
    PROBLEMS,
    TheDesk,
    answered,
    body,
    media_type,
    read_mapping,
    refuse_too_many,
)
from judge_service.errors import BodyRejected, MediaTypeRejected, OptionRejected

if TYPE_CHECKING:
    from judge_service.calibrations.desk import Desk

router = APIRouter(prefix="/v1/calibration/studies", tags=["calibration"])
_TEXTS = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
}
StudyId = Annotated[str, Path(description="The digest that the study was kept under: `sha256:…`.")]


@router.post(
    "",
    status_code=201,
    summary="Keep a study",
    responses=PROBLEMS,
    openapi_extra=body("Study", {"a study": samples.STUDY}),
)
async def post_study(
    request: Request,
    desk: TheDesk,
    scales: Annotated[
        str | None, Query(description="For NDJSON and CSV: the declared scales as a JSON object.")
    ] = None,
) -> Response:
    """JSON, NDJSON (`application/x-ndjson`) or CSV (`text/csv`), by content type.

    Rows at fault are listed, each with its number. The same rows in any order are one study with one id.
    """
    study = await _read(request, desk, scales)
    await desk.archive.keep_study(study)
    answer = {"study_id": study.digest, "profile": study.profile(), "warnings": list(study.warnings)}
    return await answered(desk, answer, 201, Location=f"/v1/calibration/studies/{study.digest}")


@router.get("", summary="List the studies", responses=PROBLEMS)
async def list_studies(desk: TheDesk) -> Response:
    """Ids of every study that is kept."""
    return await answered(desk, {"studies": await desk.archive.study_ids()})


@router.get("/{study_id}", summary="Look at a study", responses=PROBLEMS)
async def get_study(study_id: StudyId, desk: TheDesk) -> Response:
    """Counts, gaps, overlap of physicians, use of the scale, outcomes."""
    study = await desk.library.study(await desk.archive.study_document(study_id))
    return await answered(
        desk, {"study_id": study_id, "profile": study.profile(), "warnings": list(study.warnings)}
    )


@router.delete("/{study_id}", status_code=204, summary="Forget a study", responses=PROBLEMS)
async def delete_study(study_id: StudyId, desk: TheDesk) -> Response:
    """Drop its rows; maps that were fitted on it stay."""
    await desk.archive.drop_study(study_id)
    return Response(status_code=204)


async def _read(request: Request, desk: Desk, scales: str | None) -> Any:
    declared = media_type(request)
    if declared in _TEXTS:
        try:
            text = (await request.body()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BodyRejected("the body is not UTF-8") from None
        return await desk.library.study_of_text(
            text, "csv" if declared == "text/csv" else "ndjson", _scales(scales)
        )
    if declared != "application/json":
        raise MediaTypeRejected("send the study as application/json, application/x-ndjson or text/csv")
    document = await read_mapping(request)
    refuse_too_many(document)
    return await desk.library.study(document)


def _scales(given: str | None) -> dict[str, object] | None:
    if given is None:
        return None
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OptionRejected("option 'scales': is a JSON object: criterion → scale")
    return found
