"""Counts of a bootstrap, against a plain loop over one generator; units, against plain sums."""

from __future__ import annotations

import calibration_naive as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units


def plain(units: int, resamples: int, seed: int) -> list[list[int]]:
    """One draw after the other from one generator."""
    generator = np.random.default_rng(seed)
    width = np.uint16 if units <= 2**16 else np.uint32
    rows = []
    for _ in range(resamples):
        drawn = generator.integers(0, units, units, dtype=width).tolist()
        times = [0] * units
        for unit in drawn:
            times[unit] += 1
        rows.append(times)
    return rows


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_counts_are_those_of_a_plain_loop(units: int, resamples: int, seed: int) -> None:
    drawn = [row.tolist() for chunk in Resampler(units, resamples, seed).chunks() for row in chunk]
    assert drawn == plain(units, resamples, seed)
    assert all(sum(row) == units for row in drawn)


def test_many_chunks_are_one_sequence_of_draws() -> None:
    """Six thousand resamples of a thousand units come in chunks of 4,194."""
    chunks = list(Resampler(1000, 6000, seed=5).chunks())
    assert [len(chunk) for chunk in chunks] == [4194, 1806]
    rows = np.concatenate(chunks)
    assert rows[[0, 4193, 4194]].tolist() == [
        row for at, row in enumerate(plain(1000, 4195, 5)) if at in {0, 4193, 4194}
    ]
    assert (rows.sum(1) == 1000).all()


@pytest.mark.parametrize("units", [40_000, 70_000])
def test_counts_that_are_not_kept_are_those_that_are(units: int) -> None:
    """Beyond 64 MiB each reader draws anew; beyond 65,536 units numbers are wider."""
    few, many = Resampler(units, 3, seed=1), Resampler(units, 2000, seed=1)
    kept = np.concatenate(list(few.chunks()))
    first = next(iter(many.chunks()))
    assert np.array_equal(first[:3], kept)
    assert np.array_equal(next(iter(many.chunks()))[:3], kept)
    assert (kept.sum(1) == units).all()
    columns = np.array([0, 17, units - 1])
    assert np.array_equal(next(iter(many.chunks(columns)))[:3], kept[:, columns])


def test_draws_are_even() -> None:
    """Each unit is drawn once per resample on average, with the variance of a binomial."""
    rows = np.concatenate(list(Resampler(50, 4000, seed=2).chunks()))
    expected = 50 * (1 / 50) * (1 - 1 / 50)
    # Means of 4,000: five standard errors over fifty units, one false alarm in some thirty thousand seeds.
    assert np.abs(rows.mean(0) - 1).max() < 5 * np.sqrt(expected / 4000)
    assert rows.var() == pytest.approx(expected, rel=0.03)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.data())
def test_units_and_their_subsets_are_plain_sums(labels: list[int], data: st.DataObject) -> None:
    _, inverse = np.unique(np.array(labels), return_inverse=True)
    units = Units.of(inverse.astype(np.int64))
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(labels) - 1), min_size=1))))
    scores = np.arange(1.0, len(labels) + 1)
    part, ours = units.subset(rows)
    summed = part.sums(scores[rows][:, None])[:, 0]
    assert part.size == len(ours)
    for at, unit in enumerate(ours):
        members = [float(scores[row]) for row in rows if inverse[row] == unit]
        assert summed[at] == naive.mean(members) * len(members)
    assert units.are_items == (len(set(labels)) == len(labels))


def test_features_of_items_are_passed_on_as_they_are() -> None:
    features = np.ones((3, 2), np.float32)
    assert Units.of(np.arange(3)).sums(features) is features
    assert Units.of(np.array([0, 0, 1])).sums(features).dtype == np.float32
    assert Units.of(np.array([1, 0])).sums(np.array([[1.0], [2.0]])).ravel().tolist() == [2.0, 1.0]
    assert Units.of(np.empty(0, np.int64)).size == 0
