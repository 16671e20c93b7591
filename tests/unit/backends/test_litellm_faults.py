"""Every exception of litellm means one thing to us."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from judge_service.backends.litellm_backend import LiteLLMBackend
from judge_service.backends.litellm_faults import (
    BROKEN,
    BY_STATUS,
    REJECTED,
    UNAVAILABLE,
    WAITING,
    error_of_exception,
)
from judge_service.domain.judge import JudgeSpec
from judge_service.errors import (
    BackendBroken,
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendUnavailable,
)

TABLES: dict[type[BackendError], set[str]] = {
    BackendRejected: set(REJECTED),
    BackendRateLimited: set(WAITING),
    BackendUnavailable: {*UNAVAILABLE, *BY_STATUS},
    BackendBroken: set(BROKEN),
}


def raised(name: str, bases: tuple[type[Exception], ...] = (Exception,), **fields: Any) -> Exception:
    exception: Exception = type(name, bases, {})("private words")
    vars(exception).update(fields)
    return exception


async def test_every_exception_that_litellm_exports_is_mapped() -> None:
    await LiteLLMBackend(JudgeSpec(kind="litellm", model="openai/x"), None).load()
    modules = [sys.modules["litellm"], sys.modules["litellm.exceptions"]]
    found = [thing for module in modules for thing in vars(module).values()]
    kinds = {kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception)}
    ours = {kind for kind in kinds if kind.__module__ == "litellm.exceptions"}
    assert len(ours) > 25
    for kind in ours:
        error = error_of_exception("judge", kind.__new__(kind))
        assert kind.__name__ in TABLES[type(error)], kind


def test_no_exception_is_in_two_tables() -> None:
    names = [name for table in TABLES.values() for name in table]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, BackendRejected), (409, BackendUnavailable), (425, BackendUnavailable), (529, BackendRateLimited)],
)
def test_a_general_error_is_read_by_its_status(status: int, kind: type[BackendError]) -> None:
    assert type(error_of_exception("judge", raised("APIError", status_code=status))) is kind


def test_an_overloaded_provider_is_busy_whatever_class_litellm_puts_it_in() -> None:
    error = error_of_exception("judge", raised("InternalServerError", status_code=529))
    assert type(error) is BackendRateLimited


@pytest.mark.parametrize("where", ["litellm_response_headers", "response"])
def test_the_wait_is_read_wherever_litellm_keeps_the_headers(where: str) -> None:
    headers = {"Retry-After": "9"}
    fields: dict[str, Any] = {where: SimpleNamespace(headers=headers) if where == "response" else headers}
    assert error_of_exception("judge", raised("RateLimitError", **fields)).retry_after_s == 9


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"body": {"param": "input_tokens", "message": "x"}}, "context_too_long"),
        ({"message": "litellm.BadRequestError: cannot identify image file"}, "bad_image"),
        ({"body": "text", "message": "x"}, "bad_request"),
        ({}, "bad_request"),
    ],
)
def test_a_bad_request_is_read_by_its_words(fields: dict[str, Any], code: str) -> None:
    assert error_of_exception("judge", raised("BadRequestError", **fields)).code == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("litellm.NotFoundError: No endpoints found that support image input", "bad_image"),
        ("litellm.NotFoundError: the model does not exist", "unknown_model"),
    ],
)
def test_no_model_that_takes_images_is_no_unknown_model(message: str, code: str) -> None:
    assert error_of_exception("judge", raised("NotFoundError", message=message)).code == code


def test_the_nearest_known_ancestor_counts() -> None:
    parent = type("BadRequestError", (Exception,), {})
    assert (
        error_of_exception("judge", raised("ContextWindowExceededError", (parent,))).code
        == "context_too_long"
    )
    assert type(error_of_exception("judge", raised("SomethingNew", (parent,)))) is BackendRejected


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, UnicodeDecodeError])
def test_any_other_exception_is_a_broken_reply_and_quotes_nothing(kind: type[Exception]) -> None:
    error = error_of_exception(
        "judge", raised("Odd", (Exception,)) if kind is UnicodeDecodeError else kind("private")
    )
    assert type(error) is BackendBroken
    assert "private" not in str(error)
