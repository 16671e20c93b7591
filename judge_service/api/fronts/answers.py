"""Files and batches as OpenAI shapes them, made of what is kept here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from judge_service.domain.job import JobState
from judge_service.errors import JobNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_service.domain.job import Job
    from judge_service.jobs.base import Kind
    from judge_service.jobs.shelf import ShelvedFile

_OUTPUT = re.compile(r"file-([0-9a-f]{24})-(results|errors)")
_BATCH = re.compile(r"batch_([0-9a-f]{24})")
_HOUR_S = 3600


class BatchFile(BaseModel):
    """A file: one that was uploaded, or what a batch has written so far."""

    object: Literal["file"] = "file"
    id: str
    bytes: int
    created_at: int
    expires_at: int | None
    filename: str
    purpose: Literal["batch", "batch_output"]
    status: Literal["processed"] = "processed"


class BatchFileList(BaseModel):
    """A page of the files that were uploaded."""

    object: Literal["list"] = "list"
    data: list[BatchFile]
    first_id: str | None
    last_id: str | None
    has_more: bool


class BatchFileDeleted(BaseModel):
    """A file is no more."""

    object: Literal["file"] = "file"
    id: str
    deleted: Literal[True] = True


class BatchFault(BaseModel):
    """Why a batch as a whole failed."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


class BatchFaults(BaseModel):
    """A list in OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[BatchFault]


class BatchCounts(BaseModel):
    """Lines by how far they are."""

    total: int
    completed: int = Field(description="With a score, or with a typed reason for none.")
    failed: int = Field(description="Without an answer; each has a line in the error file.")


class BatchUsage(BaseModel):
    """Tokens of the judges' calls; how many were cached or thought is not known, and null."""

    input_tokens: int
    input_tokens_details: None = None
    output_tokens: int
    output_tokens_details: None = None
    total_tokens: int


class Batch(BaseModel):
    """A job as a batch: `batch_…` and `job_…` with the same ending are the same."""

    object: Literal["batch"] = "batch"
    id: str
    endpoint: Literal["/v1/scores"] = "/v1/scores"
    model: None = None
    errors: BatchFaults | None
    input_file_id: str | None = Field(description="Null where the job came over `/v1/jobs`.")
    completion_window: str
    status: JobState
    output_file_id: str | None = Field(description="Null while it is empty; it grows until the batch ends.")
    error_file_id: str | None = Field(description="The same.")
    created_at: int
    in_progress_at: int | None = None
    expires_at: int
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: BatchCounts
    usage: BatchUsage | None = Field(description="Null where a part of it is not known.")
    metadata: dict[str, str]


class BatchList(BaseModel):
    """A page of batches, the newest first."""

    object: Literal["list"] = "list"
    data: list[Batch]
    first_id: str | None
    last_id: str | None
    has_more: bool


def job_of(batch: str) -> str:
    """The job behind a batch's id; raises `JobNotFound`."""
    found = _BATCH.fullmatch(batch)
    if found is None:
        raise JobNotFound("no batch is kept under this id")
    return f"job_{found[1]}"


def output_of(file: str) -> tuple[str, Kind] | None:
    """The job, and which of its two files, behind an id; None for a file that was uploaded."""
    found = _OUTPUT.fullmatch(file)
    return (f"job_{found[1]}", "results" if found[2] == "results" else "errors") if found else None


def uploaded(file: ShelvedFile) -> BatchFile:
    """A file that was uploaded."""
    return BatchFile(
        id=file.id,
        bytes=file.size,
        created_at=int(file.created_at),
        expires_at=int(file.expires_at),
        filename=file.name,
        purpose="batch",
    )


def output(job: Job, kind: Kind) -> BatchFile:
    """One of the two files of a job, as it is now."""
    return BatchFile(
        id=_output_id(job.id, kind),
        bytes=_size(job, kind),
        created_at=int(job.in_progress_at or job.created_at),
        expires_at=None if job.kept_until is None else int(job.kept_until),
        filename=f"{_batch_id(job.id)}_{'output' if kind == 'results' else 'error'}.jsonl",
        purpose="batch_output",
    )


def batch_of(job: Job) -> Batch:
    """A job as a batch."""
    read, written = job.usage.input_tokens, job.usage.output_tokens
    usage = None
    if read is not None and written is not None:
        usage = BatchUsage(input_tokens=read, output_tokens=written, total_tokens=read + written)
    faults = [BatchFault(code=one.code, message=one.message, line=one.line) for one in job.faults]
    return Batch(
        id=_batch_id(job.id),
        errors=BatchFaults(data=faults) if faults else None,
        input_file_id=job.input_file_id,
        completion_window=f"{(job.expires_at - job.created_at) / _HOUR_S:.4g}h",
        status=job.state,
        output_file_id=_output_id(job.id, "results") if job.results_bytes else None,
        error_file_id=_output_id(job.id, "errors") if job.errors_bytes else None,
        created_at=int(job.created_at),
        expires_at=int(job.expires_at),
        request_counts=BatchCounts(**job.counts.model_dump()),
        usage=usage,
        metadata=job.metadata,
        **{name: _whole(getattr(job, name)) for name in _TIMES},
    )


def page(told: Sequence[BatchFile | Batch], limit: int) -> dict[str, Any]:
    """The fields of a list of which one more was asked for than it may tell."""
    data = list(told[:limit])
    ends = (data[0].id, data[-1].id) if data else (None, None)
    return {"data": data, "first_id": ends[0], "last_id": ends[1], "has_more": len(told) > limit}


_TIMES = (
    *("in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at"),
    *("cancelling_at", "cancelled_at"),
)


def _size(job: Job, kind: Kind) -> int:
    return job.results_bytes if kind == "results" else job.errors_bytes


def _whole(at: float | None) -> int | None:
    return None if at is None else int(at)


def _batch_id(job: str) -> str:
    return f"batch_{job.removeprefix('job_')}"


def _output_id(job: str, kind: Kind) -> str:
    return f"file-{job.removeprefix('job_')}-{kind}"
