"""Prompts for tests of judges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from judge_service.backends.base import Prompt
from judge_service.domain.case import Case
from judge_service.domain.rubric import Rubric

SECRET_TEXT = "PATIENT-TEXT-91d0"  # noqa: S105  it stands for what a case holds
LABELS = (0, 1, 2, 3, 4, 5)


def _criterion(name: str) -> dict[str, Any]:
    levels = [{"label": label, "value": label / 5, "means": f"as good as {label}"} for label in LABELS]
    scale = {"kind": "ordinal", "levels": levels}
    return {
        "id": name,
        "title": name.title(),
        "question": f"Is it {name}?",
        "needs": ["response"],
        "scale": scale,
    }


RUBRIC = Rubric.model_validate(
    {
        "id": "asking",
        "version": 1,
        "title": "Asking",
        "about": "Two plain scales.",
        "prompt": "prompts/asking.jinja",
        "modes": ["text", "image"],
        "criteria": [_criterion("accuracy"), _criterion("safety")],
    }
)

ANSWER = {
    "type": "object",
    "properties": {
        "rationale": {"type": "string"},
        "evidence": {"type": "array", "items": {"type": "string"}},
        "level": {"enum": [*LABELS, None]},
    },
    "required": ["rationale", "evidence", "level"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {criterion.id: ANSWER for criterion in RUBRIC.criteria},
    "required": [criterion.id for criterion in RUBRIC.criteria],
    "additionalProperties": False,
}


def asking(response: str = "Rest.", *, images: tuple[str, ...] = (), **fields: Any) -> Prompt:
    """Ask about one response."""
    prompt = Prompt(
        rubric=RUBRIC,
        criteria=RUBRIC.criteria,
        case=Case(response=response),
        mode="image" if images else "text",
        system=f"You judge. {SECRET_TEXT}",
        user=f"Judge this: {response} {SECRET_TEXT}",
        schema=SCHEMA,
        schema_name="verdicts",
        images=images,
        max_tokens=512,
    )
    return replace(prompt, **fields)
