"""An evaluation of the real Inspect AI, scored by the service; and one while its judge is away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hookguide import PROGRAMS, at, examples, run

if TYPE_CHECKING:
    from pathlib import Path


def evaluated(url: str, folder: Path) -> dict[str, Any]:
    (task,) = examples("Inspect AI")
    (folder / "radiographs.py").write_text(at(url, task), "utf-8")
    told: dict[str, Any] = json.loads(run("inspect", PROGRAMS / "inspect_eval.py", folder).splitlines()[-1])
    assert told["status"] == "success"
    return told


def test_samples_are_scored_and_what_the_judge_cannot_assess_is_in_no_metric(
    url: str, tmp_path: Path
) -> None:
    told = evaluated(url, tmp_path)
    assert (told["scored"], told["unscored"]) == (2, 1)
    assert told["values"][:2] == pytest.approx([1, 1 / 3])
    assert told["mean"] == pytest.approx(2 / 3), "of two, and not of three with a 0"
    assert told["reasons"] == [None, None, "abstained"]
    assert "ground_truth: " in told["explanations"][0]


def test_while_the_judge_is_away_no_sample_has_a_score(away: str, tmp_path: Path) -> None:
    told = evaluated(away, tmp_path)
    assert (told["scored"], told["unscored"]) == (0, 3)
    assert all(value != value for value in told["values"]), "Inspect's own sign of an unscored sample"  # noqa: PLR0124
    assert told["nan"] == ["mean"]
    assert set(told["reasons"]) == {"provider_error"}
