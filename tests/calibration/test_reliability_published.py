"""Reliability of several raters on published worked examples, each with its source."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_strategies import POINTS, alphas, gwets, iccs, items, total

from judge_calibration.reliability.icc import ICC_NAMES, IccFamily, f_intervals

NAN = np.nan
# Shrout and Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], np.float64
)
# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C: twelve units, four observers, gaps.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
FIVE = np.arange(1.0, 6.0)


def test_six_intraclass_correlations_of_shrout_and_fleiss() -> None:
    """Shrout and Fleiss 1979, table 4."""
    published = (0.17, 0.29, 0.71, 0.44, 0.62, 0.91)
    assert [round(iccs(SHROUT_FLEISS)[name], 2) for name in ICC_NAMES] == list(published)


def test_variance_components_of_shrout_and_fleiss() -> None:
    """Mean squares of their table 3: between targets 11.24, judges 32.49, residual 1.02, within targets 6.26."""
    family = IccFamily.of(SHROUT_FLEISS, items(6))
    found = family.sums.components(total(family))
    assert float(found.error) == pytest.approx(1.02, abs=5e-3)
    assert 4 * float(found.item) + float(found.error) == pytest.approx(11.24, abs=5e-3)
    assert 6 * float(found.rater) + float(found.error) == pytest.approx(32.49, abs=5e-3)
    assert float(found.error_one_way) == pytest.approx(6.26, abs=5e-3)
    assert (float(found.items), float(found.raters), float(found.ratings)) == (6, 4, 24)
    assert float(found.harmonic) == 4


def test_f_intervals_of_shrout_and_fleiss() -> None:
    """As the R package psych prints them for this table (Revelle, ICC)."""
    published = {
        "icc_1": (-0.13, 0.72),
        "icc_a1": (0.019, 0.76),
        "icc_c1": (0.342, 0.95),
        "icc_1k": (-0.88, 0.91),
        "icc_ak": (0.071, 0.93),
        "icc_ck": (0.676, 0.99),
    }
    family = IccFamily.of(SHROUT_FLEISS, items(6))
    found = f_intervals(family.sums.components(total(family)), 0.95)
    for name, (low, high) in published.items():
        interval = found[name]
        assert interval is not None
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5.1e-3), name
        assert (interval.method, interval.generalises_to) == ("F", "other_raters")


def test_alpha_of_krippendorffs_twelve_units() -> None:
    """Krippendorff 2011, sections C and E: nominal .743, ordinal .815, interval .849."""
    found = alphas(KRIPPENDORFF, FIVE)
    assert [round(value, 3) for value in found.values()] == [0.743, 0.815, 0.849]


def test_alpha_of_two_observers_of_binary_data() -> None:
    """Krippendorff 2011, section A: ten units, α = .095."""
    data = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], np.float64).T
    assert alphas(data, np.arange(2.0))["alpha_nominal"] == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_two_observers_of_nominal_data() -> None:
    """Krippendorff 2011, section B: twelve articles in five categories, α = .692."""
    words = ("aabbdcccedda", "babbbcccedda"[:11] + "d")
    data = np.array([["abcde".index(letter) for letter in word] for word in words], np.float64).T
    assert alphas(data, np.arange(5.0))["alpha_nominal"] == pytest.approx(0.692, abs=5e-4)


def test_ac1_of_four_raters_with_gaps() -> None:
    """Gwet 2014 and his R package irrCAC (cac.raw4raters): p_a = .81818, p_e = .19032, AC1 = .77544."""
    assert gwets(KRIPPENDORFF, FIVE, quadratic=False) == pytest.approx(0.77544, abs=5e-6)


def test_ac2_of_three_raters_by_hand() -> None:
    """Values 0, 1, 2; items 001, 222, 1: weights 1, 3/4, 0 at distance 0, 1, 2.

    p_a: (1 + 2·3/4)/3 = 5/6 and 1, mean 11/12. π: (2/3 + 0 + 0)/3 = 2/9, (1/3 + 0 + 1)/3 = 4/9, 1/3.
    T = 3 + 4·3/4 = 6; p_e = 6/6·(14 + 20 + 18)/81 = 52/81; AC2 = (11/12 - 52/81)/(1 - 52/81) = 89/116.
    """
    ratings = np.array([[0.0, 0.0, 1.0], [2.0, 2.0, 2.0], [1.0, NAN, NAN]])
    assert gwets(ratings, np.arange(3.0), quadratic=True) == pytest.approx(89 / 116)


def test_ac2_depends_on_the_values_that_were_declared() -> None:
    """Only 2, 3, 4 of 0..5 are used: by hand p_e is T/(K(K-1))·Σπ(1-π) with T and K of the scale."""
    ratings = np.random.default_rng(1).integers(2, 5, (100, 3)).astype(np.float64)
    declared = gwets(ratings, np.array(POINTS), quadratic=True)
    inferred = gwets(ratings, np.array([2.0, 3.0, 4.0]), quadratic=True)
    assert declared > inferred + 0.3
    shares = np.array([(ratings == value).mean() for value in (2, 3, 4)])
    gaps = (ratings[:, [0, 0, 1]] - ratings[:, [1, 2, 2]]) ** 2
    for found, width, size, weights in ((declared, 5, 6, 36 - 210 / 25), (inferred, 2, 3, 9 - 12 / 4)):
        agreed = 1 - gaps.mean() / width**2
        chance = weights / (size * (size - 1)) * float((shares * (1 - shares)).sum())
        assert found == pytest.approx((agreed - chance) / (1 - chance))


def test_a_table_with_two_cells_missing() -> None:
    """Of Shrout and Fleiss' table without two cells: fitting constants .271, without their two targets .145."""
    data = SHROUT_FLEISS.copy()
    data[1, 2] = data[4, 0] = NAN
    family = IccFamily.of(data, items(6))
    found = family.sums.components(total(family))
    assert (float(found.items), float(found.ratings)) == (6, 22)
    assert float(found.harmonic) == pytest.approx(6 / (4 / 4 + 2 / 3))
    assert iccs(data)["icc_a1"] == pytest.approx(0.271, abs=5e-4)
    assert iccs(data[[0, 2, 3, 5]])["icc_a1"] == pytest.approx(0.145, abs=5e-4)
