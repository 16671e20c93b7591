from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from builders import RUBRICS

from judge_service.errors import ConfigurationError
from judge_service.rubric_files import DIGESTS_FILE, SCHEMA_FILE, faults, pin, schema_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    for name in ("claim-support.yaml", "prompts/direct.jinja"):
        (tmp_path / name).write_bytes((RUBRICS / name).read_bytes())
    return tmp_path


def test_a_new_folder_is_put_in_order_and_stays_so(folder: Path) -> None:
    assert faults(folder) == [
        "claim-support@1 is not pinned; run `judge-service rubrics digest --write`",
        "rubric.schema.json is not current; run `judge-service rubrics digest --write`",
    ]
    pin(folder)
    assert faults(folder) == []
    before = (folder / DIGESTS_FILE).read_text()
    pin(folder)
    assert (folder / DIGESTS_FILE).read_text() == before


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("claim-support.yaml", "weight: 1", "weight: 4"),
        ("claim-support.yaml", "The anchors are ours.", "The anchors are theirs."),
        ("prompts/direct.jinja", "Do not guess.", "Guess."),
    ],
)
def test_a_text_that_changes_without_its_version_is_refused(
    folder: Path, name: str, before: str, after: str
) -> None:
    pin(folder)
    pinned = (folder / DIGESTS_FILE).read_text()
    changed = (folder / name).read_text().replace(before, after)
    assert after in changed
    (folder / name).write_text(changed)
    (fault,) = faults(folder)
    assert fault.startswith("claim-support@1: its text changed and its version did not")
    with pytest.raises(ConfigurationError, match="raise the version"):
        pin(folder)
    assert (folder / DIGESTS_FILE).read_text() == pinned


def test_a_change_with_a_new_version_is_pinned_beside_the_old_one(folder: Path) -> None:
    pin(folder)
    rubric = folder / "claim-support.yaml"
    rubric.write_text(
        rubric.read_text().replace("version: 1", "version: 2").replace("weight: 1", "weight: 4")
    )
    assert len(faults(folder)) == 1
    pin(folder)
    assert list(json.loads((folder / DIGESTS_FILE).read_text())) == ["claim-support@1", "claim-support@2"]
    assert faults(folder) == []


def test_a_schema_of_yesterday_is_found(folder: Path) -> None:
    pin(folder)
    (folder / SCHEMA_FILE).write_text("{}\n")
    assert faults(folder) == ["rubric.schema.json is not current; run `judge-service rubrics digest --write`"]


def test_the_schema_for_editors_accepts_our_rubrics_and_finds_a_slip() -> None:
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    rubric = yaml.safe_load((RUBRICS / "claim-support.yaml").read_text())
    plain = rubric | {"criteria": [c | {"needs": {"text": c["needs"]}} for c in rubric["criteria"]]}
    jsonschema.validate(plain, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain | {"tittle": "x"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain | {"version": 0}, schema)


@pytest.mark.parametrize("path", sorted(RUBRICS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_for_editors_accepts_the_files_as_they_are_written(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(schema_text()))
