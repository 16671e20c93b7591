from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from examples.demo import CASES, EXPECTED, REAL_JUDGE, Example, Row, environment, examples, faults
from judge_service.domain.judge import JudgeSpec

ROOT = Path(__file__).parents[2]
CRITERIA = ("consistency", "coherence", "visual_accuracy", "ground_truth")
PATIENCE_S = 120


def demo(**variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "examples/demo.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def port_in(text: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", text)
    assert found
    return int(found[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What one run prints; it must end well, whatever the caller's settings are, and leave no folder."""
    temporary = tmp_path_factory.mktemp("demo")
    process = demo(TMPDIR=str(temporary), JUDGE_SERVICE_JUDGES="{broken", JUDGE_SERVICE_NO_SUCH="1")
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    assert list(temporary.iterdir()) == []
    return output


@pytest.mark.parametrize("example", examples(), ids=lambda example: str(example.case["id"]))
def test_every_case_has_its_row_and_is_a_hit_when_asked_again(shown: str, example: Example) -> None:
    name, score = re.escape(str(example.case["id"])), "|".join(EXPECTED.get(example.kind, ["scored"]))
    assert re.search(rf"^{name} +{example.kind}( +[0-5—]){{4}} +(\d+|—) +({score}) ", shown, re.MULTILINE)
    assert re.search(rf"(^| ){name} +hit ", shown, re.MULTILINE)


def test_it_counts_what_it_compared_and_finds_no_fault(shown: str) -> None:
    assert f"All as expected: {len(examples())} cases, 14 pairs" in shown
    assert "FAILED" not in shown


def test_it_says_at_both_ends_that_no_language_model_judged(shown: str) -> None:
    first, *_, last = re.split(r"Judge Service: a demo|What judged here", shown)[1:]
    assert all("It is not a language model." in part for part in (first, last))
    assert shown.count("JUDGE_SERVICE_JUDGES=") == 2


def test_it_prints_a_call_and_the_whole_answer_to_it(shown: str) -> None:
    sent, answered = shown.split("<<'EOF'\n")[1].split("\nEOF\n")
    body = json.loads(sent)
    answer, _ = json.JSONDecoder().raw_decode(answered[answered.index("{") :])
    assert body["rubric"] == "med-cmr"
    assert answer["case_id"] == body["case"]["id"]
    assert answer["provenance"]["instrument"] == "lexical-baseline"
    assert tuple(answer["criteria"]) == CRITERIA


def test_without_a_terminal_there_are_no_control_codes_and_the_table_fits(shown: str) -> None:
    table = shown[: shown.index("One full answer")]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert max(map(len, table.splitlines())) <= 100


def test_nothing_listens_on_its_port_afterwards(shown: str) -> None:
    assert not listens(port_in(shown))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_when_it_is_told_to_end_it_takes_its_service_along(number: int, code: int, tmp_path: Path) -> None:
    process = demo(TMPDIR=str(tmp_path))
    assert process.stdout
    said = ""
    while "Ready after" not in said and (line := process.stdout.readline()):
        said += line
    port = port_in(said)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode in {code, 0}  # 0: it was done before the signal came
    assert not listens(port)
    assert list(tmp_path.iterdir()) == []


def test_the_setting_it_names_binds_a_language_model() -> None:
    judges = {name: JudgeSpec.model_validate(spec) for name, spec in json.loads(REAL_JUDGE).items()}
    assert judges["default"].is_llm


def test_the_service_sees_none_of_the_callers_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_JUDGES", "mine")
    seen = environment(tmp_path)
    assert seen["JUDGE_SERVICE_STORE_URL"] == f"file://{tmp_path}"
    assert "JUDGE_SERVICE_JUDGES" not in seen
    assert seen["PATH"] == os.environ["PATH"]


def row(kind: str, level: int | None, cache: str = "miss", prompt: str = "Which side?") -> Row:
    outcome = "missing_input" if level is None else "scored"
    value = None if level is None else level * 20.0
    verdict = {"outcome": outcome, "level": level, "value": value}
    score: dict[str, Any] = {"outcome": outcome, "score": value, "provenance": {"cache": cache}}
    return Row(
        Example(kind, {"id": kind, "prompt": prompt}), score | {"criteria": {"ground_truth": verdict}}, 1.0
    )


def found(*rows: Row) -> list[str]:
    again = [deepcopy(one) for one in rows]
    for one in again:
        one.score["provenance"]["cache"] = "hit"
    return faults(rows, again)


def test_a_sound_pair_of_passes_has_no_fault() -> None:
    assert found(row("right", 5), row("wrong_side", 1), row("missing_reference", None)) == []


@pytest.mark.parametrize("kind", ["wrong_side", "injection", "empty", "self_contradiction"])
@pytest.mark.parametrize("level", [4, 5])
def test_a_wrong_answer_that_is_not_below_the_right_one_is_a_fault(kind: str, level: int) -> None:
    (fault,) = found(row("right", 4), row(kind, level))
    assert "wrong order" in fault


def test_answers_to_different_questions_are_not_compared() -> None:
    assert found(row("right", 1), row("wrong_side", 5, prompt="Which lobe?")) == []


@pytest.mark.parametrize(("level", "count"), [(3, 0), (4, 0), (5, 1)])
def test_a_partly_right_answer_may_equal_the_right_one_and_no_more(level: int, count: int) -> None:
    assert len(found(row("right", 4), row("partly_right", level))) == count


@pytest.mark.parametrize("cache", ["miss", "joined", "off", "none"])
def test_a_second_answer_that_is_no_hit_is_a_fault(cache: str) -> None:
    (fault,) = faults([row("right", 5)], [row("right", 5, cache)])
    assert cache in fault


def test_a_second_answer_with_other_verdicts_is_a_fault() -> None:
    (fault,) = faults([row("right", 5)], [row("right", 4, "hit")])
    assert "other verdicts" in fault


@pytest.mark.parametrize(("kind", "level"), [("right", None), ("missing_reference", 3), ("empty", None)])
def test_an_outcome_that_the_kind_does_not_lead_to_is_a_fault(kind: str, level: int | None) -> None:
    assert any("expected" in fault for fault in found(row(kind, level)))


@pytest.mark.parametrize("number", [0, 0.0, 100.0])
def test_a_number_without_a_score_is_a_fault(number: float) -> None:
    one = row("missing_reference", None)
    one.score["score"] = number
    (fault,) = found(one)
    assert f"its number is {number}" in fault


def test_a_level_without_a_number_is_a_fault() -> None:
    one = row("right", 5)
    one.score["criteria"]["ground_truth"]["value"] = None
    (fault,) = found(one)
    assert "ground_truth is scored" in fault


def test_the_examples_are_the_lines_of_the_file() -> None:
    assert len(examples()) == len(CASES.read_text("utf-8").splitlines())
