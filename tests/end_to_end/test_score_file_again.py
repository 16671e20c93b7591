"""`judge-service score`, stopped and started again: what is settled stays, what is not is asked."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from filescoring import JUDGES, case, ends, jsonl, score, scores, started, words
from serving import command, environment

if TYPE_CHECKING:
    from pathlib import Path


def test_the_same_command_again_asks_nothing(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 11)])
    score(path)
    before = path.with_name("out.jsonl").read_bytes()
    again = score(path)
    assert again.returncode == 0
    assert path.with_name("out.jsonl").read_bytes() == before
    assert "kept from before" in again.stderr


def test_rows_without_an_answer_are_exit_code_3_and_asked_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 4)])
    first = score(path, "--judge", "hesitant", "--deadline-ms", "700")
    assert first.returncode == 3, first.stderr
    assert "1 row has no answer from the judge; the same command asks again." in first.stderr
    before = scores(path)
    assert [line["outcome"] for line in before] == ["scored", "timeout", "scored"]
    second = score(path, "--judge", "hesitant")
    assert second.returncode == 0, second.stderr
    assert "no answer" not in second.stderr
    after = scores(path)
    assert [line["outcome"] for line in after] == ["scored"] * 3
    assert (after[0], after[2]) == (before[0], before[2])


def test_a_judge_that_is_down_is_exit_code_3(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 4)])
    done = score(path, "--judge", "flaky")
    assert done.returncode == 3, done.stderr
    assert [line["outcome"] for line in scores(path)] == ["scored", "provider_error", "scored"]


def test_an_outcome_that_is_named_is_asked_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2, reference=None)])
    assert score(path).returncode == 0
    before = scores(path)
    assert score(path, "--again", "missing_input", "--again", "refused").returncode == 0
    after = scores(path)
    assert [line["outcome"] for line in after] == ["scored", "missing_input"]
    assert (after[0] == before[0], after[1]["id"] == before[1]["id"]) == (True, False)


def test_an_input_that_has_lost_rows_is_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2)])
    score(path)
    jsonl(path, [case(1)])
    done = score(path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "row 2" in done.stderr
    assert len(scores(path)) == 2


def test_what_the_cache_lacks_is_exit_code_3_and_leaves_no_line(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    score(path)
    path.with_name("out.jsonl").unlink()
    jsonl(path, [case(1), case(2)])
    done = score(path, "--cache", "only")
    assert done.returncode == 3, done.stderr
    assert "not in the cache" in done.stderr
    assert "rejected_input" not in done.stderr
    assert [line["row"] for line in scores(path)] == [1]
    assert score(path).returncode == 0
    assert [line["row"] for line in scores(path)] == [1, 2]


@pytest.mark.parametrize(
    "changed", [("--rubric", "med-cmr"), ("--judge", "repaired"), ("--partial", "renormalise")], ids=" ".join
)
def test_another_question_on_the_same_file_is_refused(tmp_path: Path, changed: tuple[str, str]) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 4)])
    score(path)
    before = path.with_name("out.jsonl").read_bytes()
    done = score(path, *changed)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "judge-service: out.jsonl holds the score of another row, rubric, judge"
    )
    assert "Traceback" not in done.stderr
    assert path.with_name("out.jsonl").read_bytes() == before


def test_a_name_bound_to_another_judge_is_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    score(path)
    before = path.with_name("out.jsonl").read_bytes()
    bound = environment(tmp_path, {"default": JUDGES["repaired"]})
    assert command(tmp_path, *words(path), env=bound).returncode == 2
    assert path.with_name("out.jsonl").read_bytes() == before


@pytest.mark.parametrize("more", [(), ("--rubric", "no-such")], ids=str)
def test_beginning_anew_takes_nothing_away_before_it_can_begin(tmp_path: Path, more: tuple[str]) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    score(path)
    before = path.with_name("out.jsonl").read_bytes()
    keyed = {
        "kind": "openai",
        "base_url": "http://127.0.0.1:9/v1",
        "model": "m",
        "api_key_env": "NO_SUCH_KEY",
    }
    done = command(tmp_path, *words(path, "--restart", *more), env=environment(tmp_path, {"default": keyed}))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert path.with_name("out.jsonl").read_bytes() == before


@pytest.mark.clocked
def test_a_second_run_on_the_same_output_is_one_line(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 301)])
    slow = ("--judge", "slow", "--concurrency", "3")
    first = started(path, *slow, rows=1)
    second = score(path, *slow, "--restart")
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert "another run" in second.stderr
    assert ends(first, signal.SIGINT)[0] == 130
    assert len(scores(path)) >= 1


def test_rows_that_changed_are_refused_until_it_begins_anew(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2)])
    score(path)
    jsonl(path, [case(1), case(2, response="FIVE")])
    refused = score(path)
    assert (refused.returncode, "row 2" in refused.stderr) == (2, True)
    assert score(path, "--restart").returncode == 0
    assert [line["score"] for line in scores(path)] == [40.0, 100.0]


@pytest.mark.parametrize("more", [(), ("--restart",)], ids=str)
@pytest.mark.parametrize("notes", ['{"my": "notes"}\n', "Notes.\nMore of them.\n", "Notes"])
def test_a_file_that_is_no_output_is_not_overwritten(tmp_path: Path, notes: str, more: tuple[str]) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    path.with_name("out.jsonl").write_text(notes)
    done = score(path, *more)
    assert (done.returncode, path.with_name("out.jsonl").read_text()) == (2, notes)
    assert "give another one" in done.stderr


def test_the_input_is_not_taken_for_the_output(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    before = path.read_bytes()
    twin = tmp_path / "twin.jsonl"
    twin.hardlink_to(path)
    for out in (path, twin):
        done = command(
            tmp_path, "score", str(path), "--out", str(out), "--rubric", "medical-qa", "--restart",
            env=environment(tmp_path, JUDGES),
        )  # fmt: skip
        assert (done.returncode, path.read_bytes()) == (2, before)
        assert "--out is the input file" in done.stderr


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 31)])
    slow = ("--judge", "slow", "--concurrency", "3", "--cache", "off")
    code, _ = ends(started(path, *slow, rows=6), signal.SIGKILL)
    assert code == -signal.SIGKILL
    out = path.with_name("out.jsonl")
    with out.open("ab") as torn:
        torn.write(b'{"row": 30, "asked": "0123", "outc')
    settled = {line["row"]: line["id"] for line in map(json.loads, out.read_text().splitlines()[:-1])}
    assert 6 <= len(settled) < 30
    assert score(path, *slow).returncode == 0
    told = scores(path)
    assert [line["row"] for line in told] == list(range(1, 31))
    assert all(line["outcome"] == "scored" for line in told)
    assert {line["row"]: line["id"] for line in told if line["row"] in settled} == settled


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_a_sound_file(tmp_path: Path, number: int) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 31)])
    slow = ("--judge", "slow", "--concurrency", "3")
    code, told = ends(started(path, *slow, rows=4), number)
    assert code == 130
    assert "The same command goes on from here." in told
    assert "Traceback" not in told
    rows = [line["row"] for line in scores(path)]
    assert 4 <= len(rows) < 30
    assert rows == sorted(rows)
    assert score(path, *slow).returncode == 0
    assert [line["row"] for line in scores(path)] == list(range(1, 31))


def test_a_row_that_no_judge_is_asked_about_does_not_tie_the_file_to_a_judge(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1, response=""), case(2)])
    first = score(path, "--judge", "flaky")
    assert [line["outcome"] for line in scores(path)] == ["scored", "provider_error"], first.stderr
    second = score(path)
    assert second.returncode == 0, second.stderr
    assert [line["outcome"] for line in scores(path)] == ["scored", "scored"]


def test_a_row_that_could_not_be_read_is_read_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), {"response": 5}])
    score(path)
    assert [line["outcome"] for line in scores(path)] == ["scored", "rejected_input"]
    jsonl(path, [case(1), case(2)])
    mended = score(path)
    assert mended.returncode == 0, mended.stderr
    assert [line["outcome"] for line in scores(path)] == ["scored", "scored"]
