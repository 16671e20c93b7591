"""The models: as the service's document has them now, strict in what is sent and generous in what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from judge_client import models
from judge_service.api.examples import COMPARISON_REQUESTS, PROBE_REQUESTS, SCORE_REQUESTS
from judge_service.domain.request import ScoreRequest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "openapi.json"
GENERATOR = ROOT / "clients" / "python" / "generate_models.py"
WRITTEN = ROOT / "clients" / "python" / "judge_client" / "models.py"
RUFF = Path(sys.executable).with_name("ruff")


def generated(document: Path) -> str:
    raw = subprocess.run(
        [sys.executable, GENERATOR, document], capture_output=True, text=True, check=True
    ).stdout
    tidy = [str(RUFF), "format", "--stdin-filename", str(WRITTEN), "-"]
    done = subprocess.run(tidy, input=raw, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def test_the_models_are_those_of_the_document() -> None:
    assert WRITTEN.read_text("utf-8") == generated(DOCUMENT), "run `make client`"


def test_a_change_of_the_document_changes_the_models(tmp_path: Path) -> None:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    document["components"]["schemas"]["ScoreRequest"]["properties"]["urgent"] = {"type": "boolean"}
    other = tmp_path / "openapi.json"
    other.write_text(json.dumps(document), "utf-8")
    assert generated(other) != WRITTEN.read_text("utf-8")


def test_every_shape_of_the_document_has_a_model_that_builds_but_those_of_the_fronts() -> None:
    left_out = set()
    for name in json.loads(DOCUMENT.read_text("utf-8"))["components"]["schemas"]:
        if hasattr(models, name):
            getattr(models, name).model_json_schema()
        else:
            left_out.add(name)
    assert {
        "MultiGrader",
        "GraderRunOrder",
        "Batch",
        "RewardOrder",
        "AssertionOrder",
        "MetricScore",
    } < left_out
    assert left_out.isdisjoint(
        {"ScoreRequest", "Score", "ItemAnswer", "BatchEnd", "Job", "Problem", "Version"}
    )
    assert len(left_out) < 40


@pytest.mark.parametrize(
    ("model", "examples"),
    [
        (models.ScoreRequest, SCORE_REQUESTS),
        (models.ComparisonRequest, COMPARISON_REQUESTS),
        (models.ProbeRequest, PROBE_REQUESTS),
    ],
)
def test_every_documented_request_can_be_made_and_is_sent_as_it_was(model: Any, examples: Any) -> None:
    for example in examples.values():
        made = model.model_validate(example["value"])
        assert made.model_dump(mode="json", exclude_unset=True) == example["value"]


def test_the_service_takes_what_its_model_is_sent_as() -> None:
    case = models.Case(response="x", images=[models.Image(url="data:image/png;base64,AA==")])
    mine = models.ScoreRequest(rubric="med-cmr", case=case, metadata={"at": 1})
    assert ScoreRequest.model_validate_json(mine.model_dump_json(exclude_unset=True)).case.response == "x"


@pytest.mark.parametrize(
    "fields", [{"rubrik": "x"}, {"samples": 0}, {"cache": "never"}, {"case": {"response": "secret", "x": 1}}]
)
def test_what_is_sent_is_looked_at_and_not_quoted(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        models.ScoreRequest.model_validate({"rubric": "r", "case": {"response": "x"}} | fields)
    assert "secret" not in str(raised.value)


def test_what_is_told_may_grow() -> None:
    told = models.Problem.model_validate(
        {"type": "t", "title": "t", "status": 400, "detail": "d", "retryable": False, "newer": 1}
    )
    assert not hasattr(told, "newer")
    kept = models.Report.model_validate(
        {"format": 1, "library": "l", "study": {}, "options": {}, "criteria": {}, "warnings": [], "newer": 1}
    )
    assert kept.model_dump()["newer"] == 1


def test_a_model_cannot_be_changed() -> None:
    made = models.Image(url="data:image/png;base64,AA==")
    with pytest.raises(ValidationError):
        made.url = "other"
