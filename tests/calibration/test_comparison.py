"""Two judges on the same items: tests against published figures, differences on shared resamples, the swap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from studies import a_document, a_nominal_document

import judge_calibration
from judge_calibration.comparison.swap import swap
from judge_calibration.comparison.tests import mcnemar_test, sign_flip_test, williams_test
from judge_calibration.engine.units import Units
from judge_calibration.errors import NotEnough, OptionRejected


def two_judges(shift: float, *, items: int = 120, noise: float = 0.3, seed: int = 4) -> dict[str, Any]:
    """Judge `new` is judge `old` moved by `shift` points, with noise of its own."""
    document = a_document(items=items, judges=("old",), seed=seed)
    rng = np.random.default_rng(seed)
    document["judge_scores"] += [
        row
        | {"judge": "new", "score": int(np.clip(round(row["score"] + shift + rng.normal(0, noise)), 0, 5))}
        for row in list(document["judge_scores"])
    ]
    return document


def test_williams_statistic_is_the_published_one() -> None:
    """Correlations .5 and .4 with the target and .1 with each other, n = 103: T2 = 0.891, p = .37.

    The example of Steiger 1980 as R's psych::r.test tells it.
    """
    n, r12, r13, r23 = 103, 0.5, 0.4, 0.1
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(n, 3))
    raw -= raw.mean(0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T, bias=True))).T
    target, first, second = (
        white @ np.linalg.cholesky(np.array([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]])).T
    ).T
    found = williams_test(first, second, target)
    assert found.statistic == pytest.approx(0.891, abs=5e-4)
    assert found.freedom == n - 3
    assert found.p == pytest.approx(0.375, abs=5e-4)
    assert williams_test(second, first, target).statistic == pytest.approx(-0.891, abs=5e-4)


def test_williams_has_reasons_where_there_is_no_test() -> None:
    x = np.arange(10.0)
    assert williams_test(x, np.ones(10), x).reason == "constant_input"
    assert williams_test(x[:3], x[:3], x[:3]).reason == "n_below_min"
    assert williams_test(x, x, x + np.sin(x)).p == 1.0


def test_williams_claims_nothing_of_judges_that_mirror_each_other() -> None:
    target = np.arange(10.0)
    judge = target + np.sin(target)
    mirrored = williams_test(judge, 5 - judge, target)
    assert (mirrored.p, mirrored.reason) == (None, "not_identified")
    one, other = stats.zscore(np.tile([1.0, -1.0], 10)), stats.zscore(np.repeat([1.0, -1.0], 10))
    opposite = williams_test(one, other, one - other)  # r is √½ and -√½, and the judges explain the target
    assert (opposite.p, opposite.reason) == (None, "not_identified")


def test_tests_against_physicians_are_over_the_items_that_physicians_rated() -> None:
    document = two_judges(0.8)
    kept = {row["item"] for row in document["ratings"] if row["item"] < "i040"}
    document["ratings"] = [row for row in document["ratings"] if row["item"] in kept]
    both = judge_calibration.study_from(document)
    document["judge_scores"] = [row for row in document["judge_scores"] if row["item"] in kept]
    rated = judge_calibration.study_from(document)
    more, few = (
        {
            test["name"]: test
            for test in judge_calibration.compare(study, "old", "new", {"resamples": 0})["criteria"][
                "quality"
            ]["tests"]
        }
        for study in (both, rated)
    )
    for name in ("sign_flip_errors", "williams"):
        assert more[name]["n"] == few[name]["n"] == len(kept)
        assert more[name]["statistic"] == few[name]["statistic"]
    assert (more["sign_flip_scores"]["n"], few["sign_flip_scores"]["n"]) == (120, len(kept))


def test_judges_on_items_without_a_rating_have_no_test_of_errors() -> None:
    document = two_judges(0.8)
    last = {row["item"] for row in document["judge_scores"][:1]}
    document["ratings"] = [row for row in document["ratings"] if row["item"] in last]
    document["judge_scores"] = [row for row in document["judge_scores"] if row["item"] not in last]
    study = judge_calibration.study_from(document)
    tests = judge_calibration.compare(study, "old", "new", {"resamples": 0})["criteria"]["quality"]["tests"]
    found = {test["name"]: (test["p"] is None, test["reason"]) for test in tests}
    assert found == {
        "sign_flip_scores": (False, None),
        "williams": (True, "n_below_min"),
        "sign_flip_errors": (True, "no_ratings"),
    }


def test_clusters_leave_no_test_that_takes_items_for_independent() -> None:
    document = two_judges(1.0)
    names = sorted({row["item"] for row in document["judge_scores"]})
    document["items"] = [{"item": name, "cluster": f"q{at // 4}"} for at, name in enumerate(names)]
    told: Any = swap(
        judge_calibration.study_from(document), "old", "new", threshold=3, options={"resamples": 0}
    )["criteria"]
    tests = {test["name"]: test for test in told["quality"]["tests"]}
    mcnemar = told["quality"]["flips"]["mcnemar"]
    assert (tests["williams"]["p"], tests["williams"]["reason"]) == (None, "clustered_items")
    assert tests["sign_flip_errors"]["p"] is not None
    assert (mcnemar["p"], mcnemar["reason"]) == (None, "clustered_items")
    assert told["quality"]["flips"]["ci"]["method"] == "wilson_design_effect"


def test_a_cluster_is_flipped_as_a_whole() -> None:
    d = np.repeat(np.random.default_rng(3).normal(0.3, 1, 12), 10)
    apart, together = Units.of(np.arange(120)), Units.of(np.repeat(np.arange(12), 10))
    p_apart, p_together = (sign_flip_test(d, units, seed=1, name="flips").p for units in (apart, together))
    assert p_apart is not None
    assert p_together is not None
    assert p_together > p_apart


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (8, 2), (3, 3)])
def test_mcnemar_is_the_binomial_test(gained: int, lost: int) -> None:
    expected = stats.binomtest(gained, gained + lost, 0.5).pvalue if gained + lost else 1.0
    assert mcnemar_test(gained, lost).p == pytest.approx(expected)


def test_a_difference_is_that_of_the_two_figures_and_its_interval_is_narrower_than_theirs() -> None:
    study = judge_calibration.study_from(two_judges(0.0))
    told = judge_calibration.compare(study, "old", "new", {"resamples": 300})["criteria"]["quality"]
    for each in told["statistics"].values():
        if each["first"]["estimate"] is not None:
            gap = each["second"]["estimate"] - each["first"]["estimate"]
            assert each["difference"]["estimate"] == pytest.approx(gap, abs=1e-8)
    kappa = told["statistics"]["kappa_quadratic"]
    width = {key: kappa[key]["ci"]["high"] - kappa[key]["ci"]["low"] for key in ("first", "difference")}
    assert width["difference"] < width["first"]  # both judges see the same items


def test_tests_carry_q_values_over_all_criteria() -> None:
    study = judge_calibration.study_from(two_judges(0.8))
    tests = judge_calibration.compare(study, "old", "new", {"resamples": 0})["criteria"]["quality"]["tests"]
    assert {test["name"] for test in tests} == {"sign_flip_scores", "williams", "sign_flip_errors"}
    adjusted = stats.false_discovery_control([test["p"] for test in tests], method="bh")
    assert [test["q"] for test in tests] == pytest.approx(adjusted.tolist())


def test_only_items_that_both_judges_scored_take_part() -> None:
    document = two_judges(0.0)
    document["judge_scores"] = [
        row for row in document["judge_scores"] if row["judge"] == "old" or row["item"] < "i050"
    ]
    study = judge_calibration.study_from(document)
    assert (
        judge_calibration.compare(study, "old", "new", {"resamples": 0})["criteria"]["quality"]["n_items"]
        == 50
    )


def test_judges_that_share_nothing_and_judges_that_are_not_there_are_told() -> None:
    document = two_judges(0.0)
    for row in document["judge_scores"]:
        if row["judge"] == "new":
            row["item"] = f"other-{row['item']}"
    study = judge_calibration.study_from(document)
    with pytest.raises(NotEnough):
        judge_calibration.compare(study, "old", "new")
    with pytest.raises(OptionRejected):
        judge_calibration.compare(study, "old", "nobody")
    with pytest.raises(OptionRejected):
        judge_calibration.compare(study, "old", "old")


@pytest.mark.parametrize(
    ("shift", "margin", "verdict"),
    [(0.0, 0.25, "equivalent"), (1.0, 0.25, "different"), (0.0, 0.005, "inconclusive")],
)
def test_a_swap_is_equivalent_different_or_inconclusive(shift: float, margin: float, verdict: str) -> None:
    study = judge_calibration.study_from(two_judges(shift))
    told: dict[str, Any] = swap(study, "old", "new", margin=margin, options={"resamples": 0})
    assert told["verdict"] == verdict
    assert told["criteria"]["quality"]["verdict"] == verdict


def test_flips_are_counted_named_and_mended_by_equating() -> None:
    study = judge_calibration.study_from(two_judges(1.0, noise=0.0))
    told: dict[str, Any] = swap(study, "old", "new", threshold=3, options={"resamples": 0})
    flips = told["criteria"]["quality"]["flips"]
    assert flips["now_fail"] == 0
    assert flips["now_pass"] == len(flips["items"]) > 0
    assert {item["old"] for item in flips["items"]} == {2.0}
    sides = flips["with_physicians"]
    assert sides["now_right"] + sides["now_wrong"] <= flips["now_pass"]
    assert flips["after_equating"]["flips"] < flips["now_pass"]
    total = flips["both_pass"] + flips["both_fail"] + flips["now_pass"] + flips["now_fail"]
    assert total == flips["n_items"] == 120


def test_a_threshold_for_all_is_told_of_scales_that_have_it_and_noted_on_others() -> None:
    document = two_judges(1.0)
    halves = {**document["scales"], "half": [each / 2 for each in document["scales"]["quality"]]}
    rows = {
        name: document[name]
        + [row | {"criterion": "half", "score": row["score"] / 2} for row in document[name]]
        for name in ("ratings", "judge_scores")
    }
    study = judge_calibration.study_from(document | rows | {"scales": halves})
    told: dict[str, Any] = swap(study, "old", "new", threshold=4, options={"resamples": 0})
    quality, half = told["criteria"]["quality"], told["criteria"]["half"]
    assert (quality["flips"]["threshold"], quality["notes"]) == (4, [])
    assert (half["flips"], half["notes"]) == (
        None,
        ["the threshold 4 is beyond this scale, so no decision is told"],
    )
    for threshold in (2.5, 0):  # both ends are on the scale
        ends: dict[str, Any] = swap(study, "old", "new", threshold=threshold, options={"resamples": 0})
        assert ends["criteria"]["half"]["flips"]["threshold"] == threshold
    for beyond in (5.5, {"half": 4}):
        with pytest.raises(OptionRejected, match="beyond the scale"):
            swap(study, "old", "new", threshold=beyond, options={"resamples": 0})


def test_labels_have_no_direction_to_flip() -> None:
    document = a_nominal_document()
    document["judge_scores"] += [
        row | {"judge": "K", "score": "silent"} for row in list(document["judge_scores"])
    ]
    study = judge_calibration.study_from(document)
    tests = judge_calibration.compare(study, "J", "K", {"resamples": 0})["criteria"]["claim"]["tests"]
    assert [(test["name"], test["reason"], test["p"] is None) for test in tests] == [
        ("sign_flip_scores", "not_for_this_scale", True),
        ("sign_flip_errors", None, False),
    ]


def test_a_nominal_swap_tells_what_changes_and_claims_no_margin() -> None:
    document = a_nominal_document()
    document["judge_scores"] += [row | {"judge": "K"} for row in list(document["judge_scores"])]
    study = judge_calibration.study_from(document)
    assert swap(study, "J", "K", options={"resamples": 0})["verdict"] == "equivalent"
    document["judge_scores"][-1]["score"] = (
        "silent" if document["judge_scores"][-1]["score"] != "silent" else "supported"
    )
    nine = {f"i{at}" for at in range(9)}
    few = document | {"judge_scores": [row for row in document["judge_scores"] if row["item"] in nine]}
    of_few: dict[str, Any] = swap(judge_calibration.study_from(few), "J", "K", options={"resamples": 0})
    assert of_few["criteria"]["claim"]["same"] == {"share": 1.0, "n_items": 9}
    assert of_few["verdict"] == "inconclusive"
    changed: dict[str, Any] = swap(judge_calibration.study_from(document), "J", "K", options={"resamples": 0})
    assert changed["verdict"] == "inconclusive"
    assert changed["criteria"]["claim"]["flips"]["count"] == 1
