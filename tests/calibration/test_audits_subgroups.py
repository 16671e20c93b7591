"""The subgroup forest and the random-effects pooling under it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from judge_calibration.audits.pooling import pool, simultaneous_gap
from judge_calibration.audits.subgroups import Forest, subgroup_forest

# Thirteen trials of BCG vaccine (Colditz et al. 1994): cases and others, vaccinated and control.
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=np.float64,
)
RUNS = 60


def _log_risk_ratios() -> tuple[np.ndarray, np.ndarray]:
    cases, others, cases_control, others_control = BCG.T
    treated, control = cases + others, cases_control + others_control
    ratios = np.log((cases / treated) / (cases_control / control))
    return ratios, 1 / cases - 1 / treated + 1 / cases_control - 1 / control


def test_pooling_reproduces_the_published_vaccine_trials() -> None:
    # Viechtbauer 2010 (metafor), DerSimonian-Laird: mean -0.7141 (SE 0.1787), τ² 0.3088, I² 92.12 %,
    # Q(12) = 152.2330; Q-profile interval of τ² 0.1197 to 1.1115 (Viechtbauer 2007).
    ratios, variances = _log_risk_ratios()
    found = pool(ratios, np.diag(variances), np.full(13, 1e9))
    assert found.q == pytest.approx(152.2330, abs=5e-5)
    assert found.df == 12
    assert found.tau2 == pytest.approx(0.3088, abs=5e-5)
    assert found.i2 == pytest.approx(0.9212, abs=5e-5)
    assert (found.mean, found.mean_error) == pytest.approx((-0.7141, 0.1787), abs=5e-5)
    assert found.tau2_interval == pytest.approx((0.1197, 1.1115), abs=5e-5)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 8))
def test_pooling_is_that_of_a_loop_when_estimates_are_independent(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    b, v = generator.normal(0, 1, size), generator.uniform(0.05, 1, size)
    found = pool(b, np.diag(v), np.full(size, 50.0))
    w = [1 / one for one in v]
    mean = sum(x * y for x, y in zip(w, b, strict=True)) / sum(w)
    q = sum(x * (y - mean) ** 2 for x, y in zip(w, b, strict=True))
    tau2 = max(0.0, (q - (size - 1)) / (sum(w) - sum(x * x for x in w) / sum(w)))
    w = [1 / (one + tau2) for one in v]
    mean = sum(x * y for x, y in zip(w, b, strict=True)) / sum(w)
    assert found.q == pytest.approx(q)
    assert found.tau2 == pytest.approx(tau2)
    assert found.mean == pytest.approx(mean)
    shrunken = [mean + tau2 / (tau2 + one) * (y - mean) for one, y in zip(v, b, strict=True)]
    assert found.shrunken == pytest.approx(shrunken)


def test_with_independent_items_the_test_of_heterogeneity_is_welchs() -> None:
    generator = np.random.default_rng(1)
    sizes, spreads = (25, 40, 60, 30), (0.5, 1.0, 2.0, 0.7)
    values = [generator.normal(0.1 * at, s, n) for at, (n, s) in enumerate(zip(sizes, spreads, strict=True))]
    labels = [f"group {at}" for at, n in enumerate(sizes) for _ in range(n)]
    e = np.concatenate(values)
    found = subgroup_forest(e, np.zeros(len(e)), labels, clusters=np.arange(len(e))).heterogeneity
    assert found.p == pytest.approx(anova_oneway(values, use_var="unequal").pvalue)


def _forest(seed: int, *, weak: float = 0.0, crossed: bool = False, groups: int = 4) -> Forest:
    """Forty items per group; the last group's bias is `weak`; clusters span groups when crossed."""
    generator = np.random.default_rng(seed)
    code = np.arange(40 * groups) % groups
    clusters = np.arange(40 * groups) // groups if crossed else np.arange(40 * groups)
    e = generator.normal(0, 0.8, 40 * groups) + weak * (code == groups - 1)
    e += generator.normal(0, 0.8, 40)[clusters] if crossed else 0.0
    return subgroup_forest(e, np.zeros(len(e)), [f"group {one}" for one in code], clusters=clusters)


@pytest.mark.parametrize("crossed", [False, True])
def test_equal_subgroups_raise_alarms_at_the_nominal_rate(crossed: bool) -> None:
    found = [_forest(seed, crossed=crossed) for seed in range(RUNS)]
    for p in (
        [forest.heterogeneity.p for forest in found],
        [forest.heterogeneity.max_gap.details["p"] for forest in found],
        [min(row.to_rest.q or 1 for row in forest.rows) for forest in found],
    ):
        assert np.mean([float(str(one)) < 0.05 for one in p]) <= 0.1


def test_a_weak_subgroup_is_named_and_its_estimate_is_drawn_in() -> None:
    forest = _forest(2, weak=1.0)
    last = forest.rows[-1]
    assert last.estimate.estimate == pytest.approx(1, abs=0.3)
    assert last.to_rest.q is not None
    assert last.to_rest.q < 0.001
    gap = forest.heterogeneity.max_gap
    assert gap.details["highest"] == "group 3"
    assert gap.ci is not None
    assert gap.ci.low > 0
    assert forest.heterogeneity.p is not None
    assert forest.heterogeneity.p < 0.001
    assert last.shrunken.estimate is not None
    assert last.estimate.estimate is not None
    assert 0 < last.shrunken.estimate < last.estimate.estimate


def test_intervals_of_the_largest_gap_hold_the_true_one() -> None:
    hits = 0
    for seed in range(RUNS):
        interval = _forest(seed, weak=0.5).heterogeneity.max_gap.ci
        assert interval is not None
        hits += interval.low <= 0.5 <= interval.high
    assert hits / RUNS >= 0.92


def test_the_simultaneous_quantile_is_tukeys_for_equal_groups() -> None:
    # The largest studentised difference of four means with many degrees of freedom: q/√2 of Tukey's range.
    estimates = np.array([0.0, 0.1, 0.2, 1.0])
    low, high, p = simultaneous_gap(estimates, np.eye(4) * 0.01, np.full(4, 1e6), draws=40_000)
    quantile = float(stats.studentized_range.ppf(0.95, 4, 1e6))
    assert (low, high) == pytest.approx((1 - quantile * 0.1, 1 + quantile * 0.1), abs=0.005)
    assert p < 0.001


def test_the_mean_absolute_error_is_an_outcome_too() -> None:
    generator = np.random.default_rng(3)
    judge, consensus = generator.normal(3, 1, 80), generator.normal(3, 1, 80)
    labels: list[str | None] = ["a", "b"] * 40
    forest = subgroup_forest(judge, consensus, labels, clusters=np.arange(80), outcome="mae")
    expected = float(np.abs(judge - consensus)[::2].mean())
    assert forest.rows[0].estimate.estimate == pytest.approx(expected)
    assert forest.rows[0].estimate.statistic.name == "subgroup_mae"


def test_small_and_constant_subgroups_have_a_row_but_no_part_in_heterogeneity() -> None:
    generator = np.random.default_rng(4)
    e = np.concatenate([generator.normal(0, 1, 60), generator.normal(0, 1, 5), np.ones(30), [0.5]])
    labels = ["a", "b"] * 30 + ["small"] * 5 + ["constant"] * 30 + [None]
    forest = subgroup_forest(e, np.zeros(96), labels, clusters=np.arange(96))
    rows = {row.group: row for row in forest.rows}
    assert forest.n_unknown == 1
    assert forest.heterogeneity.df == 1
    assert rows["small"].estimate.statistic.reason == "n_below_min"
    assert rows["small"].shrunken.estimate is None
    assert rows["constant"].estimate.statistic.ci is None
    json.dumps(forest.as_json(), allow_nan=False)


def test_one_subgroup_or_none_has_no_heterogeneity() -> None:
    e = np.random.default_rng(5).normal(0, 1, 40)
    one = subgroup_forest(e, np.zeros(40), ["a"] * 40, clusters=np.arange(40))
    none = subgroup_forest(e, np.zeros(40), [None] * 40, clusters=np.arange(40))
    empty = subgroup_forest(np.full(40, np.nan), np.zeros(40), ["a", "b"] * 20, clusters=np.arange(40))
    assert one.heterogeneity.tau.reason == "n_below_min"
    assert one.rows[0].to_rest.statistic.reason == "no_ratings"
    assert none.rows == ()
    assert none.heterogeneity.i2.reason == "no_ratings"
    assert {row.estimate.statistic.reason for row in empty.rows} == {"no_ratings"}
    for forest in (one, none, empty):
        json.dumps(forest.as_json(), allow_nan=False)


def test_clusters_too_few_to_tie_subgroups_together_are_remarked_upon() -> None:
    generator = np.random.default_rng(6)
    e = generator.normal(0, 1, 120)
    clusters = np.arange(120) // 4 % 3
    forest = subgroup_forest(e, np.zeros(120), [f"g{at % 4}" for at in range(120)], clusters=clusters)
    assert any("count as independent" in note for note in forest.heterogeneity.tau.notes)


def test_equal_input_and_seed_give_equal_json() -> None:
    assert json.dumps(_forest(7).as_json(), allow_nan=False) == json.dumps(_forest(7).as_json())
