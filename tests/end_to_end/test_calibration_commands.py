"""`judge-service calibration …` on the study that ships, and the maps that ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from judge_calibration.maps.artefact import opened
from judge_service.api.calibration import samples
from judge_service.cli import app
from judge_service.errors import JudgeServiceError

if TYPE_CHECKING:
    from typer.testing import Result

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY = str(REPOSITORY / "calibration" / "gold" / "synthetic-study.csv")
MAPS = sorted((REPOSITORY / "calibration" / "maps").glob("*.json"))


def asked(*words: str, code: int = 0) -> str:
    """What a command prints; a mistake in use is told on standard error."""
    done: Result = CliRunner().invoke(app, ["calibration", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judges = {
        "default": {"kind": "embedded"},
        "fixed": {"kind": "scripted", "script": [{"levels": {"*": 4}}]},
    }
    monkeypatch.setenv("JUDGE_SERVICE_STORE_URL", f"file://{tmp_path}/kept.db")
    monkeypatch.setenv("JUDGE_SERVICE_JUDGES", json.dumps(judges))


def test_a_report_is_sentences_data_and_a_page(tmp_path: Path) -> None:
    data, page = tmp_path / "report.json", tmp_path / "report.html"
    lines = asked(
        "report",
        STUDY,
        "--resamples",
        "50",
        "--json",
        str(data),
        "--html",
        str(page),
        "--subgroups",
        "modality",
    ).splitlines()
    answer = json.loads(data.read_text())
    pairs = [(c, judge) for c, each in answer["criteria"].items() for judge in each["judges"]]
    assert [line.split(": ")[0] for line in lines[:-1]] == [f"{c}, {judge}" for c, judge in pairs]
    assert any("lenient: worse than a physician" in line for line in lines)
    assert page.read_text().startswith("<!doctype html>")


def test_a_profile_counts(tmp_path: Path) -> None:
    assert json.loads(asked("profile", STUDY))["criteria"]


def test_may_a_judge_stand_in() -> None:
    lines = asked("alt-test", STUDY, "--epsilon", "0.1").splitlines()
    assert any(line.startswith("ground_truth, steady: ω") and "passes True" in line for line in lines)
    assert any(line.startswith("ground_truth, lenient: ω") and "passes False" in line for line in lines)


def test_two_judges_are_compared() -> None:
    told = asked("compare", STUDY, "--judge-a", "lenient", "--judge-b", "steady", "--resamples", "50")
    assert "ground_truth, kappa_quadratic: steady minus lenient 0." in told


def test_means_of_models_have_intervals() -> None:
    lines = asked("estimate", STUDY, "--criterion", "ground_truth", "--judge", "steady").splitlines()
    assert sorted(line.split(":")[0] for line in lines) == ["gemma", "llama", "qwen"]
    assert all("labels alone" in line and "[" in line for line in lines)


def test_another_judge_is_a_drift_and_a_swap_that_changes_something() -> None:
    drift = asked("drift", STUDY, "--judge-before", "steady", "--judge-after", "lenient", "--margin", "0.3")
    assert "ground_truth: different, shift 0." in drift
    swap = asked("swap", STUDY, "--judge-a", "steady", "--judge-b", "lenient", "--threshold", "3")
    assert "ground_truth: " in swap
    assert "now pass" in swap


def test_an_audit_finds_the_planted_preferences() -> None:
    told = asked("audit", STUDY, "--judge", "lenient", "--own-family", "qwen")
    assert "per doubling of length: 0." in told
    assert "own family qwen: 0." in told


def test_what_to_label_next_and_how_many_items() -> None:
    picks = json.loads(asked("labels", STUDY, "--objective", "reliability", "--criterion", "ground_truth"))
    assert picks["objective"] == "reliability"
    assert json.loads(asked("power", "icc", "icc=0.6", "raters=3", "width=0.2"))["items"] > 30
    asked("power", "icc", "icc=0.6", "raters=3", code=2)
    with pytest.raises(JudgeServiceError, match="NAME=VALUE"):
        asked("power", "icc", "0.6")


def test_the_catalogue_is_told() -> None:
    assert "kappa_quadratic" in asked("definitions")


def test_a_faulty_study_is_told_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "study.csv"
    path.write_text("item,criterion,rater,score\na,q,A,9\nb,q,A,x\n")
    told = asked("report", str(path), "--scales", '{"q": [0, 1, 2]}', code=2)
    assert "row 2, score: 9.0 is not on the scale" in told
    assert "row 3, score" in told
    for scales in ("[1]", str(tmp_path / "none.json")):
        with pytest.raises(JudgeServiceError, match="JSON"):
            asked("profile", str(path), "--scales", scales)


@pytest.mark.usefixtures("_own_store")
def test_a_map_is_fitted_put_in_force_and_taken_out(tmp_path: Path) -> None:
    study, out = tmp_path / "study.json", tmp_path / "map.json"
    study.write_text(json.dumps(samples.FIT["study"]))
    fit = ("fit", str(study), "--criterion", "quality", "--judge", "second", "--out", str(out))
    map_id = asked(*fit).splitlines()[0]
    assert opened(json.loads(out.read_text())).id == map_id
    assert map_id not in asked("maps")
    assert "→" in asked("apply", str(out), "3", "5")


@pytest.mark.usefixtures("_own_store")
def test_a_bound_map_calibrates_until_it_is_retired() -> None:
    fit = ("fit", STUDY, "--criterion", "ground_truth", "--judge", "steady", "--bind", "default:medical-qa")
    told = asked(*fit, "--activate").splitlines()
    assert told[-1] == "active"
    assert f"{told[0]}  steady  ground_truth  active" in asked("maps")
    assert "retired" in asked("retire", told[0])
    assert f"{told[0]}  steady  ground_truth  retired" in asked("maps")
    assert "active" in asked("activate", told[0])
    with pytest.raises(JudgeServiceError, match="JUDGE:RUBRIC"):
        asked(*fit[:-1], "default")


@pytest.mark.usefixtures("_own_store")
def test_a_swap_is_tried_on_cases_and_ratings(tmp_path: Path) -> None:
    cases, ratings, out = tmp_path / "cases.jsonl", tmp_path / "ratings.json", tmp_path / "swap.json"
    cases.write_text("".join(json.dumps(case) + "\n" for case in samples.SWAP_ON_CASES["cases"]))
    levels = {"ground_truth": [0, 1, 2, 3, 4, 5]}
    ratings.write_text(json.dumps({"scales": levels, "ratings": samples.SWAP_ON_CASES["ratings"]}))
    told = asked(
        *("swap", str(cases), "--judge-a", "default", "--judge-b", "fixed", "--rubric", "medical-qa"),
        *("--ratings", str(ratings), "--threshold", "3", "--resamples", "0", "--json", str(out)),
    )
    assert "ground_truth: " in told
    answer: dict[str, Any] = json.loads(out.read_text())
    assert answer["scored_cases"] == len(samples.SWAP_ON_CASES["cases"])


@pytest.mark.parametrize("path", MAPS, ids=[path.stem for path in MAPS])
@pytest.mark.usefixtures("_own_store")
def test_a_map_that_ships_opens_is_listed_and_is_what_its_study_gives(path: Path, tmp_path: Path) -> None:
    shipped = json.loads(path.read_text())
    assert f"{opened(shipped).id}  lenient" in asked("maps")
    again = tmp_path / "again.json"
    fit = ("fit", STUDY, "--criterion", shipped["criterion"], "--judge", "lenient", "--by", "modality")
    asked(*fit, "--out", str(again))
    assert json.loads(again.read_text()) == shipped


def test_maps_ship() -> None:
    assert MAPS
