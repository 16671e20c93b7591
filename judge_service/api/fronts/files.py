"""OpenAI's `/v1/files`: the input of batches comes in here, and what batches write is read here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from judge_service.api.byte_ranges import FILE
from judge_service.api.fronts.answers import (
    BatchFile,
    BatchFileDeleted,
    BatchFileList,
    output,
    output_of,
    page,
    uploaded,
)
from judge_service.api.fronts.forms import Form
from judge_service.api.fronts.orders import described, form_body
from judge_service.api.fronts.telling import FrontRoute, documented
from judge_service.api.jobs import download, ranged
from judge_service.api.paging import page_limit
from judge_service.api.state import TheFiles, TheJobs  # noqa: TC001  FastAPI reads them
from judge_service.api.tenants import TheTenant  # noqa: TC001  FastAPI reads it
from judge_service.errors import FileNotKept, MediaTypeRejected, OptionRejected

if TYPE_CHECKING:
    from judge_service.jobs.base import Kind
    from judge_service.jobs.desk import JobDesk

router = APIRouter(prefix="/v1/files", tags=["openai"], route_class=FrontRoute)
FileId = Annotated[str, Path(description="The file's id: `file-…`.")]
_PAGE_CAP = 10_000
_AT_ONCE = 1_000  # a page may be shorter than what was asked for; `has_more` says so


@router.post(
    "",
    summary="Upload a file",
    response_model=BatchFile,
    responses=documented(413, 415, 422, 503),
    openapi_extra=form_body(),
)
async def post_file(request: Request, files: TheFiles, tenant: TheTenant) -> Response:
    """Send a form with `purpose` "batch" and a `file` of at most 200 MiB: lines as `POST /v1/jobs` takes them.

    The lines are read when a batch is made of the file.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRejected("send the body uncompressed")
    form = Form(request.headers.get("content-type"))
    taken = await files.take(form.parts(request.stream()), lambda: described(form, tenant))
    return _json(uploaded(taken))


@router.get("", summary="List files", response_model=BatchFileList, responses=documented(422, 503))
async def list_files(
    files: TheFiles,
    tenant: TheTenant,
    after: Annotated[str | None, Query(description="The last id of the page before.")] = None,
    limit: Annotated[
        str, Query(description="1 to 10,000.", json_schema_extra={"default": "10000"})
    ] = "10000",
    order: Annotated[str, Query(description="By age: `desc` is the newest first; or `asc`.")] = "desc",
    purpose: Annotated[str, Query(description="`batch`; batches name the files that they write.")] = "batch",
) -> Response:
    """The files that this tenant uploaded."""
    _one_of("order", order, ("asc", "desc"))
    _one_of("purpose", purpose, ("batch",))
    most = min(page_limit(limit, _PAGE_CAP), _AT_ONCE)
    found = await files.of_tenant(tenant, after, most + 1, oldest_first=order == "asc")
    return _json(BatchFileList(**page([uploaded(file) for file in found], most)))


@router.get(
    "/{file_id}", summary="Look at a file", response_model=BatchFile, responses=documented(404, 422, 503)
)
async def get_file(file_id: FileId, files: TheFiles, desk: TheJobs, tenant: TheTenant) -> Response:
    """Name, size, and until when it is kept."""
    if named := output_of(file_id):
        return _json(await _output(desk, tenant, *named))
    return _json(uploaded(await files.get(tenant, file_id)))


# HEAD is not in the OpenAPI document: it is what GET is there.
@router.get(
    "/{file_id}/content",
    summary="Download a file",
    response_class=StreamingResponse,
    responses=FILE | documented(404, 416, 422, 503),
)
@router.head("/{file_id}/content", include_in_schema=False)
async def get_content(
    request: Request, file_id: FileId, files: TheFiles, desk: TheJobs, tenant: TheTenant
) -> Response:
    """The lines; of a batch that is not at its end, those that are there. Goes on with `Range: bytes=N-`."""
    if named := output_of(file_id):
        await _output(desk, tenant, *named)
        return await download(request, desk, tenant, *named)
    file = await files.get(tenant, file_id)
    return ranged(request, file.id, file.size, lambda start, end: files.read(file, start, end))


@router.delete(
    "/{file_id}", summary="Drop a file", response_model=BatchFileDeleted, responses=documented(404, 422, 503)
)
async def delete_file(file_id: FileId, files: TheFiles, desk: TheJobs, tenant: TheTenant) -> Response:
    """Drops a file that was uploaded; a batch that was made of it has its own lines.

    What a batch wrote is dropped with its job: `DELETE /v1/jobs/job_…`.
    """
    if named := output_of(file_id):
        await _output(desk, tenant, *named)
        raise OptionRejected(
            f"what a batch wrote is dropped with its job: DELETE /v1/jobs/{named[0]}",
            (("/file_id", "is that of an output"),),
        )
    await files.delete(tenant, file_id)
    return _json(BatchFileDeleted(id=file_id))


async def _output(desk: JobDesk, tenant: str, job: str, kind: Kind) -> BatchFile:
    """What a job has written; a file that is empty so far is none."""
    told = output(await desk.get(tenant, job), kind)
    if not told.bytes:
        raise FileNotKept("no file is kept under this id")
    return told


def _one_of(name: Literal["order", "purpose"], given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        words = f"is one of: {', '.join(known)}"
        raise OptionRejected(f"option {name!r}: {words}", ((f"/{name}", words),))


def _json(told: BatchFile | BatchFileList | BatchFileDeleted) -> Response:
    return Response(told.model_dump_json(), media_type="application/json")
