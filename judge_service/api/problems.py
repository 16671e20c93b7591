"""What a raised error, or a judge that gave no answer, is over HTTP: problem+json (RFC 9457), one table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from judge_service import errors
from judge_service.api.presence import CLIENT_CLOSED
from judge_service.domain.score import Step

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

    from judge_service.domain.comparison import Comparison
    from judge_service.domain.score import Score

_log = structlog.get_logger(__name__)

TYPE_ROOT = "urn:judge-service:problem:"
DEFAULT_RETRY_AFTER_S = 5.0
CONTENT_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One field that is at fault."""

    pointer: str = Field(description="JSON pointer into the body.")
    detail: str


def _is_nothing(value: object) -> bool:
    return value is None


class Problem(BaseModel):
    """An error, as RFC 9457 shapes it, with what a client needs to decide whether to ask again."""

    type: str = Field(description="Stable; compare this, not the title.")
    title: str
    status: int
    detail: str
    retryable: bool
    outcome: str | None = Field(
        default=None, exclude_if=_is_nothing, description="The outcome, where a judge gave no answer."
    )
    code: str | None = Field(default=None, exclude_if=_is_nothing)
    errors: list[Fault] = Field(default_factory=list)
    path: list[Step] | None = Field(
        default=None, exclude_if=_is_nothing, description="Of a cascade: the judges that were asked."
    )
    attempts: int | None = Field(
        default=None,
        exclude_if=_is_nothing,
        description="Calls to judges that were made for the request.",
    )
    spent_microusd: int | None = Field(
        default=None,
        exclude_if=_is_nothing,
        description="What these have cost, in millionths of a US dollar. Not told where it is unknown.",
    )
    request_id: str | None = Field(default=None, exclude_if=_is_nothing)


@dataclass(frozen=True, slots=True)
class Row:
    """How one class of error is told."""

    status: int
    name: str
    title: str
    retryable: bool = False


TABLE: dict[type[Exception], Row] = {
    errors.RubricNotFound: Row(404, "rubric-not-found", "No such rubric"),
    errors.JudgeNotFound: Row(404, "judge-not-found", "No such judge"),
    errors.CacheMiss: Row(404, "cache-miss", "Not in the cache"),
    errors.BodyRejected: Row(422, "malformed-body", "The body is not of the documented shape"),
    errors.MediaTypeRejected: Row(415, "media-type-rejected", "The body is of a kind that is not taken here"),
    errors.BodyTooLarge: Row(413, "body-too-large", "The body is too large"),
    errors.ImageRejected: Row(422, "image-rejected", "An image cannot be used"),
    errors.StudyNotFound: Row(404, "study-not-found", "No such study"),
    errors.MapNotFound: Row(404, "map-not-found", "No such calibration map"),
    errors.ReportNotFound: Row(404, "report-not-found", "No such report"),
    errors.JobNotFound: Row(404, "job-not-found", "No such job"),
    # No 409: clients, OpenAI's too, answer that by sending again, and so would undo the deletion.
    errors.JobDeleted: Row(410, "job-deleted", "The job was deleted while it was being received"),
    errors.FileNotKept: Row(404, "file-not-found", "No such file"),
    errors.BeyondTheEnd: Row(416, "beyond-the-end", "The range begins behind the end"),
    errors.KeyInUse: Row(409, "key-in-use", "The first request is still being received", retryable=True),
    errors.KeyOfAnother: Row(422, "key-of-another", "The key was used for something else"),
    errors.TenantRejected: Row(422, "tenant-rejected", "The header X-Tenant names no tenant"),
    errors.StaleMap: Row(409, "stale-map", "The map belongs to another instrument"),
    errors.StudyRejected: Row(422, "study-rejected", "Rows of the study are at fault"),
    errors.OptionRejected: Row(422, "option-rejected", "An option has a value that none takes"),
    errors.GraderRejected: Row(422, "grader-rejected", "The grader cannot be run here"),
    errors.NotScored: Row(422, "not-scored", "There is no score"),
    errors.NotEnough: Row(422, "not-enough", "There is too little data for what was asked"),
    errors.MapRejected: Row(422, "map-rejected", "What was sent as a map is none"),
    errors.UnfitCase: Row(422, "unfit-case", "The request asks for what is not offered"),
    errors.CostCapReached: Row(422, "cost-cap", "The judge may cost more than the cap allows"),
    errors.BackendTimeout: Row(504, "judge-timeout", "The judge did not answer in time", retryable=True),
    errors.BackendRateLimited: Row(503, "judge-busy", "The judge is busy", retryable=True),
    errors.BackendUnavailable: Row(502, "judge-unavailable", "The judge cannot be reached", retryable=True),
    errors.BackendBroken: Row(502, "judge-broken-reply", "The judge's reply was broken", retryable=True),
    errors.BackendRejected: Row(502, "judge-rejected", "The judge refuses our request"),
    errors.StoreError: Row(503, "store-unavailable", "The store cannot be reached", retryable=True),
    errors.ConfigurationError: Row(500, "misconfigured", "The service is misconfigured"),
}
_SURPRISE = Row(500, "internal", "A fault of ours")
# A failed judge call reaches us inside a score, by its code.
_BY_CODE = {
    "timeout": TABLE[errors.BackendTimeout],
    "rate_limited": TABLE[errors.BackendRateLimited],
    "circuit_open": TABLE[errors.BackendRateLimited],
    "broken_reply": TABLE[errors.BackendBroken],
    "unauthorized": TABLE[errors.BackendRejected],
    "unknown_model": TABLE[errors.BackendRejected],
    "rejected": TABLE[errors.BackendRejected],
    "bad_request": TABLE[errors.BackendRejected],
}


def response(problem: Problem, retry_after_s: float | None = None) -> Response:
    """Serialise a problem; a retryable one on 409, 429 and 503 always says when to come back."""
    wait = patience(problem, retry_after_s)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Response(problem.model_dump_json(), problem.status, headers=headers, media_type=CONTENT_TYPE)


def patience(problem: Problem, asked_s: float | None = None) -> int | None:
    """Whole seconds after which to ask again: as many as were asked for, or some where they have to be told."""
    if problem.retryable and (asked_s is not None or problem.status in {409, 429, 503}):
        return max(1, math.ceil(asked_s or DEFAULT_RETRY_AFTER_S))
    return None


def no_answer(score: Score | Comparison, request_id: str | None) -> Response:
    """A single request whose only judge gave no answer is an error, not a score."""
    return response(of_no_answer(score, request_id), score.failure.retry_after_s if score.failure else None)


def of_no_answer(score: Score | Comparison, request_id: str | None) -> Problem:
    """How it is told that a judge gave no answer."""
    failure = score.failure
    if failure is None:
        raise ValueError("a score without failure is an answer")
    row = _BY_CODE.get(failure.code, TABLE[errors.BackendUnavailable])
    return Problem(
        type=TYPE_ROOT + row.name,
        title=row.title,
        status=row.status,
        detail=failure.detail,
        retryable=failure.retryable,
        outcome=score.outcome,
        code=failure.code,
        path=list(score.provenance.path) or None,
        attempts=len(score.provenance.attempts),
        spent_microusd=score.provenance.spent_microusd,
        request_id=request_id,
    )


def end_of_item(what: Exception | Score) -> tuple[str, str, tuple[int, dict[str, Any]]]:
    """The end of one of many items: its code, its words, and the status and body of a request by itself."""
    if isinstance(what, Exception):
        problem = of_error(what, None)
        code = problem.type.removeprefix(TYPE_ROOT)
    else:
        problem = of_no_answer(what, None)
        code = problem.code or what.outcome
    return code, problem.detail, (problem.status, problem.model_dump(mode="json"))


def stopping(request_id: str) -> Response:
    """The answer to a request that is cut because the service stops and its time to drain is over."""
    problem = Problem(
        type=TYPE_ROOT + "stopping",
        title="The service is stopping",
        status=503,
        detail="the service stopped before the answer was there; ask another one",
        retryable=True,
        request_id=request_id,
    )
    return response(problem)


def of_error(exc: Exception, request_id: str | None) -> Problem:
    """What was raised, as it is told; a surprise is logged, and told as a fault of ours."""
    row = next((TABLE[kind] for kind in type(exc).__mro__ if kind in TABLE), None)
    if row is None:
        _log.error("unexpected", exc_info=exc, request_id=request_id)
        return _told(_SURPRISE, "an unexpected fault; it is logged", request_id)
    faults = exc.faults if isinstance(exc, errors.FaultyRequest) else ()
    told = _told(row, str(exc), request_id, faults)
    if isinstance(exc, errors.CostCapReached):
        told.attempts, told.spent_microusd = exc.calls, exc.spent_microusd
    return told


def _told(row: Row, detail: str, request_id: str | None, faults: tuple[tuple[str, str], ...] = ()) -> Problem:
    return Problem(
        type=TYPE_ROOT + row.name,
        title=row.title,
        status=row.status,
        detail=detail,
        retryable=row.retryable,
        errors=[Fault(pointer=pointer, detail=detail) for pointer, detail in faults],
        request_id=request_id,
    )


async def _on_error(request: Request, exc: Exception) -> Response:
    told = response(of_error(exc, request.scope.get("request_id")))
    if isinstance(exc, errors.BeyondTheEnd):
        told.headers["Content-Range"] = f"bytes */{exc.size}"
    return told


async def _on_http(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    names = {404: ("not-found", "No such path"), 405: ("method-not-allowed", "Not allowed here")}
    name, title = names.get(status, ("http", "The request cannot be served"))
    told = response(_told(Row(status, name, title), title, request.scope.get("request_id")))
    for key, value in (getattr(exc, "headers", None) or {}).items():
        told.headers[key] = value
    methods = _methods(request) if status == 405 else ()  # noqa: PLR2004  the status of a method not allowed
    if methods:
        told.headers["Allow"] = ", ".join(methods)
    return told


def _methods(request: Request) -> list[str]:
    """What may be asked of a path: it may have several routes, and the router names the methods of one."""
    route = request.scope.get("route")
    told = request.app.openapi()["paths"].get(getattr(route, "path", None), ())
    return sorted({*map(str.upper, told), *(getattr(route, "methods", None) or ())})


async def _on_departure(_: Request, __: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED)


def install(app: FastAPI) -> None:
    """Register the one set of translations from errors to problems."""
    app.add_exception_handler(errors.JudgeServiceError, _on_error)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_departure)
    app.add_exception_handler(Exception, _on_error)


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The `responses` of a route that may answer with these problems."""
    return {
        status: {
            "description": "; ".join(sorted({r.title for r in TABLE.values() if r.status == status}))
            or "Problem",
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
