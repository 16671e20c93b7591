"""Coefficients of a judge and of pairs of raters against plain loops."""

from __future__ import annotations

import math
from typing import Literal

import calibration_naive as naive
import calibration_naive_judges as naive_judges
import numpy as np
import pytest
from calibration_strategies import (
    BINARY,
    POINTS,
    SCALES,
    Table,
    all_families,
    array,
    items,
    pair_family,
    tables,
    told,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.agreement.moments import MomentFamily, rank_coefficients
from judge_calibration.agreement.pairs import coefficient_names
from judge_calibration.agreement.pooled import against_all, among_all, tallies
from judge_calibration.agreement.tables import ABSENT, cells, positions
from judge_calibration.agreement.ties import TieCalibration, tie_calibration

REFERENCES = {"ordinal": naive.ordinal_pair, "nominal": naive.nominal_pair, "binary": naive.binary_pair}


@pytest.mark.parametrize("kind", ["ordinal", "nominal", "binary"])
def test_every_coefficient_of_a_pair_is_that_of_a_plain_loop(
    kind: Literal["ordinal", "nominal", "binary"],
) -> None:
    @settings(max_examples=50, deadline=None)
    @given(tables(raters=1, scales=(BINARY,) if kind == "binary" else SCALES))
    def check(table: Table) -> None:
        pairs = naive.both(table.judge, naive.column(table.rows, 0))
        found = told(pair_family([(table.said, table.ratings[:, 0])], table.values, kind=kind))
        expected = REFERENCES[kind](pairs, table.scale)
        assert set(expected) == set(coefficient_names(kind))
        for name, value in expected.items():
            assert naive.same(found[name], value), name
            assert naive.same(found[f"{name}|0"], value), name

    check()


@settings(max_examples=40, deadline=None)
@given(tables(raters=3, most=8))
def test_the_mean_over_raters_is_over_those_for_whom_it_is_defined(table: Table) -> None:
    found = told(all_families(table, items(len(table.rows)))["against"])
    for name in ("kappa_quadratic", "pearson", "gwet_ac2"):
        singles = [found[f"{name}|{j}"] for j in range(3)]
        assert naive.same(found[name], naive.mean_of_defined(singles))


@settings(max_examples=50, deadline=None)
@given(tables(raters=3))
def test_deviations_from_the_consensus_are_those_of_a_plain_loop(table: Table) -> None:
    found = told(all_families(table, items(len(table.rows)))["consensus"])
    expected = naive_judges.deviations(table.judge, table.rows, 1.0, (table.scale[0], table.scale[-1]))
    for name, value in expected.items():
        assert naive.same(found[name], value), name


@settings(max_examples=50, deadline=None)
@given(tables(raters=3))
def test_the_ceiling_is_that_of_a_plain_loop(table: Table) -> None:
    found = told(all_families(table, items(len(table.rows)))["leave_one_out"])
    for name, value in naive_judges.leave_one_out(table.judge, table.rows).items():
        assert naive.same(found[name], value, within=1e-7), name


LEVELS = st.integers(0, 10**4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(LEVELS, LEVELS), max_size=12), st.sampled_from([1e-6, 0.01, 1e6]))
def test_continuous_scores_have_the_coefficients_of_plain_loops(
    pairs: list[tuple[int, int]], unit: float
) -> None:
    x, y = np.array([p[0] for p in pairs]) * unit, np.array([p[1] for p in pairs]) * unit
    found = told(MomentFamily.of([(x, y)], items(len(x))))
    icc = naive.two_way([[float(a), float(b)] for a, b in pairs])
    expected = {"pearson": naive.pearson(pairs), "ccc": naive.ccc(pairs)}
    for name, value in (expected | {name: icc[name] for name in ("icc_a1", "icc_c1")}).items():
        assert naive.same(found[name], value, within=1e-6), name
    ranked = rank_coefficients(x, y)
    assert naive.same(ranked["spearman"], naive.spearman(pairs))
    assert naive.same(ranked["kendall_tau_b"], naive.tau_b(pairs))
    assert naive.same(ranked["pairwise_accuracy"], naive.pairwise_accuracy(pairs))


@settings(max_examples=40, deadline=None)
@given(tables(raters=3, scales=(BINARY, (0.0, 1.0, 2.0))))
def test_pooled_tables_count_each_label_once_and_pairs_both_ways(table: Table) -> None:
    size, values, n = len(table.scale), table.values, len(table.rows)
    tally = tallies(positions(table.ratings, values), size)
    judged = against_all(positions(table.said, values), tally, items(n)).features.sum(0).reshape(size, size)
    among = among_all(tally, items(n)).features.sum(0).reshape(size, size)
    labels = [
        (said, label)
        for said, row in zip(table.judge, table.rows, strict=True)
        if said is not None
        for label in naive.given(row)
    ]
    ordered = [
        (a, b)
        for row in map(naive.given, table.rows)
        for i, a in enumerate(row)
        for j, b in enumerate(row)
        if i != j
    ]
    for a in range(size):
        for b in range(size):
            assert judged[a, b] == labels.count((table.scale[a], table.scale[b]))
            assert among[a, b] == ordered.count((table.scale[a], table.scale[b]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), min_size=4, max_size=14), st.integers(0, 9))
def test_ties_are_calibrated_as_a_plain_loop_would(scores: list[tuple[int, int]], seed: int) -> None:
    pairs = [(j / 2, float(t)) for j, t in scores]
    judge, target = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    found = tie_calibration(judge, target, seed=seed)
    if np.ptp(judge) == 0 or np.ptp(target) == 0:
        assert found == "constant_input"
        return
    assert isinstance(found, TieCalibration)
    assert found.n == len(pairs)
    grid = [step / 2 for step in range(9)]

    def best(rows: list[tuple[float, float]]) -> float:
        return max(grid, key=lambda epsilon: (naive.pairwise_accuracy(rows, epsilon), -epsilon))

    assert found.in_sample == pytest.approx(naive.pairwise_accuracy(pairs, best(pairs)))
    assert found.epsilon == best(pairs)
    assert found.uncalibrated == pytest.approx(naive.pairwise_accuracy(pairs))
    order = np.random.default_rng(seed).permutation(len(pairs))
    halves = [[pairs[at] for at in order[::2]], [pairs[at] for at in order[1::2]]]
    held = [naive.pairwise_accuracy(b, best(a)) for a, b in (halves, halves[::-1])]
    assert found.cross_fitted == pytest.approx(naive.mean(held))
    assert found == tie_calibration(judge, target, seed=seed)


def test_ties_need_four_items_and_not_too_many_levels() -> None:
    three = np.array([0.0, 1.0, 2.0, np.nan])
    assert tie_calibration(three, np.array([0.0, 1.0, 2.0, 3.0]), seed=0) == "n_below_min"
    assert tie_calibration(three * np.nan, three, seed=0) == "no_overlap"
    many = np.arange(1001.0)
    assert tie_calibration(many, many % 3, seed=0) == "too_large"
    assert tie_calibration(many % 3, many, seed=0) == "too_large"


def test_rank_coefficients_of_too_large_a_table_are_not_computed() -> None:
    many = np.arange(2001.0)
    assert all(math.isnan(value) for value in rank_coefficients(many, many).values())


def test_positions_keep_the_shape_and_mark_what_is_missing() -> None:
    found = positions(np.array([[0.0, np.nan], [5.0, 1.0]]), np.array([0.0, 1.0, 5.0]))
    assert found.tolist() == [[0, ABSENT], [2, 1]]
    assert cells(found[:, 0], found[:, 1], 3).tolist() == [ABSENT, 7]


def test_what_the_judge_praises_and_a_physician_condemns_is_a_gross_error() -> None:
    """Top and bottom fifth of 0..5 are 4 and 1: consensus 3.25 is less than two points from 5, but one said 1."""
    rows: list[list[float | None]] = [[1.0, 4.0, 4.0, 4.0], [2.0, 4.0, 4.0, 4.0]]
    table = Table(rows, [5.0, 5.0], POINTS)
    found = told(all_families(table, items(2))["consensus"])
    assert found["gross_error"] == 0.5


def test_an_empty_study_has_nothing_to_tell() -> None:
    empty = array([], 2)
    found = told(pair_family([(empty[:, 0], empty[:, 1])], np.array(POINTS)))
    assert all(math.isnan(value) for value in found.values())
