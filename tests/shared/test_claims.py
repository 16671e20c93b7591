"""The embedded judge on real answers with physicians' labels: outcomes for all, and agreement."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import REPOSITORY

from judge_service.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

CLAIMS = REPOSITORY.parent / "shared" / "data" / "kqa_dev" / "claims.csv"
LABELS = {"Entailment": "supported", "Neutral": "not_addressed", "Contradiction": "contradicted"}


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Score the file as a person would, on the command line."""
    folder = tmp_path_factory.mktemp("claims")
    out = folder / "scores.jsonl"
    command = [
        str(Path(sys.executable).parent / "judge-service"),
        "score",
        str(CLAIMS),
        f"--out={out}",
        "--rubric=claim-support",
        "--map=item=id",
        "--map=question=prompt",
        "--map=answer=response",
    ]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    subprocess.run(
        command,
        env=bare | {"JUDGE_SERVICE_STORE_URL": "memory://"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def labels() -> dict[str, str]:
    with CLAIMS.open(encoding="utf-8", newline="") as lines:
        return {row["item"]: row["majority"] for row in csv.DictReader(lines)}


def said(score: Mapping[str, Any]) -> str:
    return str(score["criteria"]["support"]["level"] or score["outcome"])


def table(counts: Counter[tuple[str, str]]) -> str:
    columns = [*LABELS.values(), "abstained"]
    lines = [f"{'physicians':<16}" + "".join(f"{column:>15}" for column in columns)]
    for label, level in LABELS.items():
        figures = "".join(f"{counts[label, column]:>15}" for column in columns)
        lines.append(f"{level:<16}" + figures)
    return "\n".join(lines)


def test_every_row_gets_an_outcome_and_no_number(scores: list[dict[str, Any]]) -> None:
    assert len(scores) == 211
    assert sorted(score["case_id"] for score in scores) == sorted(labels())
    assert {score["outcome"] for score in scores} <= {"scored", "abstained"}
    assert {score["score"] for score in scores} == {None}
    for score in scores:
        told = score["provenance"]
        assert (told["is_llm"], told["instrument"], told["rubric"]) == (
            False,
            "lexical-baseline",
            "claim-support@1",
        )
        assert ("no_numeric_scale" in score["flags"]) == (score["outcome"] == "scored")


def test_the_baseline_agrees_with_physicians_more_often_than_the_commonest_label_does(
    scores: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    physicians = labels()
    counts = Counter((physicians[score["case_id"]], said(score)) for score in scores)
    agreed = sum(counts[label, level] for label, level in LABELS.items()) / len(scores)
    majority = max(Counter(physicians.values()).values()) / len(scores)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{table(counts)}\nagreement {agreed:.3f}, always the commonest label {majority:.3f}\n"
        )
    assert agreed > majority
