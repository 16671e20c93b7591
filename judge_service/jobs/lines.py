"""Lines of NDJSON as OpenAI's batches have them: an item in, a result or an error out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from judge_service.domain.job import JobFault
from judge_service.errors import BodyRejected
from judge_service.jobs.base import Line, Spent
from judge_service.strict_json import loads, validated

if TYPE_CHECKING:
    from judge_service.domain.score import Score

_ID_CAP = 256
BAD_LINE = "bad_line"


class JobLine(BaseModel):
    """One line that is handed over; `body` is that of `POST /v1/scores`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    custom_id: str = Field(
        min_length=1, max_length=_ID_CAP, description="Yours, once in a job; names the result."
    )
    method: Literal["POST"]
    url: Literal["/v1/scores"]
    body: dict[str, Any]


def read_line(raw: bytes) -> JobLine:
    """Read one line strictly; raises `BodyRejected`, which quotes none of it."""
    try:
        return validated(loads(raw), JobLine)
    except BodyRejected as exc:
        raise BodyRejected(str(exc).replace("the body", "the line"), exc.faults) from None


def bad_line(job: str, number: int, reason: str, custom_id: str | None = None) -> Line:
    """The error of a line that is no item; `number` counts from 1."""
    fault = JobFault(code=BAD_LINE, message=reason, line=number)
    told = {
        "id": f"{job}-line-{number}",
        "custom_id": custom_id,
        "response": None,
        "error": fault.model_dump(mode="json"),
    }
    return Line("errors", _text(told), BAD_LINE)


def result_line(item: str, custom_id: str, score: Score, spent: Spent) -> Line:
    """The line of an item that was answered: with a score, or with a typed reason for none."""
    head = json.dumps({"id": item, "custom_id": custom_id})
    # The score is put in as it is: to read it back only to write it again costs more than all else here.
    response = f'{{"status_code": 200, "request_id": "{score.id}", "body": {score.model_dump_json()}}}'
    text = f'{head[:-1]}, "response": {response}, "error": null}}\n'
    return Line("results", text.encode(), score.outcome, spent)


def error_line(
    item: str, custom_id: str | None, code: str, message: str, *, problem: Problem | None = None, spent: Spent
) -> Line:
    """The line of an item that got no answer, with the problem that `POST /v1/scores` would have told."""
    response = None
    if problem is not None:
        status, body = problem
        response = {"status_code": status, "request_id": item, "body": body}
    told = {
        "id": item,
        "custom_id": custom_id,
        "response": response,
        "error": {"code": code, "message": message, "line": None},
    }
    return Line("errors", _text(told), code, spent)


def custom_id_of(raw: bytes) -> str | None:
    """The custom_id of a line, also of one that is bad for another reason; None where it has none to read."""
    try:
        found = loads(raw)
    except BodyRejected:
        return None
    name = found.get("custom_id") if isinstance(found, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= _ID_CAP else None


def _text(told: dict[str, Any]) -> bytes:
    return f"{json.dumps(told)}\n".encode()


Problem = tuple[int, dict[str, Any]]  # a status and the body of a problem+json
