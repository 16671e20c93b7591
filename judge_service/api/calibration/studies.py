"""Studies: what physicians and judges said, kept under the hash of its content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from judge_service.api.bodies import JSON, media_type, read_raw
from judge_service.api.calibration import samples
from judge_service.api.calibration.documents import OF_READING, body, gives
from judge_service.api.calibration.exchange import (
    TheDesk,
    answered,
    parsed,
    refuse_rows,
    while_wanted,
)
from judge_service.api.paging import After, LimitTo1000, page_limit
from judge_service.calibrations.keeping import MOST_LISTED
from judge_service.errors import BodyRejected, MediaTypeRejected, OptionRejected
from judge_service.strict_json import loads

if TYPE_CHECKING:
    from judge_calibration.study import Study
    from judge_service.calibrations.desk import Desk

router = APIRouter(prefix="/v1/calibration/studies", tags=["calibration"])
_TEXTS: dict[str, Literal["ndjson", "csv"]] = {
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
    responses=gives("KeptStudy", 201),
    openapi_extra=body("StudyDocument", {"a study": samples.STUDY}, texts=samples.TEXTS),
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
    declared = media_type(request)
    if declared != JSON and declared not in _TEXTS:
        raise MediaTypeRejected(f"send the study as {JSON}, application/x-ndjson or text/csv")
    return await while_wanted(request, _kept(desk, declared, await read_raw(request), scales))


async def _kept(desk: Desk, declared: str, raw: bytes, scales: str | None) -> Response:
    study = await _read(desk, declared, raw, scales)
    about = await desk.keep(study)
    return await answered(about, 201, Location=f"/v1/calibration/studies/{study.digest}")


@router.get("", summary="List the studies", responses=gives("StudyList", problems=(422, 503)))
async def list_studies(desk: TheDesk, after: After = "", limit: LimitTo1000 = "1000") -> Response:
    """Ids of studies that are kept, sorted."""
    page = page_limit(limit, MOST_LISTED)
    found = await desk.archive.study_ids(after, page + 1)
    return await answered({"studies": found[:page], "has_more": len(found) > page})


@router.get("/{study_id}", summary="Look at a study", responses=gives("KeptStudy", problems=OF_READING))
async def get_study(study_id: StudyId, desk: TheDesk) -> Response:
    """Counts, gaps, overlap of physicians, use of the scale, outcomes."""
    return await answered(await desk.archive.study_about(study_id))


@router.delete(
    "/{study_id}", status_code=204, summary="Forget a study", responses=gives(None, problems=OF_READING)
)
async def delete_study(study_id: StudyId, desk: TheDesk) -> Response:
    """Drop its rows; maps that were fitted on it stay."""
    await desk.archive.drop_study(study_id)
    return Response(status_code=204)


async def _read(desk: Desk, declared: str, raw: bytes, scales: str | None) -> Study:
    if declared in _TEXTS:
        study = await desk.library.study_of_text(raw, _TEXTS[declared], _scales(scales))
        refuse_rows(study.n_rows)
        return study
    if scales is not None:
        raise OptionRejected("option 'scales': a JSON study holds its own", (("/scales", "are in the body"),))
    return await desk.library.study(await parsed(desk, raw))


def _scales(given: str | None) -> dict[str, object] | None:
    if given is None:
        return None
    try:
        found = loads(given.encode("utf-8", "surrogatepass"))
    except BodyRejected:
        found = None
    if not isinstance(found, dict):
        raise OptionRejected("option 'scales': is a JSON object: criterion → scale")
    return found
