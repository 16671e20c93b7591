"""What is asked of the front: a file to keep, a batch to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from judge_service.api.job_options import TAGS_CAP, JobPace, Tags
from judge_service.domain.job import EXPIRES_DEFAULT_S, KEPT_DEFAULT_S, JobOrder
from judge_service.jobs.file_desk import Described
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from judge_service.api.fronts.forms import Form

_ID_CAP = 64
_Seconds = Annotated[int, Field(ge=3600, le=KEPT_DEFAULT_S)]


class Expiry(BaseModel):
    """How long a file is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    anchor: Literal["created_at"]
    seconds: _Seconds


class FileOrder(BaseModel):
    """The fields of the form beside its file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    purpose: Literal["batch"] = Field(description="The only one there is here.")
    anchor: Literal["created_at"] | None = Field(default=None, alias="expires_after[anchor]")
    seconds: _Seconds = Field(
        default=KEPT_DEFAULT_S,
        alias="expires_after[seconds]",
        description="How long the file is kept; 30 days unless said otherwise.",
    )


class BatchOrder(JobPace):
    """A batch, as OpenAI has it; beyond that, what a job may be told."""

    input_file_id: str = Field(max_length=_ID_CAP)
    endpoint: Literal["/v1/scores"]
    completion_window: Literal["24h"] = Field(description="What is unfinished then ends as `expired`.")
    metadata: Tags | None = Field(default=None, max_length=TAGS_CAP, description="Yours; comes back.")
    output_expires_after: Expiry | None = Field(
        default=None,
        description="How long the batch and its files are kept after its end; 30 days unless said otherwise.",
    )

    def order(self, job: str, tenant: str, now: float) -> JobOrder:
        """The order of the job that this batch is."""
        return JobOrder(
            id=job,
            tenant=tenant,
            created_at=now,
            expires_at=now + EXPIRES_DEFAULT_S,
            kept_s=self.output_expires_after.seconds if self.output_expires_after else KEPT_DEFAULT_S,
            metadata=self.metadata or {},
            input_file_id=self.input_file_id,
            priority=self.priority,
            concurrency=self.concurrency,
            per_minute=self.per_minute,
            max_cost_usd=self.max_cost_usd,
        )


def described(form: Form, tenant: str) -> Described:
    """What a form says of its file; raises `BodyRejected`."""
    order = validated(form.fields, FileOrder)
    return Described(tenant, form.name or "", order.seconds)


def form_body() -> dict[str, Any]:
    """The `requestBody` of an upload."""
    schema = FileOrder.model_json_schema()
    schema["properties"] = {"file": {"type": "string", "format": "binary"}} | schema["properties"]
    schema["required"] = ["file", *schema["required"]]
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}
