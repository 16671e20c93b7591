"""How a job is to be worked on: the query of `POST /v1/jobs`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from judge_service.domain.job import (
    EXPIRES_CAP_S,
    EXPIRES_DEFAULT_S,
    KEPT_DEFAULT_S,
    JobOrder,
    JobPriority,
)
from judge_service.errors import BodyRejected
from judge_service.strict_json import loads

TAGS_CAP = 16
Tags = dict[str, Annotated[str, Field(max_length=512)]]


def _read(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return loads(value.encode("utf-8", "surrogatepass"))
    except BodyRejected:
        raise ValueError("is a JSON object of texts") from None


class JobPace(BaseModel):
    """How fast, how dear and how urgent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    priority: JobPriority = Field(default="normal", description="Which of the waiting jobs go first.")
    concurrency: int | None = Field(
        default=None, ge=1, le=100_000, description="Most items in work at one time, on all workers together."
    )
    per_minute: float | None = Field(
        default=None, gt=0, le=1e6, description="Most items begun in a minute, on all workers together."
    )
    max_cost_usd: float | None = Field(
        default=None,
        ge=0,
        le=1e6,
        description="Most that the job's calls may cost, in US dollars: a call whose worst case is more than what "
        "is left is not made, and its item ends as `cost-cap` in errors.",
    )


class JobOptions(JobPace):
    """Every one has a default."""

    expires_in_s: float = Field(
        default=EXPIRES_DEFAULT_S,
        ge=1,
        le=EXPIRES_CAP_S,
        description="Seconds until what is unfinished ends as `expired`.",
    )
    kept_s: float = Field(
        default=KEPT_DEFAULT_S, ge=60, le=KEPT_DEFAULT_S, description="Seconds that it is kept after its end."
    )
    metadata: Annotated[Tags, BeforeValidator(_read)] = Field(
        default_factory=dict, max_length=TAGS_CAP, description="Yours, a JSON object of texts; comes back."
    )

    def order(self, job: str, tenant: str, now: float) -> JobOrder:
        """The order of a job with these options."""
        told = self.model_dump(exclude={"expires_in_s"})
        return JobOrder(id=job, tenant=tenant, created_at=now, expires_at=now + self.expires_in_s, **told)


def _parameters() -> list[dict[str, Any]]:
    """The options as parameters of the OpenAPI document."""
    told = []
    for name, schema in JobOptions.model_json_schema()["properties"].items():
        about = schema.pop("description", "")
        told.append({"name": name, "in": "query", "required": False, "description": about, "schema": schema})
    return told


PARAMETERS = _parameters()
