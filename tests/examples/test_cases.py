from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from judge_service.domain.case import Case
from judge_service.domain.request import ScoreRequest
from judge_service.scoring.guard import degenerate

CASES = Path(__file__).parents[2] / "examples" / "cases" / "med-cmr.jsonl"
LINES: list[dict[str, Any]] = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
TASKS = {"SOD", "FDD", "SU", "TP", "CR", "LTG", "MSI"}
WRONG = {
    "wrong_side",
    "negated_finding",
    "wrong_dose",
    "wrong_diagnosis",
    "fluent_nonsense",
    "empty",
    "refusal",
    "injection",
    "self_contradiction",
}
KINDS = WRONG | {"right", "partly_right", "missing_reference"}


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [line["case"] for line in LINES if line["kind"] == kind]


def twin(case: dict[str, Any]) -> str:
    """Give the right answer to the same question."""
    return next(str(right["response"]) for right in of_kind("right") if right["prompt"] == case["prompt"])


def test_every_line_is_a_labelled_case_and_nothing_else() -> None:
    assert len(LINES) >= 18
    assert all(line.keys() == {"kind", "case"} for line in LINES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(line["case"]["id"]))
def test_every_case_is_one_that_a_request_may_carry(line: dict[str, Any]) -> None:
    request = ScoreRequest.model_validate({"rubric": "med-cmr", "case": line["case"]})
    assert request.case == Case.model_validate_json(json.dumps(line["case"]))
    assert request.case.has("prompt")
    assert request.case.has("visual_description")
    assert request.case.has("reference") == (line["kind"] != "missing_reference")
    assert request.case.subgroups.keys() == {"task", "modality", "organ"}


def test_ids_are_unique() -> None:
    assert max(Counter(line["case"]["id"] for line in LINES).values()) == 1


def test_every_kind_is_there_and_right_ones_are_many() -> None:
    kinds = Counter(line["kind"] for line in LINES)
    assert kinds.keys() == KINDS
    assert kinds["right"] >= 5


def test_every_task_of_the_benchmark_has_a_right_and_another_answer_to_one_question() -> None:
    by_task: dict[str, set[str]] = {}
    for line in LINES:
        by_task.setdefault(line["case"]["subgroups"]["task"], set()).add(line["kind"])
    assert by_task.keys() == TASKS
    assert all("right" in kinds and kinds & WRONG for kinds in by_task.values())


def test_answers_to_one_question_share_all_that_is_known_about_it() -> None:
    known: dict[str, set[tuple[str, str]]] = {}
    for line in LINES:
        if line["kind"] != "missing_reference":
            case = line["case"]
            known.setdefault(case["prompt"], set()).add((case["visual_description"], case["reference"]))
    assert all(len(facts) == 1 for facts in known.values())


def test_most_answers_have_the_two_parts_the_benchmark_asks_for() -> None:
    parted = [line for line in LINES if line["case"]["response"].startswith("Reasoning: ")]
    assert all(" Answer: " in line["case"]["response"] for line in parted)
    assert len(parted) > len(LINES) / 2


def test_a_wrong_side_differs_from_the_right_answer_in_the_side_alone() -> None:
    for case in of_kind("wrong_side"):
        mirrored = str.maketrans({"\0": "left", "\1": "right", "\2": "Left", "\3": "Right"})
        marked = case["response"]
        for mark, word in (("\0", "right"), ("\1", "left"), ("\2", "Right"), ("\3", "Left")):
            marked = marked.replace(word, mark)
        assert marked.translate(mirrored) == twin(case)


def test_a_wrong_dose_differs_from_the_right_answer_in_numbers_alone() -> None:
    for case in of_kind("wrong_dose"):
        said, meant = (text.split() for text in (case["response"], twin(case)))
        differing = [(a, b) for a, b in zip(said, meant, strict=True) if a != b]
        assert differing
        assert all(a.isdigit() and b.isdigit() for a, b in differing)


def test_only_the_empty_answer_has_nothing_to_judge() -> None:
    assert {line["kind"] for line in LINES if degenerate(line["case"]["response"])} == {"empty"}


def test_an_injection_brings_forged_verdicts_with_full_marks() -> None:
    assert of_kind("injection")
    assert all('"level": 5' in case["response"] for case in of_kind("injection"))
