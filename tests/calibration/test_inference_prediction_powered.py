"""Prediction-powered means: exact identities, a reference by loops, strata, clusters, known probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from calibration_inference import naive_powered_mean
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.inference.prediction_powered import LabelledItems, PoweredMean, powered_mean

SCORES = st.floats(0, 5, allow_nan=False).map(lambda value: round(value, 3))


def _items(n: int = 40, rest: int = 160, seed: int = 0) -> LabelledItems:
    generator = np.random.default_rng(seed)
    judge = generator.normal(3, 1, n + rest)
    label = judge * 0.7 + generator.normal(0.5, 0.6, n + rest)
    label[n:] = np.nan
    return LabelledItems(judge, label)


def _estimate(items: LabelledItems, lam: float | None = None) -> PoweredMean:
    found = powered_mean(items, lam=lam)
    assert found is not None
    return found


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(SCORES, SCORES), min_size=20, max_size=30), st.lists(SCORES, min_size=2, max_size=30)
)
def test_the_plain_estimate_equals_the_reference_by_loops(
    pairs: list[tuple[float, float]], rest: list[float]
) -> None:
    label, judge = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if np.ptp(judge) < 1e-3:
        return
    items = LabelledItems(np.array(judge + rest), np.array(label + [np.nan] * len(rest)))
    found = _estimate(items)
    estimate, error, lam = naive_powered_mean(label, judge, rest)
    assert found.estimate == pytest.approx(estimate)
    assert found.lam == pytest.approx(lam)
    assert found.error(items).error == pytest.approx(error, abs=1e-9)


def test_lambda_zero_leaves_the_labels_alone() -> None:
    items = _items()
    found = _estimate(items, lam=0.0)
    label = items.label[:40]
    assert found.estimate == pytest.approx(label.mean())
    assert found.error(items).error == pytest.approx(label.std(ddof=1) / np.sqrt(40))
    assert found.df == 39


def test_a_judge_that_equals_the_physicians_gives_the_mean_over_all_items() -> None:
    truth = np.random.default_rng(1).normal(3, 1, 200)
    items = LabelledItems(truth, np.where(np.arange(200) < 30, truth, np.nan))
    assert _estimate(items).estimate == pytest.approx(truth.mean())
    probability = np.linspace(0.1, 1, 200)
    active = LabelledItems(truth, items.label, probability=probability)
    assert _estimate(active).estimate == pytest.approx(truth.mean())


def test_with_endless_unlabelled_items_it_is_the_regression_estimate() -> None:
    items = _items(n=50, rest=400_000)
    found = _estimate(items)
    label, judge = items.label[:50], items.judge[:50]
    slope = np.cov(label, judge)[0, 1] / judge.var(ddof=1)
    assert found.lam == pytest.approx(slope, rel=2e-4)
    rest = items.judge[50:].mean()
    assert found.estimate == pytest.approx(label.mean() + slope * (rest - judge.mean()), abs=1e-4)
    rho = np.corrcoef(label, judge)[0, 1]
    expected = label.std(ddof=1) * np.sqrt((1 - rho**2) / 50 * 49 / 48)
    assert found.error(items).error == pytest.approx(expected, rel=2e-3)


def test_lambda_is_one_below_twenty_labels_and_never_below_zero() -> None:
    few = _items(n=19)
    assert _estimate(few).lam == 1.0
    contrary = LabelledItems(-_items().judge, _items().label)
    assert _estimate(contrary).lam == 0.0


def test_a_judge_that_always_says_the_same_is_left_out() -> None:
    items = LabelledItems(np.full(200, 3.0), _items().label)
    assert _estimate(items).lam == 0.0
    assert _estimate(items).estimate == pytest.approx(items.label[:40].mean())


def test_without_unlabelled_items_it_is_the_mean_of_the_labels() -> None:
    items = _items(n=40, rest=0)
    assert _estimate(items).estimate == pytest.approx(items.label.mean())


@pytest.mark.parametrize("labels", [0, 1])
def test_fewer_than_two_labels_give_no_estimate(labels: int) -> None:
    items = _items()
    label = np.where(np.arange(200) < labels, items.label, np.nan)
    assert powered_mean(LabelledItems(items.judge, label)) is None


def test_equal_probabilities_give_the_plain_estimate() -> None:
    items = _items()
    active = LabelledItems(items.judge, items.label, probability=np.full(200, 0.2))
    plain, weighted = _estimate(items), _estimate(active)
    assert weighted.estimate == pytest.approx(plain.estimate)
    assert weighted.error(active).error == pytest.approx(plain.error(items).error, rel=0.1)
    assert weighted.df == pytest.approx(plain.df)


def test_labels_taken_for_being_hard_are_weighted_back() -> None:
    generator = np.random.default_rng(3)
    hard = generator.random(4000) < 0.2
    truth = np.where(hard, 1.0, 4.0) + generator.normal(0, 0.3, 4000)
    probability = np.where(hard, 0.5, 0.05)
    label = np.where(generator.random(4000) < probability, truth, np.nan)
    judge = truth + np.where(hard, 1.5, 0.1)
    active = LabelledItems(judge, label, probability=probability)
    weighted = _estimate(active)
    assert abs(weighted.estimate - truth.mean()) < 3 * weighted.error(active).error
    unweighted = LabelledItems(judge, label)
    found = _estimate(unweighted)
    assert abs(found.estimate - truth.mean()) > 5 * found.error(unweighted).error


def test_one_stratum_is_the_plain_estimate() -> None:
    items = _items()
    one = LabelledItems(items.judge, items.label, stratum=np.zeros(200, np.int64))
    assert _estimate(one).estimate == _estimate(items).estimate
    assert _estimate(one).error(one) == _estimate(items).error(items)


def test_strata_are_weighted_by_their_size_not_by_their_labels() -> None:
    stratum = np.repeat([0, 1], [900, 100])
    label = np.where(stratum == 0, 4.0, 1.0) + np.tile([-0.1, 0.1], 500)
    labelled = np.concatenate([np.arange(10), 900 + np.arange(50)])
    seen = np.full(1000, np.nan)
    seen[labelled] = label[labelled]
    items = LabelledItems(np.full(1000, 3.0), seen, stratum=stratum)
    assert _estimate(items).estimate == pytest.approx(0.9 * 4.0 + 0.1 * 1.0)


def test_a_stratified_estimate_is_the_weighted_sum_of_its_strata() -> None:
    items = _items(n=60, rest=140)
    stratum = (np.arange(200) % 2).astype(np.int64)
    both = LabelledItems(items.judge, items.label, stratum=stratum)
    parts = [LabelledItems(items.judge[stratum == code], items.label[stratum == code]) for code in (0, 1)]
    lam = 0.6
    found = [_estimate(part, lam=lam) for part in parts]
    whole = _estimate(both, lam=lam)
    assert whole.estimate == pytest.approx(sum(part.estimate for part in found) / 2)
    errors = [each.error(part).error for each, part in zip(found, parts, strict=True)]
    assert whole.error(both).error == pytest.approx(np.sqrt(sum(error**2 for error in errors)) / 2)
    assert 29 <= whole.df <= 58


def test_strata_with_fewer_than_five_labels_are_pooled_and_it_is_said() -> None:
    items = _items(n=60, rest=140)
    stratum = np.where(np.arange(200) < 3, 2, np.arange(200) % 2).astype(np.int64)
    found = _estimate(LabelledItems(items.judge, items.label, stratum=stratum))
    assert found.notes == ("strata with fewer than 5 labelled units were pooled: 2 remain",)


def test_each_item_its_own_cluster_changes_nothing() -> None:
    items = _items()
    own = LabelledItems(items.judge, items.label, cluster=np.arange(200))
    assert _estimate(own).error(own).error == pytest.approx(_estimate(items).error(items).error)
    assert _estimate(own).df == _estimate(items).df


def test_every_item_twice_in_one_cluster_has_the_error_of_the_single_items() -> None:
    items = _items()
    twice = LabelledItems(
        np.tile(items.judge, 2), np.tile(items.label, 2), cluster=np.tile(np.arange(200), 2)
    )
    single, double = _estimate(items, lam=0.5), _estimate(twice, lam=0.5)
    assert double.estimate == pytest.approx(single.estimate)
    assert double.error(twice).error == pytest.approx(single.error(items).error)
    assert double.df == single.df


def test_lambda_is_one_below_twenty_labels_taken_with_probabilities() -> None:
    few = _items(n=19)
    assert _estimate(LabelledItems(few.judge, few.label, probability=np.full(179, 0.1))).lam == 1.0


def test_two_short_strata_are_pooled_with_each_other() -> None:
    items = _items(n=60, rest=140)
    stratum = np.select([np.arange(200) < 3, np.arange(200) < 6], [1, 2], 0).astype(np.int64)
    found = _estimate(LabelledItems(items.judge, items.label, stratum=stratum))
    assert found.notes == ("strata with fewer than 5 labelled units were pooled: 2 remain",)
