"""Every operation takes plain data and gives plain data; what it does not know it names."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from studies import a_binary_document, a_document

import judge_calibration
from judge_calibration.errors import MapRejected, NotEnough, OptionRejected, UnknownOption
from judge_calibration.estimates import rounded
from judge_calibration.inference.confidence_sequence import confidence_sequence
from judge_calibration.maps.artefact import opened, sealed
from judge_calibration.operations import NAMES, needs_study, run
from judge_calibration.reporting.options import Options

if TYPE_CHECKING:
    from judge_calibration.study import Study


def a_study() -> Study:
    document = a_document(items=80, judges=("J", "K"))
    document["items"] = [
        {
            "item": f"i{at:03d}",
            "subgroups": {"modality": ("CT", "MR")[at % 2], "model_family": ("a", "b", "c")[at % 3]},
        }
        | {"covariates": {"answer_tokens": 50 + 7 * (at % 13), "rated_at": 79 - at}}
        for at in range(80)
    ]
    return judge_calibration.study_from(document)


STUDY = a_study()
FIT = {"criterion": "quality", "judge": "J", "repeats": 1}
GIVEN: dict[str, dict[str, Any]] = {
    "report": {"options": {"resamples": 20}},
    "alt-test": {"epsilon": 0.1, "test": "sign_flip", "resamples": 0},
    "compare": {"judge_a": "J", "judge_b": "K", "options": {"resamples": 20}},
    "audit": {"judge": "J", "own_families": {"J": "a"}, "margin": 0.5, "changed": "K", "threshold": 3},
    "maps": FIT,
    "equate": {"criterion": "quality", "judge_a": "J", "judge_b": "K"},
    "swap": {
        "judge_a": "J",
        "judge_b": "K",
        "threshold": {"quality": 3},
        "margin": 0.3,
        "options": {"resamples": 0},
    },
    "estimate": {"criterion": "quality", "judge": "J"},
    "drift": {"judge_before": "J", "judge_after": "K", "margin": 0.3, "monitor": True, "arrival": "rated_at"},
    "weights": {"criterion": "quality", "judges": ["J", "K"]},
    "plan/labels": {"objective": "reliability", "criterion": "quality", "target": 0.9},
    "apply": {"map": run("maps", STUDY, FIT), "scores": [{"score": 3}, {"score": None}]},
    "plan/power": {"kind": "conformal"},
    "definitions": {},
}


MEAN = {"objective": "mean", "criterion": "quality", "judge": "J"}
OF_ANOTHER = sealed({**GIVEN["apply"]["map"], "criterion": "x"})
WITHOUT_INTERVAL = sealed({key: value for key, value in GIVEN["apply"]["map"].items() if key != "conformal"})


def test_all_operations_are_tried_here() -> None:
    assert GIVEN.keys() == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_plain_data_and_the_same_again(name: str) -> None:
    study = STUDY if needs_study(name) else None
    first = json.dumps(run(name, study, GIVEN[name]), allow_nan=False)
    assert json.dumps(run(name, study, GIVEN[name]), allow_nan=False) == first


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"definitions"}))
def test_what_is_not_known_is_named(name: str) -> None:
    with pytest.raises(OptionRejected) as rejected:
        run(name, STUDY, GIVEN[name] | {"colour": "blue"})
    assert rejected.value.option == "colour"


@pytest.mark.parametrize("name", [name for name in NAMES if needs_study(name)])
def test_an_operation_on_nothing_says_that_the_study_is_missing(name: str) -> None:
    with pytest.raises(OptionRejected, match="study"):
        run(name, None, GIVEN[name])


@pytest.mark.parametrize(
    ("name", "given", "option"),
    [
        ("maps", {"judge": "J"}, "criterion"),
        ("maps", {"criterion": "nothing", "judge": "J"}, "criterion"),
        ("maps", {"criterion": "quality", "judge": "nobody"}, "judge"),
        ("maps", {**FIT, "alpha": 0}, "alpha"),
        ("maps", {**FIT, "alpha": float("inf")}, "alpha"),
        ("maps", {**FIT, "folds": 2.5}, "folds"),
        ("maps", {**FIT, "method": "spline"}, "method"),
        ("swap", {"judge_a": "J", "judge_b": "K", "threshold": "3"}, "threshold"),
        ("swap", {"judge_a": "J", "judge_b": "K", "threshold": 5.5}, "threshold"),
        ("swap", {"judge_a": "J", "judge_b": "K", "threshold": {"quality": -1}}, "threshold"),
        ("audit", {"judge": "J", "changed": "K", "threshold": 50}, "threshold"),
        ("audit", {"judge": "nobody"}, "judge"),
        ("audit", {"judge": "J", "changed": "nobody"}, "changed"),
        ("drift", {"judge_before": "J", "judge_after": "K", "arrival": "nothing"}, "arrival"),
        (
            "drift",
            {
                "judge_before": "J",
                "judge_after": "K",
                "map": OF_ANOTHER,
            },
            "map",
        ),
        ("estimate", {"criterion": "quality", "judge": "J", "strata": "nothing"}, "strata"),
        ("estimate", {"criterion": "quality", "judge": "J", "by": "nothing"}, "by"),
        ("plan/power", {"kind": "guess"}, "kind"),
        ("plan/power", {"kind": "icc", "width": 0.2}, "icc"),
        ("plan/labels", {"objective": "map", "criterion": "quality"}, "judge"),
        ("plan/labels", {"objective": "subgroups", "criterion": "quality", "by": "nothing"}, "by"),
        ("plan/labels", MEAN | {"map": OF_ANOTHER}, "map"),
        ("plan/labels", MEAN | {"map": WITHOUT_INTERVAL}, "map"),
        ("swap", {"judge_a": "J", "judge_b": "K", "threshold": {"qualty": 3}}, "threshold"),
        ("swap", {"judge_a": "J", "judge_b": "K", "margin": {"quality": 0.3, "qualty": 0.3}}, "margin"),
        ("apply", {"map": GIVEN["apply"]["map"], "scores": [{"score": 3}, {"score": "3"}]}, "scores.1.score"),
        ("apply", {"map": GIVEN["apply"]["map"], "scores": [{"score": 3, "colour": 1}]}, "scores.0.colour"),
        (
            "apply",
            {"map": GIVEN["apply"]["map"], "scores": [{"score": 3, "subgroups": {"a": 1}}]},
            "scores.0.subgroups",
        ),
        ("apply", {"map": GIVEN["apply"]["map"], "scores": [{"outcome": "tired"}]}, "scores.0.outcome"),
        (
            "apply",
            {"map": GIVEN["apply"]["map"], "scores": [{"score": 3, "outcome": "refused"}]},
            "scores.0.outcome",
        ),
        ("apply", {"map": GIVEN["apply"]["map"], "scores": [{"outcome": "scored"}]}, "scores.0.outcome"),
        ("report", {"options": {"criteria": []}}, "criteria"),
        ("report", {"options": {"judges": []}}, "judges"),
        ("alt-test", {"judges": []}, "judges"),
        ("swap", {"judge_a": "J", "judge_b": "K", "criteria": []}, "criteria"),
        ("weights", {"criterion": "quality", "judges": []}, "judges"),
        ("alt-test", {"epsilon": 0.1, "options": {"epsilon": 0.1}}, "epsilon"),
        ("alt-test", {"test": "t", "options": {"alt_test": "t"}}, "test"),
        ("alt-test", {"test": "t", "alt_test": "t"}, "test"),
        ("alt-test", {"test": "guess"}, "test"),
        ("alt-test", {"options": {"test": "t"}}, "test"),
        ("alt-test", {"options": []}, "options"),
        ("apply", {"map": GIVEN["apply"]["map"], "scores": "3"}, "scores"),
    ],
)
def test_a_wrong_argument_is_named(name: str, given: dict[str, Any], option: str) -> None:
    with pytest.raises(OptionRejected) as rejected:
        run(name, STUDY, given)
    assert rejected.value.option == option


@pytest.mark.parametrize(
    "artefact", [{}, {**GIVEN["apply"]["map"], "criterion": "x"}], ids=["none", "changed"]
)
@pytest.mark.parametrize("name", ["apply", "drift", "plan/labels"])
def test_what_is_no_map_is_refused_as_one(name: str, artefact: dict[str, Any]) -> None:
    given = {"apply": {"scores": [{"score": 3}]}, "drift": GIVEN["drift"], "plan/labels": MEAN}[name]
    if name != "apply" and not artefact:
        artefact = {"kind": "map"}  # an empty object is no map given
    with pytest.raises(MapRejected):
        run(name, STUDY, given | {"map": artefact})


def test_a_fitted_map_says_of_what_and_applies() -> None:
    artefact = run(
        "maps", STUDY, {**FIT, "by": "modality", "fingerprint": {"model": "m"}, "binding": {"judge": "J"}}
    )
    assert artefact["data_digest"] == STUDY.digest
    assert artefact["judge"] == {"name": "J", "fingerprint": {"model": "m"}, "binding": {"judge": "J"}}
    told = run(
        "apply",
        None,
        {"map": artefact, "scores": [{"score": 3, "subgroups": {"modality": "CT"}, "item": "x"}]},
    )
    (row,) = told["scores"]
    assert (row["item"], row["raw"], row["status"]) == ("x", 3.0, "calibrated")
    assert row["interval"]["low"] <= row["calibrated"] <= row["interval"]["high"]


def test_an_answer_that_was_refused_comes_back_without_a_score_and_with_its_outcome() -> None:
    rows = [{"score": None, "outcome": "refused", "item": "x"}, {"score": 3, "outcome": "scored"}, {}]
    refused, scored, bare = run("apply", None, {**GIVEN["apply"], "scores": rows})["scores"]
    assert refused == {
        "item": "x",
        "raw": None,
        "outcome": "refused",
        "calibrated": None,
        "interval": None,
        "flags": ["no_score"],
        "status": "none",
    }
    assert (scored["raw"], scored["outcome"], scored["status"]) == (3.0, "scored", "calibrated")
    assert bare == refused | {"item": None, "outcome": None}


def test_options_of_a_test_stand_under_options_or_beside_them() -> None:
    flat = run("alt-test", STUDY, {"epsilon": 0.1, "test": "wilcoxon", "judges": ["J"]})
    nested = {"options": {"epsilon": 0.1, "alt_test": "wilcoxon", "judges": ["J"]}}
    assert run("alt-test", STUDY, nested) == flat
    assert run("alt-test", STUDY, {"test": "wilcoxon", **_without(nested, "alt_test")}) == flat
    assert list(flat["criteria"]["quality"]) == ["J"]


def _without(given: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return {"options": {key: value for key, value in given["options"].items() if key != name}}


def test_no_variable_to_split_by_is_a_report_without_subgroups() -> None:
    told = run("report", STUDY, {"options": {"resamples": 0, "subgroups": []}})
    assert told["criteria"]["quality"]["judges"]["J"]["subgroups"] == {}


def test_an_unknown_name_is_answered_with_those_that_are_known() -> None:
    for given in ({"colour": 1}, {"options": {"colour": 1}}):
        with pytest.raises(UnknownOption) as rejected:
            run("alt-test", STUDY, given)
        assert set(rejected.value.known) - {"test", "options"} == set(Options.names())


def test_too_many_extrapolated_scores_forbid_claims_of_level() -> None:
    artefact = run("maps", STUDY, FIT)
    inside = artefact["domain"]["low"]
    told = run("apply", None, {"map": artefact, "scores": [{"score": inside}] * 3 + [{"score": -1}]})
    assert told["extrapolated_share"] == 0.25
    assert told["levels_may_be_claimed"] is False


def test_answers_without_a_score_do_not_dilute_the_share_of_extrapolated_ones() -> None:
    artefact = GIVEN["apply"]["map"]
    inside = artefact["domain"]["low"]
    scores = [{"score": inside}] * 3 + [{"score": -1}] + [{"score": None}] * 6
    told = run("apply", None, {"map": artefact, "scores": scores})
    assert (told["extrapolated_share"], told["levels_may_be_claimed"]) == (0.25, False)
    for none in ([], [{"score": None}]):
        told = run("apply", None, {"map": artefact, "scores": none})
        assert (told["extrapolated_share"], told["levels_may_be_claimed"]) == (None, False)


def test_means_are_of_all_answers_where_no_model_is_named() -> None:
    given = {"criterion": "quality", "judge": "J"}
    for by, models in ((None, ["all"]), ("modality", ["CT", "MR"])):
        told = run("estimate", STUDY, given | {"by": by})
        assert [row["model"] for row in told["models"]] == models
    assert [row["model"] for row in run("estimate", STUDY, given)["models"]] == ["a", "b", "c"]
    bare = judge_calibration.study_from(a_document())
    assert [row["model"] for row in run("estimate", bare, given)["models"]] == ["all"]


def test_a_swap_tells_q_values_over_all_criteria_as_a_comparison_does() -> None:
    judges = {"judge_a": "J", "judge_b": "K", "options": {"resamples": 0}}
    swapped, compared = run("swap", STUDY, judges), run("compare", STUDY, judges)
    tests = swapped["criteria"]["quality"]["tests"]
    assert tests == compared["criteria"]["quality"]["tests"]
    assert all(test["q"] >= test["p"] for test in tests)


def test_items_are_likelier_to_be_picked_the_wider_the_maps_interval() -> None:
    document = a_document(items=80, judges=("J",))
    document["ratings"] = document["ratings"][:120]
    artefact = GIVEN["apply"]["map"]
    told = run("plan/labels", judge_calibration.study_from(document), MEAN | {"map": artefact, "budget": 20})
    scores = {row["item"]: float(row["score"]) for row in document["judge_scores"]}
    applied = {pick["item"]: opened(artefact).apply(scores[pick["item"]]) for pick in told["picks"]}
    widths = {item: (each.high or 0.0) - (each.low or 0.0) for item, each in applied.items()}
    found = sorted({(round(widths[pick["item"]], 9), pick["probability"]) for pick in told["picks"]})
    assert len(found) > 2
    assert all(narrow[1] < wide[1] for narrow, wide in pairwise(found))


def test_a_map_of_too_few_items_is_refused() -> None:
    with pytest.raises(NotEnough):
        run("maps", judge_calibration.study_from(a_document(items=4, missing=0)), FIT)


def test_a_binary_criterion_has_a_corrected_prevalence() -> None:
    study = judge_calibration.study_from(a_binary_document())
    told = run("estimate", study, {"criterion": "met", "judge": "J"})
    assert told["prevalence"]["all"]["name"] == "prevalence"


def test_audits_are_against_the_mean_of_physicians_whatever_the_consensus() -> None:
    mean, median = (
        run("audit", STUDY, GIVEN["audit"] | {"options": {"consensus": how}})["criteria"]
        for how in ("mean", "median")
    )
    assert mean == median


def test_audits_find_length_only_where_the_study_tells_it() -> None:
    told = run("audit", STUDY, GIVEN["audit"])["criteria"]["quality"]
    assert told["length"]["per_doubling"]["estimate"] is not None
    assert set(told["subgroups"]) == {"modality", "model_family"}
    bare = judge_calibration.study_from(a_document())
    assert run("audit", bare, {"judge": "J"})["criteria"]["quality"]["length"] is None


def test_a_run_on_changed_prompts_is_set_against_the_plain_one() -> None:
    told = run("audit", STUDY, GIVEN["audit"])["criteria"]["quality"]["changed"]
    first, second = (STUDY.tables["quality"].judged[:, at] for at in (0, 1))
    assert (told["n_up"], told["n_down"]) == (int((second > first).sum()), int((second < first).sum()))
    assert told["decision_flip_rate"]["estimate"] == pytest.approx(
        float(((first >= 3) != (second >= 3)).mean())
    )
    assert run("audit", STUDY, {"judge": "J"})["criteria"]["quality"]["changed"] is None


def test_errors_are_told_for_every_look_in_the_order_of_arrival() -> None:
    told = run("drift", STUDY, GIVEN["drift"])["criteria"]["quality"]["error_change"]
    table = STUDY.tables["quality"]
    consensus = np.nanmean(table.ratings, axis=1)
    change = np.abs(table.judged[:, 1] - consensus) - np.abs(table.judged[:, 0] - consensus)
    assert told == confidence_sequence(change[::-1], bound=5.0, level=0.95).as_json()
    assert len(told["low"]) == 80
    plain = {key: value for key, value in GIVEN["drift"].items() if key != "arrival"}
    assert "error_change" not in run("drift", STUDY, plain)["criteria"]["quality"]


def test_items_of_one_cluster_have_no_limits_at_every_look() -> None:
    given = GIVEN["drift"] | {"options": {"cluster_by": "modality"}}
    assert run("drift", STUDY, given)["criteria"]["quality"]["error_change"] is None


def test_the_reliability_of_a_single_rating_is_rounded_as_every_figure() -> None:
    told = run("plan/labels", STUDY, GIVEN["plan/labels"])
    assert told["single_rating"] == rounded(told["single_rating"])


def test_picks_for_reliability_complete_what_is_nearly_rated_first() -> None:
    told = run("plan/labels", STUDY, GIVEN["plan/labels"] | {"budget": 80})
    rated = dict(zip(STUDY.items, (~np.isnan(STUDY.tables["quality"].ratings)).sum(1), strict=True))
    given = [rated[pick["item"]] for pick in told["picks"]]
    assert given == sorted(given, reverse=True)
    assert all(count < told["ratings_per_item"] for count in given)
