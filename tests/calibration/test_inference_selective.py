"""Risk against coverage, and the threshold that keeps its promise."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from calibration_inference import least_hits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.errors import OptionRejected
from judge_calibration.inference.selective import (
    first_tested,
    least_without_error,
    risk_coverage,
    upper_bound,
)


@pytest.mark.parametrize(("alpha", "items"), [(0.10, 29), (0.05, 59)])
def test_so_many_items_without_an_error_prove_the_risk(alpha: float, items: int) -> None:
    assert least_without_error(alpha, 0.05) == items
    assert upper_bound(0, items, 0.05) <= alpha < upper_bound(0, items - 1, 0.05)
    spotless = risk_coverage(np.arange(items, dtype=float), np.zeros(items, bool), alpha=alpha)
    assert spotless is not None
    assert (spotless.kept_share, spotless.threshold, spotless.kept_risk) == (1.0, items - 1, 0.0)
    short = risk_coverage(np.arange(items - 1, dtype=float), np.zeros(items - 1, bool), alpha=alpha)
    assert short is not None
    assert (short.kept_share, short.threshold) == (None, None)
    assert (short.reason or "").startswith("n_below_min")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.data())
def test_the_bound_is_clopper_and_pearsons(n: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, n))
    expected = stats.binomtest(failed, n, alternative="less").proportion_ci(0.95, method="exact").high
    assert upper_bound(failed, n, 0.05) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40))
def test_curve_and_area_equal_the_reference_by_loops(rows: list[tuple[int, bool]]) -> None:
    found = risk_coverage(np.array([row[0] for row in rows], float), np.array([row[1] for row in rows]))
    assert found is not None
    curve, area, before = [], 0.0, 0.0
    for threshold in sorted({row[0] for row in rows}):
        kept = [wrong for unsure, wrong in rows if unsure <= threshold]
        coverage, risk = len(kept) / len(rows), sum(kept) / len(kept)
        curve.append((coverage, risk))
        area += (coverage - before) * risk
        before = coverage
    assert np.array(found.curve) == pytest.approx(np.array(curve))
    assert found.aurc == pytest.approx(area)


def test_uncertainty_that_finds_the_errors_has_less_area_than_one_that_does_not() -> None:
    generator = np.random.default_rng(1)
    wrong = generator.random(400) < 0.3
    good, idle = wrong + generator.random(400) * 0.5, generator.random(400)
    best, chance = risk_coverage(good, wrong), risk_coverage(idle, wrong)
    assert best is not None
    assert chance is not None
    assert best.aurc < 0.1
    assert chance.aurc > 0.2


@pytest.mark.parametrize(("slope", "power"), [(0.3, 1.0), (0.5, 2.0), (0.11, 0.0)])
@pytest.mark.parametrize("n", [100, 500])
def test_the_promise_is_broken_at_most_as_often_as_stated(n: int, slope: float, power: float) -> None:
    # Risk at uncertainty u is slope·u^power, so what is kept up to t errs with slope·t^power/(power + 1).
    generator, runs, kept = np.random.default_rng(2), 250, 0
    for _ in range(runs):
        unsure = generator.random(n)
        found = risk_coverage(unsure, generator.random(n) < slope * unsure**power)
        assert found is not None
        kept += found.threshold is None or slope * found.threshold**power / (power + 1) <= 0.1
    assert kept >= least_hits(runs, 0.95)


def test_a_third_of_errors_everywhere_keeps_nothing_and_says_why() -> None:
    found = risk_coverage(np.arange(300, dtype=float), np.arange(300) % 3 == 0)
    assert found is not None
    assert found.threshold is None
    assert "is above 0.1" in (found.reason or "")


def test_the_first_threshold_depends_on_the_number_of_items_alone() -> None:
    assert [first_tested(n, 0.1, 0.05) for n in (29, 87, 150, 5000)] == [29, 29, 50, 179]
    k = first_tested(5000, 0.1, 0.05)
    assert upper_bound(math.floor(2 * 0.1 / 3 * k), k, 0.05) <= 0.1


def test_ties_are_kept_or_handed_over_together() -> None:
    unsure = np.repeat([0.0, 1.0], [60, 40])
    found = risk_coverage(unsure, unsure == 1)
    assert found is not None
    assert found.curve == ((0.6, 0.0), (1.0, 0.4))
    assert (found.threshold, found.kept_share) == (0.0, 0.6)


def test_the_answer_is_plain_data_and_no_items_give_none() -> None:
    assert risk_coverage(np.array([]), np.array([], bool)) is None
    found = risk_coverage(np.array([1.0]), np.array([True]))
    assert found is not None
    json.dumps(found.as_json(), allow_nan=False)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(OptionRejected, match="alpha"):
        risk_coverage(np.ones(3), np.ones(3, bool), alpha=0)
    with pytest.raises(OptionRejected, match="entries for 3 items"):
        risk_coverage(np.ones(3), np.ones(2, bool))
