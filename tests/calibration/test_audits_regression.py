"""Cluster-robust regression against n by n matrices, a library, and errors planted in a predictor."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from calibration_audits import naive_cr2
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.audits.effects import effect_of, with_q_values
from judge_calibration.audits.regression import cluster_robust, errors_in_variables


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), shared=st.integers(0, 40))
def test_covariance_and_degrees_of_freedom_are_those_of_full_matrices(seed: int, shared: int) -> None:
    generator = np.random.default_rng(seed)
    clusters = np.concatenate([generator.integers(0, 8, shared), np.arange(100, 140 - shared)])
    design = np.column_stack([np.ones(40), generator.normal(size=(40, 2))])
    outcome = generator.normal(size=40)
    found, covariance, freedom = naive_cr2(outcome, design, clusters)
    regression = cluster_robust(outcome, design[:, 1:], design[:, :1], clusters)
    assert regression is not None
    assert regression.covariance is not None
    assert regression.coefficients == pytest.approx(found[1:])
    assert regression.covariance == pytest.approx(covariance[1:, 1:], abs=1e-9)
    assert regression.freedom == pytest.approx(np.maximum(freedom[1:], 1), rel=1e-6)


def test_with_a_cluster_for_each_row_it_is_hc2() -> None:
    generator = np.random.default_rng(1)
    design = np.column_stack([np.ones(50), generator.normal(size=(50, 3))])
    outcome = generator.normal(size=50)
    oracle = sm.OLS(outcome, design).fit(cov_type="HC2")
    regression = cluster_robust(outcome, design[:, 1:], design[:, :1], np.arange(50))
    assert regression is not None
    assert regression.covariance == pytest.approx(oracle.cov_params()[1:, 1:])


def test_a_mean_has_students_interval_and_a_difference_has_welchs_error() -> None:
    generator = np.random.default_rng(2)
    outcome, member = generator.normal(size=40), (np.arange(40) < 15).astype(np.float64)
    ones = np.ones((40, 1))
    mean = effect_of("audit_mean_difference", cluster_robust(outcome, ones, ones[:, :0], np.arange(40)))
    student = stats.ttest_1samp(outcome, 0)
    assert mean.p == pytest.approx(student.pvalue)
    assert mean.statistic.ci is not None
    assert mean.statistic.ci.low == pytest.approx(student.confidence_interval().low)
    contrast = cluster_robust(outcome, member[:, None], ones, np.arange(40))
    welch = stats.ttest_ind(outcome[:15], outcome[15:], equal_var=False)
    assert contrast is not None
    assert contrast.covariance is not None
    t = contrast.coefficients[0] / np.sqrt(contrast.covariance[0, 0])
    assert t == pytest.approx(welch.statistic)


def test_redundant_nuisance_changes_nothing_and_a_redundant_interest_is_not_identified() -> None:
    generator = np.random.default_rng(3)
    family = np.eye(3)[generator.integers(0, 3, 60)]
    x, outcome = generator.normal(size=(60, 1)), generator.normal(size=60)
    plain = cluster_robust(outcome, x, family, np.arange(60))
    redundant = cluster_robust(outcome, x, np.column_stack([np.ones(60), family]), np.arange(60))
    assert plain is not None
    assert redundant is not None
    assert redundant.coefficients == pytest.approx(plain.coefficients)
    assert redundant.covariance == pytest.approx(plain.covariance)
    assert cluster_robust(outcome, family[:, :1], family, np.arange(60)) is None
    assert cluster_robust(outcome[:1], np.ones((1, 2)), np.ones((1, 0)), np.arange(1)) is None
    assert cluster_robust(outcome, np.zeros((60, 1)), np.ones((60, 1)), np.arange(60)) is None


def test_a_group_that_is_one_whole_cluster_leaves_its_own_residuals_out() -> None:
    generator = np.random.default_rng(4)
    clusters = np.repeat(np.arange(10), 4)
    member = (clusters == 0).astype(np.float64)[:, None]
    regression = cluster_robust(generator.normal(size=40), member, np.ones((40, 1)), clusters)
    assert regression is not None
    assert regression.covariance is not None
    assert np.isfinite(regression.covariance).all()


def test_a_predictor_with_error_has_its_slope_back_and_without_error_it_is_least_squares() -> None:
    generator = np.random.default_rng(5)
    quality = generator.normal(0, 1, 4000)
    seen, other = quality + generator.normal(0, 0.8, 4000), 0.5 * quality + generator.normal(0, 1, 4000)
    outcome = 0.7 * quality + 0.2 * other + generator.normal(0, 0.5, 4000)
    columns, ones = np.column_stack([seen, other]), np.ones((4000, 1))
    direction = np.column_stack([ones, np.zeros(4000)])
    mended = errors_in_variables(
        outcome, columns, ones, direction=direction, error_variance=0.64, clusters=np.arange(4000)
    )
    plain = errors_in_variables(
        outcome, columns, ones, direction=direction, error_variance=0.0, clusters=np.arange(4000)
    )
    least_squares = cluster_robust(outcome, columns, ones, np.arange(4000))
    assert mended is not None
    assert plain is not None
    assert least_squares is not None
    assert mended.coefficients == pytest.approx([0.7, 0.2], abs=0.06)
    assert plain.coefficients == pytest.approx(least_squares.coefficients)
    assert plain.covariance == pytest.approx(least_squares.covariance, rel=0.01)
    assert abs(plain.coefficients[1] - 0.2) > 0.1


def test_too_large_an_error_leaves_nothing_to_estimate() -> None:
    generator = np.random.default_rng(6)
    x, outcome, ones = generator.normal(size=(50, 1)), generator.normal(size=50), np.ones((50, 1))
    for variance in (0.97 * float(x.var()), 2.0):
        found = errors_in_variables(
            outcome, x, ones, direction=ones, error_variance=variance, clusters=np.arange(50)
        )
        assert found is None
    doubled = np.column_stack([x, x])
    assert (
        errors_in_variables(
            outcome, doubled, ones, direction=0 * doubled, error_variance=0.0, clusters=np.arange(50)
        )
        is None
    )


def test_one_cluster_has_no_error_with_errors_in_variables_either() -> None:
    x, ones = np.random.default_rng(8).normal(size=(30, 1)), np.ones((30, 1))
    found = errors_in_variables(
        x[:, 0], x, ones, direction=ones, error_variance=0.1, clusters=np.zeros(30, int)
    )
    assert found is not None
    assert found.covariance is None


def test_one_cluster_or_few_rows_withhold_the_interval_and_keep_the_estimate() -> None:
    ones = np.ones((40, 1))
    outcome = np.arange(40.0)
    one = effect_of("audit_mean_difference", cluster_robust(outcome, ones, ones[:, :0], np.zeros(40, int)))
    few = effect_of(
        "audit_mean_difference", cluster_robust(outcome[:10], ones[:10], ones[:10, :0], np.arange(10))
    )
    for effect, mean in ((one, 19.5), (few, 4.5)):
        assert effect.estimate == pytest.approx(mean)
        assert effect.statistic.ci is None
        assert (effect.statistic.status, effect.statistic.reason) == ("insufficient", "n_below_min")
        assert effect.p is None


def test_differences_that_do_not_vary_have_no_interval() -> None:
    ones = np.ones((40, 1))
    effect = effect_of("audit_mean_difference", cluster_robust(ones[:, 0], ones, ones[:, :0], np.arange(40)))
    assert effect.estimate == pytest.approx(1)
    assert effect.statistic.ci is None
    assert effect.p is None
    assert any("do not vary" in note for note in effect.statistic.notes)


def test_q_values_are_over_the_effects_that_have_a_test() -> None:
    generator = np.random.default_rng(7)
    ones = np.ones((40, 1))
    tested = [
        effect_of(
            "audit_mean_difference",
            cluster_robust(generator.normal(shift, 1, 40), ones, ones[:, :0], np.arange(40)),
        )
        for shift in (0.0, 0.3, 0.6)
    ]
    untested = effect_of("audit_mean_difference", None)
    adjusted = with_q_values([tested[0], untested, *tested[1:]], "by")
    expected = stats.false_discovery_control([effect.p or 0.0 for effect in tested], method="by")
    assert [effect.q for effect in adjusted] == [expected[0], None, expected[1], expected[2]]
    assert with_q_values([untested], "by") == (untested,)
