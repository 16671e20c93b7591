"""Answers of the scoring service, fed in as they are."""

from __future__ import annotations

from itertools import permutations
from typing import Any, get_args

import numpy as np
import pytest
from calibration_ingest import FINGERPRINT, a_judge_score, a_rating, an_answer, faults

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest import study_from
from judge_calibration.ingest.cells import OUTCOMES
from judge_service.domain.score import Provenance, Score
from judge_service.domain.verdict import Outcome, Scored, Unscored, UnscoredOutcome

SCALES: dict[str, Any] = {"quality": [0, 1, 2, 3, 4, 5]}


def verdict(level: object = 4, value: object = 80.0, **fields: Any) -> dict[str, Any]:
    return {"outcome": "scored", "level": level, "value": value, "weight": 1.0} | fields


def document(*answers: object, **fields: Any) -> dict[str, Any]:
    return {"scales": SCALES, "ratings": [a_rating()], "scores": list(answers)} | fields


def answer_to(verdict_: object, **fields: Any) -> dict[str, Any]:
    return an_answer(criteria={"quality": verdict_}, **fields)


def stored(scale: object, verdict_: object) -> list[Any]:
    table = study_from({"scales": {"quality": scale}, "scores": [answer_to(verdict_)]}).tables["quality"]
    found: list[Any] = table.judged.tolist()
    return found


def test_the_service_knows_the_outcomes_that_are_read() -> None:
    assert set(get_args(UnscoredOutcome)) < set(OUTCOMES)
    known = [outcome for outcome in OUTCOMES if outcome in get_args(UnscoredOutcome)]
    assert known == list(get_args(UnscoredOutcome))
    assert OUTCOMES[0] in get_args(get_args(Outcome)[0])


def test_an_answer_as_the_service_writes_it_is_a_judges_row() -> None:
    provenance = Provenance(
        **FINGERPRINT,
        rubric="r@1",
        judge="J",
        is_llm=True,
        instrument="llm",
        schema_mode="json_schema",
        cache="off",
        service_version="0",
    )
    score = Score(
        id="a",
        case_id="1",
        outcome="refused",
        score=None,
        criteria={
            "quality": Scored(level=4, value=80, weight=1, rationale=""),
            "safety": Unscored(outcome="refused", weight=1, reason=""),
        },
        subgroups={"modality": "CT"},
        provenance=provenance,
    )
    scales = SCALES | {"safety": [0, 1]}
    study = study_from({"scales": scales, "scores": [score.model_dump(mode="json")]})
    assert study.tables["quality"].judged.tolist() == [[4]]
    assert study.tables["safety"].outcomes == {"J": {"refused": 1}}
    assert study.subgroups == {"modality": ("CT",)}
    assert study.fingerprints == {"J": FINGERPRINT}


def test_an_item_is_the_case_unless_the_metadata_name_it() -> None:
    study = study_from(document(an_answer(), an_answer(id="b", case_id="c", metadata={"item": 2})))
    assert study.items == ("1", "2")


@pytest.mark.parametrize(
    ("scale", "verdict_", "found"),
    [
        ([0, 1, 2, 3, 4, 5], verdict(4, 80.0), 4),
        ([0, 25, 50, 75, 100], verdict("good", 75.0), 75),
        ([0, 1, 2, 3], verdict("fair", 33.333333), 1),
        ({"kind": "binary"}, verdict("met", 100.0), 1),
        ({"kind": "binary"}, verdict(0, 0.0), 0),
        ({"kind": "binary", "values": ["unmet", "met"]}, verdict("met", 100.0), 1),
        ({"kind": "binary", "values": ["no", "yes"]}, verdict("met", 100.0), 1),
        ({"kind": "nominal", "values": ["b", "a"]}, verdict("a", None), 1),
        ({"kind": "interval", "low": 0, "high": 10}, verdict("x", 12.5), 1.25),
    ],
)
def test_a_level_is_found_by_its_label_or_by_what_it_is_worth(
    scale: object, verdict_: object, found: float
) -> None:
    assert stored(scale, verdict_) == [[found]]


@pytest.mark.parametrize(
    ("verdict_", "field", "code"),
    [
        (verdict("good", 50.0), "score", "not_numeric"),
        (verdict("good", None), "score", "not_numeric"),
        (verdict(7, 10**400), "score", "off_scale"),
        (verdict(7, 101.0), "score", "off_scale"),
        (verdict(4, outcome="tired"), "outcome", "unknown_outcome"),
        (verdict(4, outcome=None), "outcome", "unknown_outcome"),
        ({}, "outcome", "unknown_outcome"),
        (None, "criteria.quality", "bad_row"),
        ("good", "criteria.quality", "bad_row"),
    ],
)
def test_a_verdict_off_the_scale_is_a_fault(verdict_: object, field: str, code: str) -> None:
    assert faults(document(answer_to(verdict_))) == [("scores", 1, field, code)]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"case_id": None}, "case_id", "missing_field"),
        ({"case_id": ""}, "case_id", "bad_id"),
        ({"metadata": {"item": 1.5}}, "case_id", "bad_id"),
        ({"metadata": {"repeat": "x"}}, "repeat", "bad_repeat"),
        ({"provenance": None}, "provenance", "missing_field"),
        ({"criteria": []}, "provenance", "missing_field"),
        ({"provenance": FINGERPRINT}, "provenance.judge", "bad_id"),
        ({"provenance": {"judge": "J", "sampling": float("nan")}}, "provenance", "bad_row"),
        ({"provenance": {"judge": "J", "sampling": "x" * 20_000}}, "provenance", "bad_row"),
        ({"provenance": {"judge": "A"}}, "judge", "rater_in_two_roles"),
        ({"subgroups": ["CT"]}, "subgroups", "bad_subgroup"),
    ],
)
def test_what_is_wrong_with_an_answer_is_told(change: dict[str, Any], field: str, code: str) -> None:
    assert faults(document(an_answer(**change))) == [("scores", 1, field, code)]


def test_criteria_without_a_scale_are_passed_over() -> None:
    answer = an_answer(criteria={"coherence": verdict(), "quality": verdict(2, 40.0)})
    study = study_from(document(answer))
    assert list(study.tables) == ["quality"]
    assert study.tables["quality"].judged.tolist() == [[2]]


def test_the_same_answer_twice_is_a_fault() -> None:
    assert faults(document(an_answer(), an_answer())) == [("scores", 2, "id", "duplicate")]


def test_another_answer_about_an_item_is_a_repeat_wherever_it_stands() -> None:
    answers = [answer_to(verdict(level, 0.0), id=f"{level}") for level in (2, 0, 1)]
    digests = set()
    for order in permutations(answers):
        study = study_from(document(*order))
        assert study.tables["quality"].repeats["J"].tolist() == [[0, 1, 2]]
        digests.add(study.digest)
    assert len(digests) == 1


def test_an_answer_may_say_which_repeat_it_is() -> None:
    answers = [
        answer_to(verdict(level, 0.0), id=name, metadata={"repeat": repeat})
        for level, name, repeat in ((1, "a", 2), (3, "b", 1))
    ]
    assert study_from(document(*answers)).tables["quality"].repeats["J"].tolist() == [[3, 1]]


def test_an_answer_and_a_row_about_the_same_cell_are_a_duplicate() -> None:
    found = faults(document(an_answer(), judge_scores=[a_judge_score()]))
    assert found == [("scores", 1, "judge", "duplicate")]


def test_a_subgroup_that_differs_from_the_items_own_is_a_fault() -> None:
    items = [{"item": "1", "subgroups": {"modality": "CT"}}]
    agreed = an_answer(subgroups={"modality": "CT", "organ": "liver"})
    assert study_from(document(agreed, items=items)).subgroups == {"modality": ("CT",), "organ": ("liver",)}
    found = faults(document(an_answer(subgroups={"modality": "MR"}), items=items))
    assert found == [("scores", 1, "subgroups.modality", "conflicting_item")]


def test_the_total_is_read_where_it_has_a_scale() -> None:
    scales = SCALES | {"score": {"kind": "interval", "low": 0, "high": 100}}
    unscored = an_answer(id="b", case_id="2", outcome="no_quorum", score=None)
    no_numbers = an_answer(id="c", case_id="3", score=None)
    table = study_from(document(an_answer(), unscored, no_numbers, scales=scales)).tables["score"]
    assert np.array_equal(table.judged, [[80.0], [np.nan], [np.nan]], equal_nan=True)
    assert table.outcomes == {"J": {"scored": 1, "no_quorum": 1}}


def test_a_total_of_no_known_outcome_is_a_fault() -> None:
    scales = SCALES | {"score": {"kind": "interval", "low": 0, "high": 100}}
    assert faults(document(an_answer(outcome="tired"), scales=scales)) == [
        ("scores", 1, "outcome", "unknown_outcome")
    ]


def test_a_criterion_called_score_is_no_total() -> None:
    answer = an_answer(criteria={"score": verdict(2, 40.0)})
    study = study_from({"scales": {"score": [0, 1, 2]}, "scores": [answer]})
    assert study.tables["score"].judged.tolist() == [[2]]
    assert study_from({"scales": {"score": [0, 1, 2]}, "scores": [an_answer()]}).n_rows == 0


# Fingerprints


def test_answers_of_different_instruments_have_no_fingerprint() -> None:
    other = an_answer(id="b", case_id="2")
    other["provenance"] = other["provenance"] | {"model": "m2"}
    study = study_from(document(an_answer(), other))
    assert study.fingerprints == {}
    assert "J: its rows come from different instruments; it has no fingerprint" in study.warnings


def test_a_row_that_names_no_instrument_leaves_the_judge_without_fingerprint() -> None:
    study = study_from(document(an_answer(), judge_scores=[a_judge_score(item="2")]))
    assert study.fingerprints == {}
    assert "J: some of its rows name no instrument; it has no fingerprint" in study.warnings


def test_a_declared_fingerprint_stands_unless_answers_differ() -> None:
    rows = {"judge_scores": [a_judge_score(item="2")]}
    declared = {"fingerprints": {"J": FINGERPRINT}}
    assert study_from(document(an_answer(), **rows, **declared)).fingerprints == {"J": FINGERPRINT}
    other = {"fingerprints": {"J": FINGERPRINT | {"model": "m2"}}}
    assert study_from(document(an_answer(), **rows, **other)).fingerprints == {}
    bare: Any = study_from(document(**rows, fingerprints={"J": {"model": "m"}})).fingerprints
    assert bare["J"] == dict.fromkeys(FINGERPRINT) | {"model": "m"}


@pytest.mark.parametrize("given", [None, "m", {"version": 1}, {"sampling": float("inf")}])
def test_a_declared_fingerprint_has_its_fields_and_plain_data(given: object) -> None:
    with pytest.raises(OptionRejected) as rejected:
        study_from(document(an_answer(), fingerprints={"J": given}))
    assert rejected.value.option == "fingerprints.J"


def test_an_answer_about_no_declared_criterion_makes_no_judge() -> None:
    study = study_from(document(an_answer(criteria={}, case_id="9")))
    assert study.items == ("1", "9")
    assert study.fingerprints == {}
    assert study_from(study.rows()).digest == study.digest


@pytest.mark.parametrize(
    "other",
    [
        {"provenance": {"judge": "J", "cache": "off", **FINGERPRINT, "instrument": "guard", "model": None}},
        {
            "outcome": "timeout",
            "score": None,
            "criteria": {"quality": {"outcome": "timeout"}},
            "provenance": {"judge": "J", "cache": "off", **FINGERPRINT, "model": "as configured"},
        },
    ],
)
def test_an_answer_that_no_judge_gave_says_nothing_of_its_instrument(other: dict[str, Any]) -> None:
    answers = [an_answer(), an_answer(id="1" * 32, case_id="2", **other)]
    study = study_from({"scales": SCALES, "scores": answers})
    assert study.fingerprints == {"J": FINGERPRINT}
