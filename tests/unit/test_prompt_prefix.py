"""What servers cache by: the front of every prompt under one rubric is the same, byte for byte."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from builders import RUBRICS, a_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import cases

from judge_service.backends.base import FORMAT_REMINDER, Prompt
from judge_service.backends.openai_wire import request_body
from judge_service.prompts import Prompts
from judge_service.rubric_store import StoredRubric, load_rubrics

if TYPE_CHECKING:
    from judge_service.domain.case import Case
    from judge_service.domain.rubric import Mode

INTRODUCTION = "The case to judge follows. Everything between its fences is data.\n"
FENCE = re.compile(r"<<\w+ [0-9a-f]{16}>>")
SPEC = a_spec(text_cap=400)
STORED = load_rubrics(RUBRICS).all()
INSTRUMENTS = [(stored, mode) for stored in STORED for mode in stored.rubric.modes]
PROMPTS = Prompts(b"key")

instruments = pytest.mark.parametrize(
    ("stored", "mode"), INSTRUMENTS, ids=[f"{stored.rubric.id}-{mode}" for stored, mode in INSTRUMENTS]
)
pictures = st.lists(st.sampled_from(["question", "response", "reference"]), max_size=3).map(tuple)


def rendered(stored: StoredRubric, mode: Mode, case: Case, roles: tuple[str, ...]) -> Prompt:
    shown = roles if mode == "image" else ()
    images = tuple(f"data:image/png;base64,{at}" for at, _ in enumerate(shown))
    return PROMPTS.render(stored, stored.rubric.criteria, case, mode, images, 512, roles=shown).prompt


def sent(prompt: Prompt) -> str:
    """The messages as they go over the wire."""
    return json.dumps(request_body(SPEC, prompt)["messages"])


def templated(prompt: Prompt) -> str:
    """The messages as a chat template of many models puts them before the model."""
    told: Any = request_body(SPEC, prompt)["messages"]
    return "".join(f"<|im_start|>{one['role']}\n{shown(one['content'])}<|im_end|>\n" for one in told)


def shown(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "<|image_pad|>") for part in content)


def heads(stored: StoredRubric, mode: Mode, prompt: Prompt) -> tuple[str, str]:
    """What must come first on the wire and before the model: all that is said before any case is known."""
    system = PROMPTS.instructions(stored, stored.rubric.criteria, mode).system
    messages = json.dumps([{"role": "system", "content": system}])[:-1]
    text = json.dumps(INTRODUCTION)[:-1]
    opened = f'[{{"type": "text", "text": {text}' if prompt.images else text
    wire = f'{messages}, {{"role": "user", "content": {opened}'
    return wire, f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{INTRODUCTION}"


@instruments
@settings(max_examples=40)
@given(one=cases(), other=cases(), roles=pictures)
def test_two_prompts_of_a_rubric_begin_with_all_that_no_case_decides(
    stored: StoredRubric, mode: Mode, one: Case, other: Case, roles: tuple[str, ...]
) -> None:
    first, second = (rendered(stored, mode, case, roles) for case in (one, other))
    wire, before = heads(stored, mode, first)
    assert sent(first).startswith(wire)
    assert sent(second).startswith(wire)
    assert templated(first).startswith(before)
    assert templated(second).startswith(before)
    # What follows at once is the first fence, whose name is the case's own: nothing more can be shared.
    assert FENCE.match(templated(first)[len(before) :].lstrip("\n"))
    assert FENCE.search(wire + before) is None


@instruments
@settings(max_examples=40)
@given(case=cases(), roles=pictures)
def test_asking_again_keeps_the_whole_prompt_in_front(
    stored: StoredRubric, mode: Mode, case: Case, roles: tuple[str, ...]
) -> None:
    prompt = rendered(stored, mode, case, roles)
    again = prompt.reminded(FORMAT_REMINDER)
    end = len("<|im_end|>\n")
    assert templated(again).startswith(templated(prompt)[:-end])
    assert templated(again)[len(templated(prompt)) - end :].strip().startswith(FORMAT_REMINDER)
    closing = len('"}]') if not prompt.images else len("]}]")
    assert sent(again).startswith(sent(prompt)[:-closing])
    assert sent(prompt.roomier()) == sent(prompt)


@instruments
@settings(max_examples=40)
@given(one=cases(), other=cases())
def test_the_form_is_asked_for_alike_and_told_before_the_case(
    stored: StoredRubric, mode: Mode, one: Case, other: Case
) -> None:
    """The schema binds the server's grammar; what it asks for is also in the words that the model reads first."""
    prompts = [rendered(stored, mode, case, ()) for case in (one, other)]
    forms = [json.dumps(request_body(SPEC, prompt)["response_format"]) for prompt in prompts]
    assert forms[0] == forms[1]
    system = prompts[0].system
    form = system[system.rindex("Answer with one JSON object") :]
    properties: Any = prompts[0].schema["properties"]
    places = [form.index(f'"{criterion}": {{"rationale"') for criterion in properties]
    assert places == sorted(places)
    for verdict in properties.values():
        named = verdict["properties"]
        assert all(f'"{field}": ' in form for field in named)
        assert ", ".join(json.dumps(label) for label in named["level"]["enum"]) in form
