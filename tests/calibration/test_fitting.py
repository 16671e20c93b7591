"""Maps: chosen out of fold, monotone, with intervals that hold, on simulated judges of known faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from crepes import ConformalRegressor
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from statsmodels.miscmodels.ordinal_model import OrderedModel

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.maps import candidates
from judge_calibration.maps.conformal import (
    conformal_quantile,
    coverage_sd,
    fit_conformal,
    labels_of,
    least_items,
)
from judge_calibration.maps.equating import deming, equate
from judge_calibration.maps.fitting import FittedMap, fit_map
from judge_calibration.maps.ordinal_logit import fit_ordinal_logit
from judge_calibration.maps.sample import MapSample

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

VALUES = tuple(float(value) for value in range(6))


def simulated(kind: str, n: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A judge (n,), three physicians (n, 3), and the truth they rate (n,), on a scale from 0 to 5."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(2.6, 1.2, n)
    ratings = np.clip(np.round(truth[:, None] + rng.normal(0, 0.8, (n, 3))), 0, 5)
    said = {
        "offset": truth + 0.8,
        "compressed": 3.4 + 0.4 * (truth - 2.6),
        "step": np.where(truth > 2.6, 4.2, 1.0),
    }
    return np.clip(np.round(said[kind] + rng.normal(0, 0.5, n)), 0, 5), ratings, truth


def fitted(judge: FloatArray, ratings: FloatArray, **options: Any) -> FittedMap:
    chosen: dict[str, Any] = {
        "scale_values": VALUES,
        "low": 0.0,
        "high": 5.0,
        "folds": 5,
        "repeats": 1,
    } | options
    return fit_map(judge, ratings, **chosen)


def rmse(predicted: FloatArray, ratings: FloatArray) -> float:
    return float(np.sqrt(np.mean((predicted - ratings.mean(1)) ** 2)))


@pytest.mark.parametrize("kind", ["offset", "compressed", "step"])
@pytest.mark.parametrize("n", [60, 400])
def test_the_chosen_map_beats_a_faulty_judge_on_items_it_has_not_seen(kind: str, n: int) -> None:
    judge, ratings, _ = simulated(kind, n, 1)
    fresh, rated, _ = simulated(kind, 4000, 2)
    one = fitted(judge, ratings).fitted
    assert rmse(one.predict(fresh), rated) < 0.97 * rmse(fresh, rated)


def test_a_small_study_of_an_offset_gets_no_isotonic_map() -> None:
    for seed in range(8):
        judge, ratings, _ = simulated("offset", 50, seed)
        assert fitted(judge, ratings).fitted.method in {"shift", "affine"}


def test_a_judge_without_fault_is_left_alone_or_hardly_touched() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 6, 300).astype(np.float64)
    one = fitted(truth, np.column_stack([truth, truth, truth])).fitted
    assert one.predict(np.array(VALUES)) == pytest.approx(np.array(VALUES), abs=0.01)


def test_too_few_items_keep_the_judge_as_it_is_and_say_so() -> None:
    judge, ratings, _ = simulated("offset", 15, 1)
    found = fitted(judge, ratings)
    assert found.fitted.method == "identity"
    assert {each["method"]: each["left_out"] for each in found.summary()["candidates"]}["shift"] == (
        "needs 20 items, there are 15"
    )
    with pytest.raises(NotEnough):
        fitted(judge[:3], ratings[:3])


def test_unknown_methods_and_variables_are_named() -> None:
    judge, ratings, _ = simulated("offset", 40, 1)
    with pytest.raises(OptionRejected) as rejected:
        fitted(judge, ratings, method="spline")
    assert rejected.value.option == "method"
    with pytest.raises(OptionRejected) as rejected:
        fitted(judge, ratings, by="modality")
    assert rejected.value.option == "by"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["offset", "compressed", "step"]), st.integers(5, 80))
def test_every_candidate_is_monotone_and_stays_on_the_scale(seed: int, kind: str, n: int) -> None:
    judge, ratings, _ = simulated(kind, n, seed)
    sample, _ = MapSample.of(judge, ratings, clusters=None, values=VALUES, low=0, high=5)
    grid = np.linspace(-1, 6, 60)
    for fit in (
        candidates.identity,
        candidates.shift,
        candidates.affine,
        candidates.isotonic,
        candidates.shrunk_isotonic,
    ):
        one = fit(sample)
        if one is not None:
            told = one.predict(grid)
            assert np.all(np.diff(told) >= -1e-12)
            assert told.min() >= 0
            assert told.max() <= 5


def test_isotonic_is_that_of_a_library_on_level_means() -> None:
    judge, ratings, _ = simulated("step", 300, 3)
    sample, _ = MapSample.of(judge, ratings, clusters=None, values=VALUES, low=0, high=5)
    levels, means, weights = candidates.level_means(sample)
    oracle = IsotonicRegression().fit(levels, means, sample_weight=weights)
    assert candidates.isotonic(sample).predict(levels) == pytest.approx(oracle.predict(levels))


def test_ordinal_logit_is_that_of_a_library() -> None:
    judge, ratings, _ = simulated("compressed", 400, 4)
    sample, _ = MapSample.of(judge, ratings, clusters=None, values=VALUES, low=0, high=5)
    model = fit_ordinal_logit(sample)
    assert model is not None
    x = np.repeat(judge, 3)
    oracle = OrderedModel(ratings.ravel(), x[:, None], distr="logit").fit(method="bfgs", disp=False)
    assert model.slope == pytest.approx(oracle.params[0], abs=2e-3)
    thresholds = oracle.model.transform_threshold_params(oracle.params)[1:-1]
    assert model.thresholds == pytest.approx(thresholds, abs=5e-3)


def test_ordinal_logit_gives_no_chance_to_a_category_nobody_gave_and_none_to_a_judge_that_separates() -> None:
    rng = np.random.default_rng(6)
    judge = rng.integers(0, 6, 200).astype(np.float64)
    ratings = np.where(rng.random((200, 2)) < expit(judge - 2.5)[:, None], 4.0, 1.0)
    sample, _ = MapSample.of(judge, ratings, clusters=None, values=VALUES, low=0, high=5)
    model = fit_ordinal_logit(sample)
    assert model is not None
    assert model.values.tolist() == [1.0, 4.0]
    separated, _ = MapSample.of(
        judge, np.where(judge > 2, 4.0, 1.0)[:, None], clusters=None, values=VALUES, low=0, high=5
    )
    assert fit_ordinal_logit(separated) is None


def test_items_of_one_cluster_are_held_out_together() -> None:
    # Copies of an item would otherwise predict each other, and no error would be left.
    rng = np.random.default_rng(7)
    judge = np.repeat(np.arange(60) / 12, 6)
    ratings = np.repeat(np.clip(rng.normal(2.5, 1.5, 60), 0, 5), 6)[:, None]
    clusters = np.repeat(np.arange(60), 6)
    options: dict[str, Any] = {"scale_values": None, "method": "isotonic"}
    honest = fitted(judge, ratings, clusters=clusters, **options).summary()
    naive = fitted(judge, ratings, **options).summary()
    error = [
        next(each for each in told["candidates"] if each["method"] == "isotonic")["rmse"]
        for told in (honest, naive)
    ]
    assert error[0] > 1.1 * error[1]


@pytest.mark.parametrize(("alpha", "least"), [(0.1, 9), (0.05, 19), (0.01, 99)])
def test_the_least_group_is_known_and_a_smaller_one_has_the_whole_scale(alpha: float, least: int) -> None:
    assert least_items(alpha) == least
    assert conformal_quantile(np.arange(least, dtype=np.float64), alpha) == least - 1
    assert conformal_quantile(np.arange(least - 1, dtype=np.float64), alpha) is None
    assert coverage_sd(least - 1, alpha) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=12, max_size=120), st.sampled_from([0.125, 0.25, 0.5])
)  # exact in binary: the oracle truncates (n+1)·α
def test_the_conformal_quantile_is_that_of_a_library(residuals: list[float], alpha: float) -> None:
    values = np.array(residuals)
    oracle = ConformalRegressor().fit(residuals=values)
    width = oracle.predict_int(np.zeros(1), confidence=1 - alpha)[0, 1]
    found = conformal_quantile(values, alpha)
    assert found is not None
    assert width == pytest.approx(found, abs=1e-9)


def test_small_groups_are_pooled_and_named() -> None:
    labels = ["CT"] * 40 + ["MR"] * 5
    found = fit_conformal(np.linspace(-2, 2, 45), labels_of(labels), by="modality", alpha=0.1)
    assert found.pooled == ("MR",)
    assert found.quantiles["MR"] == found.quantiles[""]
    assert found.quantiles["CT"] != found.quantiles[""]


def test_an_interval_by_subgroup_holds_in_the_noisiest_one() -> None:
    """Reference: marginal intervals fall some ten points short there (seeded, 40 studies of 150 items)."""
    rng = np.random.default_rng(8)
    short: list[float] = []
    right: list[float] = []
    for _ in range(40):
        groups = rng.integers(0, 3, 450)
        truth = rng.integers(0, 6, 450).astype(np.float64)
        judge = np.clip(truth + rng.normal(0, np.array([0.4, 0.8, 1.8])[groups]), 0, 5)
        residual = truth - judge
        fit, test = np.arange(450) < 150, np.arange(450) >= 150
        labels = [str(group) for group in groups]
        inner = [label for label, inside in zip(labels, fit, strict=True) if inside]
        found = fit_conformal(residual[fit], labels_of(inner), by="group", alpha=0.1)
        noisy = test & (groups == 2)
        for store, half in ((short, found.quantiles[""]), (right, found.quantiles["2"])):
            store.append(float(np.mean(np.abs(residual[noisy]) <= (half or 9))))
    assert np.mean(short) < 0.85
    assert 0.87 < np.mean(right) < 0.95


def test_coverage_out_of_fold_is_near_its_level() -> None:
    judge, ratings, _ = simulated("offset", 400, 9)
    assert 0.87 <= fitted(judge, ratings).coverage[""]["coverage"] <= 0.95


def test_linear_equating_gives_the_old_judges_mean_and_spread() -> None:
    rng = np.random.default_rng(10)
    old = rng.normal(50, 10, 200)
    new = 0.5 * old + 40 + rng.normal(0, 1, 200)
    equated = equate(old, new, low=0, high=100).equate(new)
    assert (equated.mean(), equated.std()) == pytest.approx((old.mean(), old.std()), rel=1e-6)


def test_equipercentile_equating_of_the_same_scores_is_the_identity() -> None:
    scores = np.random.default_rng(11).integers(0, 6, 300).astype(np.float64)
    found = equate(scores, scores, low=0, high=5, method="equipercentile")
    assert found.equate(np.arange(6.0)) == pytest.approx(np.arange(6.0))
    with pytest.raises(NotEnough):
        equate(scores, np.ones(300), low=0, high=5)


def test_deming_depends_on_the_ratio_it_is_told_and_turns_round() -> None:
    rng = np.random.default_rng(12)
    truth = rng.normal(0, 3, 400)
    x, y = truth + rng.normal(0, 1, 400), 1.2 * truth + rng.normal(0, 1, 400)
    forward, back = deming(x, y, error_ratio=2.0), deming(y, x, error_ratio=0.5)
    assert forward.slope == pytest.approx(1 / back.slope)
    assert deming(x, y, error_ratio=0.25).slope > deming(x, y, error_ratio=4.0).slope
    assert forward.as_json()["error_ratio"] == 2.0
    with pytest.raises(OptionRejected):
        deming(x, y, error_ratio=0)
