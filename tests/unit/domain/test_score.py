from __future__ import annotations

from typing import Any, get_args

import pytest
from builders import a_verdict, an_unscored
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from judge_service.domain.score import Provenance, Score
from judge_service.domain.verdict import Scored, Unscored, UnscoredOutcome, Verdict

PROVENANCE = Provenance(
    rubric="plain@1",
    rubric_digest="d",
    prompt_digest="p",
    judge="default",
    judge_kind="scripted",
    is_llm=False,
    instrument="scripted",
    mode="text",
    schema_mode="none",
    cache="miss",
    service_version="0",
)


def a_score(**fields: Any) -> Score:
    plain = {"id": "1", "outcome": "scored", "score": 80.0, "criteria": {}, "provenance": PROVENANCE}
    return Score.model_validate(plain | fields)


@pytest.mark.parametrize("outcome", get_args(UnscoredOutcome))
@given(number=st.floats(0, 100))
def test_what_is_not_scored_has_no_number(outcome: str, number: float) -> None:
    assert a_score(outcome=outcome, score=None).score is None
    with pytest.raises(ValidationError, match="not scored has no number"):
        a_score(outcome=outcome, score=number)


def test_what_is_scored_has_a_number_unless_the_scale_has_none() -> None:
    with pytest.raises(ValidationError, match="has a number unless"):
        a_score(score=None)
    assert a_score(score=None, flags=("no_numeric_scale",)).score is None


@pytest.mark.parametrize("number", [-0.1, 100.1, float("nan"), float("inf"), "eighty"])
def test_a_number_is_a_number_between_0_and_100(number: object) -> None:
    with pytest.raises(ValidationError):
        a_score(score=number)


@pytest.mark.parametrize("number", [-1, 101, float("nan"), float("-inf")])
def test_a_verdict_has_no_impossible_value(number: float) -> None:
    with pytest.raises(ValidationError):
        a_verdict(number)


@pytest.mark.parametrize("fields", [{"value": 0}, {"level": 0}, {"value": 0.0}, {"outcome": "scored"}])
def test_an_unscored_verdict_gets_no_number(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        an_unscored(**fields)


def test_a_verdict_is_told_by_its_outcome() -> None:
    adapter: TypeAdapter[Scored | Unscored] = TypeAdapter(Verdict)
    for verdict in (a_verdict(), an_unscored("refused")):
        assert adapter.validate_json(verdict.model_dump_json()) == verdict
    with pytest.raises(ValidationError):
        adapter.validate_python(
            {"outcome": "unparsable", "level": 3, "value": 60, "weight": 1, "reason": "r"}
        )


def test_a_score_says_by_default_that_it_is_not_calibrated() -> None:
    score = a_score()
    assert score.calibrated.status == "none"
    assert score.interval is None
    assert score.range == (0.0, 100.0)
