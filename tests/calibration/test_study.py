"""A study's arrays, consensus, profile, digest and the document it is told as."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from calibration_ingest import FINGERPRINT, a_judge_score, a_rating, a_study_document, an_answer

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest import study_from
from judge_calibration.study import CriterionTable, Unscored

NOMINAL = {"x": {"kind": "nominal", "values": ["a", "b", "c"]}}


def table_of(scores: dict[str, dict[str, Any]], scale: object = (0, 1, 2, 3, 4, 5)) -> CriterionTable:
    """From item -> rater -> score."""
    rows = [
        {"item": item, "criterion": "x", "rater": rater, "score": score}
        for item, by_rater in scores.items()
        for rater, score in by_rater.items()
    ]
    return study_from({"scales": {"x": scale}, "ratings": rows}).tables["x"]


def test_items_stand_as_they_came_and_people_by_name() -> None:
    ratings = [a_rating(item="2", rater="B"), a_rating(item="1", rater="A", score=5)]
    judged = [a_judge_score(item="1", judge="K"), a_judge_score(item="2", judge="J", score=0)]
    study = study_from(a_study_document(ratings=ratings, judge_scores=judged))
    table = study.tables["quality"]
    assert (study.items, table.raters, table.judges) == (("2", "1"), ("A", "B"), ("J", "K"))
    assert np.array_equal(table.ratings, [[np.nan, 3], [5, np.nan]], equal_nan=True)
    assert np.array_equal(table.judged, [[0, np.nan], [np.nan, 4]], equal_nan=True)
    assert study.n_rows == 4
    assert study.clusters.tolist() == [0, 1]
    assert not study.clustered


def test_the_first_repeat_with_a_score_counts_and_all_are_kept() -> None:
    judged = [
        a_judge_score(item="1", repeat=7, score=2),
        a_judge_score(item="1", repeat=3, score=None, outcome="refused"),
        a_judge_score(item="2", repeat=3, score=1),
    ]
    table = study_from(a_study_document(judge_scores=judged)).tables["quality"]
    assert table.judged.tolist() == [[2], [1]]
    assert np.array_equal(table.repeats["J"], [[np.nan, 2], [1, np.nan]], equal_nan=True)
    assert table.unscored == (Unscored(0, 0, 1, "refused"),)
    assert table.outcomes == {"J": {"scored": 2, "refused": 1}}


def test_a_judge_asked_once_has_no_repeats_and_one_column_of_scores() -> None:
    table = study_from(a_study_document(judge_scores=[a_judge_score(repeat=4)])).tables["quality"]
    assert table.repeats == {}
    assert table.scores_of("J").tolist() == [[4]]


def test_a_judge_that_only_refused_is_kept() -> None:
    rows = [a_judge_score(score=None, outcome="refused")]
    table = study_from(a_study_document(judge_scores=rows)).tables["quality"]
    assert table.judges == ("J",)
    assert np.isnan(table.judged).all()
    assert table.outcomes == {"J": {"refused": 1}}


def test_consensus_is_the_mean_or_median_of_who_rated() -> None:
    table = table_of({"1": {"A": 1, "B": 2, "C": 5}, "2": {"A": 4, "B": 5}})
    assert table.consensus() == pytest.approx([8 / 3, 4.5])
    assert table.consensus("median") == pytest.approx([2, 4.5])


def test_an_item_nobody_rated_has_no_consensus() -> None:
    study = study_from(a_study_document(judge_scores=[a_judge_score(item="9")]))
    for how in ("mean", "median", "mode"):
        found = study.tables["quality"].consensus(how)
        assert found[0] == 3
        assert np.isnan(found[1])


def test_a_tie_has_no_mode() -> None:
    table = table_of({"1": {"A": 1, "B": 1, "C": 5}, "2": {"A": 4, "B": 5}})
    assert np.array_equal(table.consensus("mode"), [1, np.nan], equal_nan=True)


@pytest.mark.parametrize("how", ["mean", "median", "mode"])
def test_a_nominal_scale_has_the_mode_only(how: Any) -> None:
    table = table_of({"1": {"A": "c", "B": "c", "C": "a"}, "2": {"A": "a", "B": "b"}}, NOMINAL["x"])
    assert np.array_equal(table.consensus(how), [2, np.nan], equal_nan=True)


def test_binary_labels_have_a_share_as_consensus() -> None:
    table = table_of({"1": {"A": True, "B": False}, "2": {"A": True}}, {"kind": "binary"})
    assert table.consensus().tolist() == [0.5, 1.0]


def test_an_interval_has_no_mode_and_no_consensus_is_made_up() -> None:
    table = table_of({"1": {"A": 1}}, {"kind": "interval", "low": 0, "high": 9})
    with pytest.raises(OptionRejected):
        table.consensus("mode")
    with pytest.raises(OptionRejected):
        table.consensus("majority")  # type: ignore[arg-type]  # what a caller may write


def test_a_criterion_without_rows_has_an_empty_table_and_a_warning() -> None:
    study = study_from(a_study_document(scales={"quality": [0, 1, 2, 3, 4, 5], "safety": [0, 1]}))
    assert study.tables["safety"].ratings.shape == (1, 0)
    assert study.warnings == ("safety: no row is about it",)


def test_a_study_may_be_empty() -> None:
    study = study_from({"scales": {"x": [0, 1]}})
    assert (study.items, study.n_rows) == ((), 0)
    assert study.tables["x"].consensus().size == 0
    assert study_from(study.rows()).digest == study.digest
    json.dumps(study.profile(), allow_nan=False)


def full_document() -> dict[str, Any]:
    ratings = [
        a_rating(item=item, rater=rater, score=score)
        for item, rater, score in (("1", "A", 1), ("1", "B", 2), ("2", "A", 3), ("3", "C", 5))
    ]
    judged = [
        a_judge_score(item="1", repeat=1),
        a_judge_score(item="1", repeat=2, score=5),
        a_judge_score(item="2", score=None, outcome="refused"),
        a_judge_score(item="4", judge="K", score=0),
    ]
    items = [
        {"item": "1", "cluster": "q1", "subgroups": {"modality": "CT"}, "covariates": {"tokens": 10}},
        {"item": "2", "cluster": "q1", "subgroups": {"modality": "MR"}},
        {"item": "4", "covariates": {"tokens": 2.5}},
        {"item": "5"},
    ]
    return a_study_document(ratings=ratings, judge_scores=judged, items=items)


def test_what_belongs_to_items_follows_them() -> None:
    study = study_from(full_document())
    assert study.items == ("1", "2", "4", "5", "3")
    assert study.clusters.tolist() == [0, 0, 1, 2, 3]
    assert study.clustered
    assert study.subgroups == {"modality": ("CT", "MR", None, None, None)}
    assert np.array_equal(study.covariates["tokens"], [10, np.nan, 2.5, np.nan, np.nan], equal_nan=True)


def test_a_study_warns_of_what_a_reader_should_know() -> None:
    assert study_from(full_document()).warnings == (
        "quality: 1 items have a judge's row and no rating: 4",
        "quality: raters fall into 2 groups that share no item; their severities cannot be compared",
        "quality: 2 items have one rating and say nothing about agreement among raters",
        "1 items have neither a rating nor a judge's row: 5",
    )


def test_a_profile_counts() -> None:
    profile: dict[str, Any] = study_from(full_document()).profile()
    quality = profile["criteria"]["quality"]
    assert (profile["n_items"], profile["n_clusters"], profile["largest_cluster"]) == (5, 4, 2)
    assert profile["subgroups"] == {"modality": {"CT": 1, "MR": 1}}
    assert profile["covariates"]["tokens"]["n"] == 2
    assert quality["ratings_per_rater"] == {"A": 2, "B": 1, "C": 1}
    assert quality["items_by_number_of_ratings"] == {"0": 2, "1": 2, "2": 1}
    assert quality["overlap"] == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert quality["components"] == [["A", "B"], ["C"]]
    assert quality["scale_use"]["raters"]["A"] == {"0": 0, "1": 1, "2": 0, "3": 1, "4": 0, "5": 0}
    assert quality["scale_use"]["judges"]["K"]["0"] == 1
    assert quality["outcomes"] == {"J": {"scored": 2, "refused": 1}, "K": {"scored": 1}}
    assert quality["repeats"] == {"J": 2}
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile


def test_a_profile_of_many_raters_leaves_out_what_grows_with_their_square() -> None:
    ratings = [a_rating(rater=f"r{at}") for at in range(301)]
    profile: dict[str, Any] = study_from(a_study_document(ratings=ratings)).profile()
    assert profile["criteria"]["quality"]["overlap"] is None
    assert profile["criteria"]["quality"]["scale_use"]["all_raters"]["3"] == 301


def test_a_profile_of_an_interval_tells_its_quantiles() -> None:
    rows = [a_rating(rater=str(at), score=at / 2) for at in range(5)]
    document = {"scales": {"quality": {"kind": "interval", "low": 0, "high": 5}}, "ratings": rows}
    profile: dict[str, Any] = study_from(document).profile()
    use = profile["criteria"]["quality"]["scale_use"]["all_raters"]
    assert use == {"n": 5, "mean": 1.0, "quantiles": [0.0, 0.5, 1.0, 1.5, 2.0]}


def test_the_told_document_is_read_as_the_same_study() -> None:
    study = study_from(full_document())
    again = study_from(json.loads(json.dumps(study.rows())))
    assert (again.digest, again.items, again.n_rows) == (study.digest, study.items, study.n_rows)
    assert again.rows() == study.rows()
    assert again.profile() == study.profile()


def test_words_are_told_as_words() -> None:
    rows = [{"item": 1, "criterion": "x", "rater": "A", "score": "b"}]
    told = study_from({"scales": NOMINAL, "ratings": rows}).rows()
    assert told["ratings"] == [{"item": "1", "criterion": "x", "rater": "A", "score": "b"}]


def test_a_fingerprint_is_told_and_read_again() -> None:
    study = study_from(a_study_document(judge_scores=[], scores=[an_answer()]))
    assert study.fingerprints == {"J": FINGERPRINT}
    assert study_from(study.rows()).fingerprints == study.fingerprints


@pytest.mark.parametrize(
    "change",
    [
        {"ratings": [a_rating(score=2)]},
        {"ratings": [a_rating(rater="B")]},
        {"ratings": [a_rating(item="2")]},
        {"judge_scores": [a_judge_score(score=3)]},
        {"judge_scores": [a_judge_score(), a_judge_score(repeat=2)]},
        {"judge_scores": [a_judge_score(score=None, outcome="refused")]},
        {"judge_scores": [a_judge_score(score=None, outcome="timeout")]},
        {"scales": {"quality": [0, 1, 2, 3, 4, 5, 6]}},
        {"scales": {"quality": {"kind": "interval", "low": 0, "high": 5}}},
        {"items": [{"item": "1", "cluster": "q"}]},
        {"items": [{"item": "1", "subgroups": {"modality": "CT"}}]},
        {"items": [{"item": "1", "covariates": {"tokens": 1}}]},
        {"fingerprints": {"J": {"model": "m"}}},
    ],
)
def test_whatever_differs_makes_another_digest(change: dict[str, Any]) -> None:
    plain = study_from(a_study_document())
    assert plain.digest.startswith("sha256:")
    assert study_from(a_study_document(**change)).digest != plain.digest


def test_a_digest_does_not_depend_on_how_things_are_written_or_called() -> None:
    written = a_study_document(
        ratings=[a_rating(item=1, score=3.0), a_rating(item=2)],
        judge_scores=[a_judge_score(repeat=5)],
        items=[{"item": "1", "cluster": "q"}, {"item": "2", "cluster": "q", "subgroups": {"modality": None}}],
    )
    other = a_study_document(
        ratings=[a_rating(item="2"), a_rating()],
        items=[{"item": 2, "cluster": 17}, {"item": 1, "cluster": "17", "covariates": {}}],
    )
    assert study_from(written).digest == study_from(other).digest
