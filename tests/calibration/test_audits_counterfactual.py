"""Paired and repeated calls: shares, shifts and the judge's own noise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.audits.counterfactual import paired_runs, repeatability

# Shrout and Fleiss 1979, table 2: six targets, four judges; MS_W = 6.26, ICC(1,1) = .17.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=np.float64
)


def test_flips_shift_and_decisions_are_counted() -> None:
    base = np.array([1.0, 2, 3, 4, 3] * 8)
    changed = base.copy()
    changed[:4] += 1
    changed[4:6] -= 2
    runs = paired_runs(base, changed, clusters=np.arange(40), threshold=3)
    assert (runs.n_up, runs.n_down, runs.n_same) == (4, 2, 34)
    assert runs.flip_rate.estimate == pytest.approx(6 / 40)
    wilson = stats.binomtest(6, 40).proportion_ci(method="wilson")
    assert runs.flip_rate.ci is not None
    assert (runs.flip_rate.ci.low, runs.flip_rate.ci.high) == pytest.approx((wilson.low, wilson.high))
    assert runs.decision_flip_rate is not None
    assert runs.decision_flip_rate.estimate == pytest.approx(np.mean((base >= 3) != (changed >= 3)))
    paired = stats.ttest_rel(changed, base)
    assert runs.shift.p == pytest.approx(paired.pvalue)
    assert runs.mean_change.estimate == pytest.approx(8 / 40)


def test_clusters_widen_the_interval_of_a_share() -> None:
    clusters = np.repeat(np.arange(20), 5)
    moved = (clusters < 6).astype(np.float64)  # whole clusters move together
    together = paired_runs(np.zeros(100), moved, clusters=clusters).flip_rate
    alone = paired_runs(np.zeros(100), moved, clusters=np.arange(100)).flip_rate
    assert together.ci is not None
    assert alone.ci is not None
    assert together.estimate == alone.estimate
    assert together.ci.high - together.ci.low > 1.8 * (alone.ci.high - alone.ci.low)


def test_runs_that_agree_completely_have_a_rate_of_zero_with_an_upper_limit() -> None:
    base = np.arange(30.0)
    runs = paired_runs(base, base, clusters=np.arange(30))
    assert runs.flip_rate.estimate == 0
    assert runs.flip_rate.ci is not None
    assert runs.flip_rate.ci.high > 0.05
    assert runs.shift.estimate == 0
    assert runs.shift.p is None
    assert runs.sign_flip_p == 1
    assert runs.decision_flip_rate is None


def test_items_without_a_pair_are_left_out_and_no_pair_at_all_is_no_overlap() -> None:
    base, changed = np.arange(30.0), np.arange(30.0) + 1
    base[:3], changed[3:5] = np.nan, np.nan
    runs = paired_runs(base, changed, clusters=np.arange(30))
    assert (runs.n_left_out, runs.flip_rate.n_items) == (5, 25)
    none = paired_runs(base, np.full(30, np.nan), clusters=np.arange(30))
    assert none.flip_rate.reason == "no_overlap"
    assert none.shift.statistic.reason == "no_overlap"
    few = paired_runs(base[5:12], changed[5:12], clusters=np.arange(7))
    assert few.flip_rate.status == "insufficient"
    for told in (runs, none, few):
        json.dumps(told.as_json(), allow_nan=False)


def test_repeatability_of_the_published_table() -> None:
    found = repeatability(SHROUT_FLEISS, clusters=np.arange(6))
    assert found.sd.estimate == pytest.approx(6.26**0.5, abs=0.001)
    assert found.icc.estimate == pytest.approx(0.17, abs=0.005)
    assert found.limit == pytest.approx(2.772 * 6.26**0.5, abs=0.01)
    assert found.icc.reason == "n_below_min"


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_repeatability_is_that_of_a_loop(seed: int) -> None:
    generator = np.random.default_rng(seed)
    runs = generator.integers(0, 6, (12, 4)).astype(np.float64)
    runs[generator.random(runs.shape) < 0.3] = np.nan
    rows = [row[~np.isnan(row)] for row in runs]
    rows = [row for row in rows if len(row) > 1]
    found = repeatability(runs, clusters=np.arange(12))
    n, total = len(rows), sum(len(row) for row in rows)
    if n < 2:
        return
    grand = sum(row.sum() for row in rows) / total
    within = sum(((row - row.mean()) ** 2).sum() for row in rows) / (total - n)
    between = sum(len(row) * (row.mean() - grand) ** 2 for row in rows) / (n - 1)
    depth = (total - sum(len(row) ** 2 for row in rows) / total) / (n - 1)
    assert found.sd.estimate == pytest.approx(within**0.5)
    if between + (depth - 1) * within > 1e-9:
        assert found.icc.estimate == pytest.approx((between - within) / (between + (depth - 1) * within))


def test_the_interval_of_the_scatter_covers_what_was_planted() -> None:
    hits, runs = 0, 200
    for seed in range(runs):
        generator = np.random.default_rng(seed)
        calls = generator.normal(3, 1, (60, 1)) + generator.normal(0, 0.4, (60, 3))
        interval = repeatability(calls, clusters=np.arange(60)).sd.ci
        assert interval is not None
        hits += interval.low <= 0.4 <= interval.high
    assert stats.binomtest(hits, runs, 0.95).pvalue > 0.01


def test_a_judge_that_always_repeats_itself_scatters_by_zero_and_correlates_by_one() -> None:
    found = repeatability(np.tile(np.arange(20.0)[:, None], 3), clusters=np.arange(20))
    assert (found.sd.estimate, found.limit) == (0, 0)
    assert found.icc.estimate == pytest.approx(1)
    for told in (found.sd, found.icc):
        assert (told.ci, told.status, told.reason) == (None, "insufficient", "constant_input")


def test_repeats_that_cannot_be_told_have_their_reason() -> None:
    constant = repeatability(np.full((20, 3), 2.0), clusters=np.arange(20))
    assert constant.sd.estimate == 0
    assert constant.icc.reason == "constant_input"
    single = repeatability(np.arange(20.0)[:, None], clusters=np.arange(20))
    assert (single.sd.reason, single.icc.reason, single.limit) == ("no_overlap", "no_overlap", None)
    one = repeatability(np.array([[1.0, 2.0]]), clusters=np.arange(1))
    assert one.sd.status == "insufficient"
    assert one.icc.reason == "n_below_min"
    calls = np.random.default_rng(3).normal(size=(40, 3))
    assert repeatability(calls, clusters=np.arange(40) % 10).sd.ci is not None
    few = repeatability(calls, clusters=np.arange(40) % 9).sd
    assert (few.ci, few.reason) == (None, "n_below_min")
    for told in (constant, single, one):
        json.dumps(told.as_json(), allow_nan=False)
