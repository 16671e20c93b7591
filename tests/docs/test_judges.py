"""The guide to binding judges is complete, and its example can be bound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from judge_service.domain.judge import JudgeSpec, ScriptStep
from judge_service.domain.panel import CascadeSpec, PanelSpec
from judge_service.settings import load_settings

TEXT = (Path(__file__).parents[2] / "docs" / "judges.md").read_text("utf-8")


def test_every_field_is_explained() -> None:
    cells = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    told = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(told) == sorted(JudgeSpec.model_fields)


def test_every_field_and_fault_of_a_script_is_named() -> None:
    story = TEXT.partition("## A judge that follows a script")[2]
    for name in ScriptStep.model_fields:
        assert f"`{name}`" in story or f'"{name}"' in story
    faults = next(
        kind for kind in get_args(ScriptStep.model_fields["fault"].annotation) if kind is not type(None)
    )
    for fault in get_args(faults):
        assert f"`{fault}`" in story


def _example(heading: str) -> str:
    """The one JSON text under a heading."""
    example: str
    (example,) = re.findall(r"```json\n(.*?)```", TEXT.partition(heading)[2].partition("\n## ")[0], re.DOTALL)
    return example


def test_panel_and_cascade_can_be_bound_and_their_fields_are_named() -> None:
    heading = "## Panels and cascades"
    judges = load_settings(judges=_example(heading)).judges
    assert [type(judges[name]) for name in ("default", "board", "ladder")] == [
        JudgeSpec,
        PanelSpec,
        CascadeSpec,
    ]
    story = TEXT.partition(heading)[2]
    for name in PanelSpec.model_fields.keys() | CascadeSpec.model_fields.keys():
        assert f"`{name}`" in story or f'"{name}"' in story


def test_the_script_can_be_bound() -> None:
    spec = load_settings(judges=_example("## A judge that follows a script")).judges["default"]
    assert isinstance(spec, JudgeSpec)
    assert [step.when for step in spec.script] == ["left", "slow", "busy", "broken"]
