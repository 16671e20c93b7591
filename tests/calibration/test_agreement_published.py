"""Coefficients of two raters on published worked examples, each with its source."""

from __future__ import annotations

import calibration_naive as naive
import calibration_naive_judges as naive_judges
import numpy as np
import pytest
from calibration_strategies import POINTS, items, pair_family, told, two

from judge_calibration.agreement.coefficients import Joint, disagreement, exact_share, gwet_ac, kappa
from judge_calibration.agreement.consensus import ConsensusFamily
from judge_calibration.agreement.leave_one_out import LeaveOneOutFamily
from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.agreement.pairs import coefficients
from judge_calibration.agreement.ranks import kendall_tau_b, pair_counts, pairwise_accuracy
from judge_calibration.agreement.ties import TieCalibration, tie_calibration
from judge_calibration.engine.replicates import replicate
from judge_calibration.engine.resampling import Resampler

# Bland and Altman 1986, table 1: peak flow in l/min, first readings of the Wright meter and of the mini meter.
WRIGHT = np.array(
    [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427], np.float64
)
MINI = np.array(
    [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451], np.float64
)
# Efron 1979; Efron and Tibshirani 1993: fifteen law schools, LSAT and GPA.
LSAT = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594], np.float64)
GPA = np.array([3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96])


def test_kappa_of_cohens_table() -> None:
    """Cohen 1968, table 1: 200 cases, two judges, three diagnoses; κ = .492, weighted κ = .348."""
    table = Joint(np.array([[88, 10, 2], [14, 40, 6], [18, 10, 12]], np.float64))
    assert float(kappa(table, disagreement(np.arange(3.0), "unweighted"))) == pytest.approx(0.492, abs=5e-4)
    costs = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]], np.float64)
    assert float(kappa(table, costs)) == pytest.approx(0.348, abs=5e-4)


def test_kappa_of_fleiss_cohen_and_everitt() -> None:
    """Fleiss, Cohen, Everitt 1969: 200 subjects, κ = .429; with their weights (.78667 - .56722)/(1 - .56722)."""
    table = Joint(np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]], np.float64))
    assert float(kappa(table, disagreement(np.arange(3.0), "unweighted"))) == pytest.approx(0.429, abs=5e-4)
    weights = np.array([[1, 0, 4 / 9], [0, 1, 2 / 3], [4 / 9, 2 / 3, 1]])
    assert float(kappa(table, 1 - weights)) == pytest.approx(0.507, abs=5e-4)


def test_ac1_where_kappa_collapses() -> None:
    """Gwet 2002, 2008: 118 and 0 agreements, 5 and 2 disagreements of 125; κ = -.0234, AC1 = .9408."""
    table = Joint(np.array([[118, 5], [2, 0]], np.float64))
    costs = disagreement(np.arange(2.0), "unweighted")
    assert float(exact_share(table)) == pytest.approx(0.944)
    assert float(kappa(table, costs)) == pytest.approx(-0.0234, abs=5e-5)
    assert float(gwet_ac(table, costs)) == pytest.approx(0.9408, abs=5e-5)


def test_ac2_of_two_raters_by_hand() -> None:
    """Values 0, 1, 2 with weights 1 - d²/4. Ratings 00, 01, 12, 22: p_a = (1 + ¾ + ¾ + 1)/4 = 7/8.

    π = 3/8, 2/8, 3/8, so Σπ(1-π) = 42/64; T = 3 + 4·¾ = 6; p_e = 6/6·42/64; AC2 = (56 - 42)/(64 - 42) = 7/11.
    """
    assert two([0, 0, 1, 2], [0, 1, 2, 2], (0, 1, 2))["gwet_ac2"] == pytest.approx(7 / 11)


def test_weights_come_from_values_and_not_from_the_positions_of_those_that_occur() -> None:
    """By hand 1 - 4·16/158, with 158 the sum of all sixteen squared distances; by position it would be .800."""
    found = two([0, 1, 5, 5], [0, 1, 5, 1], POINTS)["kappa_quadratic"]
    assert found == pytest.approx(1 - 64 / 158)
    assert found == pytest.approx(0.595, abs=5e-4)
    assert two([0, 1, 5, 5], [0, 1, 5, 1], (0, 1, 5))["kappa_quadratic"] == pytest.approx(found)
    assert two([0, 1, 2, 2], [0, 1, 2, 1], (0, 1, 2))["kappa_quadratic"] == pytest.approx(0.800, abs=5e-4)


def test_limits_of_agreement_of_bland_and_altman() -> None:
    """Bias -2.1 l/min, SD 38.8, and with ±2 SD -79.7 to 75.5; with ±1.96 SD -78.1 to 73.9 (Stata's concord)."""
    middle = (WRIGHT + MINI) / 2
    found = told(ConsensusFamily.of(WRIGHT - MINI, middle, np.zeros(17), 1.0, items(17)))
    sd = (found["loa_high"] - found["loa_low"]) / (2 * 1.959964)
    bias, rounded = round(found["bias"], 1), round(sd, 1)
    assert (bias, rounded) == (-2.1, 38.8)
    assert (bias - 2 * rounded, bias + 2 * rounded) == pytest.approx((-79.7, 75.5))
    assert found["loa_low"] == pytest.approx(-78.097, abs=5e-3)
    assert found["loa_high"] == pytest.approx(73.861, abs=5e-3)
    assert found["rmse"] ** 2 == pytest.approx(sd**2 * 16 / 17 + found["bias"] ** 2)


def test_lins_concordance_of_the_peak_flow_meters() -> None:
    """Steichen and Cox 2002 (Stata's concord) on those readings: ρ_c = .943, r = .943, C_b = .999."""
    found = told(MomentFamily.of([(WRIGHT, MINI)], items(17)))
    assert found["ccc"] == pytest.approx(0.943, abs=5e-4)
    assert found["pearson"] == pytest.approx(0.943, abs=5e-4)
    assert found["ccc"] / found["pearson"] == pytest.approx(0.999, abs=5e-4)


def test_the_correlation_of_efrons_law_schools() -> None:
    """r = .776, jackknife standard error .1425 (Efron 1982; Efron and Tibshirani 1993, chapter 11)."""
    (found,) = replicate([MomentFamily.of([(LSAT, GPA)], items(15))], Resampler(15, 0, seed=1))
    r = found.of("pearson")
    assert r.point == pytest.approx(0.776, abs=5e-4)
    assert naive_judges.jackknife_error(r.jackknife.tolist()) == pytest.approx(0.1425, abs=5e-5)


def test_spearman_and_kendall_of_siegels_students() -> None:
    """Siegel 1956: authoritarianism and social strivings of twelve students; r_s = .82, τ = .67."""
    x, y = [2, 6, 5, 1, 10, 9, 8, 3, 4, 12, 7, 11], [3, 4, 2, 1, 8, 11, 10, 6, 7, 12, 5, 9]
    found = two(x, y, range(1, 13))
    assert found["spearman"] == pytest.approx(1 - 6 * 52 / (12 * 143))
    assert round(found["spearman"], 2) == 0.82
    assert found["kendall_tau_b"] == pytest.approx(44 / 66)


def test_tau_b_of_a_table_with_many_ties() -> None:
    """Agresti 2002, table 2.8: income by job satisfaction of 96 men; C = 1331, D = 849, τ-b = .152."""
    joint = Joint(np.array([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]], np.float64))
    pairs = pair_counts(joint)
    assert (float(pairs.concordant), float(pairs.discordant)) == (1331, 849)
    assert float(kendall_tau_b(pairs)) == pytest.approx(0.152, abs=5e-4)
    total = sum(map(float, (pairs.concordant, pairs.discordant, pairs.tied_x, pairs.tied_y, pairs.tied_both)))
    assert total == 96 * 95 / 2
    # Pairs in one cell: Σ t(t-1)/2 over the cells.
    alike = sum(t * (t - 1) // 2 for t in (1, 3, 10, 6, 2, 3, 10, 7, 1, 6, 14, 12, 0, 1, 9, 11))
    assert float(pairwise_accuracy(pairs)) == pytest.approx((1331 + alike) / total)


def test_ties_count_as_agreement_only_where_both_tie() -> None:
    """Judge 1 1 2 2, human 1 1 1 2, by hand."""
    found = two([1, 1, 2, 2], [1, 1, 1, 2], (1, 2))
    # Pairs: 12 tied in both; 13, 23 tied in the human; 14, 24 concordant; 34 tied in the judge.
    assert found["pairwise_accuracy"] == pytest.approx(3 / 6)
    assert found["kendall_tau_b"] == pytest.approx(2 / np.sqrt(4 * 3))


def test_calibrated_ties_by_hand() -> None:
    """Judge 0, 1, 2, 3, human 0, 0, 1, 1: at ε = 0 four of six pairs agree, at ε = 1 five, at ε = 2 three."""
    found = tie_calibration(np.array([0.0, 1, 2, 3]), np.array([0.0, 0, 1, 1]), seed=0)
    assert isinstance(found, TieCalibration)
    assert found.epsilon == 1.0
    assert (found.uncalibrated, found.in_sample) == pytest.approx((4 / 6, 5 / 6))


def test_binary_coefficients_by_hand() -> None:
    """20 met found, 5 missed, 10 false alarms, 65 rightly unmet."""
    tables = np.array([[65, 5], [10, 20]], np.float64)
    found = {name: float(value) for name, value in coefficients(tables, np.arange(2.0), "binary").items()}
    assert found["agreement"] == pytest.approx(0.85)
    assert found["f1_met"] == pytest.approx(40 / 55)
    assert found["f1_unmet"] == pytest.approx(130 / 145)
    assert found["balanced_f1"] == pytest.approx((40 / 55 + 130 / 145) / 2)
    assert found["sensitivity"] == pytest.approx(0.8)
    assert found["specificity"] == pytest.approx(65 / 75)
    assert found["mcc"] == pytest.approx((20 * 65 - 10 * 5) / np.sqrt(30 * 25 * 75 * 70))
    assert found["kappa_quadratic"] == found["kappa_linear"] == found["kappa_unweighted"]


def test_the_ceiling_by_hand() -> None:
    """Two physicians 1 3, 2 2, 4 3 and a judge 2 2 4: each faces the other's score."""
    ratings = np.array([[1.0, 3.0], [2.0, 2.0], [4.0, 3.0]])
    found = told(LeaveOneOutFamily.of(np.array([2.0, 2.0, 4.0]), ratings, items(3)))
    assert found["human|loo_mae"] == pytest.approx(1.0)
    # Judge against the second: 1, 0, 1; against the first: 1, 0, 0.
    assert found["judge|loo_mae"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert found["judge|loo_rmse"] == pytest.approx((np.sqrt(2 / 3) + np.sqrt(1 / 3)) / 2)
    assert found["human|loo_rmse"] == pytest.approx(np.sqrt(5 / 3))


def test_the_mean_over_raters_and_each_of_them_are_told() -> None:
    """Judge 0 1 2 2 against 0 1 2 2 and 0 1 2 1: κ is 1 and 7/11."""
    judge, one, other = (np.array(each, np.float64) for each in ([0, 1, 2, 2], [0, 1, 2, 2], [0, 1, 2, 1]))
    found = told(pair_family([(judge, one), (judge, other)], np.arange(3.0)))
    expected = naive.kappa(naive.both(judge.tolist(), other.tolist()), range(3), 0)
    assert expected == pytest.approx(7 / 11)
    assert found["kappa_unweighted|0"] == 1.0
    assert found["kappa_unweighted|1"] == pytest.approx(expected)
    assert found["kappa_unweighted"] == pytest.approx((1 + expected) / 2)
