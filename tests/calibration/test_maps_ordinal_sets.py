"""Sets of neighbouring values: both scores against plain loops, and coverage on ratings that nobody saw."""

from __future__ import annotations

import math

import numpy as np
import pytest
from calibration_map_studies import VALUES, a_fit, a_sample, a_study
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.maps.ordinal_sets import SCORES, Score, ordinal_sets, scores_of, sets_within

CHANCES = (
    st.lists(st.integers(0, 20), min_size=2, max_size=7)
    .filter(any)
    .map(lambda each: np.array(each) / sum(each))
)


@settings(max_examples=50, deadline=None)
@given(CHANCES)
def test_the_ranked_probability_score_is_its_double_sum(
    chances: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    size = len(chances)
    expected = [
        sum((sum(chances[: k + 1]) - (1 if y <= k else 0)) ** 2 for k in range(size)) for y in range(size)
    ]
    assert scores_of("rps", chances[None])[0] == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(CHANCES)
def test_a_set_grows_to_its_likelier_neighbour(chances: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    inside = [int(chances.argmax())]
    expected = {inside[0]: chances[inside[0]]}
    while len(inside) < len(chances):
        beside = [at for at in (min(inside) - 1, max(inside) + 1) if 0 <= at < len(chances)]
        taken = max(beside, key=lambda at: (chances[at], at))
        inside.append(taken)
        expected[taken] = sum(chances[each] for each in inside)
    assert scores_of("aps", chances[None])[0] == pytest.approx([expected[at] for at in range(len(chances))])


@settings(max_examples=50, deadline=None)
@given(CHANCES, st.sampled_from(SCORES), st.floats(0, 1.5))
def test_a_set_is_of_neighbours_holds_the_best_value_and_grows_with_its_bound(
    chances: np.ndarray[tuple[int], np.dtype[np.float64]], score: Score, bound: float
) -> None:
    found = scores_of(score, chances[None])[0]
    (first,), (last,) = sets_within(score, chances[None], bound)
    assert first <= found.argmin() <= last
    assert all(found[at] <= max(bound, found.min()) + 1e-9 for at in range(first, last + 1))
    assert all(found[at] > bound for at in range(len(found)) if not first <= at <= last)
    (wider,), (end,) = sets_within(score, chances[None], bound + 0.2)
    assert wider <= first <= last <= end


def test_a_new_physicians_rating_is_in_the_set_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = []
    told: dict[str, list[float]] = {name: [] for name in SCORES}
    for _ in range(15):
        judge, ratings = a_study("offset", 150, rng)
        found = ordinal_sets(a_sample(judge, ratings), alpha=0.1, seed=0)
        assert found is not None
        for name in SCORES:
            told[name].append(found["tried"][name]["coverage"])
        limits = {row["judge"]: (row["low"], row["high"]) for row in found["sets"]}
        fresh, rated = a_study("offset", 2000, rng, raters=1)
        known = np.isin(fresh, VALUES)
        low, high = np.array([limits[score] for score in fresh[known]]).T
        covered.append(np.mean((low <= rated[known, 0]) & (rated[known, 0] <= high)))
    spread = math.sqrt(0.1 * 0.9 / 152)  # of the coverage over studies
    assert 0.9 - spread <= np.mean(covered) <= 0.97  # discrete scores err on the safe side
    for each in told.values():
        assert np.mean(each) == pytest.approx(np.mean(covered), abs=0.03)


def test_both_scores_are_tried_and_one_is_told() -> None:
    judge, ratings = a_study("offset", 120, np.random.default_rng(2))
    found = a_fit(judge, ratings).summary()["sets"]
    assert found["score"] == "aps"
    assert set(found["tried"]) == set(SCORES)
    assert found["tried"]["aps"] == {name: found[name] for name in ("coverage", "mean_size")}
    assert [row["judge"] for row in found["sets"]] == list(VALUES)
    lows, highs = [row["low"] for row in found["sets"]], [row["high"] for row in found["sets"]]
    assert lows == sorted(lows)
    assert highs == sorted(highs)


def test_too_few_items_or_no_fit_have_no_sets() -> None:
    judge, ratings = a_study("offset", 49, np.random.default_rng(3))
    assert ordinal_sets(a_sample(judge, ratings), alpha=0.1, seed=0) is None
    perfect = np.repeat(np.arange(6.0), 10)
    assert ordinal_sets(a_sample(perfect, perfect[:, None]), alpha=0.1, seed=0) is None


def test_a_level_that_no_study_of_that_size_can_reach_gives_every_value() -> None:
    judge, ratings = a_study("offset", 60, np.random.default_rng(4))
    found = ordinal_sets(a_sample(judge, ratings), alpha=0.01, seed=0)
    assert found is not None
    assert {(row["low"], row["high"]) for row in found["sets"]} == {(0, 5)}
