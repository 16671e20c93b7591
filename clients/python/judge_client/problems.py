"""An HTTP answer that is an error, as one of ours: problem+json (RFC 9457), or whatever a proxy said."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from judge_client.errors import Fault, Incompatible, NoAnswer, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_client.calls import Reply

_REDIRECT, _REFUSED, _BROKEN = 300, 400, 500
_BUSY = 429
# What a proxy answers when the service is away for a moment.
_PASSING = frozenset({502, 503, 504})
_DETAIL_CAP = 500


def now() -> datetime:
    """The time of day, to which an HTTP date is compared."""
    return datetime.now(UTC)


def fault_of(reply: Reply, clock: Callable[[], datetime] = now) -> Refused | NoAnswer | Incompatible | None:
    """The error that an answer is, or `None`."""
    if reply.status < _REDIRECT:
        return None
    if reply.status < _REFUSED:
        return Incompatible(f"the address answers with status {reply.status}, which no Judge Service does")
    problem = _problem(reply)
    return error_of(problem, reply.status, wait_of(reply.headers.get("retry-after"), clock))


def error_of(
    problem: Mapping[str, Any] | None, status: int, retry_after_s: float | None = None
) -> Refused | NoAnswer:
    """The error that a problem is; without one, what can be said of the status alone."""
    if problem is None:
        problem = {"retryable": status == _BUSY or status in _PASSING}
    detail = str(problem.get("detail") or f"answered with status {status} and no reason")[:_DETAIL_CAP]
    retryable = problem.get("retryable") is True
    request_id = _text(problem, "request_id")
    if status < _BROKEN and status != _BUSY:
        return Refused(
            detail,
            status=status,
            type=_text(problem, "type") or "about:blank",
            title=_text(problem, "title") or "",
            faults=_faults(problem),
            request_id=request_id,
            retryable=retryable,
        )
    return NoAnswer(
        detail,
        status=status,
        outcome=_text(problem, "outcome"),
        code=_text(problem, "code"),
        retryable=retryable,
        retry_after_s=retry_after_s,
        request_id=request_id,
    )


def told_by_service(reply: Reply) -> bool:
    """Whether the service itself said it: then it knows that a repetition does no harm."""
    return _problem(reply) is not None


def wait_of(header: str | None, clock: Callable[[], datetime] = now) -> float | None:
    """Seconds that a `Retry-After` asks for: a number of them or a date; `None` where it says neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, math.ceil((until - clock()).total_seconds()))


def _problem(reply: Reply) -> dict[str, Any] | None:
    if reply.kind != "application/problem+json":
        return None
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(problem: Mapping[str, Any], name: str) -> str | None:
    found = problem.get(name)
    return found if isinstance(found, str) else None


def _faults(problem: Mapping[str, Any]) -> tuple[Fault, ...]:
    listed = problem.get("errors")
    rows = listed if isinstance(listed, list) else []
    return tuple(
        Fault(str(row.get("pointer", "")), str(row.get("detail", "")))
        for row in rows
        if isinstance(row, dict)
    )
