"""The marginal likelihood of the rating-scale model against integrals done the slow way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibration_severity import STEPS, category_chances, drawn, naive_log_likelihood
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from judge_calibration.severity.fit_statistics import mean_squares
from judge_calibration.severity.likelihood import (
    Layout,
    Nodes,
    Parameters,
    expectations,
    item_gradients,
    negative_log_likelihood,
)
from judge_calibration.severity.patterns import Patterns

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

LAYOUT = Layout(physicians=3, judges=1, used=6)
NODES = Nodes.spaced(101)


def _patterns(seed: int, n: int = 40) -> Patterns:
    ratings = drawn(n, (0.5, 0.0, -0.5, 0.3), seed=seed, missing=0.3).ratings
    return Patterns.of(np.where(np.isnan(ratings), -1, ratings).astype(np.int64), np.arange(6.0))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_gradient_is_that_of_finite_differences(seed: int) -> None:
    patterns = _patterns(seed)
    free = np.random.default_rng(seed).normal(0, 0.7, LAYOUT.size)
    _, slope = negative_log_likelihood(free, LAYOUT, patterns, NODES)

    def value(at: FloatArray) -> float:
        return negative_log_likelihood(at, LAYOUT, patterns, NODES)[0]

    differences = optimize.approx_fprime(free, value, 1e-6)
    assert slope == pytest.approx(differences, abs=2e-5)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sigma=st.floats(0.3, 4.0))
def test_the_likelihood_is_that_of_integrals_item_by_item(seed: int, sigma: float) -> None:
    data = drawn(4, (0.5, 0.0, -0.5, 0.3), seed=seed, missing=0.3)
    codes = np.where(np.isnan(data.ratings), -1, data.ratings).astype(np.int64)
    severity = (0.4, -0.3, -0.1, 0.8)
    free = np.concatenate([severity[:2], severity[3:], np.cumsum(STEPS), [np.log(sigma)]])
    value, _ = negative_log_likelihood(free, LAYOUT, Patterns.of(codes, np.arange(6.0)), NODES)
    assert -value * 4 == pytest.approx(naive_log_likelihood(data.ratings, severity, STEPS, sigma), abs=1e-6)


def test_gradients_of_items_add_up_to_the_gradient_of_all() -> None:
    patterns = _patterns(3)
    free = np.random.default_rng(3).normal(0, 0.5, LAYOUT.size)
    _, slope = negative_log_likelihood(free, LAYOUT, patterns, NODES)
    single = item_gradients(free, LAYOUT, patterns, NODES)
    assert single.shape == (40, LAYOUT.size)
    assert -single.mean(0) == pytest.approx(slope, abs=1e-12)


def test_equally_spaced_nodes_agree_with_gauss_hermite_ones_where_both_resolve_the_posterior() -> None:
    patterns = _patterns(5, n=200)
    free = np.concatenate([[0.4, -0.3, 0.8], np.cumsum(STEPS), [0.0]])
    z, weights = special.roots_hermitenorm(81)
    hermite = Nodes(z, np.log(weights / weights.sum()))
    spaced = negative_log_likelihood(free, LAYOUT, patterns, NODES)[0]
    assert spaced == pytest.approx(negative_log_likelihood(free, LAYOUT, patterns, hermite)[0], abs=1e-9)


def test_equally_spaced_nodes_err_less_than_as_many_gauss_hermite_ones_when_an_item_has_many_ratings() -> (
    None
):
    data = drawn(300, np.linspace(-1, 1, 20).tolist(), seed=1, sigma=2.0)
    patterns = Patterns.of(data.ratings.astype(np.int64), np.arange(6.0))
    layout = Layout(20, 0, 6)
    free = np.concatenate([data.severity[:-1], np.cumsum(STEPS), [np.log(2.0)]])
    z, weights = special.roots_hermitenorm(61)
    exact, spaced, hermite = (
        negative_log_likelihood(free, layout, patterns, nodes)[0]
        for nodes in (Nodes.spaced(1001), Nodes.spaced(61), Nodes(z, np.log(weights / weights.sum())))
    )
    assert abs(spaced - exact) < abs(hermite - exact) / 10


def test_items_with_the_same_sum_and_the_same_raters_are_one_pattern() -> None:
    codes = np.array([[1, 2, -1], [2, 1, -1], [0, 3, -1], [1, -1, 2], [-1, -1, -1]])
    patterns = Patterns.of(codes, np.arange(4.0))
    assert sorted(patterns.weights.tolist()) == [1.0, 1.0, 3.0]
    assert len(set(patterns.of_item[:3].tolist())) == 1
    assert patterns.rater_sums.tolist() == [4.0, 6.0, 2.0]
    assert patterns.category_counts.tolist() == [1.0, 3.0, 3.0, 1.0]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_mean_squares_are_those_of_a_loop_over_ratings_and_nodes(seed: int) -> None:
    data = drawn(8, (0.5, 0.0, -0.5), seed=seed, missing=0.2)
    codes = np.where(np.isnan(data.ratings), -1, data.ratings).astype(np.int64)
    patterns = Patterns.of(codes, np.arange(6.0))
    if not (codes[:, 0] >= 0).any():
        return
    steps = np.concatenate([[0], np.cumsum(STEPS)])
    at = expectations(Parameters(np.array([0.5, 0.0, -0.5]), steps, 1.5), patterns, NODES)
    above = below = standard = count = 0.0
    for row in codes:
        weights = np.exp(-(NODES.z**2) / 2)
        for k, severity in zip(row, (0.5, 0.0, -0.5), strict=True):
            weights = weights * (category_chances(1.5 * NODES.z - severity)[:, k] if k >= 0 else 1.0)
        if row[0] < 0:
            continue
        for theta, weight in zip(1.5 * NODES.z, weights / weights.sum(), strict=True):
            chances = category_chances(np.array(theta - 0.5))
            mean = float(chances @ np.arange(6.0))
            variance = float(chances @ (np.arange(6.0) - mean) ** 2)
            above, below = above + weight * (row[0] - mean) ** 2, below + weight * variance
            standard += weight * (row[0] - mean) ** 2 / variance
        count += 1
    infit, outfit = mean_squares(patterns, at, 0, np.arange(8))
    assert infit.value == pytest.approx(above / below)
    assert outfit.value == pytest.approx(standard / count)
