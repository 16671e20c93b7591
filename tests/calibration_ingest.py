"""Documents of studies for tests of reading: one row at a time, and what was wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from judge_calibration.errors import StudyRejected
from judge_calibration.ingest import study_from

Document = dict[str, Any]
SCALES = {"quality": [0, 1, 2, 3, 4, 5]}
FINGERPRINT = {
    "rubric_digest": "sha256:r",
    "prompt_digest": "sha256:p",
    "judge_kind": "litellm",
    "model": "m",
    "mode": "text",
    "sampling": {"temperature": 0.0},
}


def a_rating(**fields: Any) -> Document:
    return {"item": "1", "criterion": "quality", "rater": "A", "score": 3} | fields


def a_judge_score(**fields: Any) -> Document:
    return {"item": "1", "criterion": "quality", "judge": "J", "score": 4} | fields


def a_study_document(**fields: Any) -> Document:
    return {"scales": SCALES, "ratings": [a_rating()], "judge_scores": [a_judge_score()]} | fields


def without(row: Document, *names: str) -> Document:
    return {name: value for name, value in row.items() if name not in names}


def an_answer(**fields: Any) -> Document:
    """An answer of the scoring service, as far as reading goes."""
    return {
        "id": "0" * 32,
        "case_id": "1",
        "outcome": "scored",
        "score": 80.0,
        "criteria": {"quality": {"outcome": "scored", "level": 4, "value": 80.0, "weight": 1.0}},
        "subgroups": {},
        "metadata": {},
        "provenance": {"judge": "J", "cache": "off", **FINGERPRINT},
    } | fields


def faults(document: object) -> list[tuple[str, int, str, str]]:
    """Every fault: table, row, field, code."""
    with pytest.raises(StudyRejected) as rejected:
        study_from(document)
    return [(fault.table, fault.row, fault.field, fault.code) for fault in rejected.value.faults]
