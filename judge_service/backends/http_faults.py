"""What an HTTP status, its headers and its error body mean: one `BackendError`, quoting none of them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from judge_service.errors import (
    BackendBroken,
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RATE_LIMITED: Final = frozenset({429, 503, 529})
UNAVAILABLE: Final = frozenset({408, 409, 425})
REFUSED: Final = {401: "unauthorized", 403: "unauthorized", 404: "unknown_model"}
TELLING: Final = frozenset({400, 413, 422})
NOT_FOUND: Final = 404
SERVER_FAULT: Final = 500
CLIENT_FAULT: Final = 400
REDIRECT: Final = 300

_NUMBER: Final = re.compile(r"\d{1,9}(\.\d{0,9})?", re.ASCII)
_MESSAGE_CAP: Final = 2000

# Wordings of OpenAI, vLLM, Anthropic, Azure, Bedrock, Gemini, Mistral, gateways and llama.cpp, lower case.
_SIGNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "content_filter",
        re.compile(
            "content_filter|responsibleaipolicyviolation|content_policy_violation|content management policy"
            "|flagged as potentially violating|data_inspection_failed|blocked by content filtering"
        ),
    ),
    (
        "context_too_long",
        re.compile(
            "context_length_exceeded|maximum context length|input_tokens|(prompt|input) is too long"
            "|exceeds? the (available |maximum )?context|context window|exceed_context_size"
            "|maximum model length|max_model_len|string_above_max_length|request_too_large"
            "|exceeds the maximum number of tokens"
        ),
    ),
    (
        "bad_image",
        re.compile(
            r"not a multimodal model|cannot identify image|at most \d+ image|invalid_image"
            "|image_parse_error|could not process image|invalid base64|incorrect padding"
            "|unsupported image|image file is truncated|failed to load image|not support image"
            "|image_too_large|image_too_small|broken (png|data stream)"
            "|image_url.? is only supported|unknown variant .image_url"
            "|image input is not|support image input|(unable|failed) to process (input )?image"
            "|image dimensions exceed|image exceeds|too many images|not match the provided media type"
            "|content must be a string"
        ),
    ),
)


def error_of_status(name: str, status: int, headers: Mapping[str, str], body: bytes) -> BackendError:
    """Map a reply that is no completion to the error a caller sees."""
    said = f"judge model {name!r} answered {status}"
    wait = retry_after_s(headers, now=datetime.now(UTC))
    if status in RATE_LIMITED:
        return BackendRateLimited(said, retry_after_s=wait)
    if status in UNAVAILABLE or status >= SERVER_FAULT:
        return BackendUnavailable(said, retry_after_s=wait)
    if status < REDIRECT:
        return BackendBroken(f"{said} without a completion")
    code = _code_of_refusal(status, body)
    return BackendRejected(f"{said} ({code})", code=code)


def _code_of_refusal(status: int, body: bytes) -> str:
    told = code_of_error(body) if status in TELLING or status == NOT_FOUND else "bad_request"
    # A gateway may find no model that takes images, and answer as if there were none of that name.
    return told if told == "bad_image" else REFUSED.get(status, told)


def code_of_error(body: bytes) -> str:
    """Recognise why a request was refused, by the error's own fields: an echo of the prompt is none."""
    try:
        reply = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return "bad_request"
    return code_of_words(" ".join(_words(reply)))


def code_of_words(words: str) -> str:
    """Recognise a refusal by its wording."""
    lowered = words.lower()
    return next((code for code, sign in _SIGNS if sign.search(lowered)), "bad_request")


def _words(reply: object) -> list[str]:
    outer = reply if isinstance(reply, dict) else {}
    error = outer.get("error", outer)
    if isinstance(error, str):
        return [error[:_MESSAGE_CAP]]
    if not isinstance(error, dict):
        return []
    inner = error.get("innererror")
    fields = [error.get(key) for key in ("code", "type", "param", "message")]
    fields += [inner.get("code")] if isinstance(inner, dict) else []
    return [field[:_MESSAGE_CAP] for field in fields if isinstance(field, str)]


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Read how long to stay away, in seconds; None where nothing readable is said."""
    for header in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (value := _number(headers.get(header))) is not None:
            return value / 1000
    said = headers.get("retry-after")
    seconds = _number(said)
    return _until(said, now) if seconds is None and said else seconds


def _number(value: str | None) -> float | None:
    return float(value) if value and _NUMBER.fullmatch(value.strip()) else None


def _until(date: str, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(date)
        seconds = (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
