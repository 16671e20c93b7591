"""Whatever an operation takes over HTTP is reached from the command line, and so are kept studies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from calibrationcommands import LEVELS, run, settled, told, totals
from studies import a_document
from typer.main import get_command

from judge_calibration.reporting.options import Options
from judge_service.calibrations.archive import Archive
from judge_service.cli import app
from judge_service.errors import ConfigurationError, JudgeServiceError, MapNotFound, StudyNotFound

if TYPE_CHECKING:
    from pathlib import Path

JUDGED = ("--judge-a", "J", "--judge-b", "K")
DRIFTED = ("--judge-before", "J", "--judge-after", "K")
QUALITY = ("--criterion", "quality")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settled(tmp_path, monkeypatch)


@pytest.fixture
def study(home: Path) -> Path:
    path = home / "study.json"
    path.write_text(json.dumps(a_document(judges=("J", "K"))), "utf-8")
    return path


def whole(home: Path) -> dict[str, Any]:
    """What the last command wrote into out.json."""
    found: dict[str, Any] = json.loads((home / "out.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["report", "--set", "consensus=median"], "consensus", "median"),
        (["report", "--set", "subgroups=[]"], "subgroups", []),
        (["report", "--set", "resamples=0", "--set", "alpha=0.2"], "alpha", 0.2),
        (["report", "--criteria", "quality"], "criteria", ["quality"]),
        (["report", "--judges", "J", "--judges", "K"], "judges", ["J", "K"]),
        (["report", "--level", "0.9"], "level", 0.9),
        (["alt-test", "--set", "test=sign_flip"], "alt_test", "sign_flip"),
        (["alt-test", "--set", 'options={"q": 0.1}'], "q", 0.1),
        (["alt-test", "--judges", "J"], "judges", ["J"]),
        (["compare", *JUDGED, "--set", "ceiling_margin=0.1"], "ceiling_margin", 0.1),
        (["compare", *JUDGED, "--cluster-by", "item"], "cluster_by", "item"),
        (["swap", *JUDGED, "--set", 'criteria=["quality"]'], "criteria", ["quality"]),
        (["swap", *JUDGED, "--cluster-by", "item"], "cluster_by", "item"),
        (["audit", "--judge", "J", "--set", "level=0.9"], "level", 0.9),
        (["audit", "--judge", "J", "--cluster-by", "item"], "cluster_by", "item"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_every_option_is_reached_from_the_command_line(
    study: Path, words: list[str], name: str, value: object
) -> None:
    command_name, *rest = words
    told(command_name, study, *rest, "--json", "out.json")
    assert whole(study.parent)["options"][name] == value


def test_what_stands_beside_options_is_reached_too(study: Path) -> None:
    home = study.parent
    told("equate", study, *QUALITY, *JUDGED, "--set", "error_ratio=1e6", "--json", "out.json")
    steep = whole(home)["deming"]
    told("equate", study, *QUALITY, *JUDGED, "--json", "out.json")
    assert whole(home)["deming"] != steep
    told("estimate", study, *QUALITY, "--judge", "J", "--set", "level=0.8", "--json", "out.json")
    assert whole(home)["models"][0]["mean"]["ci"]["level"] == 0.8
    told("drift", study, *DRIFTED, "--monitor", "--set", "level=0.9", "--json", "out.json")
    assert whole(home)["criteria"]["quality"]["monitor"] is not None
    fit = ("fit", study, *QUALITY, "--judge", "J", "--out", "out.json")
    told(*fit, "--set", "repeats=1", "--set", "folds=3", "--set", 'fingerprint={"model": "m"}')
    assert whole(home)["judge"]["fingerprint"] == {"model": "m"}


def test_a_map_is_given_by_its_file_or_its_id(study: Path, home: Path) -> None:
    told("fit", study, *QUALITY, "--judge", "J", "--method", "shift", "--out", "map.json")
    told("drift", study, *DRIFTED, "--map", "map.json", "--json", "out.json")
    assert whole(home)["criteria"]["quality"]["map_transport"] is not None
    few = a_document(judges=("J",))
    (home / "few.json").write_text(json.dumps(few | {"ratings": few["ratings"][:60]}), "utf-8")
    labels = ("labels", home / "few.json", "--objective", "mean", *QUALITY, "--judge", "J", "--budget", 9)
    for more, equal in (((), True), (("--map", "map.json"), False)):
        picks = json.loads("\n".join(told(*labels, *more)))["picks"]
        assert (len({pick["probability"] for pick in picks}) == 1) is equal
    bind = ("--judge", "J", "--method", "shift", "--bind", "default:medical-qa:text")
    map_id = told("fit", totals(home), "--criterion", "score", *bind)[0]
    refused = run(*labels, "--map", map_id)
    assert refused.exit_code == 2
    assert "option 'map': is of 'score'" in refused.stderr


def test_families_are_those_of_several_judges(study: Path, home: Path) -> None:
    document = a_document(judges=("J", "K"))
    items = sorted({row["item"] for row in document["ratings"]})
    document["items"] = [
        {"item": item, "subgroups": {"maker": "ab"[at % 2]}} for at, item in enumerate(items)
    ]
    study.write_text(json.dumps(document), "utf-8")
    words = ("audit", study, "--judge", "J", "--own-family", "a", "--own-family", "K=b", "--family", "maker")
    told(*words, "--json", "out.json")
    family = whole(home)["criteria"]["quality"]["family"]
    assert [each["own"] for each in family["judges"]] == ["a", "b"]


def test_a_study_is_kept_listed_named_by_its_id_and_forgotten(study: Path, home: Path) -> None:
    (study_id,) = told("keep", study)
    (home / "a.csv").write_text("item,criterion,rater,score\n1,quality,A,3\n1,quality,B,4\n", "utf-8")
    (other,) = told("keep", home / "a.csv", "--scales", LEVELS)
    assert told("keep", study_id) == [study_id]
    assert told("studies") == sorted([study_id, other])
    assert told("report", study_id, "--resamples", 0) == told("report", study, "--resamples", 0)
    assert told("swap", study_id, *JUDGED) == told("swap", study, *JUDGED)
    assert told("fit", study_id, *QUALITY, "--judge", "J") == told("fit", study, *QUALITY, "--judge", "J")
    assert told("forget", study_id) == [f"{study_id} forgotten"]
    assert told("studies") == [other]
    assert isinstance(run("profile", study_id).exception, StudyNotFound)
    assert isinstance(run("forget", study_id).exception, StudyNotFound)


def test_of_very_many_kept_studies_all_are_listed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    for at in range(5):
        rows = f"item,criterion,rater,score\n{at},quality,A,3\n{at},quality,B,4\n"
        (home / "a.csv").write_text(rows, "utf-8")
        kept += told("keep", home / "a.csv", "--scales", LEVELS)
    monkeypatch.setattr(Archive.study_ids, "__defaults__", ("", 2))
    assert told("studies") == sorted(kept)


def test_help_tells_the_defaults_of_the_library() -> None:
    options = {each.name: each for each in get_command(app).commands["calibration"].commands["report"].params}  # type: ignore[attr-defined]
    for name in ("resamples", "seed", "level", "epsilon"):
        assert options[name].show_default == str(Options().as_json()[name])
        assert options[name].default is None


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "nowhere.json"], "nowhere.json"),
        (["report", "study.json", "--set", "colour=1"], "ceiling_margin"),
        (["report", "study.json", "--set", "criteria=[]"], "names nothing"),
        (["estimate", "study.json", *QUALITY, "--judge", "J", "--set", "colour=1"], "probabilities"),
        (["equate", "study.json", *QUALITY, *JUDGED, "--set", "error_ratio=0"], "error_ratio"),
        (["fit", "study.json", *QUALITY, "--judge", "J", "--set", "folds=1"], "folds"),
        (["swap", "nowhere.jsonl", *JUDGED, "--rubric", "medical-qa"], "nowhere.jsonl"),
    ],
)
def test_a_mistake_that_the_library_finds_is_one_line(words: list[str], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2, done.exception
    (line,) = done.stderr.splitlines()
    assert line.startswith("judge-service: ")
    assert said in line


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["power", "icc", "icc=0.6", "icc=0.7"], ConfigurationError, "given twice"),
        (["power", "icc", "kind=mean"], ConfigurationError, "given twice"),
        (["report", "study.json", "--set", "seed"], ConfigurationError, "NAME=VALUE"),
        (
            ["report", "study.json", "--seed", "0", "--set", "seed=1"],
            ConfigurationError,
            "'seed' is given twice",
        ),
        (["report", "study.json", "--set", "q=0.1", "--set", "q=0.2"], ConfigurationError, "given twice"),
        (["compare", "study.json", *JUDGED, "--seed", "1", "--set", "seed=1"], ConfigurationError, "seed"),
        (
            ["estimate", "study.json", *QUALITY, "--judge", "J", "--set", "judge=K"],
            ConfigurationError,
            "judge",
        ),
        (["fit", "study.json", *QUALITY, "--judge", "J", "--set", "study=x"], ConfigurationError, "study"),
        (
            ["audit", "study.json", "--judge", "J", "--own-family", "a", "--own-family", "J=b"],
            ConfigurationError,
            "J",
        ),
        (["drift", "study.json", *DRIFTED, "--map", "nowhere.json"], ConfigurationError, "nowhere.json"),
        (["drift", "study.json", *DRIFTED, "--map", "sha256:0"], MapNotFound, "sha256:0"),
        (["report", "sha256:0"], StudyNotFound, "sha256:0"),
        (["report", "sha256:0", "--scales", "{}"], ConfigurationError, "--scales"),
        (["forget", "sha256:0"], StudyNotFound, "sha256:0"),
    ],
)
def test_a_mistake_of_the_command_line_is_raised_to_where_it_becomes_a_line(
    words: list[str], error: type[JudgeServiceError], said: str
) -> None:
    done = run(*words)
    assert isinstance(done.exception, error), (done.output, done.exception)
    assert said in str(done.exception)
