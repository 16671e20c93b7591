"""Errors as the service tells them, as a proxy does, and as they are handed on."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest

from judge_client import Fault, Incompatible, JudgeClientError, NoAnswer, Refused, Unreachable
from judge_client.calls import Reply
from judge_client.problems import fault_of, wait_of

PROBLEM = "application/problem+json"
ERRORS: list[JudgeClientError] = [
    Refused("d", status=422, type="urn:x:y", title="t", faults=(Fault("/a", "b"),), request_id="r"),
    NoAnswer("d", status=503, outcome="timeout", code="timeout", retryable=True, retry_after_s=2.0),
    Unreachable("d", sent=True),
    Incompatible("d"),
]


def at_noon() -> datetime:
    return datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_a_wait_is_seconds_or_a_date_or_nothing(header: str | None, seconds: float | None) -> None:
    assert wait_of(header, at_noon) == seconds


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b"{}", b'{"detail": 7, "errors": [1, {"pointer": "/a"}]}']
)
def test_a_problem_that_is_odd_is_still_an_error_of_ours(body: bytes) -> None:
    refused = fault_of(Reply(422, {"content-type": PROBLEM}, body))
    assert isinstance(refused, Refused)
    assert refused.status == 422
    assert not refused.retryable


@pytest.mark.parametrize(
    ("status", "retryable"), [(429, True), (500, False), (502, True), (503, True), (504, True)]
)
def test_of_a_proxy_s_answer_only_what_passes_is_retryable(status: int, retryable: bool) -> None:
    fault = fault_of(Reply(status, {"content-type": "text/html"}, b"<html>"))
    assert isinstance(fault, NoAnswer)
    assert fault.retryable is retryable


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_copied_and_pickled_whole(error: JudgeClientError) -> None:
    for other in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301  our own
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)
