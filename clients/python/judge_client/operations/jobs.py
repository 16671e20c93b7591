"""Many cases in the background: hand over, look, end, and the lines that tell what came of them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pydantic import ValidationError

from judge_client import models
from judge_client.calls import NDJSON, Call, Operation, delete, get, into, post, unreadable
from judge_client.errors import Incompatible, NoAnswer, Refused
from judge_client.outcomes import CaseOutcome, outcome_of
from judge_client.problems import error_of
from judge_client.uploads import Lines, pieces_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
# 200 MiB over a slow line, and all of its tries.
_UPLOAD_S = 3600.0


@dataclass(frozen=True, slots=True)
class JobResult:
    """An item that was answered. `end`: the byte behind its line, from which a later download goes on."""

    custom_id: str
    result: CaseOutcome
    end: int


@dataclass(frozen=True, slots=True)
class JobError:
    """A line that was none, or an item without an answer; `code` says why, `problem` as an error of ours.

    `custom_id` is `None` where the line had none to read; `line` counts from 1.
    """

    custom_id: str | None
    code: str
    message: str
    line: int | None
    problem: NoAnswer | Refused | None
    end: int


def submit(
    lines: Lines,
    /,
    *,
    priority: Literal["high", "normal", "low"] | None = None,
    concurrency: int | None = None,
    per_minute: float | None = None,
    max_cost_usd: float | None = None,
    expires_in_s: float | None = None,
    kept_s: float | None = None,
    metadata: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> Operation[models.Job]:
    """Hand over a job: a file of lines as the service documents them, or pairs of a `custom_id` and a request.

    They are sent as they are read, at most 50,000 and 200 MiB. A key is made, so that tries make one job; give
    your own to make one job of several runs of a program.

        client.jobs.submit(("case-%d" % i, request) for i, request in enumerate(requests))
    """
    options = {
        "priority": priority,
        "concurrency": concurrency,
        "per_minute": per_minute,
        "max_cost_usd": max_cost_usd,
        "expires_in_s": expires_in_s,
        "kept_s": kept_s,
        "metadata": json.dumps(dict(metadata)) if metadata else None,
    }
    headers = {"content-type": NDJSON, "idempotency-key": idempotency_key or uuid.uuid4().hex}
    query = {name: str(value) for name, value in options.items() if value is not None}
    call = Call("POST", "/v1/jobs", query, headers, pieces_of(lines))
    return Operation(call, into(models.Job), deadline_s=_UPLOAD_S)


def job(job_id: str, /) -> Operation[models.Job]:
    """A job as it is now: state, counts, outcomes, costs."""
    return get(path_of(job_id), into(models.Job))


def page(*, after: str | None = None, limit: int = 20) -> Operation[models.JobList]:
    """Jobs, the newest first; `after` is the last id of the page before."""
    return get("/v1/jobs", into(models.JobList), after=after, limit=str(limit))


def cancel(job_id: str, /) -> Operation[models.Job]:
    """End what is in work. Results that are there stay."""
    return post(f"{path_of(job_id)}/cancel", None, into(models.Job))


def forget(job_id: str, /) -> Operation[None]:
    """End what is in work, and drop the job with its results."""
    return delete(path_of(job_id))


def path_of(job_id: str, part: str = "") -> str:
    """Where a job is, or a part of it."""
    return f"/v1/jobs/{quote(job_id, safe='')}{part}"


def read_result(line: bytes, end: int) -> JobResult:
    """Read a line of `/results`."""
    told = _object(line)
    try:
        body = models.Score.model_validate(told["response"]["body"])
        return JobResult(str(told["custom_id"]), outcome_of(body), end)
    except ValidationError as exc:
        raise unreadable("Score", exc) from None
    except (KeyError, TypeError):
        raise Incompatible("a line of the job's results is none of this API") from None


def read_error(line: bytes, end: int) -> JobError:
    """Read a line of `/errors`."""
    told = _object(line)
    try:
        error, response = told["error"], told["response"]
        problem = None if response is None else error_of(response["body"], response["status_code"])
        return JobError(told["custom_id"], error["code"], error["message"], error.get("line"), problem, end)
    except (KeyError, TypeError, AttributeError):
        raise Incompatible("a line of the job's errors is none of this API") from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Incompatible("a line of a job is no JSON object")
    return told
