"""Answers that were paid and are none: each is a failure with its reason, and no number comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from driving import QUESTIONS, Counted, completion, stage

if TYPE_CHECKING:
    from pathlib import Path

    from driving import Stage
    from stubjudge import Shape

ONE = ("--limit", "1", "--model-concurrency", "1")
PRICED = ("--price-in", "1", "--price-out", "2")


def always(run: Stage, shape: Shape) -> None:
    run.model.choose = Counted(lambda _: shape, QUESTIONS)


def says(content: Any, finish: str = "stop", **more: Any) -> Shape:
    message = {"role": "assistant", "content": content, **more}
    return completion("", message=message, finish_reason=finish)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (completion("", message={}), "the answer has no content"),
        (says(None), "the answer has no content"),
        (says([]), "the content of the answer is no text"),
        (says(42), "the content of the answer is no text"),
        (says([{"type": "text", "text": 42}]), "the content of the answer is no text"),
        (says(None, "tool_calls", tool_calls=[{"id": "x"}]), "the model called a tool and answered nothing"),
        (says("", "error"), "the provider broke the answer off with an error"),
        (says("Answer: A", "error"), "the provider broke the answer off with an error"),
        (says("", "content_filter"), "the provider's filter let no answer through"),
        (says("Reasoning: The", "content_filter"), "the provider's filter cut the answer off"),
        (says("", "length"), "the answer was cut off at its longest length before it began"),
        (says(None, "length"), "the answer was cut off at its longest length before it began"),
        (says("<think>It may be", "length"), "the answer was cut off at its longest length before it began"),
    ],
)
async def test_what_is_no_answer_of_the_models_is_null_and_was_paid(
    tmp_path: Path, shape: Shape, reason: str
) -> None:
    async with stage(tmp_path / "run") as run:
        always(run, shape)
        assert (await run.run(*ONE, *PRICED))[0] == 1
        lines = run.lines("predictions")
        assert [(line["outcome"], line["reason"]) for line in lines] == [("failed", reason)] * 2
        assert [line["cost_usd"] for line in lines] == [pytest.approx(120e-6)] * 2
        assert run.model.count == 2
        assert run.judge.count == 0
        cells = [run.summary[kind]["all"] for kind in ("mcq", "open")]
        assert [cell["unscored_reasons"] for cell in cells] == [{"model_failed": 1}] * 2
        assert cells[0]["accuracy_micro"]["estimate"] is cells[1]["score_micro"]["estimate"] is None
        assert run.summary["calls"]["model_cost_usd"] == pytest.approx(240e-6)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (says(""), ""),
        (says([{"type": "text", "text": "A"}, {"type": "thinking"}]), "A"),
        (says(None, refusal="I will not."), "I will not."),
    ],
)
async def test_an_answer_that_is_empty_or_refuses_is_still_the_models(
    tmp_path: Path, shape: Shape, text: str
) -> None:
    async with stage(tmp_path / "run") as run:
        always(run, shape)
        await run.run(*ONE)  # the service judges no empty response
        told = [(line["outcome"], line["text"]) for line in run.lines("predictions")]
        assert told == [("answered", text)] * 2


async def test_an_answer_that_was_cut_off_after_it_began_is_scored_and_counted(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        always(run, says("Reasoning: The lesion", "length"))
        assert (await run.run(*ONE))[0] == 0
        assert [line["finish"] for line in run.lines("predictions")] == ["length"] * 2
        assert run.summary["calls"]["answers_cut_off"] == 2
