"""The audit of length finds a planted preference, and none where length only goes with quality."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from judge_calibration.audits.verbosity import Verbosity, verbosity
from judge_calibration.errors import OptionRejected

RUNS = 150
ERROR_VARIANCE = 0.32  # of the mean of two physicians with error SD 0.8


def _audit(seed: int, *, bias: float = 0.0, slope: float = 1.0, n: int = 300) -> Verbosity:
    """Three families that differ in length and quality; longer answers are better within families too."""
    generator = np.random.default_rng(seed)
    family = generator.integers(0, 3, n)
    length = generator.normal(8, 0.7, n) + 0.3 * family
    quality = 3 + 0.5 * (length - 8) + 0.3 * family + generator.normal(0, 0.7, n)
    consensus = quality + generator.normal(0, ERROR_VARIANCE**0.5, n)
    judge = 3 + slope * (quality - 3) + bias * (length - 8) + generator.normal(0, 0.6, n)
    return verbosity(
        judge,
        consensus,
        2**length,
        clusters=np.arange(n),
        families=[f"family {code}" for code in family],
        reliability=1 - ERROR_VARIANCE / float(consensus.var()),
    )


def _alarms(found: list[Verbosity]) -> tuple[float, float]:
    plain = [audit.per_doubling.p for audit in found]
    adjusted = [audit.adjusted.p for audit in found]
    return float(np.mean([p is not None and p < 0.05 for p in plain])), float(
        np.mean([p is not None and p < 0.05 for p in adjusted])
    )


def test_length_that_goes_with_quality_raises_no_alarm() -> None:
    plain, adjusted = _alarms([_audit(seed) for seed in range(RUNS)])
    assert plain <= 0.09
    assert adjusted <= 0.09


def test_a_judge_that_compresses_the_scale_is_cleared_by_the_adjusted_effect_only() -> None:
    plain, adjusted = _alarms([_audit(seed, slope=0.7) for seed in range(RUNS)])
    assert plain >= 0.3
    assert adjusted <= 0.09


def test_a_planted_preference_for_length_is_found_and_covered() -> None:
    found = [_audit(seed, bias=0.25, slope=0.7) for seed in range(RUNS)]
    intervals = [audit.adjusted.statistic.ci for audit in found]
    covered = sum(ci is not None and ci.low <= 0.25 <= ci.high for ci in intervals)
    assert stats.binomtest(covered, RUNS, 0.95).pvalue > 0.01
    assert _alarms(found)[1] > 0.6


def test_without_families_and_reliability_it_is_the_slope_of_the_difference() -> None:
    generator = np.random.default_rng(1)
    length = generator.normal(8, 1, 80)
    judge, consensus = generator.normal(3, 1, 80), generator.normal(3, 1, 80)
    audit = verbosity(judge, consensus, 2**length, clusters=np.arange(80))
    line = stats.linregress(length, judge - consensus)
    assert audit.per_doubling.estimate == pytest.approx(line.slope)
    ranks = stats.spearmanr(length, judge - consensus)
    assert audit.rank_correlation.estimate == pytest.approx(ranks.statistic)
    assert audit.adjusted.statistic.reason == "not_identified"


def test_a_reliable_consensus_gives_the_coefficient_of_least_squares() -> None:
    generator = np.random.default_rng(2)
    length, consensus = generator.normal(8, 1, 90), generator.normal(3, 1, 90)
    judge = 0.6 * consensus + 0.1 * length + generator.normal(0, 0.5, 90)
    audit = verbosity(judge, consensus, 2**length, clusters=np.arange(90), reliability=1.0)
    design = np.column_stack([np.ones(90), length, consensus])
    expected = np.linalg.lstsq(design, judge)[0][1]
    assert audit.adjusted.estimate == pytest.approx(expected)


def test_items_without_length_family_or_scores_are_left_out_and_counted() -> None:
    generator = np.random.default_rng(3)
    judge, consensus, tokens = generator.normal([[3], [3], [200]], 1, (3, 70))
    families: list[str | None] = ["a", "b"] * 35
    judge[0], consensus[1], tokens[2], tokens[3], families[4] = np.nan, np.nan, 0.0, np.nan, None
    audit = verbosity(judge, consensus, tokens, clusters=np.arange(70), families=families)
    assert audit.n_left_out == 5
    assert audit.per_doubling.statistic.n_items == 65


def test_clusters_carry_the_errors() -> None:
    generator = np.random.default_rng(4)
    length, e = generator.normal(8, 1, 60), generator.normal(0, 1, 60)
    once = verbosity(e, np.zeros(60), 2**length, clusters=np.arange(60))
    copies = verbosity(
        np.tile(e, 3), np.zeros(180), np.tile(2**length, 3), clusters=np.tile(np.arange(60), 3)
    )
    assert once.per_doubling.se is not None
    assert copies.per_doubling.se == pytest.approx(once.per_doubling.se, rel=0.02)
    for one, other in ((once.rank_correlation.ci, copies.rank_correlation.ci),):
        assert one is not None
        assert other is not None
        assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=0.02)


def test_what_cannot_be_told_has_its_reason() -> None:
    generator = np.random.default_rng(5)
    e, zeros, same = generator.normal(0, 1, 60), np.zeros(60), np.full(60, 100.0)
    constant = verbosity(e, zeros, same, clusters=np.arange(60), reliability=0.8)
    assert constant.per_doubling.statistic.reason == "not_identified"
    assert constant.adjusted.statistic.reason == "not_identified"
    assert constant.rank_correlation.reason == "constant_input"
    nothing = verbosity(e, zeros, np.full(60, np.nan), clusters=np.arange(60))
    assert nothing.per_doubling.statistic.reason == "no_ratings"
    assert nothing.rank_correlation.reason == "no_ratings"
    few = verbosity(e[:20], zeros[:20], np.arange(1.0, 21.0), clusters=np.arange(20))
    assert few.per_doubling.statistic.status == "insufficient"
    assert few.rank_correlation.status == "insufficient"
    for audit in (constant, nothing, few):
        json.dumps(audit.as_json(), allow_nan=False)


def test_perfect_order_gives_a_rank_correlation_of_one() -> None:
    length = np.arange(60.0)
    audit = verbosity(length, np.zeros(60), 2 ** (length / 10), clusters=np.arange(60))
    assert audit.rank_correlation.estimate == pytest.approx(1)
    assert audit.rank_correlation.ci is None
    assert audit.rank_correlation.reason == "constant_input"


@pytest.mark.parametrize(("size", "reason"), [(1, "n_below_min"), (9, "n_below_min"), (10, None)])
def test_few_clusters_withhold_the_interval_of_the_rank_correlation(size: int, reason: str | None) -> None:
    generator = np.random.default_rng(6)
    length, e = generator.normal(8, 1, 60), generator.normal(0, 1, 60)
    found = verbosity(e, np.zeros(60), 2**length, clusters=np.arange(60) % size).rank_correlation
    assert found.estimate is not None
    assert (found.reason, found.ci is None) == (reason, reason is not None)


@pytest.mark.parametrize("reliability", [0.0, -0.5, 1.2])
def test_a_reliability_out_of_range_is_refused(reliability: float) -> None:
    with pytest.raises(OptionRejected):
        verbosity(np.ones(3), np.ones(3), np.ones(3), clusters=np.arange(3), reliability=reliability)
