"""What is asked again and what may have been paid, and how costs and reasons of failures are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from driving import QUESTIONS, RIGHT, Counted, completion, stage
from stubjudge import Shape

from judge_client.run.page.markup import money

if TYPE_CHECKING:
    from pathlib import Path

    from driving import Stage

ONE = ("--limit", "1", "--model-concurrency", "1")
PRICED = ("--price-in", "1", "--price-out", "2")
WAIT = {"Retry-After": "0"}
COST = 120e-6  # of the stub's completion, at these prices


def error(status: int, headers: dict[str, str] | None = None) -> Shape:
    return Shape(status=status, body=b'{"error":{"message":"upstream"}}', headers=headers or {})


def begins_with(run: Stage, shape: Shape) -> None:
    """The first call of all gets this, the others the right answer."""
    left = [shape]
    run.model.choose = Counted(lambda asked: left.pop() if left else completion(RIGHT[asked]), QUESTIONS)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("provider", [(), ("--provider", "litellm", "--model", "openai/stub")])
async def test_what_may_have_been_paid_is_not_asked_again_and_leaves_costs_open(
    tmp_path: Path, status: int, provider: tuple[str, ...]
) -> None:
    async with stage(tmp_path / "run") as run:
        begins_with(run, error(status))
        code, told = await run.run(*ONE, *PRICED, *provider)
        assert code == 1
        assert run.model.count == 2
        assert [line.get("paid") for line in run.lines("predictions")] == ["maybe", None]
        calls = run.summary["calls"]
        assert calls["model_cost_usd"] is calls["input_tokens"] is calls["output_tokens"] is None
        assert calls["model_cost_at_least_usd"] == pytest.approx(COST)
        assert "at least $ 0.00012" in (run.out / "page.html").read_text("utf-8")
        assert "model, 1 failed (paid: maybe): " in told


@pytest.mark.parametrize("shape", [error(429), error(529), error(503, WAIT)])
async def test_what_was_not_begun_is_asked_again_and_counted(tmp_path: Path, shape: Shape) -> None:
    async with stage(tmp_path / "run") as run:
        begins_with(run, shape)
        assert (await run.run(*ONE, *PRICED))[0] == 0
        calls = run.summary["calls"]
        assert (calls["model_calls"], calls["model_requests"]) == (2, run.model.count) == (2, 3)
        assert calls["model_cost_usd"] == pytest.approx(2 * COST)
        assert calls["model_cost_at_least_usd"] is None
        assert (calls["input_tokens"], calls["output_tokens"]) == (200, 20)


async def test_a_refused_call_costs_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        begins_with(run, error(400))
        assert (await run.run(*ONE, *PRICED))[0] == 1
        assert run.summary["calls"]["model_cost_usd"] == pytest.approx(COST)
        assert (await run.run(*ONE, *PRICED))[0] == 0
        assert run.summary["calls"]["model_cost_usd"] == pytest.approx(2 * COST)
        assert run.summary["failures"] == []


async def test_tokens_that_nobody_told_are_unknown(tmp_path: Path) -> None:
    untold = json.loads(completion("A").body or b"")
    del untold["usage"]
    async with stage(tmp_path / "run") as run:
        begins_with(run, Shape(body=json.dumps(untold).encode()))
        assert (await run.run(*ONE))[0] == 0
        calls = run.summary["calls"]
        assert (calls["input_tokens"], calls["output_tokens"]) == (None, None)
        assert "<dd>unknown</dd>" in (run.out / "page.html").read_text("utf-8")


async def test_reasons_are_counted_and_hold_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "my-secret")
    bad = Shape(status=400, body=b'{"error":{"message":"my-secret has no right"}}')
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(lambda _: bad, QUESTIONS)
        code, told = await run.run("--limit", "2", "--model-key-env", "MY_KEY")
        assert code == 1
        reason = "status 400: … has no right"
        told_once = {"stage": "model", "reason": reason, "paid": "no", "count": 4}
        assert run.summary["failures"] == [told_once]
        assert f"model, 4 failed: {reason}" in told
        assert reason in (run.out / "page.html").read_text("utf-8")
        assert not any(b"my-secret" in path.read_bytes() for path in run.out.iterdir())


async def test_many_reasons_are_cut_to_the_most_frequent(tmp_path: Path) -> None:
    def each(question: str) -> Shape:
        words = {"error": {"message": f"no {QUESTIONS.index(question) % 15}"}}
        return Shape(status=400, body=json.dumps(words).encode())

    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(each, QUESTIONS)
        assert (await run.run("--give-up-after", "99"))[0] == 1
        listed = run.summary["failures"]
        assert len(listed) == 13
        assert listed[0]["count"] == 3
        assert sum(row["count"] for row in listed) == 40
        assert listed[-1]["reason"].startswith("other reasons")


async def test_a_redirect_is_told_of_the_models_endpoint(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        begins_with(run, Shape(status=302, body=b"", headers={"Location": "http://127.0.0.1:9/"}))
        assert (await run.run(*ONE))[0] == 1
        line = run.lines("predictions")[0]
        words = "the model's endpoint answers with a redirect (status 302): is its address right?"
        assert (line["reason"], line["paid"]) == (words, "no")


@pytest.mark.parametrize("option", ["--model-key-env", "--judge-key-env"])
async def test_a_key_with_a_line_break_is_refused_by_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setenv("MY_KEY", "my-secret\n")
    async with stage(tmp_path / "run") as run:
        code, told = await run.run(*ONE, option, "MY_KEY")
        assert code == 2
        assert told.strip().startswith(f"judge-client: {option}: the key in MY_KEY holds a line break")
        assert "my-secret" not in told
        assert run.model.count == 0


def test_a_cost_that_is_known_in_part_is_told_as_at_least() -> None:
    assert [money(1.5), money(None), money(None, 0.25)] == ["$ 1.5", "unknown", "at least $ 0.25"]
