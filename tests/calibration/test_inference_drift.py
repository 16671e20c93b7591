"""Two one-sided tests against textbook figures and statsmodels; the three verdicts; transport of a map."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from calibration_inference import least_hits, with_moments
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from judge_calibration.errors import OptionRejected
from judge_calibration.inference.drift import drift, tost

if TYPE_CHECKING:
    from judge_calibration.engine.equivalence import Equivalence

MARGIN = 0.25


def _tost(differences: Any, margin: float = MARGIN) -> Equivalence:
    return tost(differences, np.arange(len(differences)), margin, 0.95)


def _drift(
    shift: float = 0.0, n: int = 60, noise: float = 0.3, seed: int = 0, **options: Any
) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    truth = generator.uniform(0, 5, n)
    old = truth + generator.normal(0, 0.3, n)
    new = old + shift + generator.normal(0, noise, n)
    return dict(drift(old, new, truth, clusters=np.arange(n), margin=MARGIN, **options))


def _transport(new: Any, truth: Any, predicted: Any, **options: Any) -> dict[str, Any]:
    found: Any = drift(new, new, truth, predicted=predicted, **options)["map_transport"]
    return dict(found)


def test_the_example_of_lakens_toster_package() -> None:
    # TOSTER, TOSTpaired: n 65, means 5.83 and 5.75, SDs 1.17 and 1.29, r 0.75, bounds ±0.4 dz. The difference
    # has SD √(1.17² + 1.29² - 2·0.75·1.17·1.29) = 0.87696, so t(64) = 3.960 and -2.489: equivalent.
    sd = np.sqrt(1.17**2 + 1.29**2 - 2 * 0.75 * 1.17 * 1.29)
    found = _tost(with_moments(5.83 - 5.75, sd, 65), 0.4 * sd)
    assert found.p_lower == pytest.approx(stats.t.sf(3.960, 64), rel=1e-2)
    assert found.p_upper == pytest.approx(stats.t.sf(2.489, 64), rel=1e-2)
    assert found.p_upper == pytest.approx(0.00770, abs=1e-4)
    assert found.verdict == "equivalent"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1, 1).map(lambda value: round(value, 3)), min_size=10, max_size=40),
    st.floats(0.05, 1),
)
def test_both_p_values_equal_statsmodels_and_the_verdicts_follow(values: list[float], margin: float) -> None:
    differences = np.array(values)
    if np.ptp(differences) < 1e-3:
        return
    found = _tost(differences, margin)
    _, lower, upper = ttost_paired(differences, np.zeros(len(values)), -margin, margin)
    assert found.p_lower == pytest.approx(lower[1])
    assert found.p_upper == pytest.approx(upper[1])
    inner = stats.t.interval(0.90, len(values) - 1, differences.mean(), stats.sem(differences))
    outer = stats.t.interval(0.95, len(values) - 1, differences.mean(), stats.sem(differences))
    inside = -margin < inner[0] and inner[1] < margin
    apart = not outer[0] <= 0 <= outer[1]
    assert found.verdict == ("equivalent" if inside else "different" if apart else "inconclusive")


@pytest.mark.parametrize(
    ("mean", "sd", "n", "verdict"),
    [
        (0.0, 0.3, 100, "equivalent"),
        (0.1, 0.3, 100, "equivalent"),  # surely not zero, surely small
        (0.5, 0.3, 100, "different"),
        (0.1, 1.5, 30, "inconclusive"),  # not significant, which is not equivalence
        (0.0, 0.1, 9, "inconclusive"),  # too few items for any verdict
    ],
)
def test_three_verdicts(mean: float, sd: float, n: int, verdict: str) -> None:
    assert _tost(with_moments(mean, sd, n)).verdict == verdict


def test_the_same_scores_again_are_equivalent_and_a_constant_shift_is_not() -> None:
    found = _tost(np.zeros(20)), _tost(np.full(20, 0.5)), _tost(np.zeros(20), 0.0)
    assert [each.verdict for each in found] == ["equivalent", "different", "inconclusive"]
    assert {(each.p_lower, each.p_upper, each.reason) for each in found} == {(None, None, "constant_input")}
    assert _tost(np.full(9, 0.5)).verdict == "inconclusive"
    one_question = tost(np.full(40, 0.5), np.zeros(40, np.int64), MARGIN, 0.95)
    assert (one_question.verdict, one_question.reason) == ("inconclusive", "n_below_min")


def test_equivalence_at_the_margin_is_declared_in_one_of_twenty() -> None:
    generator, runs = np.random.default_rng(7), 2000
    declared = sum(_tost(MARGIN + generator.normal(0, 0.3, 30)).verdict == "equivalent" for _ in range(runs))
    assert runs - declared >= least_hits(runs, 0.95)
    assert declared >= 0.03 * runs


def test_clusters_widen_the_interval() -> None:
    generator = np.random.default_rng(8)
    by_question = np.repeat(generator.normal(0, 0.5, 30), 4)
    differences, zeros = by_question + generator.normal(0, 0.1, 120), np.zeros(120)
    options: dict[str, Any] = {"margin": MARGIN}
    apart: Any = drift(zeros, differences, zeros, clusters=np.arange(120), **options)["shift"]
    together: Any = drift(zeros, differences, zeros, clusters=np.repeat(np.arange(30), 4), **options)["shift"]
    assert together["estimate"] == apart["estimate"]
    assert together["ci"]["high"] - together["estimate"] > 1.7 * (apart["ci"]["high"] - apart["estimate"])
    means = differences.reshape(30, 4).mean(1)
    expected = stats.t.interval(0.95, 29, means.mean(), stats.sem(means))
    assert (together["ci"]["low"], together["ci"]["high"]) == pytest.approx(expected)


@pytest.mark.parametrize(("size", "reason"), [(1, "n_below_min"), (9, "n_below_min"), (10, None)])
def test_few_clusters_have_a_shift_and_no_verdict(size: int, reason: str | None) -> None:
    differences, zeros = with_moments(0.6, 0.1, 40), np.zeros(40)
    found: dict[str, Any] = drift(zeros, differences, zeros, clusters=np.arange(40) % size, margin=MARGIN)
    assert found["shift"]["estimate"] == pytest.approx(0.6)
    assert (found["shift"]["reason"], found["tost"]["reason"]) == (reason, reason)
    assert found["verdict"] == ("inconclusive" if reason else "different")
    assert (found["shift"]["ci"] is None) == (found["interval_90"] is None) == (reason is not None)


def test_sums_of_clusters_that_coincide_are_no_certainty() -> None:
    # Every cluster has one item at 0 and one at 1.2: its error over clusters is zero, and items differ.
    found = tost(np.tile([0.0, 1.2], 12), np.repeat(np.arange(12), 2), MARGIN, 0.95)
    assert (found.verdict, found.reason, found.p_lower, found.p_upper) == (
        "inconclusive",
        "constant_input",
        None,
        None,
    )


def test_an_unmoved_judge_is_equivalent_and_a_moved_one_different() -> None:
    still, moved = _drift(), _drift(shift=0.6)
    assert (still["verdict"], moved["verdict"]) == ("equivalent", "different")
    assert moved["shift"]["estimate"] == pytest.approx(0.6, abs=0.1)
    assert still["interval_90"]["low"] > -MARGIN
    assert still["interval_90"]["level"] == pytest.approx(0.90)
    json.dumps([still, moved], allow_nan=False)


def test_a_noisier_judge_shows_in_the_change_of_error_not_in_the_shift() -> None:
    noisier = _drift(noise=1.2, n=400)
    assert noisier["verdict"] == "equivalent"
    assert noisier["mae_change"]["ci"]["low"] > 0.3


def test_a_map_that_still_holds_and_one_that_fails_in_one_family() -> None:
    generator = np.random.default_rng(9)
    truth = generator.uniform(0, 5, 300)
    new = truth - 0.5 + generator.normal(0, 0.2, 300)
    families = ["x", "y", None] * 100
    options: dict[str, Any] = {"clusters": np.arange(300), "margin": MARGIN, "families": families}
    good = _transport(new, truth, new + 0.5, **options)
    assert good["verdict"] == "holds"
    assert [row["part"] for row in good["rows"]][-2:] == ["family x", "family y"]
    assert sum(row["n_items"] for row in good["rows"][1:6]) == 300
    lapsed = new + 0.5 + np.where(np.arange(300) % 3 == 1, 1.0, 0.0)
    bad = _transport(new, truth, lapsed, **options)
    assert bad["verdict"] == "fails"
    assert [row["verdict"] for row in bad["rows"]][-2:] == ["equivalent", "different"]
    assert bad["rows"][-1]["mean_residual"] == pytest.approx(-1.0, abs=0.1)


def test_missing_scores_leave_the_pair_out() -> None:
    nan, n = np.nan, 30
    old, new = np.full(n, 3.0), np.full(n, 3.0) + np.linspace(-0.1, 0.1, n)
    old[0] = new[1] = nan
    found: dict[str, Any] = drift(old, new, np.full(n, nan), clusters=np.arange(n), margin=MARGIN)
    assert (found["n_items"], found["shift"]["n_items"]) == (28, 28)
    assert (found["mae_change"]["estimate"], found["mae_change"]["reason"]) == (None, "no_overlap")
    assert found["notes"] == ["an anchor set of 50 items is advised"]


def test_nothing_in_common_gives_no_figures_and_no_verdict() -> None:
    empty = np.full(5, np.nan)
    found: dict[str, Any] = drift(empty, empty, empty, clusters=np.arange(5), margin=MARGIN, predicted=empty)
    assert (found["shift"]["estimate"], found["verdict"]) == (None, "inconclusive")
    assert found["map_transport"]["verdict"] == "inconclusive"
    json.dumps(found, allow_nan=False)


def test_a_margin_below_zero_is_refused() -> None:
    with pytest.raises(OptionRejected, match="margin"):
        _tost(np.zeros(20), -0.1)


def test_nine_items_tell_a_shift_without_an_interval() -> None:
    found = _drift(shift=0.6, n=9)
    assert found["shift"]["estimate"] == pytest.approx(0.6, abs=0.3)
    assert (found["shift"]["ci"], found["shift"]["reason"]) == (None, "n_below_min")
    assert (found["interval_90"], found["verdict"]) == (None, "inconclusive")
