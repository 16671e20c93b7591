"""A run of the real lm-eval over local data, scored by the service; and one while its judge is away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hookguide import PROGRAMS, at, examples, run

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = ["Right lower lobe pneumonia.", "Fracture of the left wrist.", "x"]


def evaluated(url: str, folder: Path) -> dict[str, Any]:
    utils, task = examples("lm-eval")
    (folder / "utils.py").write_text(at(url, utils), "utf-8")
    (folder / "radiographs.yaml").write_text(task, "utf-8")
    rows = [json.dumps({"question": "What does it show?", "answer": answer}) for answer in ANSWERS]
    (folder / "radiographs.jsonl").write_text("\n".join(rows), "utf-8")
    told: dict[str, Any] = json.loads(run("lm-eval", PROGRAMS / "lm_eval_run.py", folder).splitlines()[-1])
    return told


def test_documents_are_scored_and_the_mean_leaves_out_what_has_no_score(url: str, tmp_path: Path) -> None:
    told = evaluated(url, tmp_path)
    assert told["judge,none"] == pytest.approx(2 / 3), "of two, and not of three with a 0"
    assert told["judge_unscored,none"] == pytest.approx(1 / 3)
    assert [value for value, _ in told["samples"]] == [1, pytest.approx(1 / 3), None]
    assert [bool(reason) for _, reason in told["samples"]] == [False, False, True]
    assert told["samples"][2][1].startswith("abstained: ")


def test_while_the_judge_is_away_there_is_no_mean(away: str, tmp_path: Path) -> None:
    told = evaluated(away, tmp_path)
    assert (told["judge,none"], told["judge_unscored,none"]) == (None, 1)
    assert [value for value, _ in told["samples"]] == [None] * 3
    assert all(reason.startswith("provider_error: ") for _, reason in told["samples"])
