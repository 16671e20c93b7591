"""Each candidate against a plain loop written from its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from calibration_map_studies import VALUES, a_sample, a_study
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import OptionRejected
from judge_calibration.maps import candidates
from judge_calibration.maps.sample import MapSample
from judge_calibration.maps.selection import CANDIDATES

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.maps.candidates import Fitted

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=25)


def paired(pairs: list[tuple[int, int]], **options: Any) -> MapSample:
    judge, rating = np.array(pairs, np.float64).T
    return a_sample(judge, rating[:, None], **options)


def smallest_of_largest_means(
    levels: list[float], means: dict[float, float], sizes: dict[float, int]
) -> list[float]:
    """Isotonic regression by its min-max formula: min over b ≥ i of max over a ≤ i of the mean of a..b."""

    def mean(a: int, b: int) -> float:
        inside = levels[a : b + 1]
        return sum(means[each] * sizes[each] for each in inside) / sum(sizes[each] for each in inside)

    last = len(levels)
    return [min(max(mean(a, b) for a in range(i + 1)) for b in range(i, last)) for i in range(last)]


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_isotonic_is_the_min_max_formula_on_means_of_levels(pairs: list[tuple[int, int]]) -> None:
    by_level: dict[float, list[int]] = {}
    for judge, rating in pairs:
        by_level.setdefault(float(judge), []).append(rating)
    levels = sorted(by_level)
    means = {level: sum(given) / len(given) for level, given in by_level.items()}
    sizes = {level: len(given) for level, given in by_level.items()}
    told = candidates.isotonic(paired(pairs)).predict(np.array(levels))
    assert told == pytest.approx(smallest_of_largest_means(levels, means, sizes))


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_the_line_is_least_squares_with_its_slope_shrunk_by_its_noise(pairs: list[tuple[int, int]]) -> None:
    n = len(pairs)
    mean_x, mean_y = sum(x for x, _ in pairs) / n, sum(y for _, y in pairs) / n
    s_xx = sum((x - mean_x) ** 2 for x, _ in pairs)
    fitted = candidates.affine(paired(pairs))
    if s_xx == 0:
        assert fitted is None
        return
    assert fitted is not None
    slope = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / s_xx
    noise = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in pairs) / (n - 2)
    shrunk = max(0.0, slope * (1 - noise / (slope**2 * s_xx))) if slope > 0 else 0.0
    expected = np.clip([mean_y + shrunk * (x - mean_x) for x in range(6)], 0, 5)
    assert fitted.predict(np.arange(6.0)) == pytest.approx(expected, abs=1e-8)


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_a_shift_moves_by_the_mean_difference_and_stops_at_the_ends(pairs: list[tuple[int, int]]) -> None:
    offset = sum(y - x for x, y in pairs) / len(pairs)
    expected = np.clip(np.arange(0, 5.01, 0.25) + offset, 0, 5)
    told = candidates.shift(paired(pairs)).predict(np.arange(0, 5.01, 0.25))
    assert told == pytest.approx(expected)


def test_the_shrunk_map_lies_between_the_line_and_the_level_means() -> None:
    judge, ratings = a_study("step", 120, np.random.default_rng(2))
    sample = a_sample(judge, ratings)
    maps: list[Fitted | None] = [
        candidates.affine(sample),
        candidates.isotonic(sample),
        candidates.shrunk_isotonic(sample),
    ]
    line, free, shrunk = (one.predict(np.unique(judge)) for one in maps if one is not None)
    apart = np.abs(free - line) > 0.15
    assert apart.sum() > 2
    assert np.all((np.minimum(line, free) - 0.1 <= shrunk) & (shrunk <= np.maximum(line, free) + 0.1))


def test_level_means_that_the_line_explains_are_drawn_onto_it() -> None:
    rng = np.random.default_rng(3)
    judge = np.repeat(np.arange(6.0), 20)
    ratings = np.clip(np.round(judge[:, None] * 0.6 + 1 + rng.normal(0, 1.2, (120, 1))), 0, 5)
    sample = a_sample(judge, ratings)
    line, shrunk = candidates.affine(sample), candidates.shrunk_isotonic(sample)
    assert line is not None
    assert shrunk is not None
    gap = np.abs(shrunk.predict(np.array(VALUES)) - line.predict(np.array(VALUES)))
    assert (
        gap.max()
        < np.abs(candidates.isotonic(sample).predict(np.array(VALUES)) - line.predict(np.array(VALUES))).max()
    )


def test_a_judge_that_runs_backwards_gets_a_level_map() -> None:
    judge, ratings = a_study("inverse", 300, np.random.default_rng(4))
    sample = a_sample(judge, ratings)
    for fit in (candidates.affine, candidates.isotonic, candidates.shrunk_isotonic):
        one = fit(sample)
        assert one is not None
        assert np.ptp(one.predict(np.linspace(0, 5, 20))) < 0.3


def test_a_constant_judge_has_a_shift_and_no_line() -> None:
    sample = a_sample(np.full(30, 3.0), np.full((30, 2), 4.0))
    assert candidates.affine(sample) is None
    assert candidates.shrunk_isotonic(sample) is None
    assert candidates.constant_judge(sample) == "constant_input"
    assert candidates.shift(sample).predict(np.array([3.0])) == pytest.approx([4.0])


NAN = float("nan")


@pytest.mark.parametrize(
    ("option", "judge", "ratings", "given"),
    [
        ("ratings", [1.0, 2], [[1.0]], {}),
        ("ratings", [1.0], [[1.5]], {}),
        ("ratings", [1.0], [[7.0]], {"values": None}),
        ("judge", [5.5], [[1.0]], {}),
        ("clusters", [1.0], [[1.0]], {"clusters": np.array([0, 1])}),
        ("low", [1.0], [[1.0]], {"low": 5.0, "values": None}),
        ("scale_values", [1.0], [[1.0]], {"values": (1.0, 0.0)}),
        ("scale_values", [1.0], [[1.0]], {"values": (0.0, 6.0)}),
    ],
)
def test_what_does_not_fit_together_is_named(
    option: str, judge: list[float], ratings: list[list[float]], given: dict[str, Any]
) -> None:
    with pytest.raises(OptionRejected) as rejected:
        a_sample(np.array(judge), np.array(ratings), **given)
    assert rejected.value.option == option


def test_items_without_score_or_rating_are_no_part_of_it() -> None:
    judge: FloatArray = np.array([1, NAN, 2, 3, 4])
    ratings = np.array([[1, 2], [1, 2], [NAN, NAN], [NAN, 4], [5, 5]])
    sample, rows = MapSample.of(judge, ratings, clusters=None, values=VALUES, low=0, high=5)
    assert rows.tolist() == [0, 3, 4]
    assert sample.target.tolist() == [1.5, 4, 5]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from(["offset", "compressed", "step", "inverse"]), st.integers(5, 80)
)
def test_every_candidate_rises_and_stays_on_the_scale(seed: int, kind: str, n: int) -> None:
    sample = a_sample(*a_study(kind, n, np.random.default_rng(seed)))
    for candidate in CANDIDATES:
        one = candidate.fit(sample)
        if one is not None:
            told = one.predict(np.linspace(-1, 6, 60))
            assert np.all(np.diff(told) >= -1e-12), candidate.name
            assert 0 <= told.min() <= told.max() <= 5
