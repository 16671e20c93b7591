"""Alpha, AC2 and intraclass correlations against plain loops, dense regressions and libraries."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import calibration_naive as naive
import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest
from calibration_strategies import POINTS, Table, alphas, gwets, iccs, items, studies, tables, told, total
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.reliability.alpha import METRICS, ContinuousAlphaFamily
from judge_calibration.reliability.icc import ICC_NAMES, IccFamily, f_intervals

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.reliability.components import Components


def components(data: FloatArray) -> Components:
    family = IccFamily.of(data, items(len(data)))
    return family.sums.components(total(family))


@settings(max_examples=50, deadline=None)
@given(tables(raters=4))
def test_alpha_is_that_of_a_plain_loop(table: Table) -> None:
    found = alphas(table.ratings, table.values)
    for metric in METRICS:
        assert naive.same(found[f"alpha_{metric}"], naive.alpha(table.rows, table.scale, metric))
    continuous = told(ContinuousAlphaFamily.of(table.ratings, items(len(table.rows))))
    assert naive.same(continuous["alpha_interval"], naive.alpha(table.rows, table.scale, "interval"))


@settings(max_examples=50, deadline=None)
@given(tables(raters=4), st.booleans())
def test_ac2_is_that_of_a_plain_loop(table: Table, quadratic: bool) -> None:
    found = gwets(table.ratings, table.values, quadratic=quadratic)
    assert naive.same(found, naive.gwet(table.rows, table.scale, quadratic=quadratic))


@settings(max_examples=50, deadline=None)
@given(tables(raters=3, most=8))
def test_intraclass_correlations_are_those_of_exact_least_squares(table: Table) -> None:
    """With gaps of every kind: disconnected raters, raters with one item, items with one rating."""
    found = iccs(table.ratings)
    for name, value in naive.icc(table.rows).items():
        assert naive.same(found[name], value, within=1e-7), name


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 12), st.integers(2, 5), st.integers(0, 10**6))
def test_fitting_constants_on_complete_cells_is_the_analysis_of_variance(n: int, k: int, seed: int) -> None:
    data = np.random.default_rng(seed).normal(3, 1, (n, k))
    assert iccs(data) == pytest.approx(naive.anova_icc(data.tolist()), nan_ok=True)


@pytest.mark.parametrize("seed", range(6))
def test_components_with_gaps_are_those_of_dense_regressions(seed: int) -> None:
    """Henderson's method III by numpy's least squares, at a size the exact loop would take long for."""
    rng = np.random.default_rng(seed)
    n, k = 60, 3 + seed
    data = rng.normal(0, 1, (n, 1)) + rng.normal(0, 0.5, (1, k)) + rng.normal(0, 0.7, (n, k))
    data[rng.random((n, k)) < 0.1 * (seed + 1)] = np.nan
    item, rater = np.nonzero(~np.isnan(data))
    y, count, a, b = data[item, rater], len(item), len(set(item.tolist())), len(set(rater.tolist()))
    rows, columns = (item[:, None] == np.arange(n)) * 1.0, (rater[:, None] == np.arange(k)) * 1.0

    def reduction(*parts: FloatArray) -> float:
        design = np.column_stack(parts)
        return float(y @ design @ np.linalg.lstsq(design, y, rcond=None)[0])

    full = reduction(rows, columns)
    error = (float(y @ y) - full) / (count - a - b + 1)
    found = components(data)
    assert float(found.error) == pytest.approx(error)
    assert float(found.item) == pytest.approx((full - reduction(columns) - (a - 1) * error) / (count - b))
    assert float(found.rater) == pytest.approx((full - reduction(rows) - (b - 1) * error) / (count - a))


def test_components_are_unbiased_with_gaps() -> None:
    """σ² of 1, 0.25 and 0.49 of items, raters and error, a third of the cells missing: means of 200 studies."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(200):
        data = rng.normal(0, 1, (40, 1)) + rng.normal(0, 0.5, (1, 6)) + rng.normal(0, 0.7, (40, 6))
        data[rng.random((40, 6)) < 1 / 3] = np.nan
        each = components(data)
        found.append([float(each.item), float(each.rater), float(each.error)])
    means, errors = np.mean(found, 0), np.std(found, 0) / np.sqrt(200)
    # Four standard errors: one false alarm in five thousand seeds.
    assert (np.abs(means - [1, 0.25, 0.49]) < 4 * errors).all()


def mcgraw_wong(table: list[list[float]], level: float) -> dict[str, tuple[float, float]]:
    """McGraw and Wong 1996, table 7, with the erratum of the same year."""
    n, k = len(table), len(table[0])
    msr, msc, mse, msw = naive.mean_squares(table)
    tail = (1 + level) / 2

    def quantile(above: float, below: float) -> float:
        return float(stats.f.ppf(tail, above, below))

    def single(low: float, high: float) -> tuple[float, float]:
        return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)

    one, two = n * (k - 1), (n - 1) * (k - 1)
    low_1, high_1 = msr / msw / quantile(n - 1, one), msr / msw * quantile(one, n - 1)
    low_c, high_c = msr / mse / quantile(n - 1, two), msr / mse * quantile(two, n - 1)
    icc = naive.anova_icc(table)["icc_a1"]
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    v = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / two)
    upper, lower = quantile(n - 1, v), quantile(v, n - 1)
    rest = k * msc + (k * n - k - n) * mse
    absolute = (
        n * (msr - upper * mse) / (upper * rest + n * msr),
        n * (lower * msr - mse) / (rest + n * lower * msr),
    )
    singles = {"icc_1": single(low_1, high_1), "icc_a1": absolute, "icc_c1": single(low_c, high_c)}
    raised = {
        f"{name[:-1]}k": (k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high))
        for name, (low, high) in singles.items()
        if name != "icc_1"
    }
    return singles | raised | {"icc_1k": (1 - 1 / low_1, 1 - 1 / high_1)}


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("seed", range(4))
def test_f_intervals_of_complete_data_are_those_of_mean_squares(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    data = rng.normal(0, 1, (15, 1)) + rng.normal(0, 0.5, (1, 4)) + rng.normal(0, 0.8, (15, 4))
    found = f_intervals(components(data), level)
    for name, limits in mcgraw_wong(data.tolist(), level).items():
        interval = found[name]
        assert interval is not None
        assert (interval.low, interval.high) == pytest.approx(limits), name
        assert interval.level == level


@pytest.mark.parametrize("seed", range(2))
def test_complete_tables_have_the_values_of_pingouin(seed: int) -> None:
    data = studies(20, seed=seed, raters=4, gaps=0.0).ratings
    rows = [(i, j, data[i, j]) for i in range(20) for j in range(4)]
    long = pd.DataFrame(rows, columns=["item", "rater", "score"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library about its own dependencies
        oracle = pingouin.intraclass_corr(long, targets="item", raters="rater", ratings="score")
    order = ("icc_1", "icc_a1", "icc_c1", "icc_1k", "icc_ak", "icc_ck")
    values = dict(zip(order, oracle["ICC"].tolist(), strict=True))
    limits = dict(zip(order, oracle["CI95"].tolist(), strict=True))
    found, intervals = iccs(data), f_intervals(components(data), 0.95)
    for name in ICC_NAMES:
        interval = intervals[name]
        assert interval is not None
        assert found[name] == pytest.approx(values[name], abs=1e-9)
        assert (interval.low, interval.high) == pytest.approx(
            tuple(limits[name]), abs=5.1e-3
        )  # two decimals there


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("metric", METRICS)
def test_alpha_with_gaps_is_that_of_the_krippendorff_library(seed: int, metric: str) -> None:
    table = studies(25, seed=seed, raters=4, gaps=0.4)
    oracle = krippendorff.alpha(table.ratings.T, level_of_measurement=metric, value_domain=list(POINTS))
    assert alphas(table.ratings, table.values)[f"alpha_{metric}"] == pytest.approx(oracle)
