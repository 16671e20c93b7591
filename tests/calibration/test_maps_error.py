"""Errors out of fold against plain loops; the three parts of the squared error add up."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_map_studies import a_fit, a_sample, a_study
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from judge_calibration.definitions import definitions
from judge_calibration.maps.error import CrossValidated, cross_validated_error, score_bins

ROWS = st.lists(st.tuples(st.floats(0, 5), st.integers(0, 5)), min_size=3, max_size=30)


def errors_of(rows: list[tuple[float, int]], repeats: int = 1) -> CrossValidated:
    predicted, target = np.array(rows).T
    sample = a_sample(np.zeros(len(rows)), target[:, None])
    return cross_validated_error(np.stack([predicted + at / 10 for at in range(repeats)]), sample)


@settings(max_examples=50, deadline=None)
@given(ROWS, st.integers(1, 3))
def test_errors_are_those_of_a_plain_loop(rows: list[tuple[float, int]], repeats: int) -> None:
    found = errors_of(rows, repeats)
    gaps = [f + at / 10 - y for at in range(repeats) for f, y in rows]
    assert found.mse == pytest.approx(sum(gap**2 for gap in gaps) / len(gaps))
    assert found.mae == pytest.approx(sum(map(abs, gaps)) / len(gaps))
    assert found.bias == pytest.approx(sum(gaps) / len(gaps))
    assert found.rmse**2 == pytest.approx(found.mse)


@settings(max_examples=50, deadline=None)
@given(ROWS, st.integers(1, 3))
def test_the_squared_error_is_miscalibration_less_discrimination_plus_uncertainty(
    rows: list[tuple[float, int]], repeats: int
) -> None:
    found = errors_of(rows, repeats)
    assert found.miscalibration - found.discrimination + found.uncertainty == pytest.approx(found.mse)
    assert found.miscalibration >= -1e-12
    assert -1e-12 <= found.discrimination <= found.uncertainty + 1e-12


def test_the_parts_are_those_of_a_librarys_isotonic_regression() -> None:
    rng = np.random.default_rng(1)
    predicted = rng.uniform(0, 5, 200)
    target = np.clip(np.round(predicted**2 / 5 + rng.normal(0, 1, 200)), 0, 5)
    found = cross_validated_error(predicted[None], a_sample(np.zeros(200), target[:, None]))
    best = IsotonicRegression().fit_transform(predicted, target)
    assert found.miscalibration == pytest.approx(
        np.mean((predicted - target) ** 2) - np.mean((best - target) ** 2)
    )
    assert found.discrimination == pytest.approx(target.var() - np.mean((best - target) ** 2))
    slope, intercept = np.polyfit(predicted, target, 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept))


def test_bins_hold_all_items_once_and_their_bias() -> None:
    rng = np.random.default_rng(2)
    predicted, target = np.round(rng.uniform(0, 5, 97), 1), rng.uniform(0, 5, 97)
    bins = score_bins(predicted, target)
    assert sum(each.n for each in bins) == 97
    assert 1 < len(bins) <= 10
    for each in bins:
        inside = (each.low <= predicted) & (predicted <= each.high)
        gap = (predicted - target)[inside]
        assert each.n == inside.sum()
        assert each.bias == pytest.approx(gap.mean())
        assert each.error == pytest.approx(gap.std(ddof=1) / np.sqrt(each.n))


def test_chance_alone_is_no_calibration_error() -> None:
    rng = np.random.default_rng(3)
    naive, told = [], []
    for _ in range(60):
        predicted = rng.uniform(1, 4, 100)
        target = predicted + rng.uniform(-1, 1, 100)
        bins = score_bins(predicted, target)
        naive.append(sum(each.share * each.bias**2 for each in bins))
        told.append(sum(each.share * (each.bias**2 - (each.error or 0) ** 2) for each in bins))
    assert np.mean(naive) > 0.02  # what a perfect map would be blamed for
    assert abs(np.mean(told)) < 4 * np.std(told) / np.sqrt(60)


def test_the_calibration_error_is_the_bias_of_the_bins_less_their_noise() -> None:
    rng = np.random.default_rng(6)
    predicted = rng.uniform(0, 4, 80)
    target = np.clip(np.round(predicted + 0.8 + rng.normal(0, 1, 80)), 0, 5)
    found = cross_validated_error(predicted[None], a_sample(np.zeros(80), target[:, None]))
    total = sum(each.n / 80 * (each.bias**2 - (each.error or 0) ** 2) for each in found.bins)
    assert found.calibration_error == pytest.approx(np.sqrt(total))
    assert found.calibration_error < np.sqrt(sum(each.n / 80 * each.bias**2 for each in found.bins))


def test_a_constant_prediction_has_no_slope_and_one_bin() -> None:
    found = errors_of([(2.0, at % 6) for at in range(30)])
    assert (found.slope, found.intercept) == (None, None)
    assert [each.n for each in found.bins] == [30]
    assert found.discrimination == pytest.approx(0)


def test_a_perfect_prediction_has_no_error_and_no_error_of_it() -> None:
    found = errors_of([(float(at % 6), at % 6) for at in range(30)])
    assert (found.mse, found.rmse_error, found.calibration_error) == (0, 0, 0)
    assert found.slope == pytest.approx(1)


def test_copies_in_a_cluster_make_nothing_more_certain() -> None:
    rng = np.random.default_rng(4)
    predicted, target = rng.uniform(0, 5, 60), rng.integers(0, 6, 60).astype(np.float64)
    single = cross_validated_error(predicted[None], a_sample(np.zeros(60), target[:, None]))
    copied = a_sample(np.zeros(240), np.repeat(target, 4)[:, None], clusters=np.repeat(np.arange(60), 4))
    many = cross_validated_error(np.repeat(predicted, 4)[None], copied)
    assert many.mse_error == pytest.approx(single.mse_error)


def test_every_figure_of_the_table_is_in_the_catalogue() -> None:
    judge, ratings = a_study("offset", 80, np.random.default_rng(5))
    (row, *_) = a_fit(judge, ratings).summary()["candidates"]
    figures = set(row) - {"method", "complexity", "left_out", "reason", "mse"}
    assert {f"map_{name}" for name in figures if not name.endswith("standard_error")} <= set(definitions())
