"""Every error has its row, and every row says what a client needs."""

from __future__ import annotations

import inspect
import json

import pytest
from serving import settings_of

from judge_service import errors
from judge_service.api.problems import CONTENT_TYPE, TABLE, TYPE_ROOT, Problem, no_answer, response
from judge_service.domain.score import Failure, Provenance, Score
from judge_service.main import create_app

RAISED = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.JudgeServiceError) and not kind.__subclasses__()
]


@pytest.mark.parametrize("kind", RAISED)
def test_every_error_is_told_as_something(kind: type[Exception]) -> None:
    assert any(base in TABLE for base in kind.__mro__)


def test_types_are_stable_names_of_their_own() -> None:
    names = [row.name for row in TABLE.values()]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)


@pytest.mark.parametrize(
    ("status", "retryable", "wait", "told"),
    [
        (503, True, None, "5"),
        (503, True, 7.2, "8"),
        (503, True, 0.01, "1"),
        (429, True, None, "5"),
        (502, True, None, None),
        (502, True, 3.0, "3"),
        (504, True, None, None),
        (503, False, 7.0, None),
        (422, False, None, None),
    ],
)
def test_when_to_come_back_is_told_where_it_helps(
    status: int, retryable: bool, wait: float | None, told: str | None
) -> None:
    problem = Problem(type="t", title="t", status=status, detail="d", retryable=retryable)
    answer = response(problem, wait)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, told)
    assert answer.headers["Content-Type"] == CONTENT_TYPE


def failed(code: str, *, retryable: bool = True) -> Score:
    provenance = Provenance(
        rubric="r@1", rubric_digest="d", prompt_digest="p", judge="j", judge_kind="openai", is_llm=True,
        instrument="llm", mode="text", schema_mode="none", cache="miss", service_version="0",
    )  # fmt: skip
    failure = Failure(code=code, detail="why", retryable=retryable)
    return Score(
        id="i", outcome="provider_error", score=None, criteria={}, failure=failure, provenance=provenance
    )


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("timeout", 504, "judge-timeout"),
        ("rate_limited", 503, "judge-busy"),
        ("circuit_open", 503, "judge-busy"),
        ("unavailable", 502, "judge-unavailable"),
        ("broken_reply", 502, "judge-broken-reply"),
        ("unauthorized", 502, "judge-rejected"),
        ("unknown_model", 502, "judge-rejected"),
        ("a code of tomorrow", 502, "judge-unavailable"),
    ],
)
def test_no_answer_is_told_by_its_code(code: str, status: int, name: str) -> None:
    answer = no_answer(failed(code), "id-1")
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["type"], body["code"]) == (status, TYPE_ROOT + name, code)
    assert (body["outcome"], body["request_id"], "score" in body) == ("provider_error", "id-1", False)


def test_a_score_that_is_an_answer_is_no_problem() -> None:
    answered = failed("x").model_copy(update={"failure": None})
    with pytest.raises(ValueError, match="is an answer"):
        no_answer(answered, None)


def test_making_the_application_opens_nothing() -> None:
    app = create_app(settings_of(store_url="redis://127.0.0.1:1/0", rubrics_dir="/nowhere"))
    assert app.title == "Judge Service"
