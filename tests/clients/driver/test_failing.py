"""Calls that fail, answers that say nothing, a judge that gives no score: each is null with its reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from driving import QUESTIONS, RIGHT, Counted, completion, stage
from stubjudge import SHAPES, Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUSY = Shape(status=429, body=b'{"error":{"message":"slow down"}}', headers={"Retry-After": "0"})
BAD = Shape(status=400, body=b'{"error":{"message":"too many pixels"}}')
QUICK = ("--model-concurrency", "4", "--judge-concurrency", "4")


class Once:
    """Answers the first call about a question with something else."""

    def __init__(self, first: Shape) -> None:
        self._first = first
        self._seen: set[str] = set()

    def __call__(self, question: str) -> Shape:
        if question in self._seen:
            return completion(RIGHT[question])
        self._seen.add(question)
        return self._first


async def test_a_model_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(Once(BUSY), QUESTIONS)
        code, told = await run.run("--limit", "2", *QUICK)
        assert code == 0, told
        assert run.model.count == 8
        assert all(line["outcome"] == "answered" for line in run.lines("predictions"))


async def test_a_refused_call_is_told_with_its_reason_and_asked_again_by_the_next_run(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(Once(BAD), QUESTIONS)
        code, told = await run.run("--limit", "2", *QUICK)
        assert code == 1
        assert "4 calls failed" in told
        cells = [run.summary[kind]["all"] for kind in ("mcq", "open")]
        assert [cell["unscored_reasons"] for cell in cells] == [{"model_failed": 2}] * 2
        assert cells[0]["accuracy_micro"]["estimate"] is None
        assert "too many pixels" in run.lines("predictions")[0]["reason"]
        code, _ = await run.run("--limit", "2", *QUICK)
        assert code == 0
        assert run.summary["mcq"]["all"]["correct"] == 2
        assert run.model.count == 8


@pytest.mark.parametrize("wrapped", [str, ascii, json.dumps], ids=["plain", "ascii", "json"])
async def test_a_reason_that_quotes_the_request_is_kept_nowhere(
    tmp_path: Path, wrapped: Callable[[str], str]
) -> None:
    def quoting(question: str) -> Shape:
        words = "x" * 270 + wrapped(f"Received Messages: {question}")  # cut, it would show only how it begins
        return Shape(status=400, body=json.dumps({"error": {"message": words}}).encode())

    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(quoting, QUESTIONS)
        for provider in (
            (),
            ("--provider", "litellm", "--model", "openai/stub", "--out", str(run.out) + "2"),
        ):
            code, told = await run.run("--limit", "1", *QUICK, *provider)
            assert code == 1
            assert "status 400: the reason quotes the request, and is not kept" in told
            assert "Received" not in told
    files = [path for path in tmp_path.glob("run*/*.json*") if path.is_file()]
    assert files
    assert not any("Received" in path.read_text("utf-8") for path in files)


async def test_a_lost_connection_is_not_asked_again_in_the_same_run(tmp_path: Path) -> None:
    """The call may have been paid: whether to pay again is for a person to say, by running again."""
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(Once(Shape(wire="reset")), QUESTIONS)
        assert (await run.run("--limit", "1", *QUICK))[0] == 1
        assert run.model.count == 2
        assert "connection was lost" in run.lines("predictions")[0]["reason"]


async def test_nobody_at_the_models_address_ends_the_run_early(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(lambda _: BAD, QUESTIONS)
        code, told = await run.run("--give-up-after", "5", "--model-concurrency", "1")
        assert code == 1
        assert "given up: 5 calls of the model in a row failed" in told
        assert run.model.count == 5
        assert run.summary["mcq"]["all"]["pending"] == 15


async def test_an_address_that_is_no_service_is_told_before_anything_is_paid(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.service = run.judge.url.removesuffix("/v1")
        run.judge.choose = lambda _: completion("x")
        code, told = await run.run()
        assert code == 2
        assert "judge-client: " in told
        assert run.model.count == 0


def answers(text: str, **more: Any) -> Counted:
    return Counted(lambda _: completion(text, **more), QUESTIONS)


async def test_an_invalid_reply_is_wrong_and_counted_beside_accuracy(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = answers("I would rather not say.")
        assert (await run.run("--limit", "4", *QUICK))[0] == 0
        cell = run.summary["mcq"]["all"]
        assert (cell["scored"], cell["correct"], cell["invalid"], cell["invalid_rate"]) == (4, 0, 4, 100.0)
        assert run.summary["invalid_replies"] == [f"mcq/{at}" for at in range(1, 5)]
        assert run.summary["open"]["all"]["off_format"] == 4


async def test_what_the_providers_filter_cut_out_is_no_answer(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = answers("", finish_reason="content_filter")
        assert (await run.run("--limit", "1", *QUICK))[0] == 1
        assert {line["reason"] for line in run.lines("predictions")} == {
            "the provider's filter let no answer through"
        }


async def test_an_answer_that_the_judge_leaves_unscored_stays_null_until_it_is_asked_for(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path / "run") as run:
        run.judge.choose = Counted(lambda _: SHAPES["refusal"], QUESTIONS)
        assert (await run.run("--limit", "2", *QUICK))[0] == 0
        cell = run.summary["open"]["all"]
        assert (cell["scored"], cell["unscored"], cell["unscored_rate"]) == (0, 2, 100.0)
        assert cell["unscored_reasons"] == {"refused": 2}
        assert cell["score_micro"]["estimate"] is None
        line = next(line for line in run.lines("scores") if line["kind"] == "open")
        assert line["score"] is None
        assert line["reason"]
        asked = run.judge.count
        assert (await run.run("--limit", "2", *QUICK))[0] == 0
        assert run.judge.count == asked
        run.judge.choose = Counted(lambda _: SHAPES["normal"], QUESTIONS)
        assert (await run.run("--limit", "2", "--again-unscored", *QUICK))[0] == 0
        assert run.summary["open"]["all"]["scored"] == 2


async def test_a_judge_that_does_not_answer_is_asked_by_the_next_run(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.judge.choose = Counted(lambda _: Shape(status=500, body=b"{}"), QUESTIONS)
        code, _ = await run.run("--limit", "1", "--judge-timeout", "2", *QUICK)
        assert code == 1
        assert run.summary["open"]["all"]["unscored_reasons"] == {"judge_failed": 1}
        run.judge.choose = Counted(lambda _: SHAPES["normal"], QUESTIONS)
        code, _ = await run.run("--limit", "1", *QUICK)
        assert code == 0
        assert run.summary["open"]["all"]["scored"] == 1
        assert run.model.count == 2


async def test_what_is_asked_of_the_model_and_kept_of_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("KEY_OF_MODEL", "a-secret")
    async with stage(tmp_path / "run") as run:
        words = (
            "--limit",
            "1",
            "--model-key-env",
            "KEY_OF_MODEL",
            "--body",
            "max_tokens=9",
            "--body",
            "temperature=null",
        )
        prices = ("--price-in", "1", "--price-out", "2")
        assert (await run.run(*words, *prices))[0] == 0
        call = run.model.calls[0]
        assert call.headers["authorization"] == "Bearer a-secret"
        assert call.body["max_tokens"] == 9
        assert "temperature" not in call.body
        assert len(call.images) == 1
        assert call.images[0].startswith("data:image/png;base64,")
        line = run.lines("predictions")[0]
        assert line["request"]["fields"] == {"max_tokens": 9}
        assert line["request"]["image"].startswith("sha256:")
        assert line["cost_usd"] == (100 * 1 + 10 * 2) / 1e6
        assert run.summary["calls"]["model_cost_usd"] == 2 * line["cost_usd"]
        for file in run.out.iterdir():
            assert b"a-secret" not in file.read_bytes()
        case = json.loads(run.judge.calls[0].raw)
        assert "stub" not in json.dumps(case["messages"])
