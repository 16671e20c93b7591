"""Every operation takes plain data and gives plain data; what it does not know it names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from studies import a_binary_document, a_document

import judge_calibration
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.inference.confidence_sequence import confidence_sequence
from judge_calibration.maps.artefact import sealed
from judge_calibration.operations import NAMES, needs_study, run

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
    "plan/labels": {"objective": "reliability", "criterion": "quality", "target": 0.9},
    "apply": {"map": run("maps", STUDY, FIT), "scores": [{"score": 3}, {"score": None}]},
    "plan/power": {"kind": "conformal"},
    "definitions": {},
}


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
        ("audit", {"judge": "nobody"}, "judge"),
        ("audit", {"judge": "J", "changed": "nobody"}, "changed"),
        ("drift", {"judge_before": "J", "judge_after": "K", "arrival": "nothing"}, "arrival"),
        (
            "drift",
            {
                "judge_before": "J",
                "judge_after": "K",
                "map": sealed({**run("maps", STUDY, FIT), "criterion": "x"}),
            },
            "map",
        ),
        ("estimate", {"criterion": "quality", "judge": "J", "strata": "nothing"}, "by"),
        ("plan/power", {"kind": "guess"}, "kind"),
        ("plan/power", {"kind": "icc", "width": 0.2}, "icc"),
        ("plan/labels", {"objective": "map", "criterion": "quality"}, "judge"),
        ("plan/labels", {"objective": "subgroups", "criterion": "quality", "by": "nothing"}, "by"),
        ("apply", {"map": {}, "scores": [{"score": "3"}]}, None),
    ],
)
def test_a_wrong_argument_is_named(name: str, given: dict[str, Any], option: str | None) -> None:
    with pytest.raises(ValueError) as rejected:  # noqa: PT011  the library's errors are values at fault
        run(name, STUDY, given)
    if option is not None:
        assert isinstance(rejected.value, OptionRejected)
        assert rejected.value.option == option


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


def test_too_many_extrapolated_scores_forbid_claims_of_level() -> None:
    artefact = run("maps", STUDY, FIT)
    inside = artefact["domain"]["low"]
    told = run("apply", None, {"map": artefact, "scores": [{"score": inside}] * 3 + [{"score": -1}]})
    assert told["extrapolated_share"] == 0.25
    assert told["levels_may_be_claimed"] is False


def test_a_map_of_too_few_items_is_refused() -> None:
    with pytest.raises(NotEnough):
        run("maps", judge_calibration.study_from(a_document(items=4, missing=0)), FIT)


def test_a_binary_criterion_has_a_corrected_prevalence() -> None:
    study = judge_calibration.study_from(a_binary_document())
    told = run("estimate", study, {"criterion": "met", "judge": "J"})
    assert told["prevalence"]["all"]["name"] == "prevalence"


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


def test_picks_for_reliability_complete_what_is_nearly_rated_first() -> None:
    told = run("plan/labels", STUDY, GIVEN["plan/labels"] | {"budget": 80})
    rated = dict(zip(STUDY.items, (~np.isnan(STUDY.tables["quality"].ratings)).sum(1), strict=True))
    given = [rated[pick["item"]] for pick in told["picks"]]
    assert given == sorted(given, reverse=True)
    assert all(count < told["ratings_per_item"] for count in given)
