"""The difference test keeps its level where conditioning on the physicians' mean does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from calibration_audits import two_groups
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.audits.difference import (
    against_each_rater,
    group_difference,
    mean_difference,
    sign_flip_p,
)
from judge_calibration.audits.labels import Labels, indicators

RUNS = 300


def _naive_p(judge: np.ndarray, consensus: np.ndarray, member: np.ndarray) -> float:
    """Of the group in the regression of the judge on the physicians' mean and the group."""
    design = np.column_stack([np.ones(len(judge)), consensus, member])
    found, *_ = np.linalg.lstsq(design, judge)
    residuals = judge - design @ found
    freedom = len(judge) - 3
    covariance = np.linalg.inv(design.T @ design) * (residuals @ residuals) / freedom
    return float(2 * stats.t.sf(abs(found[2]) / np.sqrt(covariance[2, 2]), freedom))


def test_the_difference_test_keeps_its_level_where_the_conditional_one_raises_false_alarms() -> None:
    # An unbiased judge; groups differ in true quality by 0.8; two noisy physicians per item.
    alarms, naive = 0, 0
    for seed in range(RUNS):
        data = two_groups(seed)
        effect = group_difference(data.judge - data.consensus, data.member, np.arange(200))
        assert effect.p is not None
        alarms += effect.p < 0.05
        naive += _naive_p(data.judge, data.consensus, data.member) < 0.05
    assert alarms / RUNS <= 0.08
    assert naive / RUNS >= 0.4


def test_a_planted_shift_is_found_and_covered() -> None:
    covered, found = 0, 0
    for seed in range(RUNS):
        data = two_groups(seed, shift=0.4)
        effect = group_difference(data.judge - data.consensus, data.member, np.arange(200))
        assert effect.statistic.ci is not None
        assert effect.p is not None
        covered += effect.statistic.ci.low <= 0.4 <= effect.statistic.ci.high
        found += effect.p < 0.05
    assert stats.binomtest(covered, RUNS, 0.95).pvalue > 0.01
    assert found / RUNS > 0.8


def test_clustered_items_keep_the_level_only_with_their_clusters() -> None:
    generator = np.random.default_rng(9)
    clusters = np.repeat(np.arange(40), 5)
    member = clusters < 16
    with_clusters, without = 0, 0
    for _ in range(RUNS):
        e = generator.normal(0, 1, 200) + generator.normal(0, 0.8, 40)[clusters]
        with_clusters += (group_difference(e, member, clusters).p or 1) < 0.05
        without += (group_difference(e, member, np.arange(200)).p or 1) < 0.05
    assert with_clusters / RUNS <= 0.08
    assert without / RUNS >= 0.15


def test_fishers_randomisation_test_of_darwins_maize() -> None:
    # Fisher, The Design of Experiments (1935), section 21: 863 of 32,768 sums as large, two-sided 5.267 %.
    eighths = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=np.float64)
    assert sign_flip_p(eighths, np.arange(15)) == pytest.approx(2 * 863 / 32768)


def test_random_flips_come_near_all_flips_and_repeat_by_seed() -> None:
    generator = np.random.default_rng(3)
    e, clusters = generator.normal(0.25, 1, 16), np.arange(16)
    exact = sign_flip_p(e, clusters)
    wide = np.concatenate([e, np.zeros(1)])  # one cluster more: random flips, same null distribution
    assert exact is not None
    assert sign_flip_p(wide, np.arange(17), flips=20_000) == pytest.approx(exact, abs=0.01)
    assert sign_flip_p(wide, np.arange(17), seed=4) == sign_flip_p(wide, np.arange(17), seed=4)
    assert sign_flip_p(np.full(3, np.nan), np.arange(3)) is None


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.integers(-8, 8), min_size=1, max_size=7))
def test_exact_flips_are_those_of_a_loop(values: list[int]) -> None:
    e = np.array(values) / 2
    clusters = np.arange(len(values)) // 2
    totals = [float(e[clusters == cluster].sum()) for cluster in np.unique(clusters)]
    hits = 0
    for pattern in range(2 ** len(totals)):
        total = sum(t if pattern >> at & 1 else -t for at, t in enumerate(totals))
        hits += abs(total) >= abs(sum(totals)) - 1e-9
    assert sign_flip_p(e, clusters) == pytest.approx(hits / 2 ** len(totals))


def test_missing_scores_are_left_out() -> None:
    data = two_groups(1)
    e = data.judge - data.consensus
    gaps = np.where(np.arange(200) % 7 == 0, np.nan, e)
    kept = ~np.isnan(gaps)
    here = group_difference(gaps, data.member, np.arange(200))
    there = group_difference(e[kept], data.member[kept], np.arange(200)[kept])
    assert here.as_json() == there.as_json()
    assert mean_difference(gaps, np.arange(200)).estimate == pytest.approx(float(e[kept].mean()))


def test_an_empty_group_or_no_scores_at_all_are_told_with_their_reason() -> None:
    nothing = mean_difference(np.full(30, np.nan), np.arange(30))
    assert (nothing.estimate, nothing.statistic.reason) == (None, "no_ratings")
    for member in (np.zeros(30, bool), np.ones(30, bool)):
        effect = group_difference(np.arange(30.0), member, np.arange(30))
        assert (effect.estimate, effect.statistic.reason) == (None, "no_ratings")
    json.dumps(effect.as_json(), allow_nan=False)


def test_a_small_group_withholds_the_interval() -> None:
    effect = group_difference(np.arange(100.0), np.arange(100) < 10, np.arange(100))
    assert effect.estimate == pytest.approx(-50)
    assert effect.statistic.reason == "n_below_min"
    assert effect.statistic.ci is None


def test_rater_effects_undo_a_severe_physician_who_saw_one_group_only() -> None:
    generator = np.random.default_rng(8)
    member = np.arange(300) < 150
    quality = generator.normal(3, 0.8, 300)
    ratings = quality[:, None] + [0.0, -1.0, 0.0] + generator.normal(0, 0.6, (300, 3))
    ratings[~member, 1] = np.nan  # the severe one
    ratings[:60, 0] = np.nan
    judge = quality + generator.normal(0, 0.6, 300)
    plain = group_difference(judge - np.nanmean(ratings, 1), member, np.arange(300))
    assert plain.p is not None
    assert plain.p < 0.001
    rows = against_each_rater(judge, ratings)
    assert len(rows.difference) == int((~np.isnan(ratings)).sum())
    fair = group_difference(rows.difference, member[rows.item], rows.item, covariates=indicators(rows.rater))
    assert fair.estimate == pytest.approx(0, abs=0.2)
    assert fair.p is not None
    assert fair.p > 0.05


def test_items_can_be_restricted_and_covariates_may_have_gaps() -> None:
    data = two_groups(2)
    e = data.judge - data.consensus
    some = np.arange(200) < 120
    gaps = np.where(some, 1.0, np.nan)[:, None]
    restricted = group_difference(e, data.member, np.arange(200), among=some)
    gapped = group_difference(e, data.member, np.arange(200), covariates=gaps)
    assert restricted.estimate == pytest.approx(
        float(e[some & data.member].mean() - e[some & ~data.member].mean())
    )
    assert gapped.estimate == pytest.approx(restricted.estimate)


def test_labels_are_in_the_order_of_the_alphabet_and_none_is_unknown() -> None:
    labels = Labels.of(["b", None, "a", "b"])
    assert labels.names == ("a", "b")
    assert labels.codes.tolist() == [1, -1, 0, 1]
    assert labels.known.tolist() == [True, False, True, True]
    assert indicators(labels.codes).tolist() == [[0, 1], [0, 0], [1, 0], [0, 1]]
