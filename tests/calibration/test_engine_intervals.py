"""Intervals from replicates: published figures, plain formulas, scipy, and the places where they break."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import calibration_naive_judges as naive_judges
import numpy as np
import pytest
from calibration_strategies import POINTS, all_families, items, pair_family, studies
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.engine.intervals import (
    bca_interval,
    default_interval,
    jackknife_interval,
    share_interval,
    t_quantile,
    wilson_interval,
)
from judge_calibration.engine.replicates import Replicate, replicate
from judge_calibration.engine.resampling import Resampler

if TYPE_CHECKING:
    from collections.abc import Callable

Shape = Literal["correlation", "mean", "positive", "root", "share"]
SHAPES: tuple[Shape, ...] = ("correlation", "mean", "positive", "root", "share")
NONE = np.empty(0)
FORWARD: dict[Shape, Callable[[float], float]] = {
    "correlation": math.atanh,
    "mean": float,
    "positive": math.log,
    "root": math.log,
    "share": lambda value: math.log(value / (1 - value)),
}
# Efron 1979: fifteen law schools, LSAT and GPA.
LSAT = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594], np.float64)
GPA = np.array([3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96])


def law_schools(resamples: int) -> Replicate:
    (found,) = replicate([MomentFamily.of([(LSAT, GPA)], items(15))], Resampler(15, resamples, seed=1))
    return found.of("pearson")


def of_mean(values: list[float], drawn: list[float] | None = None) -> Replicate:
    """A mean with its exact leave-one-out values."""
    array = np.array(values, np.float64)
    left_out = (array.sum() - array) / (len(array) - 1)
    return Replicate(float(array.mean()), left_out, np.array(drawn or []))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_intervals_of_newcombe(hits: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3."""
    found = wilson_interval(hits, n, level=0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500), st.integers(0, 500), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilsons_interval_is_that_of_scipy(n: int, hits: int, level: float) -> None:
    hits = min(hits, n)
    found = wilson_interval(hits, n, level=level)
    oracle = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=1e-12)
    assert 0 <= found.low <= hits / n <= found.high <= 1


def test_bca_of_efrons_law_schools() -> None:
    """Efron and Tibshirani 1993, chapter 14: about .43 to .92 at 90 %; scipy's draws differ by chance only."""
    found = bca_interval(law_schools(4000), level=0.90)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.43, 0.92), abs=0.03)
    oracle = stats.bootstrap(
        (LSAT, GPA),
        lambda x, y, axis: stats.pearsonr(x, y, axis=axis).statistic,
        paired=True,
        vectorized=True,
        n_resamples=4000,
        confidence_level=0.90,
        method="BCa",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.03)
    assert found.mc_error is not None
    assert 0 < found.mc_error < 0.02


@pytest.mark.parametrize("name", ["bias", "mae", "within_1", "rmse"])
@pytest.mark.parametrize("resamples", [100, 2000])
def test_bca_is_efrons_formula_also_with_ties(name: str, resamples: int) -> None:
    """Shares and means of whole numbers tie with the estimate in many resamples."""
    families = [all_families(studies(40, seed=3), items(40))["consensus"]]
    each = replicate(families, Resampler(40, resamples, seed=4))[0].of(name)
    found = bca_interval(each, level=0.9)
    assert found is not None
    expected = naive_judges.bca(each.point, each.jackknife.tolist(), each.bootstrap.tolist(), 0.9)
    assert (found.low, found.high) == pytest.approx(expected)


def test_the_monte_carlo_error_of_a_limit_is_its_spread_over_seeds() -> None:
    """Forty runs of a thousand resamples: their limits vary by what each run says (a factor of two allowed)."""
    family = MomentFamily.of([(LSAT, GPA)], items(15))
    lows, told = [], []
    for seed in range(40):
        found = bca_interval(replicate([family], Resampler(15, 1000, seed))[0].of("pearson"), level=0.9)
        assert found is not None
        assert found.mc_error is not None
        lows.append(found.low)
        told.append(found.mc_error)
    assert 0.5 < np.std(lows) / np.mean(told) < 2


def test_bca_survives_an_estimate_outside_all_resamples() -> None:
    """As of a statistic that every resample lowers: the limits are at the end of what was drawn, not NaN."""
    drawn = np.linspace(0.1, 0.5, 50)
    found = bca_interval(Replicate(0.9, np.linspace(0.85, 0.92, 20), drawn), level=0.95)
    assert found is not None
    assert 0.1 <= found.low <= found.high <= 0.5
    assert found.mc_error is not None
    assert found.mc_error > 0
    flat = bca_interval(Replicate(0.3, np.full(20, 0.3), drawn), level=0.95)
    assert flat is not None  # without acceleration
    undefined = bca_interval(
        Replicate(0.3, np.array([np.nan, 0.2, 0.4]), np.append(drawn, np.nan)), level=0.95
    )
    assert undefined is not None
    assert bca_interval(Replicate(0.3, NONE, np.array([0.3])), level=0.95) is None


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    scores = [1.0, 2.0, 2.0, 3.0, 5.0, 0.0, 1.0]
    found = jackknife_interval(of_mean(scores), level=0.95, shape="mean")
    oracle = stats.t.interval(0.95, 6, np.mean(scores), stats.sem(scores))
    assert found is not None
    assert (found.low, found.high) == pytest.approx(oracle)
    assert found.method == "jackknife_t"
    assert t_quantile(0.975, 6) == pytest.approx(float(stats.t.ppf(0.975, 6)))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_jackknife_is_students_interval_on_a_transformed_scale(shape: Shape) -> None:
    each = law_schools(0)
    forward = FORWARD[shape]
    error = naive_judges.jackknife_error([forward(float(value)) for value in each.jackknife])
    found = jackknife_interval(each, level=0.9, shape=shape)
    assert found is not None
    half = float(stats.t.ppf(0.95, 14)) * error
    limits = [forward(limit) for limit in (found.low, found.high)]
    assert limits == pytest.approx([forward(each.point) - half, forward(each.point) + half])


def pair(n: int, errors: int) -> dict[str, Replicate]:
    """Two raters who differ by one point on as many items."""
    x = np.random.default_rng(1).integers(0, 6, n).astype(np.float64)
    y = x.copy()
    y[:errors] = np.where(x[:errors] < 5, x[:errors] + 1, 4)
    (found,) = replicate([pair_family([(x, y)], np.array(POINTS))], Resampler(n, 0, seed=0))
    return dict(found.named())


@pytest.mark.parametrize("n", [20, 50, 100])
@pytest.mark.parametrize(
    ("name", "shape"),
    [("kappa_quadratic", "correlation"), ("spearman", "correlation"), ("agreement", "share")],
)
def test_one_disagreement_does_not_make_the_interval_the_whole_scale(n: int, name: str, shape: Shape) -> None:
    """Without that item agreement is perfect, which is infinitely far away on a scale of logarithms.

    A count of one has a Poisson interval of 0.03 to 5.6: the distance from one is within a factor of ten.
    """
    each = pair(n, 1)[name]
    assert each.jackknife.max() == pytest.approx(1)
    found = jackknife_interval(each, level=0.95, shape=shape)
    assert found is not None
    assert found.low < each.point < found.high < 1
    assert 3 < (1 - found.low) / (1 - each.point) < 15
    wider = jackknife_interval(pair(n, 2)[name], level=0.95, shape=shape)
    assert wider is not None


def test_one_deviation_has_a_finite_interval_of_its_size() -> None:
    """Without that item the error is 0, of which there is no logarithm; the limit would be infinite."""
    found = jackknife_interval(of_mean([0.0] * 19 + [1.0]), level=0.95, shape="positive")
    assert found is not None
    assert 0 < found.low < 0.05 < found.high < 1
    assert math.isfinite(found.high)
    root = Replicate(math.sqrt(0.05), np.append(np.full(19, math.sqrt(1 / 19)), 0.0), NONE)
    of_root = jackknife_interval(root, level=0.95, shape="root")
    assert of_root is not None
    assert of_root.low**2 == pytest.approx(found.low, rel=0.1)  # the squared error of that item is its error
    assert of_root.high**2 == pytest.approx(found.high, rel=0.1)
    assert jackknife_interval(of_mean([0.0] * 20), level=0.95, shape="positive") is None
    assert jackknife_interval(of_mean([1.0] * 20), level=0.95, shape="share") is None


def test_a_statistic_beyond_its_scale_has_a_plain_interval() -> None:
    """ICC(C,k) of raters who disagree systematically may be −10."""
    below = Replicate(-10.0, np.linspace(-12, -8, 30), NONE)
    found = jackknife_interval(below, level=0.95, shape="correlation")
    assert found is not None
    assert found.method == "jackknife_t"
    assert found.low < -10 < found.high


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.0, 0.5]), min_size=2, max_size=30),
    st.sampled_from(SHAPES),
    st.sampled_from([0.5, 0.95, 0.999]),
)
def test_limits_are_finite_in_order_and_on_the_scale(scores: list[float], shape: Shape, level: float) -> None:
    """Whatever is left out, with a spread there is an interval, and it holds the estimate."""
    scaled = [value / 2 for value in scores]
    found = jackknife_interval(of_mean(scaled), level=level, shape=shape)
    if found is not None:
        assert math.isfinite(found.low)
        assert math.isfinite(found.high)
        assert found.low <= np.mean(scaled) <= found.high
        assert shape == "mean" or found.low >= 0 or shape == "correlation"
        assert shape in {"mean", "positive", "root"} or found.high <= 1
    else:
        assert len(set(scaled)) == 1


def test_units_without_data_make_no_interval_narrower() -> None:
    """Twelve units with data and five hundred without have eleven degrees of freedom, and are not many."""
    twelve = of_mean([1.0, 2, 2, 3, 5, 0, 1, 2, 4, 4, 3, 1])
    padded = Replicate(twelve.point, np.append(twelve.jackknife, np.full(500, twelve.point)), NONE)
    alone = jackknife_interval(twelve, level=0.95, shape="mean")
    found = jackknife_interval(padded, level=0.95, shape="mean", units=12)
    assert alone is not None
    assert found is not None
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    drawn = Replicate(padded.point, padded.jackknife, np.random.default_rng(1).normal(twelve.point, 0.4, 500))
    chosen, _, _ = default_interval(drawn, level=0.95, shape="mean", units=12)
    assert chosen is not None
    assert chosen.method == "jackknife_t"


def test_a_share_of_items_is_wilsons() -> None:
    found = share_interval(of_mean([1.0] * 7 + [0.0] * 3), 10, level=0.95, clustered=False)
    assert (found.low, found.high) == pytest.approx((0.3968, 0.8922), abs=5e-5)
    assert found.method == "wilson"


def by_cluster(hits: list[int], size: int) -> Replicate:
    """A share over clusters of equal size, with as many hits in each."""
    whole, n = sum(hits), size * len(hits)
    left_out = np.array([(whole - each) / (n - size) if n > size else np.nan for each in hits])
    return Replicate(whole / n, left_out, NONE)


def test_a_share_over_clusters_is_wilsons_of_the_effective_number() -> None:
    """Korn and Graubard 1998: n over the design effect, times (z/t)². Clusters all alike within: effect 10·9/9."""
    hits = [4, 0, 4, 4, 0, 4, 4, 0, 4, 4]
    found = share_interval(by_cluster(hits, 4), 40, level=0.95, clustered=True)
    share = 0.7
    variance = float(np.var(np.array(hits) / 4, ddof=1)) / 10
    effective = share * 0.3 / variance * (1.959964 / float(stats.t.ppf(0.975, 9))) ** 2
    expected = wilson_interval(share * effective, effective, level=0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-6)


def test_clusters_that_agree_throughout_count_once_each() -> None:
    """Ten questions with twenty right answers each are not two hundred independent answers."""
    found = share_interval(by_cluster([20] * 10, 20), 200, level=0.95, clustered=True)
    effective = 10 * (1.959964 / float(stats.t.ppf(0.975, 9))) ** 2
    assert found.low == pytest.approx(wilson_interval(effective, effective, level=0.95).low, rel=1e-6)
    assert found.high == 1.0
    one = share_interval(by_cluster([12], 20), 20, level=0.95, clustered=True)
    single = wilson_interval(0.6, 1, level=0.95)
    assert (one.low, one.high) == pytest.approx((single.low, single.high))


@pytest.mark.parametrize(
    ("units", "resamples", "method"),
    [
        (100, 500, "jackknife_arctanh"),
        (101, 500, "bootstrap_bca"),
        (101, 50, "jackknife_arctanh"),
        (101, 0, "jackknife_arctanh"),
    ],
)
def test_the_default_is_jackknife_up_to_a_hundred_units_and_with_few_resamples(
    units: int, resamples: int, method: str
) -> None:
    table = studies(units, seed=1)
    family = pair_family([(table.said, table.ratings[:, 0])], table.values)
    (found,) = replicate([family], Resampler(units, resamples, seed=1))
    interval, _, unstable = default_interval(found.of("kappa_quadratic"), level=0.95, shape="correlation")
    assert interval is not None
    assert (interval.method, unstable) == (method, False)


def test_the_other_method_is_told_where_it_differs_by_a_fifth() -> None:
    rng = np.random.default_rng(1)
    left_out = 0.5 + rng.normal(0, 0.001, 150)
    wide = Replicate(0.5, left_out, rng.normal(0.5, 0.1, 1000))
    _, notes, _ = default_interval(wide, level=0.95, shape="correlation")
    assert any("jackknife_arctanh gives" in note for note in notes)
    alike = Replicate(0.5, 0.5 + (left_out - 0.5) * 8, rng.normal(0.5, 0.1, 1000))
    _, notes, _ = default_interval(alike, level=0.95, shape="correlation")
    assert notes == ()


def test_why_there_is_no_interval_is_told() -> None:
    drawn = np.full(200, 0.5)
    for left_out, why in (
        (np.full(30, 0.5), "changes nothing"),
        (np.array([np.nan, 0.4, 0.6]), "undefined without some one unit"),
        (np.array([0.5]), "one unit"),
    ):
        interval, notes, unstable = default_interval(
            Replicate(0.5, left_out, drawn), level=0.95, shape="mean"
        )
        assert (interval, unstable) == (None, False)
        assert why in notes[-1]


def test_one_percent_of_undefined_resamples_is_tolerated_and_told_and_more_is_not() -> None:
    drawn = np.random.default_rng(1).normal(0.5, 0.1, 1000)
    drawn[:10] = np.nan
    left_out = np.random.default_rng(2).normal(0.5, 0.01, 150)
    interval, notes, unstable = default_interval(Replicate(0.5, left_out, drawn), level=0.95, shape="mean")
    assert interval is not None
    assert notes[0] == "10 of 1000 resamples left out: undefined in them"
    assert not unstable
    drawn[10] = np.nan
    interval, notes, unstable = default_interval(Replicate(0.5, left_out, drawn), level=0.95, shape="mean")
    assert (interval, notes, unstable) == (None, ("undefined in 11 of 1000 resamples",), True)


def test_what_rounding_leaves_between_equal_resamples_is_no_interval() -> None:
    drawn = 2.0 + np.random.default_rng(1).normal(scale=2e-16, size=500)
    assert bca_interval(Replicate(2.0, np.full(40, 2.0), drawn), level=0.95) is None
    found, notes, unstable = default_interval(
        Replicate(2.0, np.full(40, 2.0), drawn), level=0.95, shape="mean"
    )
    assert (found, unstable) == (None, False)
    assert "changes nothing" in " ".join(notes)
