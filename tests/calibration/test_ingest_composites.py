"""Totals that follow from other criteria, for raters and judges alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calibration_ingest import an_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest import study_from

SCALES = {"a": [0, 1, 2, 3, 4, 5], "b": {"kind": "binary"}, "c": {"kind": "nominal", "values": ["x", "y"]}}
COMPOSITES = {"score": {"weights": {"a": 3, "b": 1}}}


def rating(item: object, criterion: str, score: object, rater: str = "A") -> dict[str, object]:
    return {"item": item, "criterion": criterion, "rater": rater, "score": score}


def judged(item: object, criterion: str, score: object, **more: object) -> dict[str, object]:
    return {"item": item, "criterion": criterion, "judge": "J", "score": score, **more}


def document(**fields: Any) -> dict[str, Any]:
    return {"scales": SCALES, "composites": COMPOSITES} | fields


def test_a_total_is_the_weighted_mean_of_shares_of_the_scales() -> None:
    rows = [rating(1, "a", 4), rating(1, "b", True)]
    table = study_from(document(ratings=rows)).tables["score"]
    assert table.scale.as_json() == {"kind": "interval", "low": 0, "high": 100}
    assert table.ratings[0, 0] == pytest.approx(100 * (3 * 4 / 5 + 1 * 1) / 4)


def test_a_total_needs_all_its_criteria() -> None:
    rows = [rating(1, "a", 4), rating(1, "b", 0, "B"), rating(2, "a", 5), rating(2, "b", 1)]
    table = study_from(document(ratings=rows)).tables["score"]
    assert table.raters == ("A",)
    assert np.array_equal(table.ratings, [[np.nan], [100.0]], equal_nan=True)


def test_a_judges_total_takes_its_first_scored_repeats() -> None:
    rows = [judged(1, "a", 1, repeat=1), judged(1, "a", 5, repeat=2)]
    rows += [judged(1, "b", None, repeat=1, outcome="refused"), judged(1, "b", 0, repeat=2)]
    table = study_from(document(judge_scores=rows)).tables["score"]
    assert table.judged.tolist() == [[pytest.approx(15)]]
    assert (table.repeats, table.outcomes) == ({}, {"J": {"scored": 1}})


def test_a_total_that_is_not_there_has_the_outcome_the_service_would_tell() -> None:
    rows = [judged(1, "a", None, outcome="refused"), judged(1, "b", None, outcome="timeout")]
    rows += [judged(2, "a", 3), judged(2, "b", None, outcome="abstained"), judged(3, "a", 3)]
    table = study_from(document(judge_scores=rows)).tables["score"]
    assert np.isnan(table.judged).all()
    assert table.outcomes == {"J": {"timeout": 1, "abstained": 1}}


def test_a_criterion_scored_at_the_second_try_does_not_lack() -> None:
    rows = [judged(1, "a", None, repeat=1, outcome="timeout"), judged(1, "a", 5, repeat=2)]
    rows += [judged(1, "b", None, outcome="abstained")]
    assert study_from(document(judge_scores=rows)).tables["score"].outcomes == {"J": {"abstained": 1}}


def test_who_gave_a_total_of_their_own_keeps_it() -> None:
    scales = SCALES | {"score": {"kind": "interval", "low": 0, "high": 100}}
    rows = [rating(1, "a", 5), rating(1, "b", 1), rating(1, "score", 12.5), rating(2, "score", 50, "B")]
    table = study_from(document(scales=scales, ratings=rows)).tables["score"]
    assert table.raters == ("A", "B")
    assert np.array_equal(table.ratings, [[12.5, np.nan], [np.nan, 50.0]], equal_nan=True)


def test_totals_of_our_own_answers_and_of_physicians_meet() -> None:
    scales = {"quality": [0, 1, 2, 3, 4, 5], "score": {"kind": "interval", "low": 0, "high": 100}}
    rows = [rating("1", "quality", 4), rating("2", "quality", 2)]
    answers = [an_answer(), an_answer(id="1" * 32, score=79.0)]
    refused = {"quality": {"outcome": "refused", "level": None, "weight": 1.0}}
    answers.append(an_answer(id="2" * 32, case_id="2", outcome="refused", score=None, criteria=refused))
    composites = {"score": {"weights": {"quality": 1}}}
    study = study_from({"scales": scales, "ratings": rows, "scores": answers, "composites": composites})
    table = study.tables["score"]
    assert np.array_equal(table.ratings, [[80], [40]])
    assert np.array_equal(table.judged, [[80.0], [np.nan]], equal_nan=True)
    assert table.outcomes == {"J": {"scored": 2, "refused": 1}}
    assert study_from(study.rows()).digest == study.digest


def test_a_derived_total_fills_what_repeats_of_totals_leave_open() -> None:
    scales = SCALES | {"score": {"kind": "interval", "low": 0, "high": 100}}
    rows = [judged(1, "score", 10, repeat=1), judged(1, "score", 20, repeat=2)]
    rows += [judged(2, "score", None, repeat=1, outcome="timeout"), judged(2, "a", 5), judged(2, "b", 1)]
    study = study_from(document(scales=scales, judge_scores=rows))
    table = study.tables["score"]
    assert np.array_equal(table.repeats["J"], [[10.0, 20.0], [100.0, np.nan]], equal_nan=True)
    assert table.judged.tolist() == [[10], [100]]
    assert table.outcomes == {"J": {"scored": 3}}
    assert study_from(study.rows()).digest == study.digest


@pytest.mark.parametrize(
    "composites",
    [
        {"score": None},
        {"score": {}},
        {"score": {"weights": {}}},
        {"score": {"weights": ["a"]}},
        {"score": {"weights": {"a": 0}}},
        {"score": {"weights": {"a": -1}}},
        {"score": {"weights": {"a": True}}},
        {"score": {"weights": {"a": 1e300}}},
        {"score": {"weights": {"c": 1}}},
        {"score": {"weights": {"d": 1}}},
        {"score": {"weights": {"score": 1}}},
        {"score": {"weights": {"a": 1}, "scale": [0, 1]}},
        {"a": {"weights": {"b": 1}}},
        {"": {"weights": {"a": 1}}},
        {"x": {"weights": {"y": 1}}, "y": {"weights": {"a": 1}}},
        {str(at): {"weights": {"a": 1}} for at in range(21)},
    ],
)
def test_what_is_no_composite_is_refused(composites: object) -> None:
    with pytest.raises(OptionRejected) as rejected:
        study_from(document(composites=composites))
    assert rejected.value.option.startswith("composites")


scores = st.dictionaries(
    st.tuples(st.sampled_from("1234"), st.sampled_from("ab"), st.sampled_from("AB")), st.sampled_from([0, 1])
)


@settings(max_examples=50, deadline=None)
@given(scores, scores)
def test_a_study_with_totals_is_told_and_read_again(people: Any, judges: Any) -> None:
    ratings = [rating(item, name, score, rater) for (item, name, rater), score in people.items()]
    outcomes = [{"score": None, "outcome": "refused"}, {"score": 1}]
    said = [judged(i, n, 0) | outcomes[score] | {"judge": f"J{j}"} for (i, n, j), score in judges.items()]
    study = study_from(document(ratings=ratings, judge_scores=said))
    again = study_from(study.rows())
    assert again.digest == study.digest
    assert again.profile() == study.profile()
