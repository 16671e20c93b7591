from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, an_image
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

if TYPE_CHECKING:
    from judge_service.domain.rubric import Input

from judge_service.domain.case import IMAGE_CAP, TEXT_CAP, Case
from judge_service.texts import clean


@pytest.mark.parametrize("name", ["prompt", "reference", "claim", "visual_description"])
@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  \n\t",
        "\u3000",
        "\u200b",
        " \u200b\u2060\ufeff \n",
        "\u202e\u202c",
        "\ufe0f",
        "\U000e0041",
        "\x00\x07",
        "\u00ad",
        "\u200c\u200d",
        "\ue000",
        "\u2028\u2029",
        "\u3164\u115f",
        "\u2800",
        "\u034f",
    ],
    ids=ascii,
)
def test_a_blank_text_is_no_input(name: Input, text: str | None) -> None:
    assert not a_case(**{name: text}).has(name)
    for seen in ("a", "\u200b.\u200b", "\u0301", "\U0001f642", "\u0645"):
        assert a_case(**{name: seen}).has(name)


@pytest.mark.parametrize("response", ["", "  ", "An answer."])
def test_a_response_is_always_there_even_when_it_is_empty(response: str) -> None:
    assert a_case(response=response).has("response")


@pytest.mark.parametrize(
    ("roles", "has"),
    [
        ([], False),
        (["question"], True),
        (["response"], False),
        (["reference"], False),
        (["reference", "response"], False),
        (["response", "question"], True),
    ],
)
def test_images_are_an_input_when_one_belongs_to_the_question(roles: list[str], has: bool) -> None:
    images = [{"role": role, "url": an_image().url} for role in roles]
    assert a_case(images=images).has("images") == has


@example("\xa0")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_a_text_is_an_input_when_a_judge_would_see_something(text: str) -> None:
    seen = any(not (char.isspace() or char == "\u2800") for char in clean(text).text)
    assert a_case(reference=text).has("reference") == seen


@pytest.mark.clocked
def test_a_long_text_of_nothing_is_looked_at_once() -> None:
    case = a_case(reference="\u200b" * TEXT_CAP, claim="\u00e9" * TEXT_CAP)
    began = time.perf_counter()
    for _ in range(200):
        assert not case.has("reference")
        assert case.has("claim")
    assert time.perf_counter() - began < 0.5
    assert case == a_case(reference="\u200b" * TEXT_CAP, claim="\u00e9" * TEXT_CAP)


@pytest.mark.parametrize(
    "fields",
    [
        {"response": None},
        {"response": 7},
        {"response": "x" * (TEXT_CAP + 1)},
        {"reference": "x" * (TEXT_CAP + 1)},
        {"id": "x" * 257},
        {"images": [an_image()] * (IMAGE_CAP + 1)},
        {"images": [{"url": "x", "role": "cover"}]},
        {"subgroups": {str(at): "x" for at in range(17)}},
        {"subgroups": {"organ": 7}},
        {"answer": "SECRET"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_case_of_another_shape_is_refused_without_being_quoted(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        a_case(**fields)
    assert "SECRET" not in str(error.value)
    assert "xxxx" not in str(error.value)


def test_the_caps_themselves_are_allowed() -> None:
    case = a_case(response="x" * TEXT_CAP, images=[an_image()] * IMAGE_CAP)
    assert len(case.response) == TEXT_CAP
    assert len(case.images) == IMAGE_CAP


def test_a_response_is_the_one_thing_a_case_must_have() -> None:
    assert Case(response="").prompt is None
    with pytest.raises(ValidationError, match="response"):
        Case.model_validate({})
