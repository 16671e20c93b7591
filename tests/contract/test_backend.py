"""What every judge owes to the service, whichever door leads to it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from asking import RUBRIC, SCHEMA, SECRET_TEXT, asking
from stubexpected import FINISHES, WAITS, counted, refused_for, told
from stubjudge import StubJudge
from stubshapes import ANSWERS, BROKEN, FAULTS, HANGS, MARKER, RATE_LIMITS, REJECTIONS, SHAPES, Shape
from tokens import in_doubt, wire
from vllm_inside import a_door, put_in_place

from judge_service.backends.base import Backend, Completion
from judge_service.backends.litellm_backend import LiteLLMBackend
from judge_service.backends.openai_http import OpenAIBackend
from judge_service.backends.scripted import ScriptedBackend
from judge_service.domain.judge import JudgeSpec, ScriptStep
from judge_service.errors import (
    BackendBroken,
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)
from judge_service.scoring.distribution import Distribution, of_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "sk-KEY-4f7a"
SLOW = "SLOW"
SOON_S = 0.5
SETTINGS: dict[str, Any] = {"seed": 7, "logprobs": 5, "extra_body": {"top_k": 1}}


async def failure(backend: Backend, timeout_s: float = 5.0) -> BackendError:
    """Ask, and hand back the error that must come."""
    with pytest.raises(BackendError) as caught:
        await backend.complete(asking(SLOW), timeout_s=timeout_s)
    return caught.value


class BackendContract:
    """Holds for every judge. The fixture `judge` answers well, but takes a minute over the response SLOW."""

    async def test_it_answers_in_the_shape_that_was_asked_for(self, judge: Backend) -> None:
        completion = await judge.complete(asking(), timeout_s=5)
        document = json.loads(completion.text)
        assert completion.finish == "stop"
        assert list(document) == [criterion.id for criterion in RUBRIC.criteria]
        assert {tuple(answer) for answer in document.values()} == {("rationale", "evidence", "level")}
        assert {answer["level"] for answer in document.values()} == {2}

    @pytest.mark.clocked
    async def test_the_deadline_ends_a_slow_judge(self, judge: Backend) -> None:
        started = time.monotonic()
        error = await failure(judge, timeout_s=0.3)
        assert type(error) is BackendTimeout
        assert error.retryable
        assert 0.25 <= time.monotonic() - started < 0.3 + SOON_S

    @pytest.mark.clocked
    async def test_cancelling_the_caller_ends_the_call(self, judge: Backend) -> None:
        call = asyncio.create_task(judge.complete(asking(SLOW), timeout_s=60))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert time.monotonic() - started < SOON_S

    async def test_many_at_once_are_answered(self, judge: Backend) -> None:
        answers = await asyncio.gather(*(judge.complete(asking(str(n)), timeout_s=20) for n in range(40)))
        assert {answer.finish for answer in answers} == {"stop"}

    async def test_it_can_be_pinged_and_closed_twice(self, judge: Backend) -> None:
        await judge.ping()
        await judge.aclose()
        await judge.aclose()


class TestScripted(BackendContract):
    @pytest.fixture
    def judge(self) -> Backend:
        slow = ScriptStep(when=SLOW, delay_ms=60_000)
        return ScriptedBackend(JudgeSpec(kind="scripted", script=(slow,)))


class TestVllmEngine(BackendContract):
    @pytest.fixture
    async def judge(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Backend]:
        put_in_place(monkeypatch)
        backend = a_door()
        await backend.ping()  # loading is not part of any deadline here
        yield backend
        await backend.aclose()


class DoorContract(BackendContract):
    """Holds for every door to a language model, against a stub server on a real socket."""

    # What this door cannot tell apart: shape → the error it raises, or the finish it reports.
    blurs: dict[str, type[BackendError] | str]

    def heard(self, name: str) -> str:
        return told(name)

    @pytest.fixture
    def judge(self, door: Backend, stub: StubJudge) -> Backend:
        stub.choose = lambda call: SHAPES["silence" if SLOW.encode() in call.raw else "normal"]
        return door

    @pytest.mark.parametrize("name", ANSWERS)
    async def test_every_answer_comes_through_as_it_is(
        self, door: Backend, stub: StubJudge, name: str
    ) -> None:
        stub.plays(name)
        blur = self.blurs.get(name)
        if isinstance(blur, type):
            assert type(await failure(door)) is blur
            return
        completion = await door.complete(asking(), timeout_s=5)
        assert completion.text == self.heard(name)
        assert completion.finish == (blur or FINISHES.get(name, "stop"))
        assert completion.usage == counted(name)
        assert (completion.model, completion.fingerprint) == ("judge-001", "fp_stub")
        assert completion.schema_mode == "json_schema"

    @pytest.mark.parametrize("name", REJECTIONS)
    async def test_a_refused_request_is_not_asked_again(
        self, door: Backend, stub: StubJudge, name: str
    ) -> None:
        stub.plays(name)
        error = await failure(door)
        assert (type(error), error.code, error.retryable) == (BackendRejected, refused_for(name), False)
        assert stub.count == 1

    @pytest.mark.parametrize("name", RATE_LIMITS)
    async def test_a_busy_judge_says_when_to_come_back(
        self, door: Backend, stub: StubJudge, name: str
    ) -> None:
        stub.plays(name)
        error = await failure(door)
        assert (type(error), error.code, error.retryable) == (BackendRateLimited, "rate_limited", True)
        assert (
            error.retry_after_s == pytest.approx(WAITS[name], abs=2)
            if name in WAITS
            else error.retry_after_s is None
        )
        assert stub.count == 1

    @pytest.mark.parametrize("name", [*FAULTS, *BROKEN])
    async def test_a_fault_is_worth_another_try(self, door: Backend, stub: StubJudge, name: str) -> None:
        stub.plays(name, "normal")
        error = await failure(door)
        expected = self.blurs.get(name, BackendUnavailable if name in FAULTS else BackendBroken)
        assert type(error) is expected
        assert error.retryable
        assert stub.count == 1
        assert (await door.complete(asking(), timeout_s=5)).finish == "stop"

    @pytest.mark.clocked
    @pytest.mark.parametrize("name", HANGS)
    async def test_the_deadline_ends_what_does_not_end(
        self, door: Backend, stub: StubJudge, name: str
    ) -> None:
        stub.plays(name)
        started = time.monotonic()
        assert type(await failure(door, timeout_s=0.3)) is BackendTimeout
        assert time.monotonic() - started < 0.3 + SOON_S
        await stub.somebody_left()

    async def test_cancelling_the_caller_hangs_up_on_the_judge(self, door: Backend, stub: StubJudge) -> None:
        stub.plays("silence")
        call = asyncio.create_task(door.complete(asking(), timeout_s=60))
        await stub.somebody_asked()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await stub.somebody_left()

    async def test_nobody_there_is_unavailable(self, door: Backend, stub: StubJudge) -> None:
        await stub.stop()
        error = await failure(door)
        assert (type(error), error.retryable) == (BackendUnavailable, True)
        with pytest.raises(BackendUnavailable):
            await door.ping()

    async def test_no_text_of_any_side_is_repeated(
        self,
        door: Backend,
        stub: StubJudge,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        said = [await complaint(door, stub, name) for name in SHAPES if name not in HANGS]
        out, err = capfd.readouterr()
        everything = "\n".join([*said, caplog.text, out, err])
        assert len([text for text in said if text]) > 30
        for private in (MARKER, SECRET_TEXT, KEY):
            assert private not in everything

    async def test_the_request_says_what_is_asked(self, door: Backend, stub: StubJudge) -> None:
        await door.complete(asking(), timeout_s=5)
        call = stub.calls[0]
        assert call.headers["authorization"] == f"Bearer {KEY}"
        shape = {"name": "verdicts", "strict": True, "schema": SCHEMA}
        expected = {
            "messages": [
                {"role": "system", "content": asking().system},
                {"role": "user", "content": asking().user},
            ],
            "response_format": {"type": "json_schema", "json_schema": shape},
            "temperature": 0.0,
            "max_tokens": 512,
            "seed": 7,
            "top_k": 1,
        }
        assert {key: call.body.get(key) for key in expected} == expected

    async def test_what_the_tokens_chances_are_comes_through_as_it_was_told(
        self, door: Backend, stub: StubJudge
    ) -> None:
        chances: dict[int | str, float] = {2: 0.6, 3: 0.3, 4: 0.1}
        shape = Shape(tokens_told=lambda text: wire(in_doubt(text, chances)))
        stub.plays(shape)
        completion = await door.complete(asking(), timeout_s=5)
        labels = RUBRIC.criteria[0].scale.labels
        found = of_tokens(completion.text, completion.tokens or (), ("accuracy", "level"), labels)
        assert isinstance(found, Distribution)
        assert found.shares == pytest.approx((0, 0, 0.6, 0.3, 0.1, 0))
        assert (stub.calls[0].body["logprobs"], stub.calls[0].body["top_logprobs"]) == (True, 5)

    async def test_tokens_that_were_not_told_are_none(self, door: Backend, stub: StubJudge) -> None:
        stub.plays("normal")
        assert (await door.complete(asking(), timeout_s=5)).tokens == ()

    async def test_images_go_between_the_question_and_the_reminder(
        self, door: Backend, stub: StubJudge
    ) -> None:
        pixels = "data:image/png;base64,AAAA"
        await door.complete(asking(images=(pixels,)).reminded("Only JSON."), timeout_s=5)
        content = stub.calls[0].body["messages"][1]["content"]
        assert [part["type"] for part in content] == ["text", "image_url", "text"]
        assert content[1]["image_url"] == {"url": pixels}
        assert content[2]["text"] == "Only JSON."


class TestOpenAI(DoorContract):
    blurs: dict[str, type[BackendError] | str] = {}  # noqa: RUF012

    @pytest.fixture
    async def door(self, stub: StubJudge) -> AsyncIterator[Backend]:
        spec = JudgeSpec(kind="openai", base_url=stub.url, model="judge", **SETTINGS)
        backend = OpenAIBackend(spec, KEY)
        yield backend
        await backend.aclose()


class TestLiteLLM(DoorContract):
    # litellm reports most of what is no completion as a server's fault, and no finish reason as `stop`.
    blurs: dict[str, type[BackendError] | str] = {  # noqa: RUF012
        **dict.fromkeys(BROKEN, BackendUnavailable),
        "no_choices": BackendBroken,
        "parts": BackendUnavailable,
        "finish_null": "stop",
    }

    def heard(self, name: str) -> str:
        # It takes a leading think block away when it is closed, and leaves one that is not.
        return told(name).partition("</think>")[2] if name == "think_closed" else told(name)

    @pytest.fixture
    async def door(self, stub: StubJudge) -> AsyncIterator[Backend]:
        spec = JudgeSpec(kind="litellm", base_url=stub.url, model="openai/judge", **SETTINGS)
        backend = LiteLLMBackend(spec, KEY)
        await backend.load()  # the import is not part of any deadline here
        yield backend
        await backend.aclose()


async def complaint(backend: Backend, stub: StubJudge, name: str) -> str:
    """Print an error as a crashing program would; nothing for an answer."""
    stub.plays(name)
    try:
        answer = await backend.complete(asking(), timeout_s=5)
    except BackendError as error:
        return "".join(traceback.format_exception(error))
    assert isinstance(answer, Completion)
    return ""


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server
