"""OpenAI's `/v1/batches`: a batch is a job, told in other words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from judge_service.api import examples
from judge_service.api.bodies import read_body
from judge_service.api.fronts.answers import Batch, BatchList, batch_of, job_of, page
from judge_service.api.fronts.orders import BatchOrder
from judge_service.api.fronts.telling import FrontRoute, documented
from judge_service.api.idempotency import TheKey  # noqa: TC001  FastAPI reads it
from judge_service.api.paging import page_limit
from judge_service.api.state import TheFiles, TheJobs  # noqa: TC001  FastAPI reads them
from judge_service.api.tenants import TheTenant  # noqa: TC001  FastAPI reads it
from judge_service.errors import FileNotKept
from judge_service.jobs.desk import new_id

if TYPE_CHECKING:
    from judge_service.domain.job import JobOrder
    from judge_service.jobs.desk import HandedOver, JobDesk
    from judge_service.jobs.file_desk import FileDesk

router = APIRouter(prefix="/v1/batches", tags=["openai"], route_class=FrontRoute)
BatchId = Annotated[str, Path(description="The batch's id: `batch_…`.")]
_PAGE_CAP = 100
_EXAMPLES = {
    "batch": {
        "summary": "A file that was uploaded",
        "value": {
            "input_file_id": "file-0123456789abcdef01234567",
            "endpoint": "/v1/scores",
            "completion_window": "24h",
        },
    }
}


@router.post(
    "",
    summary="Make a batch of a file",
    response_model=Batch,
    responses=documented(404, 409, 410, 413, 415, 422, 503),
    openapi_extra=examples.body("BatchOrder", _EXAMPLES),
)
async def post_batch(
    request: Request, files: TheFiles, desk: TheJobs, tenant: TheTenant, key: TheKey
) -> Response:
    """Reads the lines of the file; the answer comes when all are on record as a job, as with `POST /v1/jobs`.

    A line that is none goes to the error file and harms no other.
    """
    asked = await read_body(request, BatchOrder)
    order = asked.order(new_id(), tenant, time.time())
    done = await _handed_over(files, desk, order, key)
    return _json(batch_of(done.job), {"Idempotency-Replayed": "true"} if done.replayed else None)


async def _handed_over(files: FileDesk, desk: JobDesk, order: JobOrder, key: str | None) -> HandedOver:
    try:
        source = await files.get(order.tenant, order.input_file_id or "")
    except FileNotKept:
        # A batch has its own lines: its key stands for it, whatever became of the file since.
        made = None if key is None else await desk.made_before(order, key)
        if made is None:
            raise
        return made
    return await desk.hand_over(order, files.read(source, 0, source.size), key)


@router.get("", summary="List batches", response_model=BatchList, responses=documented(404, 422, 503))
async def list_batches(
    desk: TheJobs,
    tenant: TheTenant,
    after: Annotated[str | None, Query(description="The last id of the page before.")] = None,
    limit: Annotated[str, Query(description="1 to 100.", json_schema_extra={"default": "20"})] = "20",
) -> Response:
    """Jobs of this tenant as batches, the newest first; also those that came over `/v1/jobs`."""
    most = page_limit(limit, _PAGE_CAP)
    found = await desk.of_tenant(tenant, None if after is None else job_of(after), most + 1)
    return _json(BatchList(**page([batch_of(job) for job in found], most)))


@router.get(
    "/{batch_id}", summary="Look at a batch", response_model=Batch, responses=documented(404, 422, 503)
)
async def get_batch(batch_id: BatchId, desk: TheJobs, tenant: TheTenant) -> Response:
    """Status, counts, files."""
    return _json(batch_of(await desk.get(tenant, job_of(batch_id))))


@router.post(
    "/{batch_id}/cancel", summary="Cancel a batch", response_model=Batch, responses=documented(404, 422, 503)
)
async def cancel_batch(batch_id: BatchId, desk: TheJobs, tenant: TheTenant) -> Response:
    """Ends what is in work; lines without an answer get one in the error file. One that has ended stays."""
    return _json(batch_of(await desk.cancel(tenant, job_of(batch_id))))


def _json(told: Batch | BatchList, headers: dict[str, str] | None = None) -> Response:
    return Response(told.model_dump_json(), headers=headers, media_type="application/json")
