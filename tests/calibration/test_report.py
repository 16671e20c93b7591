"""The report: its shape is fixed, every undefined figure has a reason, equal input gives equal bytes."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import LEVELS, a_binary_document, a_document, a_nominal_document

import judge_calibration
from judge_calibration.definitions import definitions
from judge_calibration.errors import OptionRejected

JUDGES = (
    *(
        "bias",
        "mae",
        "rmse",
        "loa_low",
        "loa_high",
        "pearson",
        "spearman",
        "kendall_tau_b",
        "pairwise_accuracy",
    ),
    *("kappa_unweighted", "kappa_linear", "kappa_quadratic", "ccc", "gwet_ac2", "within_1", "gross_error"),
    *("alpha_nominal", "alpha_ordinal", "alpha_interval", "alt_test_omega", "alt_test_rho"),
)
RATERS = (
    *(
        "icc_1",
        "icc_a1",
        "icc_c1",
        "icc_1k",
        "icc_ak",
        "icc_ck",
        "alpha_nominal",
        "alpha_ordinal",
        "alpha_interval",
    ),
    *("gwet_ac2", "kappa_unweighted", "kappa_linear", "kappa_quadratic"),
)
BINARY = ("agreement", "f1_met", "f1_unmet", "balanced_f1", "kappa_unweighted")


def report(document: dict[str, Any], **options: Any) -> dict[str, Any]:
    chosen = {"resamples": 200, "seed": 7} | options
    return judge_calibration.report(judge_calibration.study_from(document), chosen)


def figures(found: Any) -> list[dict[str, Any]]:
    """Every statistic object anywhere in a report."""
    if isinstance(found, dict):
        own = [found] if {"estimate", "status", "reason", "definition"} <= found.keys() else []
        return own + [each for value in found.values() for each in figures(value)]
    return [each for value in found for each in figures(value)] if isinstance(found, list) else []


def test_every_name_that_scripts_look_up_is_there() -> None:
    told = report(a_document())["criteria"]["quality"]
    assert set(JUDGES) <= told["judges"]["J"]["statistics"].keys()
    assert set(RATERS) <= told["raters"]["statistics"].keys()
    assert len(told["judges"]["J"]["per_rater"]) == 3


def test_a_binary_criterion_has_its_names_for_judges_and_raters() -> None:
    told = report(a_binary_document())["criteria"]["met"]
    assert set(BINARY) <= told["judges"]["J"]["statistics"].keys()
    assert set(BINARY) <= told["raters"]["statistics"].keys()


def test_a_scale_without_points_has_no_figure_of_points_and_no_escalation() -> None:
    """On two values every answer is within one point of the other; on 0 to 100 nobody said what a point is."""
    judge = report(a_binary_document())["criteria"]["met"]["judges"]["J"]
    for name in ("within_1", "gross_error"):
        told = judge["statistics"][name]
        assert (told["estimate"], told["reason"]) == (None, "not_for_this_scale")
    assert judge["correction"]["escalation"] is None
    assert judge["correction"]["escalation_reason"] == "not_for_this_scale"
    total = a_document() | {"scales": {"quality": {"kind": "interval", "low": 0, "high": 100}}}
    continuous = report(total)["criteria"]["quality"]["judges"]["J"]
    for name in ("within_1", "gross_error"):
        told = continuous["statistics"][name]
        assert (told["estimate"], told["reason"]) == (None, "not_for_this_scale")
    assert continuous["statistics"]["mae"]["status"] == "ok"
    assert continuous["correction"]["escalation_reason"] == "not_for_this_scale"
    graded = report(a_document())["criteria"]["quality"]["judges"]["J"]["correction"]
    assert graded["escalation"]["curve"]
    assert graded["escalation_reason"] is None


def test_items_of_one_cluster_do_not_vouch_for_each_other() -> None:
    """Copies of an item show nothing new: what is kept rests on as many items as there are clusters."""
    document = a_document(items=200)
    items = [{"item": f"i{at:03d}", "cluster": f"c{at // 5}"} for at in range(200)]
    alone, together = (
        report(each)["criteria"]["quality"]["judges"]["J"]["correction"]["escalation"]
        for each in (document, document | {"items": items})
    )
    assert alone["n_items"] > 195  # but for items that nobody rated
    assert together["n_items"] == 40
    assert "one new item of a cluster" in together["holds_for"]


def test_every_option_has_a_default_and_the_judge_scores_may_be_empty() -> None:
    document = a_document() | {"judge_scores": []}
    told = judge_calibration.report(judge_calibration.study_from(document))
    assert told["options"] == judge_calibration.report(judge_calibration.study_from(document), {})["options"]
    assert told["criteria"]["quality"]["judges"] == {}
    assert told["criteria"]["quality"]["raters"]["statistics"]["icc_a1"]["estimate"] is not None


def test_two_raters_suffice_for_pairwise_coefficients() -> None:
    told = report(a_document(raters=("A", "B")))["criteria"]["quality"]["raters"]
    (pair,) = told["pairs"]
    mean = told["statistics"]["kappa_quadratic"]["estimate"]
    assert mean == pair["statistics"]["kappa_quadratic"]["estimate"]


def test_coefficients_are_means_over_raters_and_each_is_kept() -> None:
    judge = report(a_document())["criteria"]["quality"]["judges"]["J"]
    for name in ("kappa_quadratic", "spearman", "gwet_ac2", "pearson"):
        each = [row["statistics"][name]["estimate"] for row in judge["per_rater"]]
        assert judge["statistics"][name]["estimate"] == pytest.approx(sum(each) / len(each))


def test_figures_of_differences_are_against_the_consensus() -> None:
    document = {
        "scales": {"quality": LEVELS},
        "ratings": [
            {"item": item, "criterion": "quality", "rater": rater, "score": score}
            for item, scores in (("x", (1, 2)), ("y", (4, 5)))
            for rater, score in zip("AB", scores, strict=True)
        ],
        "judge_scores": [
            {"item": "x", "criterion": "quality", "judge": "J", "score": 2},
            {"item": "y", "criterion": "quality", "judge": "J", "score": 3},
        ],
    }
    told = report(document)["criteria"]["quality"]["judges"]["J"]["statistics"]
    assert told["bias"]["estimate"] == pytest.approx((0.5 - 1.5) / 2)
    assert told["mae"]["estimate"] == pytest.approx(1.0)
    assert told["within_1"]["estimate"] == pytest.approx(0.5)
    assert told["gross_error"]["estimate"] == 0.0


def test_a_three_is_a_three_however_it_is_written() -> None:
    document = a_document()
    whole = report(document)
    for row in document["ratings"]:
        row["score"] = float(row["score"])
    assert report(document) == whole


def test_the_same_input_and_seed_give_the_same_bytes_and_no_order_of_rows_changes_them() -> None:
    document = a_document()
    first = json.dumps(report(document))
    assert json.dumps(report(document)) == first
    shuffled = document | {"ratings": random.Random(3).sample(document["ratings"], len(document["ratings"]))}
    told = report(shuffled)
    assert json.dumps(told["criteria"]) == json.dumps(json.loads(first)["criteria"])


def test_another_seed_moves_bootstrap_limits_and_no_estimate() -> None:
    one, two = (
        report(a_document(items=120), seed=seed)["criteria"]["quality"]["judges"]["J"]["statistics"]
        for seed in (1, 2)
    )
    assert one["kappa_quadratic"]["estimate"] == two["kappa_quadratic"]["estimate"]
    assert one["kappa_quadratic"]["ci"] != two["kappa_quadratic"]["ci"]


def test_the_forest_of_subgroups_draws_by_the_seed_too() -> None:
    document = a_document(items=120)
    document["items"] = [{"item": f"i{at:03d}", "subgroups": {"organ": "abc"[at % 3]}} for at in range(120)]
    one, two = (
        report(document, seed=seed, resamples=0)["criteria"]["quality"]["judges"]["J"]["subgroups"]["organ"][
            "forest"
        ]["heterogeneity"]["max_gap"]
        for seed in (1, 2)
    )
    assert one["estimate"] == two["estimate"]
    assert one["ci"] != two["ci"]


def test_without_resamples_intervals_are_jackknife_or_analytic() -> None:
    told = report(a_document(items=150), resamples=0)
    methods = {each["ci"]["method"] for each in figures(told) if each["ci"]}
    assert methods
    assert not [method for method in methods if "bootstrap" in method]


@pytest.mark.parametrize("make", [a_document, a_binary_document, a_nominal_document])
def test_every_figure_is_honest(make: Any) -> None:
    told = report(make())
    known = definitions()
    found = figures(told)
    assert len(found) > 50
    for each in found:
        assert each["name"] in known
        assert (each["estimate"] is None) == (each["status"] == "undefined")
        assert (each["reason"] is None) == (each["status"] == "ok")
        if each["ci"] is not None:
            assert each["ci"]["low"] <= each["ci"]["high"]


def test_a_refusal_is_counted_and_is_no_score() -> None:
    document = a_document()
    document["judge_scores"][0] |= {"score": None, "outcome": "refused"}
    judge = report(document)["criteria"]["quality"]["judges"]["J"]
    assert judge["outcomes"]["counts"] == {"refused": 1, "scored": 59}
    assert judge["statistics"]["bias"]["n_items"] <= 59


def test_one_rater_leaves_the_judges_coefficients_and_no_others() -> None:
    told = report(a_document(raters=("A",), missing=0))["criteria"]["quality"]
    judge = told["judges"]["J"]["statistics"]
    assert judge["kappa_quadratic"]["estimate"] is not None
    assert judge["alt_test_omega"]["reason"] == "single_rater"
    assert {each["reason"] for each in told["raters"]["statistics"].values()} == {"single_rater"}


def test_constant_ratings_have_no_correlation_and_agreeing_constants_no_kappa() -> None:
    document = a_document()
    for row in document["ratings"]:
        row["score"] = 3
    judge = report(document)["criteria"]["quality"]["judges"]["J"]["statistics"]
    assert judge["pearson"]["reason"] == "constant_input"
    assert judge["kappa_quadratic"]["estimate"] == pytest.approx(0.0)  # one of the two is constant
    for row in document["judge_scores"]:
        row["score"] = 3
    judge = report(document)["criteria"]["quality"]["judges"]["J"]["statistics"]
    assert judge["kappa_quadratic"]["reason"] == "single_category"
    assert judge["within_1"]["estimate"] == 1.0


def test_no_overlap_and_a_single_item_are_told() -> None:
    document = a_document(items=20)
    for row in document["judge_scores"]:
        row["item"] = f"other-{row['item']}"
    judge = report(document)["criteria"]["quality"]["judges"]["J"]["statistics"]
    assert {each["reason"] for each in judge.values() if each["estimate"] is None} >= {"no_overlap"}
    assert judge["kappa_quadratic"]["estimate"] is None
    single = report(a_document(items=1, missing=0))["criteria"]["quality"]["judges"]["J"]["statistics"]
    assert single["pearson"]["estimate"] is None
    assert single["mae"]["estimate"] is not None


def test_few_items_withhold_the_interval_and_not_the_estimate() -> None:
    judge = report(a_document(items=8, missing=0))["criteria"]["quality"]["judges"]["J"]["statistics"]
    assert judge["kappa_quadratic"]["status"] == "insufficient"
    assert judge["kappa_quadratic"]["estimate"] is not None
    assert judge["kappa_quadratic"]["ci"] is None


def test_perfect_agreement_is_one() -> None:
    document = a_document(raters=("A", "B"), missing=0)
    by_item = {row["item"]: row["score"] for row in document["ratings"]}
    for row in [*document["ratings"], *document["judge_scores"]]:
        row["score"] = by_item[row["item"]]
    told = report(document)["criteria"]["quality"]
    for name in (
        "kappa_quadratic",
        "ccc",
        "pearson",
        "spearman",
        "kendall_tau_b",
        "gwet_ac2",
        "alpha_ordinal",
    ):
        assert told["judges"]["J"]["statistics"][name]["estimate"] == pytest.approx(1.0)
    for name in ("icc_a1", "icc_c1", "alpha_ordinal"):
        assert told["raters"]["statistics"][name]["estimate"] == pytest.approx(1.0)


def test_clusters_widen_the_interval_of_answers_that_repeat_each_other() -> None:
    document = a_document(items=50, missing=0)
    copies = []
    for key in ("ratings", "judge_scores"):
        rows = [row | {"item": f"{row['item']}-{copy}"} for row in document[key] for copy in range(4)]
        document[key] = rows
        copies += rows
    document["items"] = [
        {"item": item, "cluster": item.rpartition("-")[0]} for item in sorted({row["item"] for row in copies})
    ]
    wide, narrow = (
        report(document, cluster_by=by, resamples=0)["criteria"]["quality"]["judges"]["J"]["statistics"][
            "bias"
        ]["ci"]
        for by in (None, "item")
    )
    assert wide["high"] - wide["low"] > 1.8 * (narrow["high"] - narrow["low"])


@pytest.mark.parametrize(("clusters", "enough"), [(9, False), (10, True)])
def test_few_clusters_leave_the_verdict_open_and_draw_no_forest(clusters: int, enough: bool) -> None:
    """A judge who is far worse than physicians on every item, in clusters that are alike."""
    document = a_document(items=180, missing=0)
    document["items"] = [
        {"item": item, "cluster": f"c{at % clusters}", "subgroups": {"half": "ab"[at % 2]}}
        for at, item in enumerate(sorted({row["item"] for row in document["ratings"]}))
    ]
    for at, row in enumerate(document["judge_scores"]):
        row["score"] = at * 7 % 6
    judge = report(document, resamples=0)["criteria"]["quality"]["judges"]["J"]
    assert judge["verdict"]["standing"] == ("worse_than_a_physician" if enough else "undetermined")
    assert (judge["subgroups"]["half"]["forest"] is not None) == enough


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"resamples": -1}, "resamples"),
        ({"resamples": True}, "resamples"),
        ({"seed": 1.5}, "seed"),
        ({"level": 1}, "level"),
        ({"epsilon": "0.2"}, "epsilon"),
        ({"cluster_by": "nothing"}, "cluster_by"),
        ({"subgroups": ["nothing"]}, "subgroups"),
        ({"criteria": ["nothing"]}, "criteria"),
        ({"judges": ["nobody"]}, "judges"),
        ({"alt_test": "chi"}, "alt_test"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], named: str) -> None:
    study = judge_calibration.study_from(a_document(items=5))
    with pytest.raises(OptionRejected) as rejected:
        judge_calibration.report(study, options)
    assert rejected.value.option == named


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from("ABC"), st.integers(0, 5)),
        max_size=20,
        unique_by=lambda r: r[:2],
    ),
    said=st.dictionaries(st.integers(0, 7), st.sampled_from([None, 0, 3, 5]), max_size=8),
)
def test_a_report_is_made_of_any_study(rows: list[tuple[int, str, int]], said: dict[int, int | None]) -> None:
    document = {
        "scales": {"quality": LEVELS},
        "ratings": [{"item": i, "criterion": "quality", "rater": r, "score": s} for i, r, s in rows],
        "judge_scores": [
            {"item": i, "criterion": "quality", "judge": "J", "score": s}
            | ({"outcome": "unparsable"} if s is None else {})
            for i, s in said.items()
        ],
    }
    told = report(document, resamples=20)
    json.dumps(told, allow_nan=False)
    for each in figures(told):
        assert (each["estimate"] is None) == (each["status"] == "undefined")
