"""Published worked examples, each with its source, and libraries where they are right."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score, matthews_corrcoef
from statsmodels.stats.inter_rater import cohens_kappa

from judge_calibration.agreement.coefficients import Joint, disagreement, kappa
from judge_calibration.agreement.consensus import ConsensusFamily
from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.agreement.pairs import coefficients
from judge_calibration.agreement.pooled import tallies
from judge_calibration.agreement.tables import PairTables, positions
from judge_calibration.engine.intervals import bca_interval, jackknife_interval, wilson_interval
from judge_calibration.engine.replicates import replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units
from judge_calibration.reliability.alpha import AlphaFamily
from judge_calibration.reliability.gwet import GwetFamily
from judge_calibration.reliability.icc import ICC_NAMES, IccFamily, f_intervals

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

NAN = np.nan
SCALE = np.arange(6.0)
# Shrout and Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], np.float64
)
# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C: twelve units, four observers.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
# Bland and Altman 1986, table 1: peak flow in l/min, first readings of the Wright and of the mini meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
# Efron 1979 and Efron and Tibshirani 1993: fifteen law schools, LSAT and GPA.
LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
GPA = [3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96]


def items(n: int) -> Units:
    return Units.of(np.arange(n))


def two(x: FloatArray, y: FloatArray, scale: FloatArray = SCALE, kind: str = "ordinal") -> dict[str, float]:
    """Every coefficient of two raters."""
    tables = PairTables.of([(positions(x, scale), positions(y, scale))], len(scale), items(len(x)))
    found = coefficients(tables.tables(tables.features.sum(0, dtype=np.float64))[0], scale, kind)  # type: ignore[arg-type]
    return {name: float(value) for name, value in found.items()}


def test_six_intraclass_correlations_of_shrout_and_fleiss() -> None:
    family = IccFamily.of(SHROUT_FLEISS, items(6))
    found = dict(zip(ICC_NAMES, family.evaluate(family.features.sum(0)), strict=True))
    published = {
        "icc_1": 0.17,
        "icc_a1": 0.29,
        "icc_c1": 0.71,
        "icc_1k": 0.44,
        "icc_ak": 0.62,
        "icc_ck": 0.91,
    }
    assert {name: round(float(value), 2) for name, value in found.items()} == published


def test_f_intervals_of_shrout_and_fleiss_are_those_of_a_library() -> None:
    family = IccFamily.of(SHROUT_FLEISS, items(6))
    found = f_intervals(family.sums.components(family.features.sum(0)), 0.95)
    long = pd.DataFrame(
        [(i, j, SHROUT_FLEISS[i, j]) for i in range(6) for j in range(4)], columns=["item", "rater", "y"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own use of pandas
        oracle = pingouin.intraclass_corr(long, targets="item", raters="rater", ratings="y")
    limits = dict(zip(ICC_NAMES, oracle["CI95"].tolist(), strict=True))  # the library's order is ours
    for name, interval in found.items():
        assert interval is not None
        assert [interval.low, interval.high] == pytest.approx(
            list(limits[name]), abs=0.006
        )  # two decimals there
        assert interval.generalises_to == "other_raters"


def test_alpha_of_krippendorffs_example() -> None:
    scale = np.arange(1.0, 6.0)
    family = AlphaFamily.of(tallies(positions(KRIPPENDORFF, scale), 5), scale, items(12))
    found = family.evaluate(family.features.sum(0))
    assert [round(float(value), 3) for value in found] == [0.743, 0.815, 0.849]
    for value, metric in zip(found, ("nominal", "ordinal", "interval"), strict=True):
        oracle = krippendorff.alpha(KRIPPENDORFF.T, level_of_measurement=metric, value_domain=scale.tolist())
        assert value == pytest.approx(oracle)


def test_ac1_of_the_same_example_is_gwets() -> None:
    """Gwet 2014, Handbook of Inter-Rater Reliability, fourth edition: 0.775 for these four raters."""
    scale = np.arange(1.0, 6.0)
    tally = tallies(positions(KRIPPENDORFF, scale), 5)
    family = GwetFamily.of(tally, disagreement(scale, "unweighted"), items(12))
    assert float(family.evaluate(family.features.sum(0))[0]) == pytest.approx(0.775, abs=5e-4)


def test_ac2_depends_on_the_categories_that_were_declared() -> None:
    rng = np.random.default_rng(1)
    ratings = rng.integers(2, 5, (100, 3)).astype(np.float64)  # only 2, 3, 4 are ever used
    wide, narrow = (
        GwetFamily.of(
            tallies(positions(ratings, scale), len(scale)), disagreement(scale, "quadratic"), items(100)
        )
        for scale in (SCALE, np.array([2.0, 3.0, 4.0]))
    )
    assert float(wide.evaluate(wide.features.sum(0))[0]) > 0.3 + float(
        narrow.evaluate(narrow.features.sum(0))[0]
    )


def test_cohens_kappa_of_the_fleiss_cohen_everitt_table() -> None:
    """Fleiss, Cohen, Everitt 1969: 200 subjects; kappa 0.429."""
    counts = np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]], np.float64)
    values = np.arange(3.0)
    found = {
        w: float(kappa(Joint(counts), disagreement(values, w))) for w in ("unweighted", "linear", "quadratic")
    }
    assert found["unweighted"] == pytest.approx(0.429, abs=5e-4)
    for name, weights in (("unweighted", None), ("linear", "linear"), ("quadratic", "quadratic")):
        assert found[name] == pytest.approx(cohens_kappa(counts, wt=weights).kappa)


def test_weights_come_from_values_and_not_from_positions_of_those_that_occur() -> None:
    x, y = np.array([0.0, 1.0, 5.0, 5.0]), np.array([0.0, 1.0, 5.0, 1.0])
    found = two(x, y)["kappa_quadratic"]
    assert found == pytest.approx(0.595, abs=5e-4)
    assert cohen_kappa_score(x.astype(int), y.astype(int), weights="quadratic") == pytest.approx(
        0.800, abs=5e-4
    )


def test_limits_of_agreement_of_bland_and_altman() -> None:
    x, y = np.array(WRIGHT, np.float64), np.array(MINI, np.float64)
    family = ConsensusFamily.of(x - y, (x + y) / 2, np.zeros(17), 1.0, items(17))
    found = dict(zip(family.names, family.evaluate(family.features.sum(0)), strict=True))
    assert found["bias"] == pytest.approx(-2.1, abs=0.05)
    assert (found["loa_high"] - found["loa_low"]) / (2 * 1.96) == pytest.approx(38.8, abs=0.05)
    # The paper takes ±2 SD: -79.7 to 75.5.
    assert found["bias"] - 2 * 38.77 == pytest.approx(-79.7, abs=0.1)
    assert found["bias"] + 2 * 38.77 == pytest.approx(75.5, abs=0.1)


def test_efrons_law_schools() -> None:
    """r = 0.776; BCa interval of level 0.90 about 0.43 to 0.92 (Efron and Tibshirani 1993, chapter 14)."""
    family = MomentFamily.of([(np.array(LSAT, np.float64), np.array(GPA))], items(15))
    (found,) = replicate([family], Resampler(15, 4000, seed=1))
    r = found.of("pearson")
    assert r.point == pytest.approx(0.776, abs=5e-4)
    interval = bca_interval(r, level=0.90)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.43, 0.92), abs=0.03)
    assert interval.mc_error is not None
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
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=0.03)
    jackknife = jackknife_interval(r, level=0.90, shape="correlation")
    assert jackknife is not None
    assert jackknife.low < 0.776 < jackknife.high


def test_wilsons_interval() -> None:
    """Seven of ten at 95 %: 0.397 to 0.892."""
    found = wilson_interval(7, 10, level=0.95)
    assert (found.low, found.high) == pytest.approx((0.3968, 0.8922), abs=5e-5)
    oracle = stats.binomtest(7, 10).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))
    assert wilson_interval(0, 10, level=0.95).low == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_coefficients_of_two_raters_are_those_of_libraries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, 60).astype(np.float64)
    y = np.clip(x + rng.integers(-2, 3, 60), 0, 5)
    found = two(x, y)
    assert found["pearson"] == pytest.approx(stats.pearsonr(x, y).statistic)
    assert found["spearman"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found["kendall_tau_b"] == pytest.approx(stats.kendalltau(x, y).statistic)
    a, b = x.astype(int), y.astype(int)
    labels = list(range(6))
    assert found["kappa_unweighted"] == pytest.approx(cohen_kappa_score(a, b, labels=labels))
    assert found["kappa_linear"] == pytest.approx(cohen_kappa_score(a, b, labels=labels, weights="linear"))
    assert found["kappa_quadratic"] == pytest.approx(
        cohen_kappa_score(a, b, labels=labels, weights="quadratic")
    )
    assert found["ccc"] == pytest.approx(found["kappa_quadratic"])  # with n-denominators they are one


@pytest.mark.parametrize("seed", range(3))
def test_binary_coefficients_are_those_of_libraries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 80)
    said = np.where(rng.random(80) < 0.8, truth, 1 - truth)
    found = two(said.astype(np.float64), truth.astype(np.float64), np.arange(2.0), "binary")
    assert found["f1_met"] == pytest.approx(f1_score(truth, said))
    assert found["f1_unmet"] == pytest.approx(f1_score(truth, said, pos_label=0))
    assert found["balanced_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert found["mcc"] == pytest.approx(matthews_corrcoef(truth, said))
