"""The study that ships: made by its script to the byte, and the report finds what was planted in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import judge_calibration

ROOT = Path(__file__).parents[2]
FILE = ROOT / "calibration" / "gold" / "synthetic-study.csv"
LEVELS = ("visual_accuracy", "ground_truth", "consistency", "coherence")


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return judge_calibration.report(judge_calibration.read_study(FILE), {"resamples": 0, "seed": 7})


def test_its_script_makes_it_to_the_byte() -> None:
    code = "import synthetic_study, sys; sys.stdout.write(synthetic_study.text())"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "examples", capture_output=True, text=True, check=True
    )
    assert made.stdout == FILE.read_text("utf-8")


def test_it_is_as_large_as_it_says(report: dict[str, Any]) -> None:
    study = report["study"]
    assert study["n_items"] == 180
    assert study["n_clusters"] == 60
    assert set(study["subgroups"]["modality"]) == {"CT", "MR", "ultrasound"}
    assert set(report["criteria"]) == {*LEVELS, "score"}
    for name in LEVELS:
        profile = study["criteria"][name]
        assert len(profile["raters"]) == 5
        assert len(profile["judges"]) == 2
        assert 0.8 < profile["n_ratings"] / (180 * 5) < 0.9


@pytest.mark.parametrize("criterion", LEVELS)
def test_the_severe_physician_is_found(report: dict[str, Any], criterion: str) -> None:
    fit = report["criteria"][criterion]["raters"]["severity"]
    points = {row["name"]: row["points"] for row in fit["raters"]}
    assert min(points, key=lambda name: points[name]["estimate"]) == "dr_diaz"
    assert points["dr_diaz"]["ci"]["high"] < -0.3


@pytest.mark.parametrize("criterion", LEVELS)
def test_the_lenient_judge_is_found(report: dict[str, Any], criterion: str) -> None:
    judge = report["criteria"][criterion]["judges"]["lenient"]
    assert judge["statistics"]["bias"]["ci"]["low"] > 0.4
    assert judge["verdict"]["standing"] == "worse_than_a_physician"
    assert judge["verdict"]["alt_test_passes"] is False


def test_the_steady_judge_agrees_like_a_physician(report: dict[str, Any]) -> None:
    judge = report["criteria"]["ground_truth"]["judges"]["steady"]
    assert judge["verdict"]["standing"] == "like_a_physician"
    assert judge["verdict"]["alt_test_passes"] is True


def test_the_weak_modality_is_found_and_only_where_it_was_planted(report: dict[str, Any]) -> None:
    def gap(criterion: str) -> dict[str, Any]:
        forest = report["criteria"][criterion]["judges"]["steady"]["subgroups"]["modality"]["forest"]
        return next(row["to_rest"] for row in forest["rows"] if row["group"] == "ultrasound")

    assert gap("visual_accuracy")["ci"]["high"] < -0.3
    assert gap("ground_truth")["ci"]["high"] > -0.3
    groups = report["criteria"]["visual_accuracy"]["judges"]["steady"]["subgroups"]["modality"]["groups"]
    errors = {name: each["statistics"]["mae"]["estimate"] for name, each in groups.items()}
    assert errors["ultrasound"] > 1.4 * max(errors["CT"], errors["MR"])


def test_refusals_and_unreadable_answers_are_counted(report: dict[str, Any]) -> None:
    counts = report["criteria"]["ground_truth"]["judges"]["steady"]["outcomes"]["counts"]
    assert sum(counts.values()) == 180
    assert counts["scored"] < 180
    assert set(counts) <= {"scored", "refused", "unparsable"}


def test_the_total_follows_from_the_criteria(report: dict[str, Any]) -> None:
    judge = report["criteria"]["score"]["judges"]["lenient"]["statistics"]
    assert judge["bias"]["estimate"] == pytest.approx(19, abs=3)
    assert judge["kappa_quadratic"]["reason"] == "not_for_this_scale"
    assert judge["ccc"]["estimate"] is not None
