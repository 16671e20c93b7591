"""Sides, places, degrees and the like: what they belong to, and when they contradict."""

import pytest

from judge_service.lexical import agreement
from judge_service.lexical.axes import AXIS_FLAGS, anchors, axes, parted
from judge_service.lexical.text import parse


def _flags(response: str, reference: str) -> set[str]:
    return {conflict.flag for conflict in axes(parse(reference), parse(response))}


@pytest.mark.parametrize(
    ("text", "word", "keys"),
    [
        ("The left kidney is scarred.", "left", {"kidney", "fibrosis"}),
        ("The left kidney and the right ureter are seen.", "left", {"kidney"}),
        ("The left kidney and the right ureter are seen.", "right", {"ureter"}),
        ("A haematoma on the left with shift to the right.", "left", {"haematoma"}),
        ("A haematoma on the left with shift to the right.", "right", {"shift"}),
        ("Occlusion on the left causes aphasia.", "left", {"occlusion"}),
    ],
)
def test_a_side_belongs_to_what_it_stands_beside(text: str, word: str, keys: set[str]) -> None:
    read = parse(text)
    [unit] = read.by_key[word]
    assert anchors(unit, read) == keys


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("The occlusion explains the aphasia.", True),
        ("The aphasia and the occlusion.", False),
        ("An occlusion causes aphasia.", True),
    ],
)
def test_cause_and_effect_stand_in_different_places(text: str, *, apart: bool) -> None:
    read = parse(text)
    [one], [other] = read.by_key["occlusion"], read.by_key["aphasia"]
    assert parted(one, other, read) is apart
    assert parted(other, one, read) is apart


# The axis, a reference, an answer that differs in it, and one that does not.
FIRES = [
    ("side", "Left pleural effusion.", "Right pleural effusion.", "Effusion on the left."),
    (
        "orientation",
        "Fracture of the distal humerus.",
        "Fracture of the proximal humerus.",
        "Distal fracture of the humerus.",
    ),
    ("severity", "Severe asthma.", "Mild asthma.", "Marked asthma."),
    ("course", "Acute pancreatitis.", "Chronic pancreatitis.", "Pancreatitis of sudden onset."),
    ("direction", "Raised ferritin.", "Low ferritin.", "An elevated ferritin."),
    ("nature", "A benign polyp.", "A malignant polyp.", "The polyp is non-cancerous."),
    ("cause", "Viral pharyngitis.", "Bacterial pharyngitis.", "Pharyngitis caused by a virus."),
    ("stroke", "Ischaemic stroke.", "Haemorrhagic stroke.", "A stroke from ischaemia."),
    ("pattern", "Restrictive lung disease.", "Obstructive lung disease.", "The lung disease is restrictive."),
    ("time", "Take it before surgery.", "Take it after surgery.", "Take it prior to surgery."),
    (
        "meal",
        "Levothyroxine on an empty stomach.",
        "Levothyroxine with food.",
        "Levothyroxine while fasting.",
    ),
    (
        "daytime",
        "Simvastatin at night.",
        "Simvastatin in the morning.",
        "Simvastatin at bedtime.",
    ),
    ("action", "Stop ramipril.", "Start ramipril.", "Withhold ramipril."),
    ("route", "Oral morphine.", "Intravenous morphine.", "Morphine by mouth."),
]


@pytest.mark.parametrize(("axis", "reference", "wrong", "right"), FIRES)
def test_each_axis_fires_on_a_rival_and_not_on_a_synonym(
    axis: str, reference: str, wrong: str, right: str
) -> None:
    assert AXIS_FLAGS[axis] in _flags(wrong, reference)
    assert _flags(right, reference) == set()
    assert _flags(reference, reference) == set()


def test_every_axis_is_tried() -> None:
    assert {axis for axis, *_ in FIRES} == set(AXIS_FLAGS)


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("Acute pancreatitis.", "Pancreatitis in a man with chronic gastritis."),
        ("Left pleural effusion.", "The right lung is clear."),
        ("The distal radius is intact.", "The proximal pole of the scaphoid is necrotic."),
        ("The left middle cerebral artery is occluded.", "The right arm is weak."),
        ("Severe asthma.", "Severe asthma with mild eczema."),
        ("Viral pharyngitis.", "Viral pharyngitis; a bacterial infection is unlikely."),
        ("Right breast cancer and left breast cyst.", "A cancer of the right breast."),
        ("Moderate stenosis.", "Severe stenosis."),
        ("Stop ramipril and start amlodipine.", "Start amlodipine and stop ramipril."),
        ("A nodule in the right lung.", "Both lungs are normal."),
    ],
)
def test_another_thing_on_the_other_side_is_no_conflict(reference: str, response: str) -> None:
    assert _flags(response, reference) == set()


@pytest.mark.parametrize(
    ("reference", "response", "name"),
    [
        ("Ischaemic stroke.", "Haemorrhagic stroke.", "Type of stroke"),
        ("Stop ramipril.", "Start ramipril.", "Advice"),
        ("Levothyroxine on an empty stomach.", "Levothyroxine with food.", "Timing with food"),
        ("Simvastatin at night.", "Simvastatin in the morning.", "Time of day"),
        ("Take it before surgery.", "Take it after surgery.", "Timing"),
        ("Fracture of the distal humerus.", "Fracture of the proximal humerus.", "Site"),
        ("Severe asthma.", "Mild asthma.", "Severity"),
    ],
)
def test_the_words_name_what_differs_as_a_clinician_would(reference: str, response: str, name: str) -> None:
    assert agreement(response, reference).reason.startswith(f"{name} differs: reference ")
