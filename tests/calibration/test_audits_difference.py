"""The difference test keeps its level where conditioning on the physicians' mean does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from calibration_audits import two_groups
from scipy import stats

from judge_calibration.audits.difference import (
    group_difference,
    mean_difference,
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


def test_labels_are_in_the_order_of_the_alphabet_and_none_is_unknown() -> None:
    labels = Labels.of(["b", None, "a", "b"])
    assert labels.names == ("a", "b")
    assert labels.codes.tolist() == [1, -1, 0, 1]
    assert labels.known.tolist() == [True, False, True, True]
    assert indicators(labels.codes).tolist() == [[0, 1], [0, 0], [1, 0], [0, 1]]
