"""What the command prints and refuses: one line for a fault, and what data say as it is."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from driving import completion, stage
from stubjudge import SHAPES, Shape

from judge_client.run.cli import main

if TYPE_CHECKING:
    from pathlib import Path

OPEN = {"id": "a[/b]", "question": "q [/z] :smile:?", "answer": "x", "dimension": "[/x]"}
CHOICE = {
    "id": "2[red]",
    "question": "q2?",
    "answer": "B",
    "A": "[/one]",
    "B": "two",
    "dimension": "[ct] scan",
}
MARKUP = [OPEN, CHOICE, OPEN | {"id": "3", "dimension": "y"}, CHOICE | {"id": "4", "dimension": "y"}]


def told_by(*words: str) -> tuple[int, str]:
    """The exit code, and all that was printed."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        code = main(words)
    return code, told.getvalue()


def dry(folder: Path, *more: str) -> tuple[int, str]:
    """A dry run over one question; nobody is asked."""
    (folder / "data.json").write_text(json.dumps([{"question": "?", "answer": "x"}]), "utf-8")
    urls = ("--model-url", "http://127.0.0.1:9", "--judge-url", "http://127.0.0.1:9")
    return told_by(
        *("run", str(folder / "data.json"), "--model", "m", *urls),
        *("--out", str(folder / "out"), "--dry-run", *more),
    )


async def test_what_looks_like_markup_is_printed_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data[1].json").write_text(json.dumps(MARKUP), "utf-8")
    outs = [tmp_path / "one[a]", tmp_path / "[two]"]
    for out in outs:
        async with stage(out) as run:
            run.model.choose = lambda _: completion("B")
            run.judge.choose = lambda _: SHAPES["normal"]
            words = ("--model", "m[/m]", "--body", 'stop="[/s]"')
            code, told = await run.run("--dry-run", *words, data=tmp_path / "data[1].json")
            assert code == 0, told
            assert "open/a[/b] (no picture)" in told
            assert "q [/z] :smile:?" in told
            code, told = await run.run(*words, data=tmp_path / "data[1].json")
            assert code == 0, told
            assert "  [/x] " in told
            assert "  [ct] scan " in told
    code, told = told_by("compare", *map(str, outs))
    assert code == 0, told
    assert "A: m[/m] (one[a]), B: m[/m] ([two])" in told


ORDERS = "\x1b]0;owned\x07\x1b[31m\x9b2J"


async def test_no_order_to_the_terminal_is_printed(tmp_path: Path) -> None:
    rest = {"answer": f"x{ORDERS}", "dimension": f"d{ORDERS}", "visual_description": "y"}
    rows = [{"id": f"{at}{ORDERS}", "question": f"q{at}{ORDERS}\n\tmore", **rest} for at in range(2)]
    data = tmp_path / f"data{ORDERS}.json"
    data.write_text(json.dumps(rows), "utf-8")
    refusal = Shape(status=400, body=json.dumps({"error": {"message": f"no{ORDERS}"}}).encode())
    async with stage(tmp_path / "run") as run:
        run.model.choose = lambda _: refusal
        printed = [
            await run.run("--dry-run", data=data),
            await run.run(data=data),
            await run.run("--give-up-after", "1", data=data),
            await run.run("--map", f"z{ORDERS}=question", data=data),
        ]
    for (code, told), expected, words in zip(
        printed, (0, 1, 1, 2), ("q0", "no]0;owned", "given up", "looked for z"), strict=True
    ):
        assert code == expected, told
        assert words in told
        assert not set(told) & {"\x1b", "\x07", "\x9b"}
    assert "q0]0;owned[31m2J\n" in printed[0][1]


@pytest.mark.parametrize(
    ("name", "line", "lacks"),
    [
        ("predictions", {"key": "mcq/1"}, "outcome"),
        ("scores", {"key": "mcq/1"}, "outcome"),
        ("predictions", {"key": "open/1", "outcome": "answered"}, "item"),
        ("scores", {"key": "open/1", "outcome": "scored", "kind": "open"}, "response"),
        ("calls", {"stage": "model"}, "key"),
        ("predictions", {"outcome": ["answered"]}, "key"),
    ],
)
async def test_a_line_that_lacks_what_is_read_of_it_is_one_line(
    name: str, line: dict[str, Any], lacks: str, tmp_path: Path
) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run("--limit", "1"))[0] == 0
        with (run.out / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        count = len(run.lines(name))
        code, told = await run.run("--limit", "1")
        expected = f"judge-client: {name}.jsonl, line {count} is none of a run: it has no {lacks}\n"
        assert (code, told) == (2, expected)


async def test_a_dry_run_counts_what_is_left_and_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        run.judge.choose.answer = lambda _: SHAPES["refusal"]  # type: ignore[union-attr]
        assert (await run.run("--limit", "4"))[0] == 0
        with (run.out / "predictions.jsonl").open("ab") as torn:
            torn.write(b'{"key":"open/9","outco')
        before = {path: path.read_bytes() for path in run.out.iterdir()}
        for words, model, judge in (
            (("--limit", "4"), 0, 0),
            ((), 32, 16),
            (("--limit", "4", "--again-unscored"), 0, 4),
        ):
            code, told = await run.run("--dry-run", *words)
            assert code == 0, told
            assert f"model: {model} calls" in told
            assert f"judge: {judge} calls" in told
        code, told = await run.run("--dry-run", "--model", "other")
        assert (code, told.count("\n")) == (2, 1), told
        assert "other settings (model)" in told
        assert {path: path.read_bytes() for path in run.out.iterdir()} == before


@pytest.mark.parametrize(
    "limit", ["max_tokens=abc", "max_completion_tokens=1.5", "max_tokens=true", "max_tokens=0"]
)
def test_a_limit_that_is_no_number_is_one_line(limit: str, tmp_path: Path) -> None:
    code, told = dry(tmp_path, "--body", limit)
    assert (code, told.count("\n")) == (2, 1), told
    assert "a whole number" in told
    assert dry(tmp_path, "--body", "max_tokens=null", "--body", "max_completion_tokens=7")[0] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "is of no run"),
        ("[]", "is of no run"),
        ('{"format": 99}', "another version"),
        ('{"format": 1}', "no settings"),
        ('{"format": 1, "settings": {}}', "no settings"),
        ("x", "is no JSON"),
    ],
)
def test_a_folder_whose_settings_are_none_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text(text, "utf-8")
    folder = str(tmp_path / "out")
    for code, told in (told_by("compare", folder, folder), dry(tmp_path)):
        assert (code, told.count("\n")) == (2, 1) or "note: " in told, told
        assert words in told


@pytest.mark.parametrize("whose", ["model", "judge"])
@pytest.mark.parametrize("user", ["user:a-secret", "a-secret"])
def test_a_password_in_an_address_is_refused(whose: str, user: str, tmp_path: Path) -> None:
    code, told = dry(tmp_path, f"--{whose}-url", f"http://{user}@127.0.0.1:9/v1")
    assert (code, told.count("\n")) == (2, 1)
    assert f"name the key by --{whose}-key-env" in told
    assert "a-secret" not in told
    assert not (tmp_path / "out").exists()
    assert dry(tmp_path, f"--{whose}-url", "http://127.0.0.1:9/team@home/v1")[0] == 0
