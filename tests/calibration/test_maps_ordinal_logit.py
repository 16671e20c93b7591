"""The cumulative logit is the maximum of its likelihood, and says why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from calibration_map_studies import HALVES, VALUES, a_fit, a_sample, a_study
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from judge_calibration.errors import NotEnough
from judge_calibration.maps.ordinal_logit import (
    OrdinalLogit,
    _likelihood,
    fit_ordinal_logit,
    obstacle,
    ordinal_logit,
)

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.maps.sample import MapSample

NAN = float("nan")


def likelihood(model: OrdinalLogit, judge: FloatArray, ratings: FloatArray) -> float:
    """Item by item and rating by rating."""
    total = 0.0
    for score, row in zip(judge, ratings, strict=True):
        edges = [0.0, *(float(expit(c - model.slope * score)) for c in model.thresholds), 1.0]
        for rating in row[~np.isnan(row)]:
            at = model.values.tolist().index(rating)
            total += float(np.log(edges[at + 1] - edges[at]))
    return total


def moved(model: OrdinalLogit, steps: FloatArray) -> OrdinalLogit:
    return OrdinalLogit(model.thresholds + steps[:-1], model.slope + float(steps[-1]), model.values)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.lists(st.sampled_from([0.0, 1, 2, 3, 4, 5, NAN]), min_size=2, max_size=2)
        ),
        min_size=6,
        max_size=30,
    ),
    st.integers(0, 2**32 - 1),
)
def test_no_step_from_the_fit_is_uphill(rows: list[tuple[int, list[float]]], seed: int) -> None:
    judge = np.array([float(score) for score, _ in rows])
    ratings = np.array([given for _, given in rows])
    assume((~np.isnan(ratings)).any())
    sample = a_sample(judge, ratings)
    model = fit_ordinal_logit(sample)
    if model is None:
        assert obstacle(sample) in {"separation", "single_category", "constant_input"}
        return
    best = likelihood(model, sample.judge, sample.ratings)
    rng = np.random.default_rng(seed)
    for size in (1e-3, 0.1, 1.0):
        one = moved(model, rng.normal(0, size, len(model.thresholds) + 1))
        if one.slope >= 0 and np.all(np.diff(one.thresholds) > 0):
            assert likelihood(one, sample.judge, sample.ratings) <= best + 1e-7


def test_the_gradient_is_that_of_small_differences() -> None:
    rng = np.random.default_rng(7)
    x, counts = np.linspace(-1, 1, 7), rng.integers(0, 9, (7, 4)) / 100
    at = np.array([-1.0, 0.2, 1.1, 0.7])
    _, gradient, information = _likelihood(at, x, counts)

    def value(each: FloatArray) -> float:
        return _likelihood(each, x, counts)[0]

    steps = approx_fprime(at, value, 1e-7)
    assert gradient == pytest.approx(steps, abs=1e-6)
    assert np.linalg.eigvalsh(information).min() > 0


def test_it_is_that_of_a_library() -> None:
    judge, ratings = a_study("compressed", 300, np.random.default_rng(1))
    model = fit_ordinal_logit(a_sample(judge, ratings))
    assert model is not None
    oracle = OrderedModel(ratings.ravel(), np.repeat(judge, 3)[:, None], distr="logit")
    ours = np.concatenate([[model.slope], model.thresholds[:1], np.log(np.diff(model.thresholds))])
    grid = np.array(HALVES)
    assert model.probabilities(grid) == pytest.approx(oracle.predict(ours, grid[:, None]), abs=1e-12)
    assert likelihood(model, judge, ratings) == pytest.approx(oracle.loglike(ours), abs=1e-6)
    found = oracle.fit(method="bfgs", disp=False)
    assert oracle.loglike(ours) >= found.llf - 1e-8
    assert ours == pytest.approx(found.params, abs=2e-3)


def test_two_values_are_plain_logistic_regression() -> None:
    rng = np.random.default_rng(2)
    judge = rng.integers(0, 6, 200).astype(np.float64)
    ratings = (rng.random((200, 1)) < expit(judge - 2)[:, None]).astype(np.float64)
    model = fit_ordinal_logit(a_sample(judge, ratings, values=(0.0, 1.0)))
    assert model is not None

    def loss(at: FloatArray) -> float:
        return -float(np.sum(np.log(expit((2 * ratings[:, 0] - 1) * (at[1] * judge - at[0])))))

    found = minimize(loss, np.zeros(2), method="BFGS").x
    assert [model.thresholds[0], model.slope] == pytest.approx(found, abs=1e-4)


def test_a_value_nobody_gave_has_no_chance_and_stays_declared() -> None:
    rng = np.random.default_rng(4)
    judge = rng.integers(0, 6, 200).astype(np.float64)
    ratings = np.where(rng.random((200, 2)) < expit(judge - 2.5)[:, None], 4.0, 1.0)
    sample = a_sample(judge, ratings)
    model, fitted = fit_ordinal_logit(sample), ordinal_logit(sample)
    assert model is not None
    assert fitted is not None
    assert fitted.parameters["values_never_given"] == [0, 2, 3, 5]
    chances = model.over(np.array(VALUES), judge)
    assert chances[:, [0, 2, 3, 5]].max() == 0
    assert chances.sum(1) == pytest.approx(1)
    assert chances @ np.array(VALUES) == pytest.approx(model.expected(judge))


def a_judge(scores: list[float], ratings: list[list[float]], **options: Any) -> MapSample:
    return a_sample(np.array(scores), np.array(ratings), **options)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (a_judge([1, 2, 3], [[0.0], [2], [5]]), "separation"),
        (a_judge([1, 2, 3], [[0.0, 2], [2, 5], [5, 5]]), "separation"),  # quasi-complete
        (a_judge([1, 2, 3], [[4.0], [4], [4]]), "single_category"),
        (a_judge([3, 3, 3], [[0.0], [2], [5]]), "constant_input"),
        (a_judge([1, 2, 3], [[0.0], [2.5], [5]], values=None), "not_for_this_scale"),
    ],
)
def test_where_there_is_no_maximum_the_reason_is_told(sample: MapSample, reason: str) -> None:
    assert fit_ordinal_logit(sample) is None
    assert ordinal_logit(sample) is None
    assert obstacle(sample) == reason


def test_one_pair_out_of_order_is_enough_for_a_maximum() -> None:
    judge = np.repeat([1.0, 2, 3, 4], 50)
    ratings = np.repeat([1.0, 2, 3, 4], 50)[:, None]
    assert fit_ordinal_logit(a_sample(judge, ratings)) is None
    ratings[[49, 50]] = ratings[[50, 49]]
    model = fit_ordinal_logit(a_sample(judge, ratings))
    assert model is not None
    assert model.slope > 5
    assert model.expected(np.array([1.0, 2, 3, 4])) == pytest.approx([1, 2, 3, 4], abs=0.03)


def test_a_separating_judge_is_left_out_and_the_table_says_why() -> None:
    judge = np.repeat(np.arange(6.0), 20)
    fitted = a_fit(judge, np.column_stack([judge, judge]))
    told = {each["method"]: each for each in fitted.summary()["candidates"]}
    assert told["ordinal_logit"]["reason"] == "separation"
    assert "separation" not in {told["affine"]["reason"], told["identity"]["reason"]}
    assert fitted.fitted.method == "identity"
    with pytest.raises(NotEnough, match="tells the ratings apart"):
        a_fit(judge, np.column_stack([judge, judge]), method="ordinal_logit")


def test_a_judge_that_runs_backwards_gets_slope_zero_and_the_marginal_chances() -> None:
    judge, ratings = a_study("inverse", 300, np.random.default_rng(5))
    model = fit_ordinal_logit(a_sample(judge, ratings))
    assert model is not None
    assert model.slope == 0
    shares = [float(np.mean(ratings == value)) for value in model.values]
    assert model.probabilities(np.array([2.0]))[0] == pytest.approx(shares)
    assert model.expected(np.array([0.0, 5])) == pytest.approx([ratings.mean()] * 2)


def test_a_long_scale_and_a_continuous_judge_are_fitted_too() -> None:
    rng = np.random.default_rng(6)
    truth = rng.uniform(0, 100, 500)
    ratings = np.clip(np.round(truth + rng.normal(0, 8, 500)), 0, 100)[:, None]
    judge = np.clip(truth + rng.normal(0, 8, 500), 0, 100)
    sample = a_sample(judge, ratings, values=tuple(float(each) for each in range(101)), high=100.0)
    model = fit_ordinal_logit(sample)
    assert model is not None
    assert np.all(np.diff(model.expected(np.linspace(0, 100, 50))) > 0)
    assert model.expected(np.array([20.0, 80.0])) == pytest.approx([20, 80], abs=5)
