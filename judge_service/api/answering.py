"""What every question to a judge shares over HTTP: until when it is worked on, and how its answer is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import Header, Request, Response

from judge_service.api.presence import CLIENT_CLOSED, ClientGone, while_present
from judge_service.api.problems import no_answer
from judge_service.domain.request import DEADLINE_CAP_MS, DEADLINE_DEFAULT_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import TypeVar

    from judge_service.domain.comparison import Comparison
    from judge_service.domain.score import Score

    T = TypeVar("T", Score, Comparison)

DeadlineHeader = Annotated[
    str | None, Header(description="Milliseconds left; the smaller of this and `deadline_ms` counts.")
]
_log = structlog.get_logger(__name__)
_DIGITS = 15  # more milliseconds than anybody has


def deadline_of(asked_ms: int | None, header: str | None) -> float:
    """Until when the answer must be there, in the event loop's time: what the body asks for, or less."""
    limits = [asked_ms or DEADLINE_DEFAULT_MS, DEADLINE_CAP_MS]
    # A header that is no number says nothing; it is advice from the network, not part of the request.
    if header is not None and header.isascii() and header.isdecimal() and len(header) <= _DIGITS:
        limits.append(int(header))
    return asyncio.get_running_loop().time() + min(limits) / 1000


async def answered(
    request: Request, work: Coroutine[object, object, T], count: Callable[[T], None]
) -> Response:
    """Do the work while its client is there, count what came of it, and tell it; no answer is a problem."""
    try:
        told = await while_present(request, work)
    except ClientGone:
        return Response(status_code=CLIENT_CLOSED)
    count(told)
    request_id = request.scope.get("request_id")
    if is_no_answer(told, request_id):
        return no_answer(told, request_id)
    return Response(told.model_dump_json(), media_type="application/json")


def is_no_answer(told: Score | Comparison, request_id: str | None) -> bool:
    """Whether the judge gave no answer at all, which is logged."""
    if told.outcome not in {"provider_error", "timeout"} or told.failure is None:
        return False
    _log.warning(
        "no answer",
        judge=told.provenance.judge,
        outcome=told.outcome,
        error_code=told.failure.code,
        request_id=request_id,
    )
    return True
