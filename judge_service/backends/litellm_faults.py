"""What litellm's exceptions mean to us; known by name, so that nothing here imports it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from judge_service.backends.http_faults import code_of_words, error_of_status, retry_after_s
from judge_service.errors import (
    BackendBroken,
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_WORDS: Final = "by its words"

REJECTED: Final[dict[str, str]] = {
    "AuthenticationError": "unauthorized",
    "PermissionDeniedError": "unauthorized",
    "NotFoundError": "unknown_model",
    "LiteLLMUnknownProvider": "unknown_model",
    "ModelNotMappedError": "unknown_model",
    "ContextWindowExceededError": "context_too_long",
    "ContentPolicyViolationError": "content_filter",
    "GuardrailRaisedException": "content_filter",
    "BlockedPiiEntityError": "content_filter",
    "ModifyResponseException": "content_filter",
    "SensitiveDataRouteException": "content_filter",
    "ImageFetchError": "bad_image",
    "BadRequestError": BY_WORDS,
    "InvalidRequestError": BY_WORDS,
    "RejectedRequestError": BY_WORDS,
    "UnprocessableEntityError": BY_WORDS,
    "UnsupportedParamsError": "bad_request",
    "VectorStoreSearchError": "bad_request",
    "PaymentRequiredError": "bad_request",
    "BudgetExceededError": "bad_request",
}
WAITING: Final = frozenset({"RateLimitError", "ServiceUnavailableError"})
# A refused connection arrives as InternalServerError, a dropped one as Timeout: our own deadline ends a call
# before litellm's does, so its Timeout never means that the time was up.
UNAVAILABLE: Final = frozenset(
    {
        "Timeout",
        "InternalServerError",
        "BadGatewayError",
        "APIConnectionError",
        "MidStreamFallbackError",
        "OpenAIError",
    }
)
BROKEN: Final = frozenset({"APIResponseValidationError", "JSONSchemaValidationError"})
BY_STATUS: Final = frozenset({"APIError", "MockException"})
# Of statuses that litellm folds into a class which says something else.
TELLING_STATUS: Final = frozenset({503, 529})


def error_of_exception(name: str, raised: Exception) -> BackendError:
    """Map whatever litellm raised to one `BackendError`, quoting nothing of it."""
    known = next((kind for kind in _kinds(raised) if _is_known(kind)), None)
    headers = _headers(raised)
    said = f"judge model {name!r} failed in litellm with {known or 'an exception that it does not export'}"
    status = getattr(raised, "status_code", None)
    telling = known in BY_STATUS or (known not in REJECTED and status in TELLING_STATUS)
    if isinstance(status, int) and telling:
        return error_of_status(name, status, headers, b"")
    wait = retry_after_s(headers, now=datetime.now(UTC))
    if known in REJECTED:
        return BackendRejected(said, code=_code_of_refusal(REJECTED[known], raised))
    if known in WAITING:
        return BackendRateLimited(said, retry_after_s=wait)
    if known in UNAVAILABLE or known in BY_STATUS:
        return BackendUnavailable(said, retry_after_s=wait)
    return BackendBroken(said)


def _code_of_refusal(code: str, raised: Exception) -> str:
    if code == BY_WORDS:
        return code_of_words(_message(raised))
    # A gateway may find no model that takes images, and answer as if there were none of that name.
    is_of_an_image = code == "unknown_model" and code_of_words(_message(raised)) == "bad_image"
    return "bad_image" if is_of_an_image else code


def _kinds(raised: Exception) -> list[str]:
    return [kind.__name__ for kind in type(raised).__mro__]


def _is_known(kind: str) -> bool:
    return kind in REJECTED or any(kind in names for names in (WAITING, UNAVAILABLE, BROKEN, BY_STATUS))


def _headers(raised: Exception) -> Mapping[str, str]:
    """Lower the headers' names; litellm keeps the provider's beside the exception, or in its response."""
    found = getattr(raised, "litellm_response_headers", None)
    found = found or getattr(getattr(raised, "response", None), "headers", None) or {}
    return {str(key).lower(): str(value) for key, value in found.items()}


def _message(raised: Exception) -> str:
    """Gather the provider's own fields where litellm kept them, else its message."""
    body = getattr(raised, "body", None)
    fields = list(body.values()) if isinstance(body, dict) else [getattr(raised, "message", "")]
    return " ".join(field for field in fields if isinstance(field, str))[:2000]
