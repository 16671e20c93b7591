"""The weighted mean against the open-ended scores that Med-CMR publishes (arXiv 2512.00818, table 2)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from builders import REPOSITORY, RUBRICS, a_verdict

from judge_service.rubric_store import load_rubrics
from judge_service.scoring.aggregate import weighted_mean

TABLE = REPOSITORY.parent / "shared" / "data" / "medcmr_tables" / "table2.csv"
# Their published totals do not follow from their published criteria by any weights that fit the others.
MISPRINTS = {"Gemini-2.5-Pro", "Qwen3-VL-32B"}
ROUNDING = 0.005 + 1e-9  # the table is printed with two decimals


def rows() -> list[dict[str, str]]:
    with Path(TABLE).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def total(row: dict[str, str]) -> float:
    criteria = load_rubrics(RUBRICS).get("med-cmr@1").rubric.criteria
    verdicts = {c.id: a_verdict(float(row[c.id]), weight=c.weight) for c in criteria}
    score = weighted_mean(verdicts).score
    assert score is not None
    return score


def test_the_table_has_eighteen_models() -> None:
    assert len(rows()) == 18


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["model"])
def test_a_published_total_follows_from_its_criteria_and_our_weights(row: dict[str, str]) -> None:
    agrees = abs(total(row) - float(row["open_all"])) <= ROUNDING
    assert agrees == (row["model"] not in MISPRINTS)
