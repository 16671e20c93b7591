"""Texts that no file or no service takes as they are: one item's failure at most, and never the run's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from driving import QUESTIONS, RIGHT, Counted, completion, stage
from stubjudge import Shape

from judge_client.run import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HALF = "Answer: pneumonia \ud83d"
DEEP = Shape(body=b"[" * 200_000)
DEEP_ERROR = Shape(status=400, body=b"[" * 200_000)
FIRST = (QUESTIONS[0], QUESTIONS[20])


def first(odd: Shape) -> Callable[[str], Shape]:
    """The first item of each kind is answered oddly, the others rightly."""
    return lambda question: odd if question in FIRST else completion(RIGHT[question])


async def test_half_a_character_is_kept_as_it_was_said_and_stops_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(first(completion(HALF)), QUESTIONS)
        code, told = await run.run("--limit", "3")
        assert code == 1, told
        texts = {line["key"]: line["text"] for line in run.lines("predictions")}
        assert texts["mcq/1"] == texts["open/1"] == HALF
        assert len(texts) == 6
        cell = run.summary["open"]["all"]
        assert (cell["scored"], cell["unscored_reasons"]) == (2, {"judge_failed": 1})
        line = next(line for line in run.lines("scores") if line["key"] == "open/1")
        assert line["reason"] == "the response holds half a character (a lone surrogate) and cannot be sent"
        assert line["called"] is False
        assert "\\ud83d" in (run.out / "page.html").read_text("utf-8")
        assert (await run.run("--limit", "3"))[0] == 1
        assert run.model.count == 6


async def test_half_a_character_in_a_data_set_is_asked_and_not_judged(tmp_path: Path) -> None:
    rest = {"answer": "x", "visual_description": "a lesion"}
    rows = [{"question": QUESTIONS[20] + " \ud83d", **rest}, {"question": QUESTIONS[21], **rest}]
    data = tmp_path / "odd.json"
    data.write_text(json.dumps(rows), "utf-8")
    async with stage(tmp_path / "run") as run:
        code, told = await run.run("--dry-run", data=data)
        assert code == 0, told
        assert f"{QUESTIONS[20]} \\ud83d" in told
        assert (await run.run(data=data))[0] == 1
        assert [line["outcome"] for line in run.lines("predictions")] == ["answered"] * 2
        cell = run.summary["open"]["all"]
        assert (cell["scored"], cell["unscored_reasons"]) == (1, {"judge_failed": 1})


@pytest.mark.parametrize(
    ("odd", "reason"),
    [(DEEP, "something other than a chat completion"), (DEEP_ERROR, "no reason was given")],
)
async def test_a_reply_that_is_nested_too_deeply_is_one_items_failure(
    tmp_path: Path, odd: Shape, reason: str
) -> None:
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(first(odd), QUESTIONS)
        assert (await run.run("--limit", "3"))[0] == 1
        cells = [run.summary[kind]["all"] for kind in ("mcq", "open")]
        assert [(cell["scored"], cell["unscored_reasons"]) for cell in cells] == [
            (2, {"model_failed": 1})
        ] * 2
        failed = [line for line in run.lines("predictions") if line["outcome"] == "failed"]
        assert all(reason in line["reason"] for line in failed)


async def test_a_count_of_tokens_that_cannot_be_is_unknown(tmp_path: Path) -> None:
    told = json.loads(completion("A").body or b"")
    told["usage"] = {"prompt_tokens": -5, "completion_tokens": 10**400}
    async with stage(tmp_path / "run") as run:
        run.model.choose = Counted(lambda _: Shape(body=json.dumps(told).encode()), QUESTIONS)
        assert (await run.run("--limit", "1", "--price-in", "1", "--price-out", "1"))[0] == 0
        told_usage = {"input_tokens": None, "output_tokens": None}
        assert [line["usage"] for line in run.lines("predictions")] == [told_usage] * 2


@pytest.mark.parametrize("option", ["--price-in", "--judge-price-out", "--model-timeout"])
@pytest.mark.parametrize("word", ["nan", "inf", "-1"])
def test_an_amount_that_is_none_is_refused(
    option: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", ".", "--model", "m", "--judge-url", "http://x", "--out", str(tmp_path))
    with pytest.raises(SystemExit, match="2"):
        cli.main([*words, f"{option}={word}"])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"argument {option}: {word} is no amount: it takes a number from 0 on")
