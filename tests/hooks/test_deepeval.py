"""An evaluation of the real DeepEval, scored by the service; and one while its judge is away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hookguide import PROGRAMS, at, examples, run

if TYPE_CHECKING:
    from pathlib import Path


def evaluated(url: str, folder: Path) -> dict[str, Any]:
    (example,) = examples("DeepEval")
    (folder / "evaluation.py").write_text(at(url, example), "utf-8")
    printed = run("deepeval", PROGRAMS / "deepeval_evaluate.py", folder)
    told: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return told


def test_cases_are_scored_and_one_without_a_score_is_an_error(url: str, tmp_path: Path) -> None:
    rows = evaluated(url, tmp_path)["rows"]
    assert rows[:2] == [[1, True, None], [pytest.approx(1 / 3), False, None]]
    score, passed, error = rows[2]
    assert (score, passed, error.partition(":")[0]) == (None, False, "abstained")


def test_while_the_judge_is_away_no_case_has_a_score(away: str, tmp_path: Path) -> None:
    rows = evaluated(away, tmp_path)["rows"]
    assert [(score, error.partition(":")[0]) for score, _, error in rows] == [(None, "provider_error")] * 3


def test_without_leave_to_go_on_the_evaluation_ends(away: str, tmp_path: Path) -> None:
    (example,) = examples("DeepEval")
    strict = at(away, example).replace("ignore_errors=True", "ignore_errors=False")
    (tmp_path / "evaluation.py").write_text(strict, "utf-8")
    with pytest.raises(AssertionError, match=r"NotJudged: provider_error: "):
        run("deepeval", PROGRAMS / "deepeval_evaluate.py", tmp_path)
