"""Studies in which something does not vary: null with a reason, and never a figure made of rounding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from calibration_map_studies import a_fit, a_study
from scipy import stats
from studies import a_binary_document, a_document, a_nominal_document

import judge_calibration
from judge_calibration.agreement.alternative_annotator import alternative_annotator_test, duel
from judge_calibration.engine.units import Units
from judge_calibration.errors import OptionRejected
from judge_calibration.maps.equating import deming
from judge_calibration.operations import run
from judge_calibration.scales import scale_from

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = [0, 1, 2, 3, 4, 5]
NO_DRAWS = {"resamples": 0}


def a_table(
    physicians: Sequence[Sequence[float]],
    judge: Sequence[float],
    scale: object = LEVELS,
    per_cluster: int = 1,
) -> dict[str, Any]:
    """A study of items in rows; each cluster holds so many of them."""
    ratings = [
        {"item": f"i{at:03d}", "criterion": "q", "rater": f"r{j}", "score": score}
        for at, row in enumerate(physicians)
        for j, score in enumerate(row)
    ]
    scores = [
        {"item": f"i{at:03d}", "criterion": "q", "judge": "J", "score": score}
        for at, score in enumerate(judge)
    ]
    items = [{"item": f"i{at:03d}", "cluster": f"c{at // per_cluster}"} for at in range(len(judge))]
    return {"scales": {"q": scale}, "ratings": ratings, "judge_scores": scores, "items": items}


def reported(document: dict[str, Any], **options: Any) -> Any:
    return judge_calibration.report(judge_calibration.study_from(document), NO_DRAWS | options)["criteria"][
        "q"
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("scale", "raters"), [({"kind": "binary"}, 2), (LEVELS, 2), (LEVELS, 3)])
def test_physicians_who_never_differ_have_severities_of_zero_and_no_error(
    scale: object, raters: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    top = 2 if isinstance(scale, dict) else 6
    said = rng.integers(0, top, 60)
    document = a_table([[int(each)] * raters for each in said], rng.integers(0, top, 60).tolist(), scale, 3)
    told = reported(document)["raters"]["severity"]
    if told["status"] == "undefined":
        assert told["reason"]
        return
    assert (told["equal_severity"]["p"], told["equal_severity"]["reason"]) == (None, "constant_input")
    for row in told["raters"]:
        severity = row["severity"]
        assert (severity["estimate"], severity["ci"], severity["reason"]) == (0, None, "constant_input")


def test_physicians_who_give_one_value_have_no_severity_beside_a_judge_who_varies() -> None:
    told = reported(a_table([[3, 3, 3]] * 40, [at % 6 for at in range(40)]))["raters"]["severity"]
    assert (told["status"], told["reason"]) == ("undefined", "single_category")


@pytest.mark.parametrize("at", [0, 17, 59])
@pytest.mark.parametrize("low", [0, 1, 3, 4])
def test_one_outlier_gives_no_ceiling_and_no_validity_of_rounding(at: int, low: int) -> None:
    physicians = [[5, 5, 5] for _ in range(60)]
    physicians[at][1] = low
    judge = [5] * 60
    judge[30] = 4
    told = reported(a_table(physicians, judge))
    raters = told["raters"]["statistics"]
    validity = told["judges"]["J"]["statistics"]["validity_corrected"]
    assert abs(raters["icc_ck"]["estimate"]) < 1e-9
    assert (raters["noise_ceiling"]["estimate"], raters["noise_ceiling"]["reason"]) == (
        None,
        "not_identified",
    )
    assert (validity["estimate"], validity["reason"]) == (None, "not_identified")


def test_a_report_is_made_of_the_very_body_that_the_service_takes() -> None:
    document = a_document(items=20)
    study = judge_calibration.study_from(document)
    wanted = judge_calibration.report(study, {"resamples": 50, "seed": 3})
    assert judge_calibration.report(document | {"options": {"resamples": 50, "seed": 3}}) == wanted
    assert judge_calibration.report(document, {"resamples": 50, "seed": 3}) == wanted
    for odd in ({"options": "x"}, {"options": 1}):
        with pytest.raises(OptionRejected, match="options"):
            judge_calibration.report(document | odd)
    with pytest.raises(OptionRejected, match="beside"):
        judge_calibration.report(document | {"options": {}}, {})
    with pytest.raises(OptionRejected, match="options"):
        judge_calibration.report(study, "x")  # type: ignore[arg-type]  # what a caller may do


def test_a_comparison_by_the_mode_counts_the_items_that_have_one() -> None:
    rng = np.random.default_rng(3)
    physicians = rng.integers(0, 4, (60, 2)).tolist()
    document = a_table(physicians, rng.integers(0, 4, 60).tolist())
    document["judge_scores"] += [row | {"judge": "K"} for row in document["judge_scores"]]
    options = NO_DRAWS | {"consensus": "mode"}
    study = judge_calibration.study_from(document)
    alone = judge_calibration.report(study, options)["criteria"]["q"]["judges"]["J"]["statistics"]
    compared = judge_calibration.compare(study, "J", "K", options)["criteria"]["q"]["statistics"]
    assert alone["exact"]["n_items"] < 60
    for name in ("exact", "within_1", "bias", "mae"):
        assert compared[name]["first"] == alone[name]
        assert compared[name]["second"] == alone[name]


def test_the_signed_rank_test_of_few_items_is_exact_and_says_what_it_tests() -> None:
    """The judge is the closer one on all six items: one of 64 patterns of signs."""
    judge = np.array([1.0, 2, 3, 1, 2, 3])
    ratings = np.column_stack([np.array([5.0, 5, 0, 5, 5, 0]), judge, judge])
    units = Units.of(np.arange(6))
    found = alternative_annotator_test(
        duel(judge, ratings, nominal=False), units, epsilon=0.2, test="wilcoxon"
    )
    assert found.contests[0].p == 1 / 64
    told = reported(
        a_table(np.random.default_rng(1).integers(0, 6, (40, 3)).tolist(), [3] * 40), alt_test="wilcoxon"
    )
    for name in ("alt_test_omega", "alt_test_rho"):
        assert any(
            "sign_flip tests the mean" in note for note in told["judges"]["J"]["statistics"][name]["notes"]
        )


def test_the_alternative_annotator_test_counts_the_physicians_it_tests() -> None:
    rng = np.random.default_rng(8)
    physicians = rng.integers(0, 6, (70, 4))
    document = a_table(physicians.tolist(), rng.integers(0, 6, 70).tolist())
    document["ratings"] = [
        row
        for row in document["ratings"]
        if (row["rater"] in {"r0", "r1"} and int(row["item"][1:]) < 35)
        or (row["rater"] == "r3" and int(row["item"][1:]) >= 50)
    ]
    statistics = reported(document)["judges"]["J"]["statistics"]
    for name in ("alt_test_omega", "alt_test_rho"):
        told = statistics[name]
        assert (told["n_raters"], told["n_items"], told["n_ratings"]) == (2, 35, 70)


def test_the_spread_of_coverage_is_withheld_where_items_share_clusters() -> None:
    judge, ratings = a_study("offset", 60, np.random.default_rng(1))
    alone = a_fit(judge, ratings).conformal.as_json()
    shared = a_fit(judge, ratings, clusters=np.arange(60) // 3).conformal.as_json()
    assert alone["coverage_sd"][""] > 0
    assert alone["coverage_sd_reason"] is None
    assert (shared["coverage_sd"], shared["coverage_sd_reason"]) == (None, "clustered_items")


@pytest.mark.parametrize(
    "document", [a_document(items=1, missing=0), a_binary_document(items=1), a_nominal_document(items=1)]
)
def test_one_item_has_no_agreement_beyond_chance(document: dict[str, Any]) -> None:
    (told,) = judge_calibration.report(document, NO_DRAWS)["criteria"].values()
    both = {**told["raters"]["statistics"], **told["judges"]["J"]["statistics"]}
    beyond = [
        name for name in both if name.startswith(("kappa", "alpha", "gwet", "ccc", "mcc", "icc", "pearson"))
    ]
    assert len(beyond) > 3
    for name in beyond:
        assert (both[name]["estimate"], both[name]["status"]) == (None, "undefined"), name
        assert both[name]["reason"], name


@pytest.mark.parametrize(
    ("spec", "unit"), [([0, 25, 50, 75, 100], 25.0), ([0, 2, 4, 6], 2.0), ([1, 3, 5], 2.0), ([0, 1, 3], 1.0)]
)
def test_a_point_of_a_coarse_scale_is_its_step(spec: list[float], unit: float) -> None:
    assert scale_from(spec).unit == unit


def test_a_judge_one_step_low_on_a_coarse_scale_is_within_a_point() -> None:
    physicians = [[25 * (1 + at % 4)] * 2 for at in range(40)]
    judge = [row[0] - 25 for row in physicians]
    told = reported(a_table(physicians, judge, [0, 25, 50, 75, 100]))["judges"]["J"]["statistics"]
    assert (told["exact"]["estimate"], told["within_1"]["estimate"], told["gross_error"]["estimate"]) == (
        0,
        1,
        0,
    )


def test_values_closer_than_rounding_allows_are_no_scale() -> None:
    for spec in ([0, 1e-5, 2e-5], {"kind": "interval", "low": 0, "high": 1e-6}):
        with pytest.raises(OptionRejected):
            scale_from(spec)
    assert scale_from([0, 1e-4]).size == 2


def test_a_ceiling_at_chance_certifies_nobody() -> None:
    told = reported(a_table([[1, at % 2] for at in range(60)], [1] * 60, {"kind": "binary"}))
    assert told["judges"]["J"]["verdict"]["standing"] == "undetermined"


def test_method_comparison_leaves_out_whole_clusters() -> None:
    rng = np.random.default_rng(5)
    x = np.repeat(rng.normal(0, 1, 20), 6) + rng.normal(0, 0.3, 120)
    y = x + np.repeat(rng.normal(0, 0.5, 20), 6)
    clusters = np.repeat(np.arange(20), 6)
    found = deming(x, y, clusters=clusters)
    without = [deming(x[clusters != at], y[clusters != at]).slope for at in range(20)]
    error = math.sqrt(19 / 20 * np.sum((np.array(without) - np.mean(without)) ** 2))
    slope = found.statistics[0]
    assert slope.ci is not None
    assert slope.ci.high - found.slope == pytest.approx(stats.t.ppf(0.975, 18) * error)
    assert deming(x, y).slope == pytest.approx(found.slope)
    few = deming(x, y, clusters=clusters // 4).statistics[0]
    assert (few.ci, few.status, few.reason) == (None, "insufficient", "n_below_min")
    same = deming(x, x).statistics[0]
    assert (same.ci, same.reason) == (None, "constant_input")


def test_an_equating_order_hears_of_the_studys_clusters() -> None:
    document = a_document(items=60, judges=("J", "K"))
    items = sorted({row["item"] for row in document["judge_scores"]})
    clustered = document | {
        "items": [{"item": item, "cluster": f"c{at // 3}"} for at, item in enumerate(items)]
    }
    asked = {"criterion": "quality", "judge_a": "J", "judge_b": "K"}
    plain, shared = (
        run("equate", judge_calibration.study_from(each), asked)["deming"]["statistics"]["deming_slope"]
        for each in (document, clustered)
    )
    assert plain["estimate"] == shared["estimate"]
    assert plain["ci"] != shared["ci"]
