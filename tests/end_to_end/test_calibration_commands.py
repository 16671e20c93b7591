"""`judge-service calibration …` on the study that ships, and the maps that ship."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from builders import REPOSITORY
from typer.testing import CliRunner

from judge_calibration.maps.artefact import opened
from judge_service.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

STUDY = str(REPOSITORY / "calibration" / "gold" / "synthetic-study.csv")
MAPS = sorted((REPOSITORY / "calibration" / "maps").glob("*.json"))


def asked(*words: str) -> str:
    """What a command prints."""
    done: Result = CliRunner().invoke(app, ["calibration", *words])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_means_of_models_have_intervals() -> None:
    lines = asked("estimate", STUDY, "--criterion", "ground_truth", "--judge", "steady").splitlines()
    assert sorted(line.split(":")[0] for line in lines) == ["gemma", "llama", "qwen"]
    assert all("labels alone" in line and "[" in line for line in lines)


@pytest.mark.parametrize("path", MAPS, ids=[path.stem for path in MAPS])
def test_a_map_that_ships_opens_is_listed_and_is_what_its_study_gives(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_STORE_URL", f"file://{tmp_path}/kept.db")
    shipped = json.loads(path.read_text())
    assert f"{opened(shipped).id}  lenient" in asked("maps")
    again = tmp_path / "again.json"
    fit = ("fit", STUDY, "--criterion", shipped["criterion"], "--judge", "lenient", "--by", "modality")
    asked(*fit, "--out", str(again))
    assert json.loads(again.read_text()) == shipped


def test_maps_ship() -> None:
    assert MAPS
