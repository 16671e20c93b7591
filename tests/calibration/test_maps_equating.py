"""One judge on another's scale, and method comparison with its stated ratio of errors."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from calibration_map_studies import TOLD_SCALE, UNNAMED
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.maps.artefact import opened
from judge_calibration.maps.equating import METHODS, deming, equate

# Example 1 of the NCSS manual's chapter on Deming regression: error variances 0.032 of the first method and 0.008
# of the second give slope 1.00119 and intercept -0.08974, with jackknife standard errors 0.18718 and 1.72199.
FIRST = np.array([7, 8.3, 10.5, 9, 5.1, 8.2, 10.2, 10.3, 7.1, 5.9])
SECOND = np.array([7.9, 8.2, 9.6, 9, 6.5, 7.3, 10.2, 10.6, 6.3, 5.2])
SCORES = st.lists(st.integers(0, 5).map(float), min_size=10, max_size=40)


@pytest.mark.parametrize(
    ("ratio", "slope", "intercept"), [(0.25, 1.00119, -0.08974), (1, 0.942, 0.391), (4, 0.891, 0.813)]
)
def test_deming_on_ten_published_points(ratio: float, slope: float, intercept: float) -> None:
    found = deming(FIRST, SECOND, error_ratio=ratio)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=5e-4)
    assert found.as_json()["error_ratio"] == ratio
    assert found.as_json()["purpose"] == "method_comparison"


def test_its_jackknife_errors_on_the_published_points() -> None:
    told = deming(FIRST, SECOND, error_ratio=0.008 / 0.032).statistics
    errors = [each.details["standard_error"] for each in told]
    assert errors == pytest.approx([0.18718, 1.72199], abs=5e-6)


def test_deming_with_equal_errors_is_the_principal_axis() -> None:
    _, axes = np.linalg.eigh(np.cov(FIRST, SECOND))
    assert deming(FIRST, SECOND).slope == pytest.approx(axes[1, 1] / axes[0, 1])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=10, max_size=25), st.floats(0.1, 10))
def test_no_other_line_has_a_smaller_weighted_distance(
    pairs: list[tuple[float, float]], ratio: float
) -> None:
    x, y = np.array(pairs).T
    assume(abs(np.cov(x, y)[0, 1]) > 1e-3)
    found = deming(x, y, error_ratio=ratio)

    def distance(slope: float, intercept: float) -> float:
        return float(np.sum((y - intercept - slope * x) ** 2) / (ratio + slope**2))

    least = distance(found.slope, found.intercept)
    for turn in (0.99, 1.01):
        for move in (-0.01, 0.01):
            assert least <= distance(found.slope * turn, found.intercept + move) + 1e-9


def test_its_interval_is_the_jackknife_of_a_plain_loop() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(3, 1, 30)
    x, y = truth + rng.normal(0, 0.3, 30), 0.9 * truth + rng.normal(0, 0.3, 30)
    found = deming(x, y, error_ratio=2.0)
    loop = [deming(np.delete(x, at), np.delete(y, at), error_ratio=2.0) for at in range(30)]
    for told, left_out in zip(
        found.statistics, ([one.slope for one in loop], [one.intercept for one in loop]), strict=True
    ):
        error = math.sqrt(29 / 30 * float(np.sum((np.array(left_out) - np.mean(left_out)) ** 2)))
        assert told.ci is not None
        assert told.estimate is not None
        assert told.ci.high - told.ci.low == pytest.approx(2 * 2.048407142 * error)  # t of 28 df


def test_the_interval_holds_the_true_slope_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        truth = rng.normal(3, 1, 60)
        found = deming(truth + rng.normal(0, 0.4, 60), 0.8 * truth + 1 + rng.normal(0, 0.4, 60))
        ci = found.statistics[0].ci
        held += ci is not None and ci.low <= 0.8 <= ci.high
    assert 0.95 - 4 * math.sqrt(0.95 * 0.05 / 300) <= held / 300 <= 0.99


def test_few_points_have_a_line_and_no_interval() -> None:
    told = deming(FIRST, SECOND).as_json()["statistics"]
    assert isinstance(told, dict)
    assert (told["deming_slope"]["status"], told["deming_slope"]["ci"]) == ("insufficient", None)


def test_what_varies_with_nothing_is_not_compared() -> None:
    for x, y in ((np.ones(20), np.arange(20.0)), (np.arange(20.0), np.ones(20)), (FIRST[:9], SECOND[:9])):
        with pytest.raises(NotEnough):
            deming(x, y)
    for ratio in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(OptionRejected, match="error_ratio"):
            deming(FIRST, SECOND, error_ratio=ratio)
    with pytest.raises(OptionRejected, match="missing"):
        deming(FIRST, np.append(SECOND[:9], np.nan))


@settings(max_examples=50, deadline=None)
@given(SCORES, st.sampled_from(METHODS), st.integers(0, 2**32 - 1))
def test_equating_rises_and_stays_on_the_scale(
    new: list[float], method: Literal["linear", "equipercentile"], seed: int
) -> None:
    assume(len(set(new)) > 1)
    old = np.random.default_rng(seed).integers(0, 6, len(new)).astype(np.float64)
    equated = equate(old, np.array(new), low=0, high=5, method=method).equate(np.linspace(0, 5, 21))
    assert np.all(np.diff(equated) >= -1e-12)
    assert equated.min() >= 0
    assert equated.max() <= 5


def test_linear_equating_matches_mean_and_deviation() -> None:
    # Means 72 and 77, deviations 10 and 9: x becomes 77 + 9/10 (x - 72) = 0.9x + 12.2.
    unit = np.array([-1.0, 1] * 10)
    found = equate(77 + 9 * unit, 72 + 10 * unit, low=0, high=100)
    assert found.equate(np.array([72.0, 85])) == pytest.approx([77, 88.7])
    assert (found.slope, found.intercept) == pytest.approx((0.9, 12.2))


@settings(max_examples=50, deadline=None)
@given(SCORES, SCORES)
def test_equipercentile_equating_reads_each_score_at_its_mid_percentile(
    old: list[float], new: list[float]
) -> None:
    size = min(len(old), len(new))
    old, new = sorted(old[:size]), new[:size]
    assume(len(set(new)) > 1)

    def rank(scores: list[float], score: float) -> float:
        return (sum(each < score for each in scores) + scores.count(score) / 2) / size

    found = equate(np.array(old), np.array(new), low=0, high=5, method="equipercentile")
    steps = sorted(set(old))
    for score in set(new):
        expected = np.interp(rank(new, score), [rank(old, each) for each in steps], steps)
        assert found.equate(np.array([score]))[0] == pytest.approx(expected)


def test_equal_distributions_keep_a_thresholds_share_of_passes() -> None:
    rng = np.random.default_rng(3)
    old = rng.normal(50, 10, 500)
    new = np.exp(old / 20) + rng.normal(0, 0.01, 500)
    equated = equate(old, new, low=0, high=100, method="equipercentile").equate(new)
    assert np.mean(equated >= 55) == pytest.approx(np.mean(old >= 55), abs=0.004)


@pytest.mark.parametrize("method", METHODS)
def test_an_equating_is_served_like_a_map_and_never_taken_for_a_prediction(
    method: Literal["linear", "equipercentile"],
) -> None:
    rng = np.random.default_rng(4)
    old, new = rng.integers(0, 6, 60).astype(np.float64), rng.integers(1, 4, 60).astype(np.float64)
    found = equate(old, new, low=0, high=5, method=method)
    artefact = found.as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED, onto="A")
    one = opened(artefact)
    assert (one.purpose, artefact["method"], artefact["parameters"]["onto"]) == ("equate", method, "A")
    assert found.as_json()["purpose"] == "equate"
    applied = one.apply(2)
    assert applied.score == pytest.approx(found.equate(np.array([2.0]))[0])
    assert (applied.low, applied.level, applied.status) == (None, None, "calibrated")
    assert one.apply(5).flags == ("extrapolated",)


def test_what_is_not_paired_is_refused() -> None:
    with pytest.raises(OptionRejected, match="paired"):
        equate(np.arange(10.0), np.arange(11.0), low=0, high=10)
    with pytest.raises(OptionRejected, match="missing"):
        equate(np.arange(10.0), np.append(np.arange(9.0), np.nan), low=0, high=10)
    with pytest.raises(NotEnough):
        equate(np.arange(9.0), np.arange(9.0), low=0, high=10)
    with pytest.raises(OptionRejected):
        equate(np.arange(10.0), np.arange(10.0), low=0, high=10, method="spline")  # type: ignore[arg-type]
