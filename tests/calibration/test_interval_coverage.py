"""Do intervals of 95 % cover in about 95 % of studies? Simulated with fixed seeds, against binomial bounds.

The tolerance is that of 200 studies: an interval that covers in 92.5 % of all would fall below the bound used
here once in two hundred such tests. Reference coverages were measured with 600 studies each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

import judge_calibration
from judge_calibration.agreement.alternative_annotator import RhoFamily, duel
from judge_calibration.agreement.consensus import ConsensusFamily
from judge_calibration.agreement.pairs import PairFamily
from judge_calibration.agreement.pooled import tallies
from judge_calibration.agreement.tables import PairTables, positions
from judge_calibration.engine.intervals import default_interval, share_interval
from judge_calibration.engine.replicates import Family, Replicate, replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units
from judge_calibration.reliability.alpha import AlphaFamily
from judge_calibration.reliability.icc import IccFamily, f_intervals

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

SCALE = np.arange(6.0)
STUDIES = 200
assert judge_calibration.__version__


def study(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Judge (n,) and three fixed physicians (n, 3), a tenth of the cells missing, on a scale from 0 to 5."""
    truth = rng.normal(2.5, 1.1, n)
    severity = np.array([-0.2, 0.0, 0.3])
    ratings = np.clip(np.round(truth[:, None] + severity + rng.normal(0, 0.8, (n, 3))), 0, 5)
    ratings[rng.random((n, 3)) < 0.1] = np.nan
    return np.clip(np.round(truth + 0.2 + rng.normal(0, 0.8, n)), 0, 5), ratings


def consensus(ratings: FloatArray) -> FloatArray:
    present = ~np.isnan(ratings)
    return np.where(
        present.any(1), np.where(present, ratings, 0).sum(1) / np.maximum(present.sum(1), 1), np.nan
    )


def families(judge: FloatArray, ratings: FloatArray, units: Units) -> dict[str, Family]:
    codes, said = positions(ratings, SCALE), positions(judge, SCALE)
    pairs = PairTables.of([(said, codes[:, j]) for j in range(3)], 6, units)
    y = consensus(ratings)
    return {
        "pairs": PairFamily(pairs, SCALE, "ordinal", 3),
        "alpha": AlphaFamily.of(tallies(codes, 6), SCALE, units),
        "consensus": ConsensusFamily.of(judge - y, (judge + y) / 2, np.zeros(len(judge)), 1.0, units),
        "rho": RhoFamily.of(duel(judge, ratings, nominal=False), np.ones(3, bool), units),
    }


def figures(judge: FloatArray, ratings: FloatArray, resamples: int, seed: int) -> dict[str, Replicate]:
    units = Units.of(np.arange(len(judge)))
    found = families(judge, ratings, units)
    told = replicate(list(found.values()), Resampler(units.size, resamples, seed))
    return {name: each for one in told for name, each in one.named().items()}


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    """What the figures are in a very large study of the same kind."""
    judge, ratings = study(np.random.default_rng(99), 200_000)
    units = Units.of(np.arange(len(judge)))
    return {
        name: float(value)
        for family in families(judge, ratings, units).values()
        for name, value in zip(
            family.names, family.evaluate(family.features.sum(0, dtype=np.float64)), strict=True
        )
    }


SHAPES: dict[str, Any] = {
    "kappa_quadratic": "correlation",
    "alpha_ordinal": "correlation",
    "spearman": "correlation",
    "bias": "mean",
    "mae": "positive",
    "alt_test_rho": "share",
}


def covered(n: int, resamples: int, truth: dict[str, float], studies: int) -> dict[str, int]:
    rng = np.random.default_rng(n)
    hits = dict.fromkeys([*SHAPES, "within_1"], 0)
    for at in range(studies):
        judge, ratings = study(rng, n)
        found = figures(judge, ratings, resamples, at)
        for name, shape in SHAPES.items():
            interval, _, _ = default_interval(found[name], level=0.95, shape=shape)
            hits[name] += interval is not None and interval.low <= truth[name] <= interval.high
        share = share_interval(found["within_1"], n, level=0.95, clustered=False)
        hits["within_1"] += share.low <= truth["within_1"] <= share.high
    return hits


def test_jackknife_intervals_of_small_studies_cover(truth: dict[str, float]) -> None:
    hits = covered(50, 0, truth, STUDIES)
    least = stats.binom.ppf(0.005, STUDIES, 0.925)
    assert {name: count for name, count in hits.items() if count < least} == {}


def test_bootstrap_intervals_of_larger_studies_cover(truth: dict[str, float]) -> None:
    hits = covered(120, 300, truth, 120)
    least = stats.binom.ppf(0.005, 120, 0.925)
    assert {name: count for name, count in hits.items() if count < least} == {}


def test_the_f_interval_covers_for_other_physicians_and_that_over_items_does_not() -> None:
    """Reference for five physicians at ICC 0.54: F 90 %, items alone 79 %."""
    rng = np.random.default_rng(7)
    icc = 1.0 / (1.0 + 0.25 + 0.6)
    f = over_items = 0
    for at in range(STUDIES):
        data = rng.normal(0, 1, (100, 1)) + rng.normal(0, 0.5, (1, 5)) + rng.normal(0, np.sqrt(0.6), (100, 5))
        family = IccFamily.of(data, Units.of(np.arange(100)))
        interval = f_intervals(family.sums.components(family.features.sum(0)), 0.95)["icc_a1"]
        f += interval is not None and interval.low <= icc <= interval.high
        (found,) = replicate([family], Resampler(100, 0, at))
        narrow, _, _ = default_interval(found.of("icc_a1"), level=0.95, shape="correlation")
        over_items += narrow is not None and narrow.low <= icc <= narrow.high
    assert f >= stats.binom.ppf(0.005, STUDIES, 0.90)
    assert over_items < f - 10


def test_answers_to_one_question_need_the_interval_over_questions() -> None:
    """Reference at an intra-cluster correlation of 0.42: items 81.5 %, clusters 96.6 %."""
    rng = np.random.default_rng(8)
    hits = {"items": 0, "clusters": 0}
    clusters = np.repeat(np.arange(50), 4)
    for _ in range(STUDIES):
        d = np.repeat(rng.normal(0, np.sqrt(0.42), 50), 4) + rng.normal(0, np.sqrt(0.58), 200)
        for name, units in (("items", Units.of(np.arange(200))), ("clusters", Units.of(clusters))):
            family = ConsensusFamily.of(d, d, np.zeros(200), 1.0, units)
            (found,) = replicate([family], Resampler(units.size, 0, 0))
            interval, _, _ = default_interval(found.of("bias"), level=0.95, shape="mean")
            hits[name] += interval is not None and interval.low <= 0 <= interval.high
    assert hits["clusters"] >= stats.binom.ppf(0.005, STUDIES, 0.94)
    assert hits["items"] <= stats.binom.ppf(0.995, STUDIES, 0.87)
