"""Calls `judge-service calibration …` in this process, with a store of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from serving import RUBRICS
from typer.testing import CliRunner, Result

from judge_service.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LEVELS = '{"quality": [0, 1, 2, 3, 4, 5]}'
JUDGES = {
    "default": {"kind": "embedded"},
    "kind": {"kind": "scripted", "script": [{"levels": {"*": 5}}]},
}


def settled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder, with a store, judges and no maps that ship."""
    monkeypatch.setenv("JUDGE_SERVICE_STORE_URL", f"file://{folder}/store")
    monkeypatch.setenv("JUDGE_SERVICE_RUBRICS_DIR", str(RUBRICS))
    monkeypatch.setenv("JUDGE_SERVICE_JUDGES", json.dumps(JUDGES))
    monkeypatch.setenv("JUDGE_SERVICE_CALIBRATION_MAPS_DIR", str(folder / "none"))
    monkeypatch.chdir(folder)
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["calibration", *map(str, words)])


def told(*words: object) -> list[str]:
    done = run(*words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout.splitlines()


def totals(home: Path) -> Path:
    """Of the default judge's totals under `medical-qa`."""
    rows = [{"item": f"i{at}", "criterion": "score"} for at in range(12)]
    document = {
        "scales": {"score": {"kind": "interval", "low": 0, "high": 100}},
        "ratings": [row | {"rater": "A", "score": at * 7} for at, row in enumerate(rows)],
        "judge_scores": [row | {"judge": "J", "score": at * 8} for at, row in enumerate(rows)],
    }
    path = home / "totals.json"
    path.write_text(json.dumps(document), "utf-8")
    return path
