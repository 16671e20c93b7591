"""What to label next: budgets kept, probabilities that are true, the four purposes."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.inference.labelling import (
    FLOOR,
    by_stratum,
    by_uncertainty,
    for_map,
    for_reliability,
    for_subgroups,
    ratings_per_item,
)
from judge_calibration.inference.prediction_powered import LabelledItems, powered_mean


def _sizes(strata: list[str], picks: list[int]) -> Counter[str]:
    return Counter(strata[at] for at in picks)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 3)), min_size=1, max_size=6),
    st.integers(1, 200),
    st.integers(0, 5),
)
def test_strata_spend_the_whole_budget_and_tell_their_probabilities(
    groups: list[tuple[int, float]], budget: int, seed: int
) -> None:
    strata = [f"s{code}" for code, (size, _) in enumerate(groups) for _ in range(size)]
    spread = {f"s{code}": sd for code, (_, sd) in enumerate(groups)}
    picks = by_stratum(strata, spread, budget=budget, seed=seed)
    assert len(picks) == min(budget, len(strata))
    assert len({pick.index for pick in picks}) == len(picks)
    taken = _sizes(strata, [pick.index for pick in picks])
    for pick in picks:
        name = strata[pick.index]
        assert pick.probability == pytest.approx(taken[name] / strata.count(name))
    if sum(min(size, 5) for size, _ in groups) <= budget:
        assert all(taken[f"s{code}"] >= min(size, 5) for code, (size, _) in enumerate(groups))


def test_neyman_gives_in_proportion_to_size_and_spread() -> None:
    strata = ["even"] * 600 + ["uneven"] * 300
    picks = by_stratum(strata, {"even": 0.5, "uneven": 2.0}, budget=90, seed=0)
    assert _sizes(strata, [pick.index for pick in picks]) == {"even": 30, "uneven": 60}  # 300 to 600


def test_a_stratum_of_unknown_spread_counts_as_the_mean_of_the_known() -> None:
    strata = ["a"] * 100 + ["b"] * 100 + ["new"] * 100
    picks = by_stratum(strata, {"a": 1.0, "b": 3.0}, budget=60, seed=0)
    assert _sizes(strata, [pick.index for pick in picks]) == {"a": 10, "b": 30, "new": 20}


def test_uncertain_items_are_likelier_and_none_is_below_a_fifth_of_uniform() -> None:
    uncertainty = np.random.default_rng(1).gamma(1.0, 1.0, 2000)
    picks = by_uncertainty(uncertainty, budget=200, seed=1)
    assert len(picks) == 200
    probabilities = [pick.probability or 0.0 for pick in picks]
    assert min(probabilities) >= FLOOR * 200 / 2000 - 1e-12
    assert probabilities == sorted(probabilities, reverse=True)
    assert np.mean(uncertainty[[pick.index for pick in picks]]) > 1.5 * uncertainty.mean()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 50), min_size=1, max_size=60), st.integers(1, 80), st.integers(0, 99))
def test_picks_by_uncertainty_are_just_as_many_as_there_is_budget_for(
    uncertainty: list[float], budget: int, seed: int
) -> None:
    picks = by_uncertainty(np.array(uncertainty), budget=budget, seed=seed)
    assert len(picks) == min(budget, len(uncertainty))
    assert len({pick.index for pick in picks}) == len(picks)


def test_told_probabilities_are_the_shares_with_which_items_are_taken() -> None:
    uncertainty = np.array([0.1, 1.0, 5.0, 50.0])
    runs, taken = 1500, np.zeros(4)
    told = np.zeros(4)
    for seed in range(runs):
        for pick in by_uncertainty(uncertainty, budget=2, seed=seed):
            taken[pick.index] += 1
            told[pick.index] = pick.probability
    assert told.sum() == pytest.approx(2)
    assert taken / runs == pytest.approx(told, abs=0.05)
    assert told[3] == 1


def test_labels_taken_by_uncertainty_give_an_unbiased_mean() -> None:
    generator = np.random.default_rng(2)
    unsure = generator.random(1500)
    truth = 3 + unsure + generator.normal(0, 1, 1500) * unsure
    judge = 3.6 + 0.5 * unsure
    found, plain = [], []
    for seed in range(60):
        picks = by_uncertainty(unsure, budget=150, seed=seed)
        label, probability = np.full(1500, np.nan), np.ones(1500)
        for pick in picks:
            label[pick.index], probability[pick.index] = truth[pick.index], pick.probability
        estimate = powered_mean(LabelledItems(judge, label, probability=probability))
        assert estimate is not None
        found.append(estimate.estimate)
        plain.append(np.nanmean(label))
    assert np.mean(found) == pytest.approx(truth.mean(), abs=4 * np.std(found) / np.sqrt(60))
    assert abs(np.mean(plain) - truth.mean()) > 0.1  # without weights


def test_equal_or_no_uncertainty_is_a_plain_random_sample() -> None:
    for uncertainty in (np.ones(50), np.zeros(50)):
        picks = by_uncertainty(uncertainty, budget=10, seed=0)
        assert [pick.probability for pick in picks] == pytest.approx([0.2] * len(picks))
    assert len(by_uncertainty(np.ones(5), budget=50, seed=0)) == 5


def test_a_map_gets_labels_where_bins_lack_them_and_the_ends_come_first() -> None:
    scores = np.concatenate([np.full(50, 0.1), np.full(50, 2.4), np.full(50, 4.9)])
    labelled = np.zeros(150, np.int64)
    labelled[50:57] = 1  # the middle has seven
    picks = for_map(scores, labelled, low=0, high=5, budget=22, seed=0)
    assert Counter(scores[pick.index] for pick in picks) == {0.1: 10, 4.9: 10, 2.4: 2}
    assert [scores[pick.index] for pick in picks[:20]] == [0.1] * 10 + [4.9] * 10
    assert {pick.probability for pick in picks} == {0.2, 2 / 43}
    assert len(for_map(scores, labelled, low=0, high=5, budget=500, seed=0)) == 23
    assert not set(range(50, 57)) & {pick.index for pick in picks}


def test_every_group_reaches_its_least_number_before_any_goes_on_to_fifty() -> None:
    labels = ["ct"] * 100 + ["mr"] * 100 + ["us"] * 6 + [None] * 20
    labelled = np.zeros(226, np.int64)
    labelled[:8] = 1
    picks = for_subgroups(labels, labelled, alpha=0.1, budget=20, seed=0)
    assert Counter(labels[pick.index] for pick in picks) == {"mr": 13, "us": 6, "ct": 1}
    plenty = for_subgroups(labels, labelled, alpha=0.1, budget=1000, seed=0)
    assert Counter(labels[pick.index] for pick in plenty) == {"ct": 42, "mr": 50, "us": 6}
    assert {pick.probability for pick in plenty} == {42 / 92, 0.5, 1.0}


def test_reliability_completes_rated_items_before_it_starts_new_ones() -> None:
    rated = np.array([2, 1, 0, 2, 3, 1, 0], np.int64)
    picks = for_reliability(rated, reliability=0.5, target=0.75, budget=5, seed=0)  # needs 3 ratings
    assert [pick.index for pick in picks[:4]] == [0, 3, 1, 5]
    assert picks[4].index in {2, 6}
    assert [pick.probability for pick in picks] == [1, 1, 1, 1, 0.5]
    assert picks[0].reason == "has 2 of 3 ratings"


def test_a_small_budget_stays_with_the_items_that_lack_least() -> None:
    picks = for_reliability(np.array([2, 2, 1, 0]), reliability=0.5, target=0.75, budget=1, seed=0)
    assert [pick.reason for pick in picks] == ["has 2 of 3 ratings"]


def test_ratings_per_item_follow_spearman_and_brown() -> None:
    assert ratings_per_item(0.5, 0.8) == {"ratings_per_item": 4, "exact": 4.0, "reached": 0.8}
    assert ratings_per_item(0.6, 0.9)["ratings_per_item"] == 6
    assert ratings_per_item(0.9, 0.5)["ratings_per_item"] == 1
    with pytest.raises(OptionRejected, match="between 0 and 1"):
        ratings_per_item(1.0, 0.8)


def test_nothing_to_pick_from_is_said() -> None:
    with pytest.raises(NotEnough):
        by_uncertainty(np.array([]), budget=10, seed=0)
    with pytest.raises(NotEnough):
        by_stratum([], {}, budget=10, seed=0)


def test_the_same_seed_picks_the_same_items_and_names_them() -> None:
    strata = ["a", "b"] * 30
    first, again, other = (by_stratum(strata, {}, budget=20, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    names = [f"item-{at}" for at in range(60)]
    told = [pick.as_json(names) for pick in first]
    assert set(told[0]) == {"item", "reason", "probability"}
    json.dumps(told, allow_nan=False)
