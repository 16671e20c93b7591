"""How a grader becomes a rubric: its scale, its words, and what is shown of the item and the sample."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

import pytest
from builders import a_case
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from judge_service.api.fronts.grader_asking import FEWEST, MOST, OwnWords
from judge_service.api.fronts.grader_orders import LabelModelGrader, ScoreModelGrader
from judge_service.api.fronts.places import Known
from judge_service.errors import GraderRejected
from judge_service.prompts import Prompts

JINJA = "{%raw%} {# c #} {{sample.output_text}} { } {0} {messages} {{item.a}}"


def scoring(*texts: str, **fields: Any) -> ScoreModelGrader:
    told = [{"role": "user", "content": text} for text in texts or ("Grade {{sample.output_text}}.",)]
    return ScoreModelGrader.model_validate(
        {"type": "score_model", "name": "g", "model": "default", "input": told} | fields
    )


def labels(grader: ScoreModelGrader | LabelModelGrader) -> tuple[int | str, ...]:
    return OwnWords.of(grader, "").stored.rubric.criteria[0].scale.labels


def test_a_range_becomes_a_scale() -> None:
    assert labels(scoring())[:4] == ("0", "0.05", "0.1", "0.15")
    assert labels(scoring(range=[1, 5])) == (1, 2, 3, 4, 5)
    assert labels(scoring(range=[0, 2]))[-2:] == ("1.9", "2")
    assert labels(scoring(range=[-10, 10]))[9:12] == (-1, 0, 1)
    assert labels(scoring(range=[0, 100]))[-2:] == (95, 100)


@given(st.floats(-100, 100), st.floats(0.01, 1e6))
def test_a_scale_goes_from_end_to_end_in_even_steps(low: float, width: float) -> None:
    levels = OwnWords.of(scoring(range=[low, low + width]), "").stored.rubric.criteria[0].scale.levels
    values = [level.value for level in levels]
    assert (values[0], values[-1]) == (0, 1)
    assert FEWEST <= len(levels) - 1 <= MOST
    for level in levels:
        assert level.value is not None
        assert float(level.label) == pytest.approx(low + level.value * width, abs=1e-2, rel=1e-6)


@pytest.mark.parametrize("ends", [[1e9, 1e9 + 1e-3], [0, 1e-300]])
def test_a_range_whose_steps_look_alike_is_refused(ends: list[float]) -> None:
    with pytest.raises(GraderRejected, match="too narrow"):
        OwnWords.of(scoring(range=ends), "")


def test_a_range_is_as_wide_as_a_number_can_say() -> None:
    with pytest.raises(ValidationError, match="no wider"):
        scoring(range=[-1e308, 1e308])
    labels = OwnWords.of(scoring(range=[0, 1.7e308]), "").stored.rubric.criteria[0].scale.labels
    assert (labels[0], labels[-1], len(labels)) == ("0", "1.7e+308", 21)
    assert all(isfinite(float(label)) for label in labels)


def test_labels_are_a_scale_without_numbers() -> None:
    told = scoring().model_dump(exclude={"range", "sampling_params"})
    grader = LabelModelGrader.model_validate(
        told | {"type": "label_model", "labels": ["good", "bad"], "passing_labels": ["good"]}
    )
    assert labels(grader) == ("good", "bad")
    assert not OwnWords.of(grader, "").stored.rubric.is_numeric


def test_its_words_are_instructions_and_its_places_only_names() -> None:
    question = OwnWords.of(scoring("{{item.a}} in {{sample.output_json.x}} and {{sample.output_text}}?"), "")
    known = Known({"a": "A\n]", "b": "unnamed"}, '{"x": [1]}')
    assert question.stored.words is not None
    assert "(user) [item.a] in [sample.output_json.x] and [sample.output_text]?" in question.stored.words
    case = question.case(known)
    assert json.loads(case["prompt"]) == {"item.a": "A\n]"}
    assert json.loads(case["response"]) == {"sample.output_json.x": "[1]", "sample.output_text": '{"x": [1]}'}


def test_what_is_no_template_is_refused_and_nothing_is_a_template_to_us() -> None:
    with pytest.raises(GraderRejected, match="template"):
        OwnWords.of(scoring(JINJA), "")
    words = OwnWords.of(scoring(JINJA.replace("{%", "{ %")), "").stored.words
    assert words is not None
    assert "{ %raw%} {# c #} [response_to_judge] { } {0} {messages} [item.a]" in words


def test_words_of_requests_are_rendered_by_no_template_and_not_kept() -> None:
    prompts = Prompts(b"key")
    digests = set()
    for count in range(3):
        stored = OwnWords.of(scoring(f"{count} {{{{sample.output_text}}}}"), "").stored
        rendered = prompts.render(stored, stored.rubric.criteria, a_case(), "text", (), 100)
        assert rendered.prompt.system == stored.words
        digests.add(prompts.instructions(stored, stored.rubric.criteria, "text").digest)
    assert len(digests) == 3
    assert not prompts._instructions


def test_a_name_changes_nothing_and_a_word_does() -> None:
    one = OwnWords.of(scoring(), "").stored
    assert OwnWords.of(scoring(name="other"), "").stored.digest == one.digest
    assert OwnWords.of(scoring("Grade: {{sample.output_text}}."), "").stored.digest != one.digest
    assert OwnWords.of(scoring(range=[0, 2]), "").stored.digest != one.digest
