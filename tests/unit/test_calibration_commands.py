"""`judge-service calibration …`: what each command prints, writes, and says of mistakes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import REPOSITORY
from calibrationcommands import LEVELS, run, settled, told, totals
from calibrationmaps import an_artefact
from serving import command, environment
from studies import a_document, a_nominal_document

from judge_service.calibration_commands.common import by_criterion
from judge_service.domain.panel import PanelSpec
from judge_service.errors import ConfigurationError, MapNotFound, MapRejected

if TYPE_CHECKING:
    from pathlib import Path

GOLD = REPOSITORY / "calibration" / "gold" / "synthetic-study.csv"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settled(tmp_path, monkeypatch)


@pytest.fixture
def study(home: Path) -> Path:
    path = home / "study.json"
    path.write_text(json.dumps(a_document(judges=("J", "K"))), "utf-8")
    return path


def test_the_report_as_it_is_called_on_a_table(home: Path) -> None:
    table = home / "study.csv"
    rows = ["item,criterion,rater,judge,score"]
    rows += [f"{at},quality,{rater},,{at % 6}" for at in range(30) for rater in "AB"]
    rows += [f"{at},quality,,J,{min(5, at % 6 + (at % 3 == 0))}" for at in range(30)]
    table.write_text("\n".join(rows), "utf-8")
    words = ("report", table, "--scales", LEVELS, "--html", "out.html", "--json", "out.json")
    lines = told(*words, "--resamples", 200, "--seed", 7)
    assert lines[0].startswith("quality, J: ")
    assert lines[-1] == "Page: out.html"
    assert (home / "out.html").read_text("utf-8").startswith("<!doctype html>")
    report = json.loads((home / "out.json").read_text("utf-8"))
    assert (report["options"]["resamples"], report["options"]["seed"]) == (200, 7)
    assert {"comparisons", "audits", "means"} <= set(report)


def test_a_report_holds_the_parts_that_are_named(study: Path, home: Path) -> None:
    told("report", study, "--resamples", 0, "--include", "audits", "--html", "out.html", "--json", "out.json")
    assert {"comparisons", "audits"} & set(json.loads((home / "out.json").read_text("utf-8"))) == {"audits"}
    page = (home / "out.html").read_text("utf-8")
    assert ("Bias audits" in page, "Judges compared" in page) == (True, False)


def test_the_report_says_one_sentence_for_each_criterion_and_judge(study: Path) -> None:
    lines = told("report", study, "--resamples", 0)
    assert [line.split(": ")[0] for line in lines] == ["quality, J", "quality, K"]


def test_the_report_of_physicians_alone_says_how_they_agree(home: Path) -> None:
    path = home / "people.json"
    path.write_text(json.dumps(a_document(judges=())), "utf-8")
    (line,) = told("report", path, "--resamples", 0)
    assert line.startswith("quality: no judge; Krippendorff's α, ordinal of physicians 0.")


def test_the_physicians_alpha_is_that_of_the_scale(home: Path) -> None:
    path = home / "claims.json"
    path.write_text(json.dumps(a_nominal_document() | {"judge_scores": []}), "utf-8")
    (line,) = told("report", path, "--resamples", 0)
    assert line.startswith("claim: no judge; Krippendorff's α, nominal of physicians 0.")


def test_words_without_an_order_are_reported_too(home: Path) -> None:
    path = home / "claims.json"
    path.write_text(json.dumps(a_nominal_document()), "utf-8")
    assert len(told("report", path, "--resamples", 0)) == 1


def test_scales_may_stand_in_a_file_or_beside_the_table(home: Path) -> None:
    (home / "a.csv").write_text("item,criterion,rater,score\n1,quality,A,3\n1,quality,B,4\n", "utf-8")
    (home / "levels.json").write_text(LEVELS, "utf-8")
    named = told("profile", home / "a.csv", "--scales", "levels.json")
    (home / "a.scales.json").write_text(LEVELS, "utf-8")
    assert told("profile", home / "a.csv") == named
    assert json.loads("\n".join(named))["n_items"] == 1


@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        (["alt-test"], "quality, J: ω "),
        (
            ["compare", "--judge-a", "J", "--judge-b", "K", "--resamples", "20"],
            "quality, kappa_quadratic: K minus J ",
        ),
        (["swap", "--judge-a", "J", "--judge-b", "K", "--resamples", "0"], "equivalent: K in place of J: "),
        (["equate", "--criterion", "quality", "--judge-a", "J", "--judge-b", "K"], "quality, K 0.00 → J "),
        (["drift", "--judge-before", "J", "--judge-after", "K"], "quality: "),
        (["estimate", "--criterion", "quality", "--judge", "J"], "all: "),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_an_operation_prints_its_figures_and_writes_the_whole(
    study: Path, words: list[str], beginning: str
) -> None:
    name, *rest = words
    lines = told(name, study, *rest, "--json", "out.json")
    assert any(line.startswith(beginning) for line in lines), lines
    assert json.loads((study.parent / "out.json").read_text("utf-8"))["study"].startswith("sha256:")


def test_the_audit_tells_length_family_and_subgroups() -> None:
    lines = told("audit", GOLD, "--judge", "lenient", "--own-family", "qwen")
    for beginning in (
        "score, per doubling of length: ",
        "score, own family qwen: ",
        "score, modality ultrasound: ",
    ):
        assert any(line.startswith(beginning) for line in lines), beginning


def test_plans_and_definitions_are_json() -> None:
    power = json.loads("\n".join(told("power", "icc", "icc=0.6", "raters=3", "width=0.2")))
    assert power["items"] > 50
    words = (
        "labels",
        GOLD,
        "--objective",
        "mean",
        "--criterion",
        "score",
        "--judge",
        "steady",
        "--budget",
        3,
    )
    assert len(json.loads("\n".join(told(*words)))["picks"]) == 3
    (one,) = json.loads("\n".join(told("definitions", "icc_a1")))
    assert one["name"] == "icc_a1"
    assert len(json.loads("\n".join(told("definitions")))) > 40


def test_weights_of_a_panel_are_printed_as_its_settings_take_them(study: Path) -> None:
    words = (
        "weights",
        study,
        "--criterion",
        "quality",
        "--judges",
        "J",
        "--judges",
        "K",
        "--json",
        "out.json",
    )
    (line,) = told(*words)
    answer = json.loads(line)
    assert set(answer) == {"weights", "n_items"}
    PanelSpec(kind="panel", members=("J", "K"), weights=answer["weights"])
    assert "statistics" in json.loads((study.parent / "out.json").read_text("utf-8"))
    few = study.with_name("few.json")
    few.write_text(json.dumps(a_document(items=9, judges=("J", "K"))), "utf-8")
    refused = run("weights", few, "--criterion", "quality", "--judges", "J", "--judges", "K")
    assert refused.exit_code == 2
    assert "weights need 10" in refused.stderr


def test_a_map_is_fitted_to_a_file_and_applied_from_it(study: Path) -> None:
    lines = told("fit", study, "--criterion", "quality", "--judge", "J", "--out", "map.json")
    artefact = json.loads((study.parent / "map.json").read_text("utf-8"))
    assert lines[0] == artefact["id"]
    assert lines[1].startswith(f"quality, J: {artefact['method']} (")
    applied = told("apply", "map.json", "3", "5", "--subgroup", "modality=CT")
    assert [line.split(" → ")[0] for line in applied] == ["3", "5"]
    assert all("calibrated" in line or "out_of_domain" in line for line in applied)
    assert told("maps") == []


def test_a_map_is_kept_put_in_force_applied_by_its_id_and_retired(home: Path) -> None:
    fit = ("fit", totals(home), "--criterion", "score", "--judge", "J", "--method", "shift")
    bound = (*fit, "--bind", "default:medical-qa:text")
    assert told(*bound)[2] == "kept"
    assert told("maps")[0].endswith("  J  score  kept")
    lines = told(*bound, "--activate")
    map_id = lines[0]
    assert lines[2] == "active"
    assert told("maps") == [f"{map_id}  J  score  active  fits: True"]
    assert told("apply", map_id, "40")[0].startswith("40 → ")
    assert told("retire", map_id) == [f"{map_id} retired"]
    assert told("maps") == [f"{map_id}  J  score  retired"]
    assert told("activate", map_id) == [f"{map_id} active"]


def test_a_judge_is_swapped_on_cases_that_both_score_first(home: Path) -> None:
    cases = [
        {"id": f"c{at}", "response": text, "reference": "Right lower lobe pneumonia."}
        for at, text in enumerate(["Right lower lobe pneumonia.", "Left.", "A fracture.", "Pneumonia."] * 3)
    ]
    (home / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), "utf-8")
    ratings: list[dict[str, Any]] = [{"criterion": "ground_truth", "scale": [0, 1, 2, 3, 4, 5]}]
    ratings += [
        {"item": case["id"], "criterion": "ground_truth", "rater": "A", "score": at % 6}
        for at, case in enumerate(cases)
    ]
    (home / "ratings.ndjson").write_text("\n".join(map(json.dumps, ratings)), "utf-8")
    words = ("swap", "cases.jsonl", "--judge-a", "default", "--judge-b", "kind", "--rubric", "medical-qa")
    lines = told(*words, "--ratings", "ratings.ndjson", "--threshold", "score=60", "--resamples", 0)
    assert lines[0].startswith("different: kind in place of default: ")
    (total,) = [line for line in lines if line.startswith("score: ")]
    assert "now pass" in total


def test_rows_at_fault_are_listed_by_number_on_standard_error(home: Path) -> None:
    (home / "a.csv").write_text("item,criterion,rater,score\n1,quality,A,9\n2,quality,A,x\n", "utf-8")
    done = run("report", home / "a.csv", "--scales", LEVELS)
    assert (done.exit_code, done.stdout) == (2, "")
    assert [line.split(",")[0] for line in done.stderr.splitlines()] == [
        "judge-service: a.csv row 2",
        "judge-service: a.csv row 3",
    ]


def test_of_very_many_faults_some_are_listed_and_the_rest_counted(home: Path) -> None:
    rows = "".join(f"{at},quality,A,9\n" for at in range(120))
    (home / "a.csv").write_text(f"item,criterion,rater,score\n{rows}", "utf-8")
    lines = run("report", home / "a.csv", "--scales", LEVELS).stderr.splitlines()
    assert len(lines) == 51
    assert lines[-1] == "judge-service: and 70 more"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "README.md"], "ends in"),
        (["report", "study.json", "--subgroups", "colour"], "colour"),
        (["report", "study.json", "--epsilon", "7"], "epsilon"),
        (["report", "study.json", "--html", "nowhere/out.html"], "nowhere/out.html"),
        (["report", "study.json", "--json", "nowhere/out.json"], "nowhere/out.json"),
        (["fit", "study.json", "--criterion", "colour", "--judge", "J"], "colour"),
        (["fit", "study.json", "--criterion", "quality", "--judge", "J", "--method", "magic"], "method"),
        (["compare", "study.json", "--judge-a", "J", "--judge-b", "nobody"], "nobody"),
        (["power", "icc"], "icc"),
        (["power", "guess"], "kind"),
        (["labels", "study.json", "--objective", "luck", "--criterion", "quality"], "objective"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(study: Path, words: list[str], said: str) -> None:
    (study.parent / "README.md").write_text("No study.", "utf-8")
    done = run(*words)
    assert done.exit_code == 2, done.exception
    (line,) = done.stderr.splitlines()
    assert line.startswith("judge-service: ")
    assert said in line


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["profile", "study.json", "--scales", "{"], ConfigurationError, "--scales"),
        (["profile", "study.json", "--scales", "nowhere.json"], ConfigurationError, "nowhere.json"),
        (["power", "icc", "icc"], ConfigurationError, "NAME=VALUE"),
        (["definitions", "magic"], ConfigurationError, "magic"),
        (["apply", "nowhere.json", "3"], ConfigurationError, "nowhere.json"),
        (["apply", "sha256:0", "3"], MapNotFound, "sha256:0"),
        (["apply", "map.json", "3", "--subgroup", "CT"], ConfigurationError, "VARIABLE=LABEL"),
        (["activate", "sha256:0"], MapNotFound, "sha256:0"),
        (
            ["fit", "study.json", "--criterion", "quality", "--judge", "J", "--bind", "x"],
            ConfigurationError,
            "--bind",
        ),
        (["fit", "study.json", "--criterion", "quality", "--judge", "J", "--activate"], MapRejected, "bind"),
        (
            ["swap", "study.json", "--judge-a", "J", "--judge-b", "K", "--threshold", "x"],
            ConfigurationError,
            "--threshold",
        ),
    ],
)
def test_a_mistake_of_settings_is_raised_to_where_it_becomes_a_line(
    study: Path, words: list[str], error: type[Exception], said: str
) -> None:
    (study.parent / "map.json").write_text(json.dumps(an_artefact()), "utf-8")
    done = run(*words)
    assert isinstance(done.exception, error), (done.output, done.exception)
    assert said in str(done.exception)


def test_as_a_process_a_mistake_is_one_line_too(tmp_path: Path) -> None:
    done = command(tmp_path, "calibration", "definitions", "magic", env=environment(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "judge-service: no statistic is named 'magic'\n",
    )


@pytest.mark.parametrize(
    ("given", "points"),
    [
        (None, None),
        ([], None),
        (["60"], 60),
        (["score=60"], {"score": 60}),
        (["a=1", "b=2.5"], {"a": 1, "b": 2.5}),
        (["a=b=1"], {"a=b": 1}),
        (["1", "2"], None),
        (["a=1", "a=2"], None),
        (["=1"], None),
        (["a="], None),
        (["a"], None),
    ],
)
def test_points_are_given_once_or_by_criterion(given: list[str] | None, points: object) -> None:
    if points is None and given:
        with pytest.raises(ConfigurationError, match="--margin"):
            by_criterion("--margin", given)
    else:
        assert by_criterion("--margin", given) == points
