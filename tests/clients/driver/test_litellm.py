"""A model behind the real litellm: what becomes of a call is what it is without it."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from driving import QUESTIONS, RIGHT, Counted, completion, stage
from house.test_imports import HEAVY, Imported
from stubjudge import Shape

from judge_client.calls import Call, encoded
from judge_client.errors import Unreachable
from judge_client.run import cli
from judge_client.run.litellm_transport import LiteLLMTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEHIND = ("--provider", "litellm", "--model", "openai/stub", "--limit", "1", "--model-concurrency", "1")
PRICED = ("--price-in", "1", "--price-out", "2")
BUSY = Shape(status=429, body=b'{"error":{"message":"slow down"}}', headers={"Retry-After": "0"})

NO_CHOICE = b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[]}'


def reasons(lines: list[dict[str, Any]]) -> set[str]:
    assert {line["outcome"] for line in lines} == {"failed"}
    return {line["reason"] for line in lines}


def always(shape: Shape) -> Callable[[str], Shape]:
    return lambda _: shape


async def test_a_run_is_the_same_and_nothing_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "for-another")
    async with stage(tmp_path / "run") as run:
        code, told = await run.run(*BEHIND, *PRICED, "--limit", "3")
        assert code == 0, told
        assert run.model.count == 6
        answers = run.lines("predictions")
        assert [line["cost_usd"] for line in answers] == [pytest.approx(120e-6)] * 6
        assert {line["model"] for line in answers} == {"stub-001"}
        assert run.summary["mcq"]["all"]["correct"] == 3
        sent = run.model.calls[0]
        assert sent.body["model"] == "stub"
        assert sent.body["temperature"] == 0
        assert any(part["type"] == "image_url" for part in sent.body["messages"][-1]["content"])
        assert sent.headers["authorization"] == "Bearer none"
        assert json.loads((run.out / "run.json").read_text("utf-8"))["settings"]["provider"] == "litellm"


async def test_a_model_that_is_busy_is_asked_again_by_the_driver_alone(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        busy = [BUSY, BUSY]
        run.model.choose = Counted(lambda q: busy.pop() if busy else completion(RIGHT[q]), QUESTIONS)
        code, told = await run.run(*BEHIND)
        assert code == 0, told
        assert run.model.count == 4


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (Shape(status=400, body=b'{"error":{"message":"too many pixels"}}'), "status 400: too many pixels"),
        (Shape(status=401, body=b'{"error":{"message":"no key my-key"}}'), "status 401: "),
        (Shape(wire="reset"), "the connection was lost (InternalServerError of litellm)"),
        (Shape(wire="cut"), "the connection was lost (InternalServerError of litellm)"),
        (Shape(body=b"{}"), "the connection was lost (InternalServerError of litellm)"),
        (
            Shape(body=NO_CHOICE),
            "the address of the model answers with something other than a chat completion",
        ),
        (completion("", finish_reason="content_filter"), "the provider's filter let no answer through"),
        (completion("A", finish_reason="error"), "the provider broke the answer off with an error"),
    ],
    ids=["400", "401", "reset", "cut", "no completion", "no choice", "filter", "error"],
)
async def test_a_call_that_fails_is_null_with_its_reason_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: Shape, reason: str
) -> None:
    monkeypatch.setenv("MY_KEY", "my-key")
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(always(shape), QUESTIONS)
        code, told = await run.run(*BEHIND, "--model-key-env", "MY_KEY")
        assert code == 1, told
        assert run.model.count == 2
        assert run.model.calls[0].headers["authorization"] == "Bearer my-key"
        assert all(each.startswith(reason) for each in reasons(run.lines("predictions")))
        assert run.summary["mcq"]["all"]["accuracy_micro"]["estimate"] is None
        assert not any("my-key" in path.read_text("utf-8") for path in run.out.iterdir() if path.suffix)


async def test_a_key_that_litellm_found_by_itself_is_told_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-at-hand")
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(
            always(Shape(status=401, body=b'{"error":{"message":"no key sk-at-hand here"}}')), QUESTIONS
        )
        words = run.words(*BEHIND)
        at = words.index("--model-url")
        monkeypatch.setenv("OPENAI_BASE_URL", words[at + 1])
        call = Call(
            "POST",
            "/",
            body=encoded({"model": "openai/stub", "messages": [{"role": "user", "content": QUESTIONS[0]}]}),
        )
        reply = await LiteLLMTransport(None, None).send(call, 30)
        assert run.model.calls[0].headers["authorization"] == "Bearer sk-at-hand"
        assert reply.status == 401
        assert json.loads(reply.body)["error"]["message"].endswith("no key … here")


async def test_a_model_that_says_nothing_is_given_up_at_our_deadline(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(always(Shape(wire="silence")), QUESTIONS)
        assert (await run.run(*BEHIND, "--model-timeout", "0.3"))[0] == 1
        assert reasons(run.lines("predictions")) == {"the deadline passed before the answer was there"}


async def test_a_deadline_that_passes_while_litellm_is_loaded_is_not_paid() -> None:
    call = Call("POST", "/chat/completions", body=encoded({"model": "openai/stub", "messages": []}))
    with pytest.raises(Unreachable) as told:
        await LiteLLMTransport("http://127.0.0.1:1/v1", None).send(call, 0)
    assert not told.value.sent


async def test_where_nobody_listens_nothing_was_paid(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    async with stage(tmp_path / "run") as run:
        assert (await run.run(*BEHIND, "--model-url", url, "--model-timeout", "2"))[0] == 1
        assert reasons(run.lines("predictions")) == {"no connection: is the address right, is it up?"}


async def test_a_cost_is_known_only_where_the_usage_is_told(tmp_path: Path) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}
    untold = Shape(body=json.dumps({"model": "stub-001", "choices": [choice]}).encode())
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(always(untold), QUESTIONS)
        assert (await run.run(*BEHIND, *PRICED))[0] == 0
        told = [(line["usage"], line["cost_usd"]) for line in run.lines("predictions")]
        assert told == [({"input_tokens": None, "output_tokens": None}, None)] * 2


async def test_a_run_behind_litellm_is_not_gone_on_with_without_it(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run(*BEHIND))[0] == 0
        code, told = await run.run("--model", "openai/stub", "--limit", "1")
        assert code == 2
        assert "provider" in told


async def test_only_litellm_may_know_an_address_by_itself(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        words = run.words("--limit", "1")
        at = words.index("--model-url")
        del words[at : at + 2]
        assert cli.main(words[3:]) == 2


async def test_a_provider_that_litellm_does_not_know_is_refused_with_its_words() -> None:
    transport = LiteLLMTransport(None, None)
    call = Call("POST", "/chat/completions", body=encoded({"model": "no-such/stub", "messages": []}))
    async with transport.stream(call, 30) as answer:
        told = b"".join([piece async for piece in answer.pieces()])
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert b"Provider" in told
    await transport.aclose()


def test_an_extra_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._lacks(("json", "no_such_package"), "litellm")
    assert (
        capsys.readouterr().err == "judge-client: no_such_package is missing; install judge-client[litellm]\n"
    )
    assert not cli._lacks(("litellm",), "litellm")


def test_litellm_is_loaded_when_it_is_asked_and_opens_no_connection(tmp_path: Path) -> None:
    light = Imported("import judge_client.run.litellm_transport", tmp_path)
    assert light.packages.isdisjoint(HEAVY)
    assert light.heard == []
    loaded = Imported("from judge_client.run.litellm_transport import _litellm; _litellm()", tmp_path)
    assert "litellm" in loaded.packages
    assert [event for event, _ in loaded.heard if event.startswith("socket.")] == []
