"""The HealthBench meta-evaluation items: read whole, and nothing made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from builders import REPOSITORY

from judge_calibration.errors import OptionRejected, StudyRejected
from judge_calibration.ingest import healthbench_study

if TYPE_CHECKING:
    from pathlib import Path

    from judge_calibration.study import Study

FOLDER = REPOSITORY.parent / "shared" / "data" / "healthbench_meta120"
GOLD = FOLDER / "healthbench_meta_gold.jsonl"
LABELS = FOLDER / "healthbench_meta_strongmodel_labels.jsonl"


@pytest.fixture(scope="module")
def study() -> Study:
    return healthbench_study(GOLD, LABELS)


def test_every_label_of_every_physician_is_there(study: Study) -> None:
    table = study.tables["met"]
    assert len(study.items) == 120
    assert len(table.raters) == 107
    assert int((~np.isnan(table.ratings)).sum()) == 250
    assert table.outcomes == {"judge": {"scored": 120}}
    assert study.n_rows == 370


def test_items_of_one_prompt_are_a_cluster_and_categories_are_subgroups(study: Study) -> None:
    assert len(set(study.clusters.tolist())) == 118
    assert len(set(study.subgroups["category"])) == 33


def test_labels_agree_with_the_judges_as_published(study: Study) -> None:
    # The table of counts in the data's own description: judge against each physician's label.
    table = study.tables["met"]
    judged = np.broadcast_to(table.judged, table.ratings.shape)
    rated = ~np.isnan(table.ratings)
    cells = {
        (judge, rater): int(((judged == judge) & (table.ratings == rater) & rated).sum())
        for judge in (1, 0)
        for rater in (1, 0)
    }
    assert cells == {(1, 1): 137, (1, 0): 36, (0, 1): 30, (0, 0): 47}


def test_labels_without_physicians_and_two_by_one_physician_are_faults(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()[:3]]
    lines[1]["binary_labels"] = [True]
    lines[2]["anonymized_physician_ids"] = ["p", "p"]
    gold, labels = tmp_path / "gold.jsonl", tmp_path / "labels.jsonl"
    gold.write_text("\n\n".join(json.dumps(line) for line in lines) + "\nnull\n{", "utf-8")
    labels.write_text(json.dumps({"item_id": lines[0]["item_id"], "criteria_met": None}), "utf-8")
    with pytest.raises(StudyRejected) as rejected:
        healthbench_study(gold, labels)
    assert [(fault.table, fault.row, fault.code) for fault in rejected.value.faults] == [
        ("gold.jsonl", 3, "bad_row"),
        ("gold.jsonl", 5, "duplicate"),
        ("gold.jsonl", 6, "bad_row"),
        ("gold.jsonl", 7, "bad_row"),
        ("labels.jsonl", 1, "null_without_outcome"),
    ]


@pytest.mark.parametrize("content", [None, b"\xff\xfe{}", b"\xe9"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "gold.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OptionRejected, match=r"gold\.jsonl"):
        healthbench_study(path, LABELS)
