"""A job: many cases handed over at once, worked through in the background, and told line by line."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

JobState = Literal[
    "validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"
]
JobPriority = Literal["high", "normal", "low"]
Ending = Literal["completed", "expired", "cancelled"]

FINAL: frozenset[JobState] = frozenset({"completed", "failed", "expired", "cancelled"})
PRIORITIES: tuple[JobPriority, ...] = ("high", "normal", "low")  # the most urgent first

ITEMS_CAP = 50_000
BYTES_CAP = 200 * 2**20
EXPIRES_DEFAULT_S = 86_400
EXPIRES_CAP_S = 14 * 86_400
KEPT_DEFAULT_S = 30 * 86_400
KEY_CAP_S = EXPIRES_CAP_S + KEPT_DEFAULT_S + 86_400  # no job is kept longer; a day for its ending


class JobOrder(BaseModel):
    """What was ordered; it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str
    tenant: str = "default"
    created_at: float
    expires_at: float
    kept_s: float = Field(
        default=KEPT_DEFAULT_S, description="How long it is kept after its end, in seconds."
    )
    priority: JobPriority = "normal"
    concurrency: int | None = Field(default=None, description="Most items in work at one time, everywhere.")
    per_minute: float | None = Field(default=None, description="Most items begun in a minute, everywhere.")
    max_cost_usd: float | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    input_file_id: str | None = None


class JobCounts(BaseModel):
    """Items by how far they are; `total` is known once all lines have been read."""

    total: int = 0
    completed: int = Field(default=0, description="With a score, or with a typed reason for none.")
    failed: int = Field(default=0, description="Without an answer; each has a line in `errors`.")


class JobUsage(BaseModel):
    """What the judges' calls used; a sum with an unknown part is null, never 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_microusd: int | None = Field(default=None, description="Spent for this job, in micro-dollars.")


class JobFault(BaseModel):
    """Why a job as a whole failed, or where a line was at fault."""

    code: str
    message: str
    line: int | None = None


class Job(BaseModel):
    """A job as its owner sees it."""

    object: Literal["job"] = "job"
    id: str
    state: JobState
    endpoint: Literal["/v1/scores"] = "/v1/scores"
    priority: JobPriority
    concurrency: int | None = None
    per_minute: float | None = None
    max_cost_usd: float | None = None
    counts: JobCounts
    outcomes: dict[str, int] = Field(
        default_factory=dict, description="Finished items by outcome; of those without an answer, by code."
    )
    usage: JobUsage
    workers: int | None = Field(
        default=None, description="Workers that are alive now; with 0, nothing goes on. Null: not known."
    )
    created_at: float = Field(description="Seconds since 1970, as are all times here.")
    in_progress_at: float | None = None
    finalizing_at: float | None = None
    completed_at: float | None = None
    failed_at: float | None = None
    expired_at: float | None = None
    cancelling_at: float | None = None
    cancelled_at: float | None = None
    expires_at: float = Field(description="What is not finished by then ends as `expired` in `errors`.")
    kept_until: float | None = Field(default=None, description="After its end: when it is forgotten.")
    results_bytes: int = Field(default=0, description="Size of `/results` now.")
    errors_bytes: int = Field(default=0, description="Size of `/errors` now.")
    faults: list[JobFault] = Field(default_factory=list)
    metadata: dict[str, str] = Field(default_factory=dict)
    input_file_id: str | None = Field(default=None, description="The uploaded file that it was made of.")
