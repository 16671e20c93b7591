"""Two real studies: the embedded judge on K-QA claims, and a strong model on HealthBench criteria."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY

import judge_calibration
from judge_calibration.ingest.healthbench import healthbench_study
from judge_calibration.page import page
from judge_service.settings import PREFIX

SHARED = REPOSITORY.parent / "shared" / "data"
CLAIMS = SHARED / "kqa_dev" / "claims.csv"
METHODS = REPOSITORY / "calibration" / "README.md"
META = SHARED / "healthbench_meta120"
LEVELS = {"Entailment": "supported", "Neutral": "not_addressed", "Contradiction": "contradicted"}
MAPS = ("item=id", "question=prompt", "answer=response")


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Claims scored by the service's own command, with three physicians' labels, as a report."""
    out = tmp_path_factory.mktemp("claims") / "scores.jsonl"
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [
        Path(sys.executable).parent / "judge-service",
        "score",
        CLAIMS,
        f"--out={out}",
        "--rubric=claim-support",
    ]
    subprocess.run(
        [*map(str, command), *(f"--map={each}" for each in MAPS)],
        env=bare | {"JUDGE_SERVICE_STORE_URL": "memory://"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    with CLAIMS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    document = {
        "scales": {"support": {"kind": "nominal", "values": list(LEVELS.values())}},
        "ratings": [
            {
                "item": row["item"],
                "criterion": "support",
                "rater": f"physician {at}",
                "score": LEVELS[row[f"physician_{at}"]],
            }
            for row in rows
            for at in (1, 2, 3)
            if row[f"physician_{at}"]
        ],
        "scores": [json.loads(line) for line in out.read_text("utf-8").splitlines()],
        "items": [
            {"item": row["item"], "cluster": row["question"][:200], "subgroups": {"model": row["model"]}}
            for row in rows
        ],
    }
    return judge_calibration.report(judge_calibration.study_from(document), {"resamples": 500, "seed": 7})


def test_the_embedded_judge_is_no_physician_and_the_report_says_so(
    claims: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    told = claims["criteria"]["support"]
    judge = told["judges"]["default"]
    with capsys.disabled():
        sys.stdout.write(f"\nK-QA: {judge['verdict']['line']}\n")
    assert judge["verdict"]["standing"] == "worse_than_a_physician"
    assert judge["verdict"]["alt_test_passes"] is False
    assert (
        told["raters"]["statistics"]["kappa_unweighted"]["estimate"]
        > judge["statistics"]["kappa_unweighted"]["estimate"]
    )
    assert judge["statistics"]["agreement"]["n_items"] > 180


def test_physicians_agree_on_claims_and_differ_enough_to_need_a_ceiling(claims: dict[str, Any]) -> None:
    found = claims["criteria"]["support"]["raters"]["statistics"]
    assert found["kappa_unweighted"]["estimate"] == pytest.approx(
        found["alpha_nominal"]["estimate"], abs=0.03
    )
    assert 0.4 < found["kappa_unweighted"]["estimate"] < 0.95
    assert claims["units"]["are_items"] is False
    assert page(claims).startswith("<!doctype html>")


def with_ci(statistic: dict[str, Any]) -> str:
    ci = statistic["ci"]
    return f"{statistic['estimate']:.2f} [{ci['low']:.2f} to {ci['high']:.2f}]"


def rows_of_the_text(raters: dict[str, Any], judge: dict[str, Any]) -> list[str]:
    labels = {
        "kappa_unweighted": "Cohen's κ",
        "alpha_nominal": "Krippendorff's α, nominal",
        "agreement": "Agreement",
    }
    return [
        f"| {label} | {with_ci(raters[name])} | {with_ci(judge[name])} |" for name, label in labels.items()
    ]


def test_the_figures_in_the_methods_note_are_those_of_the_report(claims: dict[str, Any]) -> None:
    text = METHODS.read_text("utf-8").partition("## A real study: K-QA\n")[2].partition("\n## ")[0]
    told = claims["criteria"]["support"]
    judge = told["judges"]["default"]
    ceiling = next(row for row in judge["ceiling"] if row["statistic"] == judge["verdict"]["statistic"])
    gap, test = ceiling["difference"], judge["alt_test"]
    below = f"{-gap['estimate']:.2f} [{-gap['ci']['high']:.2f} to {-gap['ci']['low']:.2f}]"
    said = [
        *rows_of_the_text(told["raters"]["statistics"], judge["statistics"]),
        f"three physicians' labels on each of {claims['study']['n_items']} claims about {claims['units']['count']} ",
        f"The ceiling is κ of a physician with {ceiling['target']}, {ceiling['human']['estimate']:.2f};",
        f"the judge lies below it by {below}",
        f"at ε = {test['epsilon']}: ω {test['omega']:.2f}, ρ {with_ci(judge['statistics']['alt_test_rho'])};",
        f"turn at ε = {test['flip_epsilon']:.3f}",
        f"`{judge['verdict']['line']}`",
    ]
    plain = " ".join(text.split())
    assert [each for each in said if each.strip() not in plain] == []
    assert judge["verdict"]["statistic"] == "kappa_unweighted"
    assert set(re.findall(r"\d+\.\d+", text)) <= set(re.findall(r"\d+\.\d+", " ".join(said)))


def test_the_fingerprint_of_our_own_answers_is_carried(claims: dict[str, Any]) -> None:
    fingerprint = claims["study"]["fingerprints"]["default"]
    assert fingerprint["judge_kind"] == "embedded"
    assert len(fingerprint["rubric_digest"]) == 64


@pytest.fixture(scope="module")
def criteria() -> dict[str, Any]:
    study = healthbench_study(
        META / "healthbench_meta_gold.jsonl",
        META / "healthbench_meta_strongmodel_labels.jsonl",
        judge="strong",
    )
    report: dict[str, Any] = judge_calibration.report(study, {"resamples": 200, "seed": 7, "subgroups": []})
    (found,) = report["criteria"].values()
    return dict(found)


@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [
        ("agreement", 0.736, 3),
        ("f1_met", 0.8059, 4),
        ("f1_unmet", 0.5875, 4),
        ("balanced_f1", 0.6967, 4),
        ("kappa_unweighted", 0.3938, 4),
    ],
)
def test_a_strong_model_against_physicians_has_the_published_figures(
    criteria: dict[str, Any], name: str, expected: float, digits: int
) -> None:
    told = criteria["judges"]["strong"]["statistics"][name]
    assert round(told["estimate"], digits) == expected
    assert told["n_ratings"] == 250
    assert told["ci"]["low"] < expected < told["ci"]["high"]


@pytest.mark.parametrize(
    ("name", "expected"), [("agreement", 0.7447), ("balanced_f1", 0.7185), ("kappa_unweighted", 0.4370)]
)
def test_the_ceiling_over_ordered_pairs_has_the_published_figures(
    criteria: dict[str, Any], name: str, expected: float
) -> None:
    assert round(criteria["raters"]["statistics"][name]["estimate"], 4) == expected


def test_few_items_a_physician_leave_the_alternative_annotator_test_undefined(
    criteria: dict[str, Any],
) -> None:
    judge = criteria["judges"]["strong"]
    assert judge["statistics"]["alt_test_omega"]["reason"] == "n_below_min"
    assert len(judge["alt_test"]["left_out"]) == 107
