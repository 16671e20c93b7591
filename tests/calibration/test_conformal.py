"""Intervals of single scores: the quantile, groups, coverage in the noisiest group, and as they are served."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from calibration_map_studies import TOLD_SCALE, UNNAMED, VALUES, a_fit, a_study
from crepes import ConformalRegressor
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.maps.artefact import opened
from judge_calibration.maps.conformal import (
    conformal_quantile,
    coverage_sd,
    fit_conformal,
    labels_of,
    least_items,
    out_of_fold_coverage,
)
from judge_calibration.maps.folds import fold_masks

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

SCALE: dict[str, Any] = {"low": 0.0, "high": 5.0, "values": list(VALUES)}
NOISE = np.array([0.4, 0.7, 1.6])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.5]))
def test_the_quantile_is_the_least_residual_with_enough_below_it(
    residuals: list[float], alpha: float
) -> None:
    n = len(residuals)
    sizes = sorted(map(abs, residuals))
    # Least q with #{r ≤ q} / (n+1) ≥ 1 - α, the new residual counted as above all.
    enough = [q for q in sizes if sum(each <= q for each in sizes) >= (n + 1) * (1 - alpha) - 1e-9]
    assert conformal_quantile(np.array(residuals), alpha) == (enough[0] if enough else None)


@pytest.mark.parametrize(("alpha", "least"), [(0.1, 9), (0.05, 19), (0.01, 99)])
def test_the_least_group_is_known_and_a_smaller_one_has_the_whole_scale(alpha: float, least: int) -> None:
    assert least_items(alpha) == least
    assert conformal_quantile(np.arange(least, dtype=np.float64), alpha) == least - 1
    assert conformal_quantile(np.arange(least - 1, dtype=np.float64), alpha) is None
    assert coverage_sd(least - 1, alpha) is None


@pytest.mark.parametrize("n", [9, 19, 60, 500])
@pytest.mark.parametrize("alpha", [0.1, 0.25])
def test_the_spread_of_coverage_is_that_of_its_beta_distribution(n: int, alpha: float) -> None:
    k = math.ceil(round((n + 1) * (1 - alpha), 9))
    assert coverage_sd(n, alpha) == pytest.approx(stats.beta(k, n + 1 - k).std())
    if n == 500:
        assert coverage_sd(n, alpha) == pytest.approx(math.sqrt(alpha * (1 - alpha) / (n + 2)), rel=0.01)


def test_coverage_over_studies_is_beta() -> None:
    rng = np.random.default_rng(1)
    n, alpha = 40, 0.1
    halves = np.array([conformal_quantile(rng.normal(0, 1, n), alpha) for _ in range(3000)], np.float64)
    coverage = 2 * stats.norm.cdf(halves) - 1
    k = math.ceil((n + 1) * (1 - alpha))
    assert stats.kstest(coverage, stats.beta(k, n + 1 - k).cdf).pvalue > 0.001


def test_quantiles_by_group_are_those_of_a_library() -> None:
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 3, 200)
    residuals = rng.normal(0, NOISE[groups])
    oracle = ConformalRegressor().fit(residuals, bins=groups)
    widths = oracle.predict_int(np.zeros(3), confidence=0.75, bins=np.arange(3))[:, 1]
    found = fit_conformal(residuals, labels_of([str(each) for each in groups]), by="group", alpha=0.25)
    assert [found.quantiles[str(at)] for at in range(3)] == pytest.approx(widths.tolist())
    assert found.pooled == ()


@pytest.mark.parametrize("alpha", [0.1, 0.05])
def test_a_group_too_small_for_an_interval_of_its_own_takes_that_of_all_and_is_named(alpha: float) -> None:
    least = least_items(alpha)
    labels = ["big"] * 60 + ["just"] * least + ["small"] * (least - 1) + [None] * 5
    residuals = np.random.default_rng(3).normal(0, 1, len(labels))
    found = fit_conformal(residuals, labels_of(labels), by="site", alpha=alpha)
    told = found.as_json()
    assert told["pooled"] == ["small"]
    assert found.half_width("small") == found.half_width("never seen") == found.half_width(None)
    assert found.half_width("just") == pytest.approx(np.abs(residuals[60 : 60 + least]).max())
    assert told["n"] == {"": len(labels), "big": 60, "just": least, "small": least - 1}
    assert told["coverage_sd"]["small"] is None


def a_noisy_study(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, Any]:
    """Half-point judge, integer truth, three groups of unequal noise."""
    groups = rng.integers(0, 3, n)
    truth = np.clip(np.round(rng.normal(2.8, 1.3, n)), 0, 5)
    judge = np.clip(np.round(2 * (truth + rng.normal(0, NOISE[groups]))) / 2, 0, 5)
    return judge, truth, groups


def held(judge: FloatArray, truth: FloatArray, half: float | None) -> float:
    """As served: the nearest values within; with integer truth that is the same as unrounded."""
    return float(np.mean(np.abs(judge - truth) <= (np.inf if half is None else half) + 1e-9))


@pytest.mark.parametrize(("n", "short"), [(60, 0.87), (500, 0.85)])
def test_intervals_by_group_restore_the_coverage_of_the_noisiest(n: int, short: float) -> None:
    """A reduced form of the table: overall quantile / by group, in the noisiest of three groups."""
    rng = np.random.default_rng(4)
    everyone, split, mondrian = [], [], []
    for _ in range(60):
        judge, truth, groups = a_noisy_study(n, rng)
        found = fit_conformal(judge - truth, labels_of([str(each) for each in groups]), by="group", alpha=0.1)
        fresh, true, group = a_noisy_study(2000, rng)
        noisiest = group == 2
        everyone.append(held(fresh, true, found.quantiles[""]))
        split.append(held(fresh[noisiest], true[noisiest], found.quantiles[""]))
        mondrian.append(held(fresh[noisiest], true[noisiest], found.quantiles["2"]))
    assert np.mean(everyone) > 0.89
    assert np.mean(split) < short
    assert 0.89 < np.mean(mondrian) < 0.97


@pytest.mark.parametrize("raters", [1, 3])
@pytest.mark.parametrize("kind", ["offset", "step"])
def test_the_interval_as_it_is_served_holds_the_consensus_of_new_items(kind: str, raters: int) -> None:
    # Rounded inward to values of the scale it would hold two thirds of the means of three physicians.
    rng = np.random.default_rng(5)
    covered, told = [], []
    for _ in range(12):
        judge, ratings = a_study(kind, 200, rng, raters=raters)
        fitted = a_fit(judge, ratings)
        one = opened(fitted.as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED))
        assert one.content["conformal"]["rounded"] is (raters == 1)
        fresh, rated = a_study(kind, 2000, rng, raters=raters)
        limits = {level: one.apply(float(level)) for level in np.unique(fresh)}
        seen = np.array([limits[each].low is not None for each in fresh])  # beyond, no interval is claimed
        assert seen.mean() > 0.95
        low, high = np.array([(limits[each].low, limits[each].high) for each in fresh[seen]]).T
        truth = rated.mean(1)[seen]
        covered.append(np.mean((low - 1e-9 <= truth) & (truth <= high + 1e-9)))
        told.append(fitted.coverage[""]["coverage"])
    spread = math.sqrt(0.09 / 202 / 12)
    assert 0.9 - 4 * spread <= np.mean(covered) <= 0.95
    assert np.mean(told) == pytest.approx(np.mean(covered), abs=0.025)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_told_coverage_is_that_of_a_plain_loop(seed: int, inward: bool, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    judge, truth, groups = a_noisy_study(70, rng)
    by = "group" if grouped else None
    labels = labels_of([("CT", "MR", None)[each] for each in groups]) if grouped else None
    masks = fold_masks(np.arange(70), 7, rng)
    told = out_of_fold_coverage(judge, truth, masks, labels, by=by, alpha=0.2, scale=SCALE, inward=inward)
    hits: list[bool] = []
    for at in range(70):
        (mask,) = (each for each in masks if each[at])
        inner = None if labels is None else labels[~mask]
        fitted = fit_conformal((truth - judge)[~mask], inner, by=by, alpha=0.2)
        half = fitted.half_width(None if labels is None else labels[at])
        reach = 9.0 if half is None else half
        low, high = max(0.0, judge[at] - reach), min(5.0, judge[at] + reach)
        values = [value for value in VALUES if low <= value <= high]
        if inward and values:
            low, high = values[0], values[-1]
        hits.append(low <= truth[at] <= high)
    assert told[""]["coverage"] == pytest.approx(sum(hits) / 70)
    assert set(told) == ({"", "CT", "MR"} if grouped else {""})
    assert told[""]["n"] == 70


def test_an_interval_by_subgroup_reaches_the_served_score() -> None:
    rng = np.random.default_rng(6)
    judge, truth, groups = a_noisy_study(300, rng)
    modality = [("CT", "MR", "US")[each] for each in groups]
    fitted = a_fit(judge, truth[:, None], subgroups={"modality": modality}, by="modality")
    artefact = fitted.as_artefact(criterion="quality", scale=TOLD_SCALE, **UNNAMED)
    one = opened(artefact)
    assert artefact["domain"]["subgroups"] == {"modality": ["CT", "MR", "US"]}
    widths = [
        (applied.high or 0) - (applied.low or 0)
        for applied in (one.apply(2.5, {"modality": label}) for label in ("CT", "MR", "US"))
    ]
    assert widths == sorted(widths)
    assert widths[0] < widths[2]
    assert one.apply(2.5).flags == ("subgroup_unknown",)
    assert one.apply(2.5, {"modality": "PET"}).flags == ("unseen_subgroup",)
    assert set(artefact["fit"]["out_of_fold"]) == {"", "CT", "MR", "US"}
