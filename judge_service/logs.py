"""Logs as JSON lines behind an allow-list: a field nobody listed is dropped, so no case's text gets out."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "request_id",
        "route",
        "status",
        "rubric",
        "judge",
        "outcome",
        "error_code",
        "cache",
        "attempts",
        "ms",
        "tokens_in",
        "tokens_out",
        "image_count",
        "bytes",
        "exception",
    }
)
# Their messages quote what a model said.
_TALKATIVE = ("litellm", "LiteLLM", "instructor", "httpx", "openai", "aiohttp", "PIL", "python_multipart")


def set_up_logs(level: str) -> None:
    """Send our logs and our libraries' warnings to standard error, as JSON, allowed fields only."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_class_only,
            _no_trace_in_text,
            _allowed_only,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # A line that cannot be written would be printed with all its fields, allowed or not.
    logging.raiseExceptions = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _exception_class_only(
    _: object, __: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Name an exception's class and place; its text and the locals around it may quote a case."""
    info = event.pop("exc_info", None)
    exc = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(exc, BaseException):
        trace, place = exc.__traceback__, ""
        while trace is not None:
            place = f" at {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
            trace = trace.tb_next
        event["exception"] = f"{type(exc).__name__}{place}"
    return event


def _no_trace_in_text(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Shorten a trace that the server logs as its message, when a start or a stop fails, to the class."""
    text = str(event.get("event", ""))
    if text.startswith("Traceback "):
        event["event"] = "a start or a stop failed"
        event["exception"] = text.rstrip().rpartition("\n")[2].partition(":")[0]
    return event


def _allowed_only(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    return {key: value for key, value in event.items() if key in ALLOWED}
