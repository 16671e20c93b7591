"""Sample sizes against published figures, and simulated power against the table of the design study."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.inference.planning import (
    alt_test_power,
    coefficient_items,
    conformal_items,
    icc_items,
    limits_items,
    pearson_items,
    powered_labels,
)


def _width(n: int, r: float) -> float:
    """Of scipy's interval for n pairs that correlate to r exactly."""
    x = stats.zscore(np.arange(n, dtype=float))
    noise = stats.zscore(x**2)
    found = stats.pearsonr(x, r * x + math.sqrt(1 - r**2) * noise)
    assert found.statistic == pytest.approx(r)
    interval = found.confidence_interval(0.95)
    return float(interval.high - interval.low)


@pytest.mark.parametrize(("half_width", "about"), [(0.05, 400), (0.10, 100)])
def test_pearson_of_seven_tenths(half_width: float, about: int) -> None:
    n = pearson_items(0.7, half_width)
    assert n == pytest.approx(about, rel=0.05)
    assert _width(n, 0.7) <= 2 * half_width < _width(n - 1, 0.7)


def test_a_narrow_plan_is_told_in_full_and_not_cut_at_a_round_number() -> None:
    assert pearson_items(0.0, 0.005) == pytest.approx((1.96 / 0.005) ** 2, rel=0.001)
    assert powered_labels(0.0, 1.0, 0.005)["labels_only"] == pytest.approx((1.96 / 0.005) ** 2, rel=0.001)
    n = int(str(conformal_items(0.5, 0.001)["items_per_group"]))
    assert n == pytest.approx(0.25 / 0.001**2, rel=0.006)
    k = math.ceil((n + 1) * 0.5)
    assert stats.beta(k, n + 1 - k).std() <= 0.001


def test_what_no_number_of_items_reaches_is_refused_by_the_option_that_asks_for_it() -> None:
    with pytest.raises(OptionRejected, match="'half_width': is so narrow that 1,000,000,000 items"):
        pearson_items(0.0, 1e-5)
    with pytest.raises(OptionRejected, match="'half_width': is so narrow"):
        powered_labels(0.7, 1e6, 1e-6)
    with pytest.raises(OptionRejected, match="'half_width': is so narrow"):
        limits_items(1e-6, 1e300)
    with pytest.raises(OptionRejected, match="'coverage_within': is so narrow"):
        conformal_items(0.5, 1e-6)


def test_pearson_does_not_depend_on_the_sign() -> None:
    assert pearson_items(-0.7, 0.05) == pearson_items(0.7, 0.05)


def test_bonetts_own_example_needs_twenty_items() -> None:
    # Bonett 2002: four raters, ICC 0.85, width 0.2 need 19.2 items, which is 20.
    assert icc_items(0.85, 4, 0.2) == 20


def test_bonetts_formula_for_three_raters_gives_a_hundred_and_a_bit() -> None:
    # 8·3.8415·0.16·4.84/(6·0.04) + 1 = 100.16, rounded up so that the width is reached.
    assert icc_items(0.6, 3, 0.2) == 101


def test_a_limit_of_agreement_is_known_to_a_third_of_sd_from_a_hundred_items() -> None:
    # Bland and Altman 1986: the standard error of a limit is about √(3/n)·s, so ±0.34 s at n = 100.
    assert limits_items(1.96 * math.sqrt(3 / 100), 1.0) == 100
    assert limits_items(0.34, 1.0) == 100
    assert limits_items(0.34 * 2, 2.0) == 100


@pytest.mark.parametrize(
    ("statistic", "width", "items"),
    [
        ("kappa_quadratic", 0.29, 50),
        ("kappa_quadratic", 0.12, 300),
        ("alpha_ordinal", 0.23, 100),
        ("spearman", 0.14, 300),
    ],
)
def test_typical_widths_give_back_their_numbers_of_items(statistic: str, width: float, items: int) -> None:
    assert coefficient_items(statistic, width) == pytest.approx(items, rel=0.06)


def test_a_coefficient_without_a_measured_width_is_refused() -> None:
    with pytest.raises(OptionRejected, match="is one of kappa_quadratic"):
        coefficient_items("accuracy", 0.1)


def test_conformal_coverage_within_two_points_needs_about_220_per_group() -> None:
    found = conformal_items(0.1, 0.02)
    assert found["least_items"] == 9
    n = int(str(found["items_per_group"]))
    assert n == pytest.approx(220, abs=5)
    k = math.ceil((n + 1) * 0.9)
    assert stats.beta(k, n + 1 - k).std() <= 0.02


@pytest.mark.parametrize(("correlation", "worth"), [(0.5, 1.3), (0.7, 2.0), (0.9, 5.0)])
def test_what_a_correlation_is_worth(correlation: float, worth: float) -> None:
    # The rule of PPI++: 1/(1 - ρ²) labels per label.
    assert float(str(powered_labels(correlation, 1.0, 0.1)["worth"])) == pytest.approx(worth, rel=0.06)


def test_labels_reach_the_half_width_and_one_less_does_not() -> None:
    def half(n: int, rho: float, rest: float) -> float:
        variance = (1 - rho**2 / (1 + n / rest)) / n
        return float(stats.t.ppf(0.975, n - 1)) * math.sqrt(variance)

    found = powered_labels(0.7, 1.0, 0.1, unlabelled=1000)
    n, alone = int(str(found["with_judge"])), int(str(found["labels_only"]))
    assert half(n, 0.7, 1000) <= 0.1 < half(n - 1, 0.7, 1000)
    assert half(alone, 0.0, 1000) <= 0.1 < half(alone - 1, 0.0, 1000)
    endless = int(str(powered_labels(0.7, 1.0, 0.1)["with_judge"]))
    assert endless < n < alone


def test_a_contrary_judge_is_worth_nothing_and_a_perfect_one_has_no_bound() -> None:
    contrary, useless = powered_labels(-0.9, 1.0, 0.1), powered_labels(0.0, 1.0, 0.1)
    assert contrary == useless
    assert useless["with_judge"] == useless["labels_only"]
    assert powered_labels(1.0, 1.0, 0.1) == {
        "labels_only": useless["labels_only"],
        "with_judge": 20,
        "worth": None,
    }
    assert powered_labels(0.9, 1.0, 0.1, unlabelled=0)["with_judge"] == useless["labels_only"]


# Share of runs with ω ≥ ½: physicians' error SD 0.8, scale 0-5, from the design study of this library.
@pytest.mark.parametrize(
    ("judge_sd", "items", "raters", "epsilon", "expected"),
    [
        (0.6, 50, 3, 0.2, 0.87),
        (0.8, 50, 3, 0.1, 0.08),
        (0.8, 100, 3, 0.2, 0.86),
        (0.8, 100, 5, 0.2, 0.70),
        (1.1, 100, 3, 0.1, 0.0),
        (1.1, 100, 5, 0.2, 0.05),
    ],
)
def test_power_of_the_alternative_annotator_test(
    judge_sd: float, items: int, raters: int, epsilon: float, expected: float
) -> None:
    found = alt_test_power(
        judge_sd=judge_sd, physician_sd=0.8, items=items, raters=raters, epsilon=epsilon, runs=300, seed=4
    )
    error = math.sqrt(max(expected * (1 - expected), 0.01) / 300)
    assert float(str(found["pass_share"])) == pytest.approx(expected, abs=3.5 * math.sqrt(2) * error)


def test_simulated_power_is_the_same_for_the_same_seed() -> None:
    def found(seed: int) -> dict[str, object]:
        return alt_test_power(
            judge_sd=0.8, physician_sd=0.8, items=40, raters=3, epsilon=0.2, runs=40, seed=seed
        )

    assert found(1) == found(1)
    assert found(1) != found(2)


def test_a_study_too_small_for_the_test_has_no_power_and_is_refused() -> None:
    with pytest.raises(NotEnough, match="needs 30 items of each physician; here are 29"):
        alt_test_power(judge_sd=0.8, physician_sd=0.8, items=29, raters=3, epsilon=0.2)
