"""Every formula beside naive code or a library that has it."""

from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from judge_client.run.distributions import binomial_two_sided, incomplete_beta, t_cdf, t_quantile
from judge_client.run.estimates import Estimate, macro, micro, proportion

RANDOM = random.Random(7)
POINTS = [RANDOM.uniform(0, 100) for _ in range(40)]
ENDS = (0.0, 100.0)


def ends(told: Estimate) -> list[float]:
    """Both ends of an interval that there is."""
    assert told.low is not None
    assert told.high is not None
    return [told.low, told.high]


@pytest.mark.parametrize("df", [1, 2, 3, 7.5, 30, 400, 20000])
@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.9995])
def test_students_t(df: float, p: float) -> None:
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9)
    assert t_cdf(-1.3, df) == pytest.approx(stats.t.cdf(-1.3, df), rel=1e-9)


def test_the_incomplete_beta_function_ends_at_0_and_1() -> None:
    assert incomplete_beta(2, 3, 0) == 0
    assert incomplete_beta(2, 3, 1) == 1
    assert incomplete_beta(2, 3, 0.9) == pytest.approx(stats.beta.cdf(0.9, 2, 3))


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (0, 5), (3, 5), (5, 10), (17, 23)])
def test_the_exact_test_of_flips(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).pvalue if n else 1.0
    assert binomial_two_sided(hits, n) == pytest.approx(expected)


@pytest.mark.parametrize(("hits", "n"), [(0, 3), (3, 3), (7, 20), (1, 1), (512, 1024)])
def test_wilson(hits: int, n: int) -> None:
    told = proportion([True] * hits + [False] * (n - hits), range(n))
    low, high = proportion_confint(hits, n, method="wilson")
    assert told.estimate == pytest.approx(100 * hits / n)
    assert ends(told) == pytest.approx([100 * low, 100 * high], abs=1e-9)
    assert told.method == "Wilson"


def test_items_that_share_a_picture_make_an_accuracy_less_certain() -> None:
    hits = [RANDOM.random() < 0.5 for _ in range(10)]
    alone = proportion(hits, range(10))
    doubled = proportion([hit for hit in hits for _ in range(4)], [at for at in range(10) for _ in range(4)])
    assert doubled.estimate == alone.estimate
    assert doubled.clusters == 10
    assert alone.low is not None
    assert doubled.low == pytest.approx(alone.low, abs=3)
    naive = proportion([hit for hit in hits for _ in range(4)], range(40))
    assert naive.low is not None
    assert doubled.low is not None
    assert doubled.low < naive.low - 5
    everything = proportion([True] * 8, [0, 0, 0, 0, 1, 1, 1, 1])
    assert everything.low == pytest.approx(100 * proportion_confint(2, 2, method="wilson")[0])


def test_a_mean_of_single_items_has_the_plain_t_interval() -> None:
    told = micro(POINTS, range(40), ENDS)
    low, high = stats.t.interval(0.95, 39, fmean(POINTS), stdev(POINTS) / math.sqrt(40))
    assert told.estimate == pytest.approx(fmean(POINTS))
    assert ends(told) == pytest.approx([low, high])
    assert told.method == "t"


def test_a_mean_with_clusters_beside_naive_code() -> None:
    clusters = [at // 3 for at in range(40)]
    told = micro(POINTS, clusters, ENDS)
    mean, groups = fmean(POINTS), sorted(set(clusters))
    sums = [sum(v - mean for v, c in zip(POINTS, clusters, strict=True) if c == g) for g in groups]
    count = len(groups)
    error = math.sqrt(count / (count - 1) * sum(each**2 for each in sums)) / 40
    half = stats.t.ppf(0.975, count - 1) * error
    assert ends(told) == pytest.approx([mean - half, mean + half])
    assert told.method == "t, clusters by picture"


def test_a_mean_of_groups_means_beside_naive_code() -> None:
    groups = ["a"] * 25 + ["b"] * 10 + ["c"] * 5
    told = macro(POINTS, groups, range(40))
    parts = [POINTS[:25], POINTS[25:35], POINTS[35:]]
    mean = fmean(map(fmean, parts))
    assert told.estimate == pytest.approx(mean)
    error = math.sqrt(sum(stdev(part) ** 2 / len(part) for part in parts)) / 3
    half = stats.t.ppf(0.975, 40 - 3) * error
    assert ends(told) == pytest.approx([max(0.0, mean - half), min(100.0, mean + half)])


def test_where_nothing_can_be_said_no_interval_is() -> None:
    assert micro([], [], ENDS).estimate is None
    assert proportion([], []).estimate is None
    for told in (
        micro([5.0], [0], ENDS),
        micro([5.0, 5.0], [0, 1], ENDS),
        macro([1.0, 2.0, 3.0], "aab", range(3)),
    ):
        assert told.estimate is not None
        assert told.low is None
        assert told.method.startswith("no interval")
    assert micro([1.0, 99.0], [0, 1], ENDS).plain()["high"] == 100.0
