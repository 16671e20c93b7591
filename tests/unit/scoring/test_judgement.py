from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest
from builders import a_judgement, a_rubric, a_verdict, an_attempt, an_unscored
from hypothesis import given
from hypothesis import strategies as st
from strategies import rubrics

from judge_service.backends.base import Usage
from judge_service.domain.score import Failure
from judge_service.domain.verdict import UnscoredOutcome
from judge_service.scoring.judgement import Judgement, from_record, to_record
from judge_service.scoring.reading import scored

if TYPE_CHECKING:
    from judge_service.domain.rubric import Rubric

CRITERIA = a_rubric().criteria
FLOORS: list[UnscoredOutcome] = ["abstained", "degenerate_response"]
FAILURE = Failure(code="timeout", detail="too late", retryable=True)


def a_record(**fields: Any) -> dict[str, Any]:
    record = to_record(a_judgement(**fields))
    assert record is not None
    return json.loads(json.dumps(record))  # type: ignore[no-any-return]  # as a store gives it back


@pytest.mark.parametrize(
    "fields", [{"keeps": False}, {"failure": FAILURE}, {"keeps": False, "failure": FAILURE}]
)
def test_what_is_not_the_judges_own_word_is_never_kept(fields: dict[str, Any]) -> None:
    assert to_record(a_judgement(**fields)) is None


def test_a_judgement_comes_back_as_it_was() -> None:
    judgement = a_judgement(
        verdicts={
            "accuracy": a_verdict(weight=4, evidence=("a fracture",), flags=("evidence_not_found",)),
            "clarity": an_unscored("abstained", rationale="Too short."),
        },
        fingerprint="fp_1",
        usage=Usage(1490, None),
        cost_microusd=12,
        attempts=(an_attempt(outcome="rate_limited"), an_attempt(input_tokens=1490)),
        flags=("control_tokens_defused",),
    )
    record = to_record(judgement)
    assert record is not None
    assert from_record(json.loads(json.dumps(record)), CRITERIA) == replace(judgement, cache="hit")


def test_levels_are_kept_and_their_values_are_the_rubrics_of_today() -> None:
    record = a_record(verdicts={"accuracy": a_verdict(0.0, level=5), "clarity": a_verdict(100.0, level=0)})
    assert "value" not in json.dumps(record)
    assert "weight" not in json.dumps(record)
    restored = from_record(record, CRITERIA)
    assert restored is not None
    assert {name: (v.value, v.weight) for name, v in restored.verdicts.items()} == {
        "accuracy": (100.0, 4),
        "clarity": (0.0, 1),
    }


@given(st.data(), rubrics())
def test_any_complete_judgement_survives_the_store(data: st.DataObject, rubric: Rubric) -> None:
    verdicts = {}
    for criterion in rubric.criteria:
        label = data.draw(st.sampled_from([*criterion.scale.labels, None]))
        floor: UnscoredOutcome = data.draw(st.sampled_from(FLOORS))
        verdicts[criterion.id] = (
            an_unscored(floor, weight=criterion.weight)
            if label is None
            else scored(criterion, label, data.draw(st.text(max_size=9)))
        )
    judgement = Judgement(verdicts=verdicts, keeps=True)
    assert from_record(to_record(judgement) or {}, rubric.criteria) == replace(judgement, cache="hit")


def changed(*path: str | int, to: object) -> dict[str, Any]:
    record: Any = a_record()
    at = record
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return record  # type: ignore[no-any-return]


ENTRY = {"outcome": "scored", "level": 4, "rationale": "r", "evidence": [], "flags": []}
TAMPERED = {
    "a level off the scale": changed("verdicts", "accuracy", "level", to=6),
    "a level of another type": changed("verdicts", "accuracy", "level", to="4"),
    "a level that is a boolean": changed("verdicts", "accuracy", "level", to=True),
    "a level that is a list": changed("verdicts", "accuracy", "level", to=[4]),
    "no level": changed("verdicts", "accuracy", "level", to=None),
    "an outcome made up": changed("verdicts", "accuracy", "outcome", to="excellent"),
    "abstained with no reason": changed("verdicts", "accuracy", "outcome", to="abstained"),
    "a verdict that is none": changed("verdicts", "accuracy", to=None),
    "a verdict that is a number": changed("verdicts", "accuracy", to=80),
    "a verdict without rationale": changed("verdicts", "accuracy", to={"outcome": "scored", "level": 4}),
    "verdicts that are none": changed("verdicts", to=[]),
    "another criterion": changed("verdicts", to={"accuracy": ENTRY, "safety": ENTRY}),
    "a criterion too many": changed("verdicts", "safety", to=ENTRY),
    "a criterion missing": changed("verdicts", to={"accuracy": ENTRY}),
    "criteria in another order": changed("verdicts", to={"clarity": ENTRY, "accuracy": ENTRY}),
    "attempts of another shape": changed("attempts", to=[{"outcome": "ok"}]),
    "attempts that are none": changed("attempts", to=None),
    "usage of another shape": changed("usage", to=[1, 2, 3]),
    "usage that is none": changed("usage", to={}),
    "flags that are none": changed("flags", to="partial"),
}


@pytest.mark.parametrize("outcome", get_args(UnscoredOutcome))
def test_of_unscored_verdicts_only_the_judges_own_come_back(outcome: UnscoredOutcome) -> None:
    entry: dict[str, object] = {
        "outcome": outcome,
        "level": None,
        "reason": "r",
        "rationale": None,
        "flags": [],
    }
    restored = from_record(changed("verdicts", "accuracy", to=entry), CRITERIA)
    assert (restored is not None) == (outcome in FLOORS)
    if restored is not None:
        assert restored.verdicts["accuracy"].outcome == outcome


@pytest.mark.parametrize("record", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_record_that_does_not_fit_is_as_good_as_none(record: dict[str, Any]) -> None:
    assert from_record(a_record(), CRITERIA) is not None
    assert from_record(record, CRITERIA) is None


@pytest.mark.parametrize("field", sorted(a_record()))
def test_a_record_with_a_field_missing_is_as_good_as_none(field: str) -> None:
    record = a_record()
    del record[field]
    assert from_record(record, CRITERIA) is None
    assert from_record({}, CRITERIA) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["accuracy", "clarity"]), st.sampled_from(sorted(ENTRY)), anything)
def test_no_change_of_a_verdict_makes_a_level_of_something_else(name: str, field: str, other: object) -> None:
    record = changed("verdicts", name, field, to=copy.deepcopy(other))
    restored = from_record(record, CRITERIA)
    if restored is not None:
        verdict = restored.verdicts[name]
        assert verdict.level == record["verdicts"][name]["level"] or verdict.outcome == "abstained"
        assert verdict.level is None or (type(verdict.level) is int and verdict.value == 20.0 * verdict.level)
