"""The door to a model in this process; a stand-in for vLLM is behind it, the real one in tests/local."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from typing import Any

import pytest
from asking import SCHEMA, SECRET_TEXT, asking
from builders import a_spec
from vllm_inside import LONGEST, OPTIONS, WEIGHTS, a_door, put_in_place

from judge_service.backends.base import Usage
from judge_service.backends.openai_wire import request_body
from judge_service.backends.vllm_engine import Question, VllmEngineBackend
from judge_service.backends.vllm_model import Loading, foreign_fields
from judge_service.errors import BackendError, BackendRejected, BackendTimeout, BackendUnavailable


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stand-in, in vLLM's place."""
    return put_in_place(monkeypatch)


async def refused(door: VllmEngineBackend, text: str = "Rest.", **fields: Any) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await door.complete(asking(text, **fields), timeout_s=5)
    return caught.value


async def test_the_engine_is_asked_what_a_server_would_be(vllm: Any) -> None:
    template = {"enable_thinking": False}
    door = a_door(seed=7, temperature=0.5, extra_body={"top_p": 0.9, "chat_template_kwargs": template})
    await door.complete(asking(), timeout_s=5)
    await door.aclose()
    ((messages, parameters, kwargs),) = vllm.loaded[0].asked
    assert messages == request_body(a_spec(), asking())["messages"]
    assert (parameters.temperature, parameters.seed, parameters.top_p) == (0.5, 7, 0.9)
    assert parameters.max_tokens == 512
    assert parameters.structured_outputs.json == SCHEMA
    assert kwargs == template
    assert vllm.loaded[0].options == OPTIONS


@pytest.mark.parametrize(
    ("spec", "json", "json_object"),
    [
        ({"text_cap": 60}, "maxLength", None),
        ({"schema_mode": "json_object"}, None, True),
        ({"schema_mode": "none"}, None, None),
        ({"cap_field": "max_completion_tokens"}, "level", None),
    ],
)
async def test_the_form_is_asked_for_as_the_settings_say(
    vllm: Any, spec: dict[str, Any], json: str | None, json_object: bool | None
) -> None:
    door = a_door(**spec)
    completion = await door.complete(asking(), timeout_s=5)
    await door.aclose()
    parameters = vllm.loaded[0].asked[0][1]
    form = parameters.structured_outputs
    assert parameters.max_tokens == 512
    assert completion.schema_mode == spec.get("schema_mode", "json_schema")
    assert (form.json_object if form else None) == json_object
    assert (json in str(form.json)) if json else (form is None or form.json is None)


async def test_an_answer_tells_its_tokens_its_model_and_what_made_it(vllm: Any) -> None:
    door = a_door(model="med-70b")
    completion = await door.complete(asking(), timeout_s=5)
    await door.aclose()
    assert completion.usage == Usage(321, 30)
    assert completion.model == "med-70b"
    assert completion.fingerprint == f"vllm-{vllm.__version__}-in-process-{WEIGHTS[:16]}"


async def test_an_answer_that_was_cut_says_so_and_one_that_was_not_finished_is_none(vllm: Any) -> None:
    door = a_door()
    assert (await door.complete(asking("CUT"), timeout_s=5)).finish == "length"
    assert type(await refused(door, "ABORTED")) is BackendUnavailable
    await door.aclose()
    assert len(vllm.loaded) == 1


async def test_what_waits_together_is_worked_on_together(vllm: Any) -> None:
    door = a_door()
    await door.ping()
    await asyncio.gather(*(door.complete(asking(str(at)), timeout_s=20) for at in range(48)))
    await door.aclose()
    batches = vllm.loaded[0].llm_engine.batches
    assert sum(batches) == 48
    assert max(batches) == vllm.AT_ONCE


async def test_what_nobody_waits_for_is_taken_out_of_the_engine(vllm: Any) -> None:
    door = a_door()
    call = asyncio.create_task(door.complete(asking("SLOW"), timeout_s=60))
    await asyncio.sleep(0)
    await door.complete(asking(), timeout_s=5)
    engine = vllm.loaded[0].llm_engine
    assert len(engine.waiting) == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(BackendTimeout):
        await door.complete(asking("SLOW"), timeout_s=0.01)
    await door.complete(asking(), timeout_s=5)
    await door.aclose()
    assert engine.aborted == ["0", "2"]
    assert engine.waiting == {}


async def test_a_prompt_at_fault_harms_no_neighbour(vllm: Any) -> None:
    door = a_door()
    neighbour = asyncio.create_task(door.complete(asking(), timeout_s=5))
    long = await refused(door, "word " * (LONGEST + 1))
    image = await refused(door, images=("data:image/png;base64,AAAA",))
    roomy = await refused(door, max_tokens=LONGEST + 1)
    assert (await neighbour).finish == "stop"
    await door.aclose()
    assert [type(error) for error in (long, image, roomy)] == [BackendRejected] * 3
    assert [error.code for error in (long, image, roomy)] == [
        "context_too_long",
        "bad_image",
        "context_too_long",
    ]
    assert len(vllm.loaded[0].asked) == 1


async def test_an_engine_that_ends_takes_all_along_and_stays_ended(vllm: Any) -> None:
    door = a_door()
    await door.ping()
    calls = [asyncio.create_task(refused(door, text)) for text in ("SLOW", "DIES")]
    errors = [*await asyncio.gather(*calls), await refused(door)]
    with pytest.raises(BackendUnavailable, match="engine ended: RuntimeError"):
        await door.ping()
    await door.aclose()
    assert [type(error) for error in errors] == [BackendUnavailable] * 3
    assert all(error.retryable for error in errors)
    assert len(vllm.loaded) == 1


@pytest.mark.usefixtures("vllm")
async def test_no_text_of_a_prompt_is_repeated() -> None:
    door = a_door()
    errors = [
        await refused(door, "word " * (LONGEST + 1)),
        await refused(door, images=("data:image/png;base64,AAAA",)),
        await refused(door, "ABORTED"),
        await refused(door, "DIES"),
        await refused(door),
    ]
    await door.aclose()
    said = "".join("".join(traceback.format_exception(error)) for error in errors)
    assert SECRET_TEXT not in said
    assert "data:image" not in said


@pytest.mark.usefixtures("vllm")
async def test_a_model_that_cannot_be_loaded_says_why_to_everybody_who_asks() -> None:
    door = a_door({"model": "/models/broken"})
    with pytest.raises(BackendUnavailable, match=r"could not load 'judge-7b': no weights here$"):
        await door.ping()
    assert "no weights here" in str(await refused(door))
    await door.aclose()


async def test_without_vllm_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch)
    monkeypatch.setitem(sys.modules, "vllm", None)
    door = a_door()
    with pytest.raises(BackendUnavailable, match="could not load 'judge-7b': import of vllm halted"):
        await door.ping()
    await door.aclose()


async def test_closing_answers_those_who_wait_and_ends_the_engine(vllm: Any) -> None:
    door = a_door()
    waits = asyncio.create_task(refused(door, "SLOW"))
    await door.ping()
    await door.aclose()
    assert type(await waits) is BackendUnavailable
    assert vllm.loaded[0].llm_engine.shut
    assert "closed" in str(await refused(door))


@pytest.mark.usefixtures("vllm")
async def test_what_was_never_asked_is_never_loaded() -> None:
    door = a_door()
    await door.aclose()
    with pytest.raises(BackendUnavailable, match="closed"):
        await door.ping()


async def test_the_engine_reads_our_variables_and_keeps_the_users_own(
    vllm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    monkeypatch.delenv("VLLM_LOGGING_LEVEL")
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "0")
    door = VllmEngineBackend(a_spec(), Loading(OPTIONS, {"VLLM_NO_USAGE_STATS": "1"}, WEIGHTS))
    await door.ping()
    await door.aclose()
    assert os.environ["VLLM_NO_USAGE_STATS"] == "1"
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "1"
    assert os.environ.pop("VLLM_LOGGING_LEVEL") == "ERROR"
    assert len(vllm.loaded) == 1


@pytest.mark.usefixtures("vllm")
async def test_a_field_that_only_a_server_knows_is_refused_and_not_dropped() -> None:
    spec = a_spec(extra_body={"top_k": 1, "guided_choice": ["a"], "chat_template_kwargs": {}})
    assert foreign_fields(spec) == ["guided_choice"]
    error = await refused(a_door(extra_body={"guided_choice": ["a"]}))
    assert (error.code, "'guided_choice'" in str(error)) == ("bad_request", True)


def test_an_outcome_for_a_run_that_is_over_is_nobodys() -> None:
    """The thread may finish an answer after the run has ended: nobody is told, and nothing breaks."""

    async def ask() -> Question:
        return Question(None)

    question = asyncio.run(ask())
    question.settle({})
    assert not question.answer.done()


async def test_an_outcome_that_comes_twice_or_too_late_changes_nothing() -> None:
    question = Question(None)
    for outcome in ({"first": 1}, BackendUnavailable("later")):
        question.settle(outcome)
    assert await question.answer == {"first": 1}
    await asyncio.sleep(0)


@pytest.mark.usefixtures("vllm")
async def test_what_else_could_have_stood_there_is_told_as_by_a_server() -> None:
    door = a_door(logprobs=5)
    completion = await door.complete(asking(), timeout_s=5)
    await door.aclose()
    assert completion.tokens is not None
    assert b"".join(token.said for token in completion.tokens).decode() == completion.text
    digits = [token for token in completion.tokens if token.said.isdigit()]
    assert digits
    assert all(dict(token.others)[b"x"] < -1000 for token in digits)
