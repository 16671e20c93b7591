from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, an_image
from pydantic import ValidationError

if TYPE_CHECKING:
    from judge_service.domain.rubric import Input

from judge_service.domain.case import IMAGE_CAP, TEXT_CAP, Case


@pytest.mark.parametrize("name", ["prompt", "reference", "claim", "visual_description"])
@pytest.mark.parametrize("text", [None, "", "  \n\t", "\u3000"])
def test_a_blank_text_is_no_input(name: Input, text: str | None) -> None:
    assert not a_case(**{name: text}).has(name)
    assert a_case(**{name: "a"}).has(name)


@pytest.mark.parametrize("response", ["", "  ", "An answer."])
def test_a_response_is_always_there_even_when_it_is_empty(response: str) -> None:
    assert a_case(response=response).has("response")


def test_images_are_an_input_when_there_are_any() -> None:
    assert not a_case().has("images")
    assert a_case(images=[an_image()]).has("images")


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
