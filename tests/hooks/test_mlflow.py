"""An evaluation of the real MLflow, scored by the service; and one while its judge is away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hookguide import PROGRAMS, at, examples, run

if TYPE_CHECKING:
    from pathlib import Path


def evaluated(url: str, folder: Path) -> dict[str, Any]:
    (example,) = examples("MLflow")
    (folder / "evaluation.py").write_text(at(url, example), "utf-8")
    told: dict[str, Any] = json.loads(run("mlflow", PROGRAMS / "mlflow_evaluate.py", folder).splitlines()[-1])
    return told


def test_rows_are_scored_and_the_mean_leaves_out_what_has_no_score(url: str, tmp_path: Path) -> None:
    told = evaluated(url, tmp_path)
    assert told["metrics"] == {"judge/mean": pytest.approx(2 / 3)}, "of two, and not of three with a 0"
    found = {tuple(row[:2]) for row in told["rows"]}
    assert found == {(1.0, None), (0.33333333333, None), (None, "abstained")}
    assert any("ground_truth: " in (reason or "") for _, _, reason in told["rows"])


def test_while_the_judge_is_away_there_is_no_mean(away: str, tmp_path: Path) -> None:
    told = evaluated(away, tmp_path)
    assert told["metrics"] == {}
    assert [row[:2] for row in told["rows"]] == [[None, "provider_error"]] * 3
