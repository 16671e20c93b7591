"""Designs in which reliability is not identified, or nearly not: null, never a warning, never an absurd figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import calibration_naive as naive
import numpy as np
import pytest
from calibration_strategies import POINTS, Table, alphas, gwets, iccs, items, tables, total
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.engine.replicates import replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.reliability.icc import ICC_NAMES, IccFamily, f_intervals

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

NAN = math.nan
TWO_WAY = ("icc_a1", "icc_c1", "icc_ak", "icc_ck")
UNIDENTIFIED = {
    "nobody shares items": [[1, NAN], [NAN, 2], [3, NAN], [NAN, 4]],
    "two teams without a link": [[1, 2, NAN, NAN], [2, 3, NAN, NAN], [NAN, NAN, 1, 2], [NAN, NAN, 3, 3]],
    "a rater on items of his own": [[1, 2, NAN], [2, 2, NAN], [4, 5, NAN], [NAN, NAN, 3]],
    "one item": [[1, 2, 3]],
    "one rater": [[1, NAN], [2, NAN], [3, NAN]],
    "nothing": [[NAN, NAN], [NAN, NAN]],
    "all the same": [[3, 3], [3, 3], [3, 3]],
    "no degree of freedom left": [[1, 2], [3, NAN], [NAN, 4]],
}


@pytest.mark.parametrize("data", UNIDENTIFIED.values(), ids=UNIDENTIFIED.keys())
def test_what_is_not_identified_is_undefined(data: list[list[float]]) -> None:
    found = iccs(np.array(data, np.float64))
    assert all(math.isnan(found[name]) for name in TWO_WAY)
    family = IccFamily.of(np.array(data, np.float64), items(len(data)))
    intervals = f_intervals(family.sums.components(total(family)), 0.95)
    assert all(intervals[name] is None for name in TWO_WAY)


def test_a_rater_with_one_item_and_items_with_one_rating_do_no_harm() -> None:
    data = np.array([[1, 2, NAN], [2, 2, NAN], [4, 5, 4], [3, NAN, NAN], [NAN, 1, NAN]], np.float64)
    expected = naive.icc([[None if math.isnan(v) else v for v in row] for row in data.tolist()])
    assert iccs(data) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(tables(raters=4, least=1, most=9), st.integers(0, 99))
def test_no_design_gives_an_infinite_or_an_absurd_figure(table: Table, seed: int) -> None:
    """Also without each item and in resamples. A share of variance is at most 1."""
    family = IccFamily.of(table.ratings, items(len(table.rows)))
    (found,) = replicate([family], Resampler(len(table.rows), 20, seed))
    for values in (found.point, found.jackknife, found.bootstrap):
        assert not np.isinf(values).any()
        assert not (values > 1 + 1e-9).any()
    intervals = f_intervals(family.sums.components(total(family)), 0.95)
    for name, point in zip(ICC_NAMES, found.point, strict=True):
        interval = intervals[name]
        assert interval is None or interval.low <= point <= interval.high <= 1, name


def test_negative_components_that_leave_no_variance_leave_no_share_of_it() -> None:
    """σ²_item + σ²_rater + σ²_error is below zero there; by division it would be a reliability above one."""
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(300):
        data = rng.integers(0, 6, (rng.integers(3, 8), rng.integers(2, 5))).astype(np.float64)
        data[rng.random(data.shape) < 0.45] = NAN
        family = IccFamily.of(data, items(len(data)))
        c = family.sums.components(total(family))
        if float(c.item + c.rater + c.error) < 0:
            seen += 1
            assert math.isnan(iccs(data)["icc_a1"])
            assert f_intervals(c, 0.95)["icc_a1"] is None
    assert seen > 3


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(2, 5), st.integers(0, 10**6))
def test_perfect_agreement_is_one_and_has_no_f_interval(n: int, k: int, seed: int) -> None:
    data = np.repeat(np.random.default_rng(seed).normal(3, 1.3, (n, 1)), k, axis=1)
    assert list(iccs(data).values()) == pytest.approx([1] * 6)
    family = IccFamily.of(data, items(n))
    assert set(f_intervals(family.sums.components(total(family)), 0.95).values()) == {None}


def test_perfect_agreement_is_one_for_any_number_of_raters_with_gaps() -> None:
    rng = np.random.default_rng(1)
    ratings = np.repeat(rng.integers(0, 6, (20, 1)).astype(np.float64), 4, axis=1)
    ratings[rng.random((20, 4)) < 0.3] = NAN
    assert list(alphas(ratings, np.array(POINTS)).values()) == pytest.approx([1, 1, 1])
    assert gwets(ratings, np.array(POINTS), quadratic=True) == pytest.approx(1)


@pytest.mark.parametrize("data", [[[4, 4, 4], [4, 4, NAN]], [[4, NAN, NAN], [NAN, 3, NAN]], [[NAN] * 3]])
def test_one_category_or_no_item_rated_twice_has_no_alpha(data: list[list[float]]) -> None:
    assert all(math.isnan(value) for value in alphas(np.array(data, np.float64), np.array(POINTS)).values())


def test_ac_is_one_where_all_say_the_same_and_undefined_where_nobody_is_compared() -> None:
    assert gwets(np.full((4, 3), 2.0), np.array(POINTS), quadratic=True) == 1.0
    assert math.isnan(gwets(np.array([[1.0, NAN], [NAN, 2.0]]), np.array(POINTS), quadratic=True))


@settings(max_examples=40, deadline=None)
@given(tables(raters=3, most=8), st.permutations(range(3)))
def test_the_order_of_raters_does_not_matter(table: Table, order: list[int]) -> None:
    ratings, values = table.ratings, table.values
    for found, again in (
        (alphas(ratings, values), alphas(ratings[:, order], values)),
        (iccs(ratings), iccs(ratings[:, order])),
    ):
        for name, value in found.items():
            assert naive.same(again[name], value, within=1e-7), name


@settings(max_examples=40, deadline=None)
@given(tables(raters=3, most=8))
def test_names_of_nominal_values_do_not_matter_to_nominal_alpha_and_ac1(table: Table) -> None:
    flipped = dict(zip(table.scale, table.scale[1:] + table.scale[:1], strict=True))
    rows = [[None if value is None else flipped[value] for value in row] for row in table.rows]
    renamed = Table(rows, table.judge, table.scale)
    found, again = (alphas(each.ratings, each.values)["alpha_nominal"] for each in (table, renamed))
    assert naive.same(found, again)
    found, again = (gwets(each.ratings, each.values, quadratic=False) for each in (table, renamed))
    assert naive.same(found, again)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_a_shifted_scale_changes_no_intraclass_correlation(shift: float) -> None:
    data = np.random.default_rng(2).integers(0, 6, (30, 4)).astype(np.float64)
    assert iccs(data + shift) == pytest.approx(iccs(data), abs=1e-8)


def teams(count: int, each: int, linked: int) -> FloatArray:
    """Teams of two raters with items of their own, and a few items that everybody rates."""
    rng = np.random.default_rng(3)
    raters = 2 * count
    data = rng.normal(0, 1, (count * each + linked, 1)) + rng.normal(0, 0.7, (count * each + linked, raters))
    for team in range(count):
        rows = slice(team * each, (team + 1) * each)
        data[rows, : 2 * team] = NAN
        data[rows, 2 * team + 2 :] = NAN
    return data


def test_many_teams_linked_by_few_items_are_identified() -> None:
    """The determinant of such a system is below any tolerance; its least eigenvalue is not."""
    found = iccs(teams(10, 200, 2))
    assert found["icc_c1"] == pytest.approx(1 / (1 + 0.49), abs=0.05)
    assert math.isnan(iccs(teams(10, 200, 0))["icc_c1"])


def test_hundreds_of_raters_overflow_nothing() -> None:
    data = np.random.default_rng(4).normal(0, 1, (60, 1)) + np.random.default_rng(5).normal(0, 0.7, (60, 300))
    assert iccs(data)["icc_c1"] == pytest.approx(1 / 1.49, abs=0.1)
