"""Resampling: seeded, the same whoever reads it, and shared by subsets of units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_calibration.definitions import definitions
from judge_calibration.engine.intervals import (
    bca_interval,
    default_interval,
    jackknife_interval,
    share_interval,
)
from judge_calibration.engine.replicates import Replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units
from judge_calibration.estimates import Interval, estimated, rounded, undefined
from judge_calibration.reporting.telling import Sample, Teller

NONE = np.empty(0)


def counts(resampler: Resampler) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.concatenate(list(resampler.chunks()))


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_each_resample_draws_as_many_units_as_there_are(units: int, resamples: int, seed: int) -> None:
    drawn = counts(Resampler(units, resamples, seed))
    assert drawn.shape == (resamples, units)
    assert (drawn.sum(1) == units).all()


def test_the_seed_is_all_that_matters() -> None:
    resampler = Resampler(500, 100, 7)
    first = counts(resampler)
    assert (counts(resampler) == first).all()  # read twice
    assert (counts(Resampler(500, 100, 7)) == first).all()
    assert (counts(Resampler(500, 60, 7)) == first[:60]).all()  # fewer draws are the first of more
    assert (counts(Resampler(500, 100, 8)) != first).any()


def test_a_study_too_large_to_keep_is_drawn_the_same_again() -> None:
    large = Resampler(40_000, 1_800, 3)  # 72 MB as bytes: drawn anew for each reader
    first = next(iter(large.chunks()))
    assert (next(iter(large.chunks())) == first).all()
    columns = np.array([5, 17, 39_999])
    assert (next(iter(large.chunks(columns))) == first[:, columns]).all()


def test_a_subset_takes_its_share_of_the_same_resamples() -> None:
    resampler = Resampler(50, 30, 1)
    columns = np.array([3, 9, 40])
    part = np.concatenate(list(resampler.chunks(columns)))
    assert (part == counts(resampler)[:, columns]).all()


def test_nothing_is_drawn_of_nothing() -> None:
    assert list(Resampler(0, 100, 1).chunks()) == []
    assert list(Resampler(10, 0, 1).chunks()) == []


def test_units_sum_what_belongs_together_and_subsets_are_numbered_anew() -> None:
    units = Units.of(np.array([0, 1, 0, 2]))
    assert units.sums(np.array([[1.0], [2.0], [4.0], [8.0]])).ravel().tolist() == [5.0, 2.0, 8.0]
    part, ours = units.subset(np.array([1, 3]))
    assert (part.of_item.tolist(), part.size, ours.tolist()) == ([0, 1], 2, [1, 2])
    assert not units.are_items


def test_a_statistic_that_is_often_undefined_loses_its_interval_and_says_why() -> None:
    drawn = np.random.default_rng(1).normal(0.5, 0.1, 1000)
    drawn[:20] = np.nan
    shaky = Replicate(0.5, np.random.default_rng(2).normal(0.5, 0.01, 150), drawn)
    told = Teller(0.95, clustered=False).tell("kappa_quadratic", shaky, Sample(150, 300, 3))
    assert (told.status, told.reason, told.estimate, told.ci) == (
        "suppressed",
        "unstable_resamples",
        0.5,
        None,
    )
    drawn[15:20] = 0.5
    drawn[5:15] = 0.5
    steadier = Replicate(0.5, shaky.jackknife, drawn)
    told = Teller(0.95, clustered=False).tell("kappa_quadratic", steadier, Sample(150, 300, 3))
    assert told.ci is not None
    assert any("left out" in note for note in told.notes)


def test_no_variation_gives_no_interval() -> None:
    still = Replicate(1.0, np.ones(30), np.ones(200))
    interval, notes, unstable = default_interval(still, level=0.95, shape="correlation")
    assert (interval, unstable) == (None, False)
    assert "no interval can be computed" in notes[0]
    assert bca_interval(still, level=0.95) is None
    assert jackknife_interval(Replicate(0.5, np.array([0.5]), NONE), level=0.95, shape="mean") is None


def test_intervals_stay_where_their_statistic_lives() -> None:
    near_one = Replicate(0.98, 0.98 + np.random.default_rng(1).normal(0, 0.004, 40), NONE)
    for shape, top in (("correlation", 1.0), ("share", 1.0)):
        found = jackknife_interval(near_one, level=0.99, shape=shape)  # type: ignore[arg-type]  # both are shapes
        assert found is not None
        assert found.high <= top
    small = Replicate(0.02, np.abs(np.random.default_rng(2).normal(0.02, 0.002, 40)), NONE)
    found = jackknife_interval(small, level=0.99, shape="positive")
    assert found is not None
    assert found.low > 0


def test_a_share_over_clusters_is_as_uncertain_as_they_are() -> None:
    hits = np.repeat([1.0, 0.0], [30, 10])
    by_cluster = np.array(
        [(40 - 4) and (hits.sum() - hits[4 * at : 4 * at + 4].sum()) / 36 for at in range(10)]
    )
    whole = Replicate(0.75, by_cluster, NONE)
    wide, plain = (share_interval(whole, 40, level=0.95, clustered=clustered) for clustered in (True, False))
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
    assert wide.method == "wilson_design_effect"


def test_a_figure_is_a_number_or_null_with_a_reason() -> None:
    with pytest.raises(ValueError, match="undefined"):
        estimated("bias", float("nan"))
    with pytest.raises(ValueError, match="finite"):
        rounded(float("inf"))
    nothing = undefined("bias", "no_overlap", n_items=0).as_json()
    assert (nothing["estimate"], nothing["status"], nothing["reason"]) == (None, "undefined", "no_overlap")
    assert rounded(-0.0) == 0.0
    assert str(rounded(-0.0)) == "0.0"
    assert rounded(1 / 3) == 0.3333333333
    assert rounded(None) is None
    assert Interval(1 / 3, 2 / 3, 0.95, "t").as_json()["low"] == 0.3333333333


def test_every_definition_says_what_it_is() -> None:
    for name, each in definitions().items():
        assert each.label
        assert each.means.endswith(".")
        assert each.formula
        assert each.source
        assert each.min_n >= 1
        assert each.address == f"def:{name}@{each.version}"
