"""Jobs: many cases in one call, worked through in the background, told line by line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ValidationError

from judge_service.api import examples
from judge_service.api.bodies import media_type
from judge_service.api.byte_ranges import FILE, span_of
from judge_service.api.idempotency import TheKey  # noqa: TC001  FastAPI reads it
from judge_service.api.job_events import events
from judge_service.api.job_options import PARAMETERS, JobOptions
from judge_service.api.paging import page_limit
from judge_service.api.problems import documented
from judge_service.api.state import TheJobs  # noqa: TC001  FastAPI reads it
from judge_service.api.tenants import TheTenant  # noqa: TC001  FastAPI reads it
from judge_service.domain.job import FINAL, Job
from judge_service.errors import MediaTypeRejected, OptionRejected
from judge_service.jobs.desk import new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.domain.job import JobOrder
    from judge_service.jobs.base import Kind
    from judge_service.jobs.desk import JobDesk

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
NDJSON = "application/x-ndjson"
_TAKEN = frozenset({NDJSON, "application/ndjson", "application/jsonl"})
JobId = Annotated[str, Path(description="The job's id: `job_…`.")]
_PAGE_CAP = 100
_Responses = dict[int | str, dict[str, object]]
_REPLAY: _Responses = {200: {"model": Job, "description": "A replay: the job that this key made."}}
_UNCHANGED: _Responses = {304: {"description": "Nothing changed since the ETag."}}
_EVENTS: _Responses = {
    200: {"content": {"text/event-stream": {}}},
    204: {"description": "The job has ended, and `Last-Event-ID` is that of its end."},
}


class JobList(BaseModel):
    """Jobs of one tenant, the newest first."""

    data: list[Job]
    has_more: bool


@router.post(
    "",
    status_code=202,
    summary="Hand over a job",
    response_model=Job,
    responses=_REPLAY | documented(409, 410, 413, 415, 422, 503),
    openapi_extra=examples.lines(examples.JOB_LINES) | {"parameters": PARAMETERS},
)
async def post_job(
    request: Request,
    desk: TheJobs,
    tenant: TheTenant,
    key: TheKey,
) -> Response:
    """Send NDJSON: at most 50,000 lines and 200 MiB, each `{custom_id, method, url: "/v1/scores", body}`.

    A line that is none goes to `/errors` and harms no other. The answer comes when all lines are on record:
    from then on nothing is lost, whatever is stopped or started again.
    """
    if media_type(request) not in _TAKEN:
        raise MediaTypeRejected(f"send the lines as {NDJSON}")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRejected("send the body uncompressed")
    done = await desk.hand_over(_order(request, tenant), request.stream(), key)
    headers = {"Location": f"/v1/jobs/{done.job.id}"}
    if done.replayed:
        headers["Idempotency-Replayed"] = "true"
    return _json(done.job, 200 if done.replayed else 202, headers)


@router.get("", summary="List jobs", response_model=JobList, responses=documented(422, 503))
async def list_jobs(
    desk: TheJobs,
    tenant: TheTenant,
    after: Annotated[str | None, Query(description="The last id of the page before.")] = None,
    limit: Annotated[str, Query(description="1 to 100.", json_schema_extra={"default": "20"})] = "20",
) -> Response:
    """Jobs of this tenant, the newest first."""
    page = page_limit(limit, _PAGE_CAP)
    found = await desk.of_tenant(tenant, after, page + 1)
    return _json(JobList(data=found[:page], has_more=len(found) > page))


@router.get(
    "/{job_id}",
    summary="Look at a job",
    response_model=Job,
    responses=_UNCHANGED | documented(404, 422, 503),
)
async def get_job(request: Request, job_id: JobId, desk: TheJobs, tenant: TheTenant) -> Response:
    """State, counts, outcomes, costs; with an ETag, so that asking often costs little."""
    job, state = await desk.seen(tenant, job_id)
    etag = f'"{job_id}-{state}"'
    if _has(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    return _json(job, headers={"ETag": etag})


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses=_EVENTS | documented(404, 422, 503),
)
async def get_events(request: Request, job_id: JobId, desk: TheJobs, tenant: TheTenant) -> Response:
    """Server-sent events: `progress` with the job whenever it changed, `end` with the job when it has ended.

    Ids grow; with `Last-Event-ID` the stream goes on behind that one. Behind the end there is nothing: 204.
    """
    state, version = await desk.version(tenant, job_id)
    told = request.headers.get("last-event-id", "")
    seen = int(told) if told.isascii() and told.isdigit() and len(told) < 16 else 0  # noqa: PLR2004  digits
    if (
        state in FINAL and seen == version
    ):  # a browser's EventSource comes again for ever, unless it hears this
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    stream = events(desk, tenant, job_id, seen, request.state.draining)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


# HEAD is not in the OpenAPI document: it is what GET is there. It stands first for the sake of a 405's `Allow`.
@router.get(
    "/{job_id}/results",
    summary="Download results",
    response_class=StreamingResponse,
    responses=FILE | documented(404, 416, 422, 503),
)
@router.head("/{job_id}/results", include_in_schema=False)
async def get_results(request: Request, job_id: JobId, desk: TheJobs, tenant: TheTenant) -> Response:
    """NDJSON, a line for each item that has been answered so far, in the order of their ends.

    Lines are only ever added, so a download goes on with `Range: bytes=N-`.
    """
    return await download(request, desk, tenant, job_id, "results")


@router.get(
    "/{job_id}/errors",
    summary="Download errors",
    response_class=StreamingResponse,
    responses=FILE | documented(404, 416, 422, 503),
)
@router.head("/{job_id}/errors", include_in_schema=False)
async def get_errors(request: Request, job_id: JobId, desk: TheJobs, tenant: TheTenant) -> Response:
    """NDJSON likewise, a line for each line that was none and each item without an answer."""
    return await download(request, desk, tenant, job_id, "errors")


@router.post(
    "/{job_id}/cancel", summary="Cancel a job", response_model=Job, responses=documented(404, 422, 503)
)
async def cancel_job(job_id: JobId, desk: TheJobs, tenant: TheTenant) -> Response:
    """Ends what is in work, the judges' calls too, within a second or so; results that are there stay.

    Items without one get a line in `/errors`. A job that has ended stays what it is.
    """
    return _json(await desk.cancel(tenant, job_id))


@router.delete("/{job_id}", status_code=204, summary="Forget a job", responses=documented(404, 422, 503))
async def delete_job(job_id: JobId, desk: TheJobs, tenant: TheTenant) -> Response:
    """Ends what is in work and drops the job, its results and its key."""
    await desk.delete(tenant, job_id)
    return Response(status_code=204)


async def download(request: Request, desk: JobDesk, tenant: str, job_id: str, kind: Kind) -> Response:
    """Answer with a file of a job, or with the range of it that was asked for."""
    size = await desk.size(tenant, job_id, kind)
    return ranged(request, f"{job_id}-{kind}", size, lambda start, end: desk.read(job_id, kind, start, end))


def ranged(
    request: Request, name: str, size: int, read: Callable[[int, int], AsyncIterator[bytes]]
) -> Response:
    """Answer with a file of this size, or with the range of it that was asked for; HEAD with what GET tells of it.

    `name` and size tell what is in it, for nothing is ever taken out or changed.
    """
    etag = f'"{name}-{size}"'
    if _has(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    span = span_of(_range(request, etag), size)
    headers = span.headers(size) | {"ETag": etag}
    if request.method == "HEAD":
        return Response(status_code=span.status, media_type=NDJSON, headers=headers)
    return StreamingResponse(read(span.start, span.end), span.status, media_type=NDJSON, headers=headers)


def _has(request: Request, etag: str) -> bool:
    """Whether the client has this state already; `*` is any (RFC 9110, 13.1.2)."""
    told = ",".join(request.headers.getlist("if-none-match"))
    return told.strip() == "*" or etag in told


def _range(request: Request, etag: str) -> str | None:
    """The range that counts: none of another state of the file (`If-Range`), and of GET only (RFC 9110, 14.2)."""
    if request.method == "HEAD" or request.headers.get("if-range", etag) != etag:
        return None
    return request.headers.get("range")


def _order(request: Request, tenant: str) -> JobOrder:
    try:
        options = JobOptions.model_validate(dict(request.query_params))
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_input=False)
        named = tuple((f"/{'/'.join(map(str, fault['loc']))}", fault["msg"]) for fault in faults[:20])
        raise OptionRejected(f"option {named[0][0][1:]!r}: {named[0][1]}", named) from None
    return options.order(new_id(), tenant, time.time())


def _json(told: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(told.model_dump_json(), status, headers=headers, media_type="application/json")
