"""What is undefined is NaN and nothing else is; and what must not change a coefficient does not."""

from __future__ import annotations

import math

import calibration_naive as naive
import numpy as np
import pytest
from calibration_strategies import (
    POINTS,
    SCALES,
    Table,
    all_families,
    items,
    pair_family,
    studies,
    tables,
    told,
    two,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from judge_calibration.agreement.coefficients import Joint
from judge_calibration.agreement.consensus import ConsensusFamily
from judge_calibration.agreement.leave_one_out import LeaveOneOutFamily
from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.agreement.pairs import coefficients
from judge_calibration.agreement.pooled import among_all
from judge_calibration.engine.replicates import replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.ratios import mean_of_defined, ratio, variance

VARIED = [0, 1, 2, 3, 4, 5, 5, 5]
NEEDS_SPREAD = ("pearson", "spearman", "kendall_tau_b")
CHANCE_CORRECTED = (
    *("kappa_unweighted", "kappa_linear", "kappa_quadratic", "ccc"),
    *("alpha_nominal", "alpha_ordinal", "alpha_interval"),
)


@pytest.mark.parametrize("constant", [0, 3, 5])
def test_a_constant_judge_has_no_correlation_and_no_agreement_beyond_chance(constant: int) -> None:
    found = two([constant] * 8, VARIED, POINTS)
    assert all(math.isnan(found[name]) for name in NEEDS_SPREAD)
    for name in ("kappa_unweighted", "kappa_linear", "kappa_quadratic", "ccc"):
        assert found[name] == pytest.approx(0)
    assert all(math.isfinite(found[name]) for name in ("gwet_ac2", "alpha_ordinal", "pairwise_accuracy"))


def test_two_constant_raters_who_agree_have_no_chance_corrected_coefficient_but_gwets() -> None:
    found = two([4] * 8, [4] * 8, POINTS)
    assert all(math.isnan(found[name]) for name in (*NEEDS_SPREAD, *CHANCE_CORRECTED))
    assert (found["agreement"], found["gwet_ac2"], found["pairwise_accuracy"]) == (1.0, 1.0, 1.0)


def test_two_constant_raters_who_disagree_have_none_of_the_correlations() -> None:
    found = two([4] * 8, [2] * 8, POINTS)
    assert all(math.isnan(found[name]) for name in NEEDS_SPREAD)
    assert (found["agreement"], found["kappa_quadratic"], found["ccc"]) == (0.0, 0.0, 0.0)
    assert found["alpha_ordinal"] < 0


@pytest.mark.parametrize("constant", [0.1, 3.0, 4.0, 90.1, 1000.7])
def test_rounding_gives_a_constant_rater_no_correlation(constant: float) -> None:
    """Sums of squares of a constant differ from n·c² in the last digits, which is no variance."""
    rng = np.random.default_rng(1)
    for n in (7, 20, 33, 101):
        varied, still = rng.uniform(0, 100, n), np.full(n, constant)
        for pair in ((varied, still), (still, varied), (still, still)):
            assert math.isnan(told(MomentFamily.of([pair], items(n)))["pearson"])
        ratings = rng.integers(0, 6, (n, 3)).astype(np.float64)
        found = told(LeaveOneOutFamily.of(still, ratings, items(n)))
        assert math.isnan(found["judge|loo_pearson"])
        assert found["judge|loo_ccc"] == pytest.approx(0, abs=1e-12)
        assert math.isfinite(found["human|loo_pearson"])


@pytest.mark.parametrize("width", [1e-4, 1.0, 1e5])
def test_the_width_of_a_scale_decides_nothing(width: float) -> None:
    scale = tuple(np.array([0.0, 1 / 3, 2 / 3, 1.0]) * width)
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 4, 40), rng.integers(0, 4, 40)
    values, unit = np.array(scale), np.array([0.0, 1 / 3, 2 / 3, 1.0])
    found = two(values[x].tolist(), values[y].tolist(), scale)
    expected = two(unit[x].tolist(), unit[y].tolist(), tuple(unit))
    assert found == pytest.approx(expected)
    still = two(values[x].tolist(), [scale[1]] * 40, scale)
    assert math.isnan(still["pearson"])
    assert still["ccc"] == pytest.approx(0, abs=1e-12)
    assert math.isnan(two([scale[1]] * 40, [scale[1]] * 40, scale)["ccc"])


def test_differences_that_are_all_the_same_have_no_spread() -> None:
    rng = np.random.default_rng(3)
    middle = rng.uniform(0, 5, 33)
    found = told(ConsensusFamily.of(np.full(33, 0.1), middle, np.zeros(33), 1.0, items(33)))
    assert found["loa_low"] == found["bias"] == found["loa_high"] == pytest.approx(0.1)
    assert found["proportional_bias"] == pytest.approx(0, abs=1e-12)


def test_one_item_has_a_deviation_and_no_coefficient() -> None:
    found = two([3], [3], POINTS)
    assert found.pop("agreement") == found.pop("gwet_ac2") == 1.0
    assert all(math.isnan(value) for value in found.values())
    of_one = told(ConsensusFamily.of(np.array([1.0]), np.array([2.5]), np.zeros(1), 1.0, items(1)))
    assert (of_one["bias"], of_one["mae"], of_one["rmse"], of_one["within_1"]) == (1, 1, 1, 1)
    assert all(math.isnan(of_one[name]) for name in ("loa_low", "loa_high", "proportional_bias"))


def test_raters_without_a_common_item_have_nothing() -> None:
    found = two([0, math.nan], [math.nan, 1], POINTS)
    assert all(math.isnan(value) for value in found.values())


@settings(max_examples=40, deadline=None)
@given(tables(raters=1, least=2))
def test_perfect_agreement_is_one_wherever_it_is_defined(table: Table) -> None:
    scores = table.ratings[:, 0]
    assume(len(np.unique(scores[~np.isnan(scores)])) > 1)
    found = told(pair_family([(scores, scores)], table.values))
    assert all(value == pytest.approx(1) for value in found.values())


@settings(max_examples=40, deadline=None)
@given(tables(raters=1))
def test_coefficients_are_symmetric_in_the_raters(table: Table) -> None:
    one, other = table.said, table.ratings[:, 0]
    forth, back = (told(pair_family([pair], table.values)) for pair in ((one, other), (other, one)))
    for name, value in forth.items():
        assert naive.same(back[name], value), name


@settings(max_examples=40, deadline=None)
@given(tables(raters=1, scales=SCALES), st.randoms(use_true_random=False))
def test_names_of_nominal_values_do_not_matter(table: Table, random: object) -> None:
    renamed = list(table.scale)
    random.shuffle(renamed)  # type: ignore[attr-defined]  # a random.Random
    order = np.array([table.scale.index(value) for value in renamed])
    size = len(table.scale)
    family = pair_family([(table.said, table.ratings[:, 0])], table.values, kind="nominal")
    counts = family.features.sum(0, dtype=np.float64).reshape(size, size)
    found = coefficients(counts[np.ix_(order, order)], table.values, "nominal")
    for name, value in told(family).items():
        if "|" not in name:
            assert naive.same(float(found[name]), value), name


@settings(max_examples=40, deadline=None)
@given(tables(raters=1))
def test_a_reversed_scale_changes_no_coefficient(table: Table) -> None:
    scale = tuple(-value for value in reversed(table.scale))
    forth = told(pair_family([(table.said, table.ratings[:, 0])], table.values))
    back = told(pair_family([(-table.said, -table.ratings[:, 0])], np.array(scale)))
    for name, value in forth.items():
        assert naive.same(back[name], value), name


@settings(max_examples=30, deadline=None)
@given(tables(raters=3, most=8))
def test_nothing_is_ever_infinite_and_coefficients_stay_within_bounds(table: Table) -> None:
    for family in all_families(table, items(len(table.rows))).values():
        assert not any(math.isinf(value) for value in told(family).values())
    against = told(all_families(table, items(len(table.rows)))["against"])
    for name, value in against.items():
        low = 0 if name.startswith(("agreement", "pairwise")) else -1
        if not name.startswith(("icc", "gwet", "alpha")):
            assert math.isnan(value) or low - 1e-9 <= value <= 1 + 1e-9, name


def test_families_of_an_unrated_study_evaluate_to_nothing() -> None:
    rows: list[list[float | None]] = [[None, None, None]] * 3
    for family in all_families(Table(rows, [None, None, None], POINTS), items(3)).values():
        (found,) = replicate([family], Resampler(3, 5, seed=0))
        assert np.isnan(found.point).all()
        assert np.isnan(found.jackknife).all()
        assert np.isnan(found.bootstrap).all()


def test_tables_of_very_many_ordered_pairs_are_still_exact() -> None:
    """Whole numbers beyond 2^24 have no place in float32."""
    tally = np.array([[201.0, 100.0]] * 250)
    features = among_all(tally, items(250)).features
    assert features.dtype == np.float64
    assert features.sum(0).tolist() == [250 * 201 * 200, 250 * 201 * 100, 250 * 100 * 201, 250 * 100 * 99]
    assert among_all(tally[:2], items(2)).features.dtype == np.float32


def test_a_ratio_is_undefined_where_its_denominator_is_nothing() -> None:
    found = ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 1e-17, 0.0]))
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()
    assert mean_of_defined(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]))[0] == 2.0
    assert np.isnan(mean_of_defined(np.full((2, 0), 1.0))).all()
    assert variance(np.array([3 * 0.1**2]), np.array([3 * 0.1]), np.array([3.0])).tolist() == [0.0]
    assert np.isnan(variance(np.array([0.0]), np.array([0.0]), np.array([0.0]))).all()


def test_a_tables_marginals_are_its_sums() -> None:
    tables_ = np.random.default_rng(4).integers(0, 9, (3, 4, 5)).astype(np.float64)
    joint = Joint(tables_)
    assert np.array_equal(joint.rows, tables_.sum(1))
    assert np.array_equal(joint.columns, tables_.sum(0))
    assert np.array_equal(joint.n, tables_.sum((0, 1)))


def test_a_study_is_the_mean_of_nothing_but_its_own_ratings() -> None:
    """Items that nobody rated, appended, change no statistic."""
    table = studies(20, seed=3)
    unrated: list[list[float | None]] = [[None] * 3] * 7
    longer = Table(table.rows + unrated, [*table.judge, *([2.0] * 7)], POINTS)
    for name, family in all_families(table, items(20)).items():
        again = told(all_families(longer, items(27))[name])
        for statistic, value in told(family).items():
            assert naive.same(again[statistic], value), statistic
