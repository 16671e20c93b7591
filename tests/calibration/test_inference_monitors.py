"""Distributions between periods, the CUSUM, and limits that hold at every look."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from calibration_inference import least_hits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.errors import OptionRejected
from judge_calibration.inference.confidence_sequence import confidence_sequence
from judge_calibration.inference.monitors import monitor

HALF_POINTS = st.integers(0, 10).map(lambda value: value / 2)

# Montgomery, Introduction to Statistical Quality Control, example of the tabular CUSUM: target 10, σ 1, K ½,
# H 5; the upper sum first exceeds 5 at the 29th observation, where it is 5.28.
MONTGOMERY = np.array([
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08,
    9.37, 10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52,
])  # fmt: skip


def _monitor(before: Any, now: Any, **options: Any) -> dict[str, Any]:
    return dict(monitor(np.asarray(before, np.float64), np.asarray(now, np.float64), **options))


def test_montgomerys_cusum_alarms_at_the_twenty_ninth_observation() -> None:
    found = _monitor([9.0, 10.0, 11.0], MONTGOMERY)["cusum"]  # mean 10 and standard deviation 1
    assert found["alarm_at"] == 28
    assert _monitor([9.0, 10.0, 11.0], MONTGOMERY[:29])["cusum"]["largest"] == pytest.approx(5.28)


@settings(max_examples=50, deadline=None)
@given(st.lists(HALF_POINTS, min_size=2, max_size=40))
def test_the_cusum_equals_the_reference_by_loops(now: list[float]) -> None:
    before = np.array([1.0, 2.0, 3.0])
    up = down = most = 0.0
    alarm = None
    for at, value in enumerate(now):
        up, down = max(0.0, up + value - 2.0 - 0.5), max(0.0, down - (value - 2.0) - 0.5)
        most = max(most, up, down)
        alarm = at if alarm is None and most > 5 else alarm
    found = _monitor(before, now)["cusum"]
    assert found["largest"] == pytest.approx(most)
    assert found["alarm_at"] == alarm


def test_a_false_alarm_comes_about_every_465_scores() -> None:
    # The average run length of the chart with allowance ½ and limit 5 while nothing changes (Montgomery).
    generator = np.random.default_rng(3)
    lengths = [
        _monitor([9.0, 10.0, 11.0], 10 + generator.standard_normal(3000))["cusum"]["alarm_at"] or 3000
        for _ in range(40)
    ]
    assert np.mean(lengths) == pytest.approx(465, abs=4 * 465 / np.sqrt(40))


@settings(max_examples=50, deadline=None)
@given(st.lists(HALF_POINTS, min_size=2, max_size=25), st.lists(HALF_POINTS, min_size=2, max_size=25))
def test_the_energy_distance_equals_scipy_and_the_reference_by_loops(
    one: list[float], other: list[float]
) -> None:
    found = _monitor(one, other)["energy_distance"]["estimate"]
    between = np.mean([abs(a - b) for a in one for b in other])
    within = [np.mean([abs(a - b) for a in part for b in part]) for part in (one, other)]
    assert found == pytest.approx(2 * between - sum(within), abs=1e-9)
    assert found == pytest.approx(stats.energy_distance(one, other) ** 2, abs=1e-9)


def test_the_stability_index_of_two_bins_by_hand() -> None:
    # Tenths of earlier scores at two values are parted by their middle alone, 4:4, and four later ones 0:4;
    # each count is raised by a half.
    p, q = np.array([4.5, 4.5]) / 9, np.array([0.5, 4.5]) / 5
    found = _monitor([1] * 4 + [3] * 4, [3] * 4)["psi"]
    assert found == pytest.approx(float(np.sum((q - p) * np.log(q / p))))


def test_a_moved_distribution_is_noticed_and_an_unmoved_one_is_not() -> None:
    generator = np.random.default_rng(4)
    before, still, moved = (
        generator.normal(3, 1, 300),
        generator.normal(3, 1, 300),
        generator.normal(3.4, 1, 300),
    )
    assert _monitor(before, still)["energy_distance"]["p"] > 0.01
    assert _monitor(before, moved)["energy_distance"]["p"] < 0.01
    assert _monitor(before, moved)["psi"] > _monitor(before, still)["psi"]


def test_the_permutation_p_is_uniform_when_nothing_has_changed() -> None:
    generator, runs = np.random.default_rng(5), 80
    p = [
        _monitor(generator.integers(0, 6, 40), generator.integers(0, 6, 40), seed=at)["energy_distance"]["p"]
        for at in range(runs)
    ]
    assert sum(value > 0.05 for value in p) >= least_hits(runs, 0.95)


def test_the_same_seed_gives_the_same_figures_and_few_scores_give_none() -> None:
    before, now = np.arange(20.0), np.arange(5.0, 25.0)
    assert _monitor(before, now, seed=2) == _monitor(before, now, seed=2)
    few = _monitor([1.0], now)
    assert (few["psi"], few["energy_distance"], few["cusum"]) == (None, None, None)
    same = _monitor(np.full(5, 3.0), np.full(5, 3.0))
    assert (same["psi"], same["energy_distance"]["estimate"], same["cusum"]) == (0.0, 0.0, None)
    json.dumps([few, same], allow_nan=False)


@pytest.mark.parametrize("law", ["coin", "uniform", "skewed"])
def test_the_confidence_sequence_holds_at_all_looks_together(law: str) -> None:
    generator, runs, hits = np.random.default_rng(6), 150, 0
    for _ in range(runs):
        d = {
            "coin": 1.0 - 2.0 * (generator.random(400) < 0.3),
            "uniform": generator.uniform(-0.2, 1.0, 400),
            "skewed": 2 * generator.beta(0.5, 4.0, 400) - 1,
        }[law]
        truth = {"coin": 0.4, "uniform": 0.4, "skewed": 2 * 0.5 / 4.5 - 1}[law]
        found = confidence_sequence(np.asarray(d, np.float64), bound=1.0)
        hits += bool(np.all((found.low <= truth) & (truth <= found.high)))
    assert hits >= least_hits(runs, 0.95)


def test_the_confidence_sequence_equals_the_reference_by_loops() -> None:
    d = np.random.default_rng(7).uniform(-1, 2, 30)
    log = np.log(2 / 0.05)
    above = below = penalty = total = squares = 0.0
    mean, variance = 0.5, 0.25
    for t, value in enumerate(((d + 2) / 4).tolist(), start=1):
        bet = min(np.sqrt(2 * log / (variance * t * np.log(t + 1))), 0.5)
        above, below = above + bet * value, below + bet
        penalty += 4 * (value - mean) ** 2 * (-np.log(1 - bet) - bet) / 4
        total += value
        mean = (0.5 + total) / (t + 1)
        squares += (value - mean) ** 2
        variance = (0.25 + squares) / (t + 1)
    found = confidence_sequence(d, bound=2.0)
    half = (log + penalty) / below
    assert found.centre[-1] == pytest.approx(4 * above / below - 2)
    assert found.high[-1] == pytest.approx(min(4 * (above / below + half) - 2, 2.0))


def test_limits_close_in_and_say_when_zero_is_out_and_when_the_margin_is_kept() -> None:
    generator = np.random.default_rng(8)
    off = confidence_sequence(generator.normal(0.4, 0.2, 500).clip(-1, 1), bound=1.0, margin=0.25)
    near = confidence_sequence(generator.normal(0.0, 0.05, 2000).clip(-1, 1), bound=1.0, margin=0.25)
    assert off.excludes_zero_at is not None
    assert (off.within_margin_at, near.excludes_zero_at) == (None, None)
    assert near.within_margin_at is not None
    assert off.high[-1] - off.low[-1] < off.high[50] - off.low[50]
    told = off.as_json()
    assert told["final"]["ci"]["method"] == "empirical_bernstein_sequence"  # type: ignore[index]  # JSON
    json.dumps(told, allow_nan=False)


def test_missing_differences_are_left_out_and_none_give_no_figure() -> None:
    d = np.array([0.1, np.nan, 0.2])
    assert len(confidence_sequence(d, bound=1.0).low) == 2
    empty = confidence_sequence(np.array([np.nan]), bound=1.0)
    assert (empty.final.estimate, empty.final.reason) == (None, "no_overlap")
    json.dumps(empty.as_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("difference", "bound", "why"),
    [(1.5, 1.0, "larger than 1"), (0.5, 0.0, "above 0"), (np.inf, 1.0, "infinite")],
)
def test_a_difference_beyond_the_bound_is_refused(difference: float, bound: float, why: str) -> None:
    with pytest.raises(OptionRejected, match=why):
        confidence_sequence(np.array([difference]), bound=bound)
