"""The rubrics that come with the service."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from builders import RUBRICS, a_case
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from judge_service.prompts import Prompts
from judge_service.rubric_files import DIGESTS_FILE, SCHEMA_FILE, faults, schema_text
from judge_service.rubric_store import digests, load_rubrics

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from judge_service.domain.rubric import Mode
    from judge_service.rubric_store import StoredRubric

STORE = load_rubrics(RUBRICS)
CASE = a_case(
    prompt="What does the radiograph show?",
    visual_description="Frontal radiograph of the left wrist with a transverse lucency of the distal radius.",
    reference="A transverse fracture of the distal left radius.",
    claim="The radius is broken.",
    response="There is a transverse fracture of the distal radius.",
)


class TextExtension(SingleFileSnapshotExtension):
    """One text file for each snapshot, to be read by people."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


def test_everything_is_in_order() -> None:
    assert faults(RUBRICS) == []


def test_every_rubric_is_pinned_and_nothing_else_is() -> None:
    assert json.loads((RUBRICS / DIGESTS_FILE).read_text()) == digests(STORE)


def test_the_schema_for_editors_is_current() -> None:
    assert (RUBRICS / SCHEMA_FILE).read_text() == schema_text()
    for path in RUBRICS.glob("*.yaml"):
        assert path.read_text().startswith(f"# yaml-language-server: $schema=./{SCHEMA_FILE}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [("    weight: 4\n", "    weight: 2\n"), ("value: 0.8", "value: 0.7"), ("Judge meaning", "Judge")],
)
def test_a_weight_that_changes_without_a_new_version_turns_red(
    tmp_path: Path, before: str, after: str
) -> None:
    folder = shutil.copytree(RUBRICS, tmp_path / "rubrics")
    text = (folder / "med-cmr.yaml").read_text()
    assert before in text
    (folder / "med-cmr.yaml").write_text(text.replace(before, after, 1))
    (fault,) = faults(folder)
    assert fault.startswith("med-cmr@1: its text changed and its version did not")


def test_the_benchmarks_criteria_have_its_weights_and_scale() -> None:
    criteria = STORE.get("med-cmr").rubric.criteria
    assert [(criterion.id, criterion.weight) for criterion in criteria] == [
        ("consistency", 1),
        ("coherence", 1),
        ("visual_accuracy", 4),
        ("ground_truth", 4),
    ]
    for criterion in criteria:
        assert criterion.scale.kind == "ordinal"
        assert criterion.scale.labels == (0, 1, 2, 3, 4, 5)
        assert [level.value for level in criterion.scale.levels] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        assert criterion.when_degenerate == 0


def test_the_benchmarks_criteria_need_what_they_compare_with() -> None:
    needs = {criterion.id: criterion.needs for criterion in STORE.get("med-cmr").rubric.criteria}
    assert needs["visual_accuracy"] == {
        "text": ("response", "visual_description"),
        "image": ("response", "images"),
    }
    assert needs["ground_truth"]["text"] == needs["ground_truth"]["image"] == ("response", "reference")


def test_the_other_rubrics_are_what_they_say() -> None:
    qa, claims = STORE.get("medical-qa").rubric, STORE.get("claim-support").rubric
    assert {criterion.id: criterion.weight for criterion in qa.criteria} == {
        "ground_truth": 4,
        "consistency": 1,
        "coherence": 1,
    }
    assert qa.modes == claims.modes == ("text",)
    (support,) = claims.criteria
    assert support.scale.labels == ("supported", "not_addressed", "contradicted")
    assert not claims.is_numeric


@pytest.mark.parametrize("stored", STORE.all(), ids=lambda stored: stored.rubric.ref)
def test_the_embedded_judge_has_a_measure_for_every_criterion(stored: StoredRubric) -> None:
    for criterion in stored.rubric.criteria:
        assert criterion.lexical is not None
        if criterion.lexical.against is not None:
            assert criterion.lexical.against in criterion.needs["text"]


@pytest.mark.parametrize(
    ("stored", "mode"),
    [
        pytest.param(stored, mode, id=f"{stored.rubric.id}-{mode}")
        for stored in STORE.all()
        for mode in stored.rubric.modes
    ],
)
def test_a_prompt_reads_as_it_did(stored: StoredRubric, mode: Mode, snapshot: SnapshotAssertion) -> None:
    # A change here changes answers: raise the rubric's version for its own text, KEY_VERSION for ours.
    prompt = Prompts(b"snapshot").render(stored, stored.rubric.criteria, CASE, mode, (), 2048).prompt
    schema = json.dumps(prompt.schema, indent=1, ensure_ascii=False)
    shown = f"--- system\n{prompt.system}\n--- user\n{prompt.user}\n--- schema\n{schema}\n"
    assert shown == snapshot(extension_class=TextExtension)
