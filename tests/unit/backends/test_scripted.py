"""A judge that plays a script."""

from __future__ import annotations

import json
import time

import pytest
from asking import RUBRIC, asking

from judge_service.backends.scripted import ScriptedBackend
from judge_service.domain.judge import JudgeSpec, ScriptStep
from judge_service.errors import (
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)


def judge(*steps: ScriptStep) -> ScriptedBackend:
    return ScriptedBackend(JudgeSpec(kind="scripted", script=steps))


async def levels(backend: ScriptedBackend, response: str = "Rest.") -> dict[str, object]:
    completion = await backend.complete(asking(response), timeout_s=1)
    return {key: answer["level"] for key, answer in json.loads(completion.text).items()}


async def test_without_a_script_every_level_is_the_middle_one() -> None:
    assert await levels(judge()) == {"accuracy": 2, "safety": 2}


async def test_the_document_answers_the_criteria_in_the_order_of_the_schema() -> None:
    completion = await judge().complete(asking(), timeout_s=1)
    document = json.loads(completion.text)
    assert list(document) == [criterion.id for criterion in RUBRIC.criteria]
    assert [list(answer) for answer in document.values()] == [["rationale", "evidence", "level"]] * 2
    assert (completion.model, completion.finish, completion.schema_mode) == ("scripted", "stop", "none")


async def test_the_first_step_that_recognises_the_response_is_played() -> None:
    backend = judge(
        ScriptStep(when="aspirin", levels={"*": 0}),
        ScriptStep(when="rest", levels={"safety": 5}),
        ScriptStep(levels={"*": 4, "accuracy": None}),
    )
    assert await levels(backend, "aspirin and rest") == {"accuracy": 0, "safety": 0}
    assert await levels(backend, "rest") == {"accuracy": 2, "safety": 5}
    assert await levels(backend, "else") == {"accuracy": None, "safety": 4}


async def preferences(backend: ScriptedBackend, first: str, second: str) -> list[object]:
    completion = await backend.complete(asking(first, rival=second), timeout_s=1)
    return [answer["level"] for answer in json.loads(completion.text).values()]


async def test_of_two_responses_a_script_prefers_by_place_by_text_or_not_at_all() -> None:
    backend = judge(ScriptStep(prefers={"accuracy": "aspirin", "*": "first"}))
    assert await preferences(backend, "aspirin", "rest") == ["first", "first"]
    assert await preferences(backend, "rest", "aspirin") == ["second", "first"]
    assert await preferences(backend, "rest", "rest") == ["tie", "first"]
    assert await preferences(judge(ScriptStep(prefers={"safety": None})), "a", "b") == ["tie", None]
    assert await preferences(judge(), "a", "b") == ["tie", "tie"]


async def test_a_step_recognises_either_of_two_responses() -> None:
    backend = judge(ScriptStep(when="rest", prefers={"*": "second"}), ScriptStep(prefers={"*": "first"}))
    assert await preferences(backend, "aspirin", "rest") == ["second", "second"]
    assert await preferences(backend, "rest", "aspirin") == ["second", "second"]
    assert await preferences(backend, "aspirin", "ice") == ["first", "first"]


async def test_a_raw_reply_is_handed_on_untouched() -> None:
    completion = await judge(ScriptStep(reply="<think> no")).complete(asking(), timeout_s=1)
    assert (completion.text, completion.finish) == ("<think> no", "stop")


async def test_a_truncated_answer_is_half_a_document() -> None:
    completion = await judge(ScriptStep(fault="truncated")).complete(asking(), timeout_s=1)
    assert completion.finish == "length"
    assert completion.text.startswith('{"accuracy"')
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(completion.text)


async def test_refusals_are_completions_without_a_text() -> None:
    refused = await judge(ScriptStep(fault="refused")).complete(asking(), timeout_s=1)
    filtered = await judge(ScriptStep(fault="content_filter")).complete(asking(), timeout_s=1)
    assert [(c.finish, c.text) for c in (refused, filtered)] == [("refusal", ""), ("content_filter", "")]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("timeout", BackendTimeout),
        ("rate_limited", BackendRateLimited),
        ("unavailable", BackendUnavailable),
        ("rejected", BackendRejected),
    ],
)
async def test_faults_are_raised_as_any_door_raises_them(fault: str, kind: type[BackendError]) -> None:
    step = ScriptStep.model_validate({"fault": fault})
    with pytest.raises(BackendError) as caught:
        await judge(step).complete(asking(), timeout_s=1)
    assert type(caught.value) is kind


@pytest.mark.clocked
async def test_a_delay_is_waited_for() -> None:
    started = time.monotonic()
    await judge(ScriptStep(delay_ms=30)).complete(asking(), timeout_s=1)
    assert time.monotonic() - started >= 0.03
