from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import a_criterion, a_nominal_scale, a_rubric, a_scale
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from strategies import scales

from judge_service.domain.rubric import Criterion, Level, LexicalMeasure, Rubric, Scale

LEVELS = [{"label": 0, "value": 0.0, "means": "bad"}, {"label": 1, "value": 1.0, "means": "good"}]
OTHER = {"label": 2, "value": 0.5, "means": "middling"}


def told(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return "; ".join(fault["msg"] for fault in error.value.errors())


@pytest.mark.parametrize(
    ("kind", "levels", "rule"),
    [
        ("ordinal", LEVELS[:1], "at least 2 items"),
        ("ordinal", [LEVELS[0], LEVELS[1] | {"label": 0}], "labels must differ"),
        ("nominal", [LEVELS[0] | {"label": "1"}, LEVELS[1]], "labels must differ"),
        ("ordinal", [LEVELS[0] | {"label": "none"}, LEVELS[1]], "all integers or all words"),
        ("nominal", [LEVELS[0], {"label": 1, "means": "m"}], "every level of a scale has a value or none"),
        ("binary", [*LEVELS, OTHER | {"value": 1.0}], "two levels"),
        ("ordinal", [{"label": 0, "means": "m"}, {"label": 1, "means": "m"}], "need values"),
        ("binary", [{"label": 0, "means": "m"}, {"label": 1, "means": "m"}], "need values"),
        ("ordinal", [*LEVELS, OTHER], "must rise"),
        ("ordinal", [LEVELS[0], LEVELS[1] | {"value": 0.0}], "must rise"),
        ("ordinal", [LEVELS[0], LEVELS[1] | {"value": 1.1}], "less than or equal to 1"),
        ("ordinal", [LEVELS[0], LEVELS[1] | {"value": float("nan")}], "less than or equal to 1"),
        ("ordinal", [LEVELS[0] | {"value": -0.1}, LEVELS[1]], "greater than or equal to 0"),
        ("ordinal", [LEVELS[0] | {"label": False}, LEVELS[1]], "valid integer"),
        ("ordinal", [LEVELS[0] | {"label": 0.0}, LEVELS[1]], "valid integer"),
        ("nominal", [LEVELS[0] | {"label": ""}, LEVELS[1]], "at least 1 character"),
        ("ordinal", [LEVELS[0] | {"means": ""}, LEVELS[1]], "at least 1 character"),
        ("ordinal", [LEVELS[0] | {"worth": 1}, LEVELS[1]], "Extra inputs"),
        ("interval", LEVELS, "Input should be 'ordinal', 'nominal' or 'binary'"),
    ],
)
def test_a_scale_that_breaks_a_rule_is_refused_with_the_rule(
    kind: str, levels: list[dict[str, Any]], rule: str
) -> None:
    with pytest.raises(ValidationError) as error:
        Scale.model_validate({"kind": kind, "levels": levels})
    assert rule in told(error)


def test_a_nominal_scale_may_carry_values_in_any_order() -> None:
    assert Scale.model_validate({"kind": "nominal", "levels": LEVELS[::-1]}).is_numeric
    assert not a_nominal_scale().is_numeric


def test_levels_are_found_by_their_label_and_keep_their_order() -> None:
    scale = a_scale()
    assert scale.labels == (0, 1, 2, 3, 4, 5)
    assert scale.level(4) == Level(label=4, value=0.8, means="as good as 4")
    assert a_nominal_scale().level("supported") is not None


@pytest.mark.parametrize(
    "label",
    [True, False, "4", 4.0, 4.5, -1, 6, 10**400, None, [4], {"level": 4}, Decimal(4), float("nan"), b"4"],
    ids=lambda label: f"{type(label).__name__}-{str(label)[:8]}",
)
def test_only_exactly_a_label_is_a_level(label: object) -> None:
    assert a_scale().level(label) is None


@pytest.mark.parametrize(
    "label", ["Supported", "supported ", " supported", "SUPPORTED", "support", "", 0, None]
)
def test_a_word_nearly_right_is_no_level(label: object) -> None:
    assert a_nominal_scale().level(label) is None


def test_the_labels_zero_and_one_are_no_booleans() -> None:
    scale = Scale.model_validate({"kind": "binary", "levels": LEVELS})
    assert scale.level(True) is None
    assert scale.level(False) is None
    assert scale.level(1) is not None


@given(scales(), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_a_level_is_found_for_declared_labels_only(scale: Scale, other: object) -> None:
    for label in scale.labels:
        found = scale.level(label)
        assert found is not None
        assert found.label == label
    declared = [label for label in scale.labels if type(label) is type(other) and label == other]
    assert (scale.level(other) is not None) == bool(declared)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"id": "Accuracy"}, "pattern"),
        ({"id": "a" * 49}, "pattern"),
        ({"id": "has space"}, "pattern"),
        ({"id": "line\n"}, "pattern"),
        ({"weight": 0}, "greater than 0"),
        ({"weight": -1}, "greater than 0"),
        ({"weight": float("nan")}, "less than or equal to 1000"),
        ({"weight": float("inf")}, "less than or equal to 1000"),
        ({"title": ""}, "at least 1 character"),
        ({"question": ""}, "at least 1 character"),
        ({"needs": ["answer"]}, "Input should be"),
        ({"needs": {"sound": ["response"]}}, "Input should be 'text' or 'image'"),
        ({"needs": "response"}, "valid dictionary"),
        ({"when_degenerate": 6}, "which its scale lacks"),
        ({"when_degenerate": "0"}, "which its scale lacks"),
        ({"dimension": "x"}, "Extra inputs"),
    ],
)
def test_a_criterion_that_breaks_a_rule_is_refused_with_the_rule(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as error:
        a_criterion(**fields)
    assert rule in told(error)


def test_needs_as_a_list_stand_for_both_modes() -> None:
    assert a_criterion(needs=["response", "claim"]).needs == {
        "text": ("response", "claim"),
        "image": ("response", "claim"),
    }
    assert a_criterion(needs={"text": ["response"]}).needs == {"text": ("response",)}


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"measure": "agreement"}, "needs 'against'"),
        ({"measure": "entailment", "levels": {"entailed": "supported"}}, "needs 'against'"),
        ({"measure": "cohesion", "against": "reference"}, "takes no 'against'"),
        ({"measure": "self_consistency", "against": "claim"}, "takes no 'against'"),
        ({"measure": "entailment", "against": "claim"}, "belongs to the measure 'entailment'"),
        ({"measure": "agreement", "against": "claim", "levels": {"neutral": 1}}, "belongs to the measure"),
        ({"measure": "bleu"}, "Input should be"),
    ],
)
def test_a_lexical_measure_that_breaks_a_rule_is_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as error:
        LexicalMeasure.model_validate(fields)
    assert rule in told(error)


def test_a_lexical_measure_names_levels_of_its_scale_only() -> None:
    def criterion(label: str) -> Criterion:
        measure = {"measure": "entailment", "against": "claim", "levels": {"entailed": label}}
        return a_criterion(scale=a_nominal_scale(), lexical=measure)

    assert criterion("supported").lexical is not None
    with pytest.raises(ValidationError, match="names the level 'true', which its scale lacks"):
        criterion("true")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"id": "Plain"}, "pattern"),
        ({"id": "-plain"}, "pattern"),
        ({"id": "../plain"}, "pattern"),
        ({"version": 0}, "greater than or equal to 1"),
        ({"title": ""}, "at least 1 character"),
        ({"about": ""}, "at least 1 character"),
        ({"prompt": "../secrets.jinja"}, "pattern"),
        ({"prompt": "prompts/../x.jinja"}, "pattern"),
        ({"modes": ()}, "at least 1 item"),
        ({"modes": ("text", "text")}, "modes must differ"),
        ({"aggregate": "median"}, "Input should be 'weighted_mean'"),
        ({"criteria": ()}, "at least 1 item"),
        ({"criteria": (a_criterion(), a_criterion())}, "criterion ids must differ"),
        ({"criteria": (a_criterion("a"), a_criterion("b", scale=a_nominal_scale()))}, "have values or none"),
        ({"criteria": (a_criterion(needs={"text": ["response"]}),)}, "needs in mode 'image'"),
        ({"model": "judge-7b"}, "Extra inputs"),
    ],
)
def test_a_rubric_that_breaks_a_rule_is_refused_with_the_rule(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as error:
        a_rubric(**fields)
    assert rule in told(error)


def test_a_rubric_knows_its_name_and_whether_it_adds_up() -> None:
    assert a_rubric(version=3).ref == "plain@3"
    assert a_rubric().is_numeric
    assert not a_rubric(a_criterion(scale=a_nominal_scale())).is_numeric


def test_rubrics_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        a_rubric().criteria[0].weight = 2


def test_faults_of_a_rubric_do_not_quote_it() -> None:
    with pytest.raises(ValidationError) as error:
        Rubric.model_validate({"id": "SECRET WORDING", "secret_key": "SECRET VALUE"})
    assert "SECRET" not in str(error.value)
