"""Rows of a document: what is at fault is told, all of it, by row; what is sound is kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from calibration_ingest import SCALES, a_judge_score, a_rating, a_study_document, faults, without

from judge_calibration.errors import OptionRejected, StudyRejected
from judge_calibration.ingest import study_from
from judge_calibration.ingest.checks import MOST_CELLS
from judge_calibration.ingest.source import MOST_FAULTS, quoted


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"score": 6}, "score", "off_scale"),
        ({"score": 2.5}, "score", "off_scale"),
        ({"score": "3"}, "score", "not_numeric"),
        ({"score": True}, "score", "not_numeric"),
        ({"score": [3]}, "score", "not_numeric"),
        ({"score": {"value": 3}}, "score", "not_numeric"),
        ({"score": math.nan}, "score", "not_finite"),
        ({"score": math.inf}, "score", "not_finite"),
        ({"score": 10**5000}, "score", "not_finite"),
        ({"criterion": "safety"}, "criterion", "unknown_criterion"),
        ({"criterion": ["quality"]}, "criterion", "unknown_criterion"),
        ({"item": ""}, "item", "bad_id"),
        ({"item": "  "}, "item", "bad_id"),
        ({"item": None}, "item", "bad_id"),
        ({"item": 1.0}, "item", "bad_id"),
        ({"item": True}, "item", "bad_id"),
        ({"item": {"id": 1}}, "item", "bad_id"),
        ({"item": "a" * 257}, "item", "bad_id"),
        ({"item": "\ud800"}, "item", "bad_id"),
        ({"item": 10**5000}, "item", "bad_id"),
        ({"weight": 1}, "weight", "unknown_field"),
    ],
)
def test_a_fault_is_told_in_either_table(change: dict[str, Any], field: str, code: str) -> None:
    document = a_study_document(ratings=[a_rating(), a_rating(rater="B") | change])
    assert faults(document) == [("ratings", 2, field, code)]
    document = a_study_document(judge_scores=[a_judge_score(), a_judge_score(judge="K") | change])
    assert faults(document) == [("judge_scores", 2, field, code)]


@pytest.mark.parametrize("name", ["item", "criterion", "rater", "score"])
def test_a_rating_lacks_no_field(name: str) -> None:
    assert faults(a_study_document(ratings=[without(a_rating(), name)])) == [
        ("ratings", 1, name, "missing_field")
    ]


@pytest.mark.parametrize("name", ["item", "criterion", "judge", "score"])
def test_a_judges_score_lacks_no_field(name: str) -> None:
    found = faults(a_study_document(judge_scores=[without(a_judge_score(), name)]))
    assert found == [("judge_scores", 1, name, "missing_field")]


@pytest.mark.parametrize("row", [None, 3, "row", [], ["item", "criterion", "rater", "score"]])
def test_a_row_is_an_object(row: object) -> None:
    found = faults(a_study_document(ratings=[row], judge_scores=[row], items=[row], scores=[row]))
    assert found == [(table, 1, "", "bad_row") for table in ("items", "ratings", "judge_scores", "scores")]


def test_every_fault_of_a_row_is_told() -> None:
    row = {"item": None, "criterion": "quality", "score": 9, "note": ""}
    assert faults(a_study_document(ratings=[row])) == [
        ("ratings", 1, "rater", "missing_field"),
        ("ratings", 1, "note", "unknown_field"),
        ("ratings", 1, "item", "bad_id"),
        ("ratings", 1, "score", "off_scale"),
    ]


def test_faults_of_all_tables_are_told_together_in_their_order() -> None:
    document = a_study_document(
        items=[{"item": "1"}, {"item": "1"}],
        ratings=[a_rating(), a_rating(), a_rating(score=7)],
        judge_scores=[a_judge_score(item="9"), a_judge_score(judge="A")],
    )
    assert faults(document) == [
        ("items", 2, "item", "conflicting_item"),
        ("ratings", 2, "rater", "duplicate"),
        ("ratings", 3, "score", "off_scale"),
        ("judge_scores", 1, "item", "unknown_item"),
        ("judge_scores", 2, "judge", "rater_in_two_roles"),
    ]


def test_faults_are_counted_beyond_those_that_are_told() -> None:
    with pytest.raises(StudyRejected) as rejected:
        study_from(a_study_document(ratings=[a_rating(score=9)] * 2500))
    assert len(rejected.value.faults) == MOST_FAULTS
    assert rejected.value.total == 2500
    assert "ratings row 1, score: 9 is not on the scale 0, 1, 2, 3, 4, 5" in str(rejected.value)
    assert "and 2495 more" in str(rejected.value)


def test_a_rating_is_left_out_when_there_is_none() -> None:
    assert faults(a_study_document(ratings=[a_rating(score=None)])) == [
        ("ratings", 1, "score", "null_rating")
    ]


def test_integers_and_their_digits_are_one_id() -> None:
    study = study_from(a_study_document(ratings=[a_rating(item=7, rater=1), a_rating(item="7", rater="2")]))
    assert study.items[0] == "7"
    assert study.tables["quality"].raters == ("1", "2")
    assert faults(a_study_document(ratings=[a_rating(item=7), a_rating(item="7")])) == [
        ("ratings", 2, "rater", "duplicate")
    ]


def test_numbers_of_numpy_are_numbers() -> None:
    row = a_rating(item=np.int64(7), score=np.float64(3))
    assert study_from(a_study_document(ratings=[row])).tables["quality"].ratings[0, 0] == 3


def test_one_true_is_no_one_on_a_scale_of_numbers() -> None:
    rows = [a_rating(score=1), a_rating(rater="B", score=True)]
    assert faults(a_study_document(ratings=rows)) == [("ratings", 2, "score", "not_numeric")]


def test_a_binary_scale_takes_truth_and_numbers() -> None:
    rows = [a_rating(score=True), a_rating(rater="B", score=0), a_rating(rater="C", score=1.0)]
    study = study_from({"scales": {"quality": {"kind": "binary"}}, "ratings": rows})
    assert study.tables["quality"].ratings.tolist() == [[1, 0, 1]]


@pytest.mark.parametrize("score", [1, None, True, "d", ["a"]])
def test_a_nominal_scale_takes_its_words_only(score: object) -> None:
    scales = {"quality": {"kind": "nominal", "values": ["a", "b"]}}
    found = faults({"scales": scales, "judge_scores": [a_judge_score(score=score)]})
    code = "null_without_outcome" if score is None else "off_scale"
    assert [fault[3] for fault in found] == [code]


def test_a_long_scale_is_told_in_short() -> None:
    with pytest.raises(StudyRejected, match=r"not on the scale 0, 1, .*, …, 50"):
        study_from({"scales": {"quality": list(range(51))}, "ratings": [a_rating(score=-1)]})
    interval = {"quality": {"kind": "interval", "low": 0, "high": 1}}
    with pytest.raises(StudyRejected, match=r"not on the scale from 0 to 1"):
        study_from({"scales": interval, "ratings": [a_rating(score=-1)]})


# Judges


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"score": None}, "outcome", "null_without_outcome"),
        ({"score": None, "outcome": "scored"}, "outcome", "null_without_outcome"),
        ({"score": None, "outcome": "tired"}, "outcome", "unknown_outcome"),
        ({"score": None, "outcome": ["refused"]}, "outcome", "unknown_outcome"),
        ({"score": 3, "outcome": "refused"}, "outcome", "score_with_outcome"),
        ({"repeat": -1}, "repeat", "bad_repeat"),
        ({"repeat": 1.5}, "repeat", "bad_repeat"),
        ({"repeat": True}, "repeat", "bad_repeat"),
        ({"repeat": "1"}, "repeat", "bad_repeat"),
        ({"repeat": 10**6}, "repeat", "bad_repeat"),
    ],
)
def test_a_judges_row_has_a_score_or_says_why_not(change: dict[str, Any], field: str, code: str) -> None:
    found = faults(a_study_document(judge_scores=[a_judge_score(**change)]))
    assert found == [("judge_scores", 1, field, code)]


@pytest.mark.parametrize("outcome", ["abstained", "needs_human", "no_quorum", "off_scale", "timeout"])
def test_an_outcome_stands_for_a_score_and_is_counted(outcome: str) -> None:
    row = a_judge_score(score=None, outcome=outcome)
    rows = [row, without(a_judge_score(item="2", outcome=outcome), "score"), a_judge_score(item="3")]
    table = study_from(a_study_document(judge_scores=rows)).tables["quality"]
    assert table.outcomes == {"J": {"scored": 1, outcome: 2}}


def test_a_score_may_say_that_it_is_scored() -> None:
    study = study_from(a_study_document(judge_scores=[a_judge_score(outcome="scored")]))
    assert study.tables["quality"].judged.tolist() == [[4]]


def test_a_repeat_is_told_apart_and_the_same_one_twice_is_a_fault() -> None:
    rows = [a_judge_score(), a_judge_score(repeat=2), a_judge_score(repeat=1)]
    assert faults(a_study_document(judge_scores=rows)) == [("judge_scores", 3, "judge", "duplicate")]
    again = [a_judge_score(score=None, outcome="refused"), a_judge_score(repeat=None)]
    assert faults(a_study_document(judge_scores=again)) == [("judge_scores", 2, "judge", "duplicate")]


def test_a_duplicate_names_the_row_it_repeats() -> None:
    rows = [a_rating(), a_rating(rater="B"), a_rating(score=5), a_rating()]
    with pytest.raises(StudyRejected, match=r"row 4.*row 1 is about the same item, criterion and rater"):
        study_from(a_study_document(ratings=rows))


def test_a_name_has_one_role() -> None:
    rows = [a_judge_score(), a_judge_score(judge="A"), a_judge_score(judge="A", item="2")]
    assert faults(a_study_document(judge_scores=rows)) == [("judge_scores", 2, "judge", "rater_in_two_roles")]


# Items


def test_a_judged_item_that_nobody_rated_is_kept_and_told() -> None:
    study = study_from(a_study_document(judge_scores=[a_judge_score(item="9")]))
    assert study.items == ("1", "9")
    assert study.warnings == ("quality: 1 items have a judge's row and no rating: 9",)


def test_a_judged_item_is_among_the_items_where_they_are_listed() -> None:
    rows = [a_judge_score(), a_judge_score(item="2"), a_judge_score(item="3")]
    document = a_study_document(judge_scores=rows, items=[{"item": "2"}])
    assert faults(document) == [("judge_scores", 3, "item", "unknown_item")]
    assert len(study_from(document | {"items": []}).items) == 3


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({}, "item", "missing_field"),
        ({"item": None}, "item", "bad_id"),
        ({"item": "1", "group": "x"}, "group", "unknown_field"),
        ({"item": "1", "cluster": ""}, "cluster", "bad_id"),
        ({"item": "1", "cluster": 1.5}, "cluster", "bad_id"),
        ({"item": "1", "subgroups": ["CT"]}, "subgroups", "bad_subgroup"),
        ({"item": "1", "subgroups": {"modality": 1.5}}, "subgroups.modality", "bad_subgroup"),
        ({"item": "1", "subgroups": {"": "CT"}}, "subgroups", "bad_subgroup"),
        ({"item": "1", "covariates": "x"}, "covariates", "bad_covariate"),
        ({"item": "1", "covariates": {"tokens": "12"}}, "covariates.tokens", "bad_covariate"),
        ({"item": "1", "covariates": {"tokens": True}}, "covariates.tokens", "bad_covariate"),
        ({"item": "1", "covariates": {"tokens": math.inf}}, "covariates.tokens", "bad_covariate"),
    ],
)
def test_what_belongs_to_an_item_is_of_its_kind(row: dict[str, Any], field: str, code: str) -> None:
    assert faults(a_study_document(items=[row])) == [("items", 1, field, code)]


def test_a_label_may_be_an_integer_and_null_is_unknown() -> None:
    row = {"item": "1", "cluster": None, "subgroups": {"grade": 3, "site": None}, "covariates": None}
    study = study_from(a_study_document(items=[row]))
    assert study.subgroups == {"grade": ("3",)}
    assert not study.clustered


def test_variables_are_a_hundred_at_most() -> None:
    row = {"item": "1", "subgroups": {str(at): "x" for at in range(101)}}
    with pytest.raises(OptionRejected):
        study_from(a_study_document(items=[row]))


# The document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "study",
        {},
        {"ratings": []},
        {"scales": SCALES, "rating": []},
        {"scales": SCALES, "ratings": {}},
        {"scales": SCALES, "ratings": "x"},
        {"scales": SCALES, "composites": []},
        {"scales": SCALES, "fingerprints": [1]},
        {"scales": SCALES, "fingerprints": {"J": {}}},
    ],
)
def test_a_document_of_another_shape_is_refused(document: object) -> None:
    with pytest.raises(OptionRejected):
        study_from(document)


def test_a_field_that_is_null_is_one_that_is_not_there() -> None:
    names = ("judge_scores", "items", "composites", "scores", "fingerprints")
    study = study_from({"scales": SCALES, "ratings": [a_rating()], **dict.fromkeys(names)})
    assert study.n_rows == 1


def test_a_study_too_large_for_memory_is_refused_before_it_is_built() -> None:
    count = int(MOST_CELLS**0.5) + 1
    rows = [a_rating(item=at, rater=f"r{at}") for at in range(count)]
    with pytest.raises(OptionRejected, match="split it"):
        study_from({"scales": SCALES, "ratings": rows})


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "null"), (False, "false"), (10**30, "a number of many digits"), (1.5, "1.5"), ([], "a list")],
)
def test_a_value_is_quoted_in_short(value: object, told: str) -> None:
    assert quoted(value) == told
    assert len(quoted("x" * 1000)) < 70
    assert "\ud800" not in quoted("\ud800")
