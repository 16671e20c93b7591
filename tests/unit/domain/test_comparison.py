from __future__ import annotations

import pytest
from builders import a_criterion, an_image
from pairs import a_comparison
from pydantic import ValidationError

from judge_service.domain.case import Case
from judge_service.domain.comparison import Pair, preferring


def test_a_pair_is_a_case_with_two_responses_for_one() -> None:
    assert set(Pair.model_fields) - {"responses", "models"} == set(Case.model_fields) - {"response", "model"}
    for name in set(Pair.model_fields) - {"responses", "models"}:
        mine, theirs = Pair.model_fields[name], Case.model_fields[name]
        assert (mine.annotation, mine.metadata) == (theirs.annotation, theirs.metadata)


def test_each_response_makes_a_case_of_its_own() -> None:
    request = a_comparison("One.", "Two.", case={"reference": "R", "id": "i", "images": [an_image()]})
    for side, text in (("a", "One."), ("b", "Two.")):
        case = request.case.with_response("a" if side == "a" else "b")
        assert (case.response, case.prompt, case.reference, case.id) == (text, "What is it?", "R", "i")
        assert case == Case.model_validate(case.model_dump())
        assert case.has("images")


def test_an_image_of_a_response_is_refused() -> None:
    with pytest.raises(ValidationError, match="question or the reference"):
        a_comparison(case={"images": [an_image(role="response")]})


@pytest.mark.parametrize(
    "responses",
    [{"a": "One."}, {"a": "One.", "b": None}, {"a": "One.", "b": "Two.", "c": "Three."}, ["a", "b"]],
)
def test_there_are_two_responses_and_no_more(responses: object) -> None:
    with pytest.raises(ValidationError):
        a_comparison(case={"responses": responses})


def test_a_judge_that_compares_chooses_between_three_answers_and_null() -> None:
    (criterion,) = preferring([a_criterion("accuracy", weight=4, when_degenerate=0)])
    assert criterion.scale.labels == ("first", "second", "tie")
    assert (criterion.id, criterion.weight, criterion.when_degenerate, criterion.lexical) == (
        "accuracy",
        4,
        None,
        None,
    )
