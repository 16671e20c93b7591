"""Rank coefficients without each unit are those that are computed without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from studies import a_document

import judge_calibration
from judge_calibration.agreement.moments import RANK_COEFFICIENTS, rank_coefficients
from judge_calibration.agreement.rank_jackknife import rank_left_out
from judge_calibration.engine.intervals import jackknife_interval
from judge_calibration.engine.replicates import Replicate

values = st.one_of(st.sampled_from([0.0, 1.0, 2.5, np.nan]), st.floats(-50, 50))


@settings(deadline=None)
@given(st.lists(st.tuples(values, values, st.integers(0, 4)), max_size=14))
def test_each_value_is_that_of_the_data_without_the_unit(rows: list[tuple[float, float, int]]) -> None:
    x, y = (np.array([row[at] for row in rows], np.float64) for at in (0, 1))
    unit = np.array([row[2] for row in rows], np.int64)
    found = rank_left_out(x, y, unit, 5)
    for left_out in range(5):
        kept = unit != left_out
        for name, value in rank_coefficients(x[kept], y[kept]).items():
            assert found[name][left_out] == pytest.approx(value, abs=1e-9, nan_ok=True)


def test_they_are_those_of_another_library() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=40).round(1)
    y = (x + rng.normal(size=40)).round(1)
    found = rank_left_out(x, y, np.arange(40), 40)
    for at in range(40):
        a, b = np.delete(x, at), np.delete(y, at)
        assert found["spearman"][at] == pytest.approx(stats.spearmanr(a, b).statistic)
        assert found["kendall_tau_b"][at] == pytest.approx(stats.kendalltau(a, b).statistic)


@pytest.mark.parametrize(("items", "rho"), [(30, 0.5), (30, 0.85), (80, 0.7)])
def test_their_intervals_cover_as_often_as_they_say(items: int, rho: float) -> None:
    """Two normal variables: τ = 2/π arcsin ρ (Greiner 1909), ρ_S = 6/π arcsin(ρ/2) (Pearson 1907)."""
    truth = {"kendall_tau_b": 2 / np.pi * np.arcsin(rho), "spearman": 6 / np.pi * np.arcsin(rho / 2)}
    rng, hits, studies = np.random.default_rng(11), dict.fromkeys(truth, 0), 600
    nothing = np.empty(0)
    for _ in range(studies):
        x = rng.normal(size=items)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=items)
        point = rank_coefficients(x, y)
        without = rank_left_out(x, y, np.arange(items), items)
        for name, true in truth.items():
            interval = jackknife_interval(
                Replicate(point[name], without[name], nothing), level=0.95, shape="correlation"
            )
            assert interval is not None
            hits[name] += interval.low <= true <= interval.high
    for name, count in hits.items():
        low, high = (float(stats.binom.ppf(tail, studies, 0.95)) for tail in (0.001, 0.999))
        assert low <= count <= high, name


@pytest.mark.parametrize(("items", "told"), [(60, True), (1_001, False)])
def test_a_report_on_a_continuous_scale_tells_them_up_to_a_thousand_items(items: int, told: bool) -> None:
    document = a_document(items=items) | {"scales": {"quality": {"kind": "interval", "low": 0, "high": 5}}}
    found = judge_calibration.report(judge_calibration.study_from(document), {"resamples": 0})
    section = found["criteria"]["quality"]
    for statistics in (section["raters"]["statistics"], section["judges"]["J"]["statistics"]):
        for name in RANK_COEFFICIENTS:
            ci, notes = statistics[name]["ci"], " ".join(statistics[name]["notes"])
            assert (ci is not None) == told
            assert ("more than 1,000 items" in notes) != told
            assert ci is None or ci["low"] < statistics[name]["estimate"] < ci["high"]
