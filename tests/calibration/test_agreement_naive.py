"""The engine against plain loops: on the data, with each unit left out, and in every resample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import calibration_naive as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.agreement.alternative_annotator import (
    alternative_annotator_test,
    benjamini_yekutieli,
    duel,
)
from judge_calibration.agreement.coefficients import disagreement
from judge_calibration.agreement.leave_one_out import LeaveOneOutFamily
from judge_calibration.agreement.moments import MomentFamily, rank_coefficients
from judge_calibration.agreement.pairs import PairFamily
from judge_calibration.agreement.pooled import against_all, among_all, tallies
from judge_calibration.agreement.tables import PairTables, positions
from judge_calibration.agreement.ties import tie_calibration
from judge_calibration.engine.replicates import Family, replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units
from judge_calibration.reliability.alpha import AlphaFamily, ContinuousAlphaFamily
from judge_calibration.reliability.gwet import GwetFamily
from judge_calibration.reliability.icc import IccFamily

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

SCALES = ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.5, 1.0, 1.5, 2.0], [0.0, 1.0, 5.0])


@st.composite
def tables(
    draw: st.DrawFn, *, raters: int = 3, most: int = 12
) -> tuple[list[list[float | None]], list[float]]:
    """Ratings with gaps on one of three scales, some of them constant."""
    scale = draw(st.sampled_from(SCALES))
    values = draw(st.sampled_from([scale, scale, scale[:1]]))
    cell = st.one_of(st.none(), st.sampled_from(values), st.sampled_from(values))
    return draw(st.lists(st.lists(cell, min_size=raters, max_size=raters), min_size=1, max_size=most)), scale


def array(rows: list[list[float | None]]) -> FloatArray:
    return np.array([[math.nan if value is None else value for value in row] for row in rows], np.float64)


def told(family: Family) -> dict[str, float]:
    values = family.evaluate(family.features.sum(0, dtype=np.float64))
    return dict(zip(family.names, map(float, values), strict=True))


def same(found: float, expected: float) -> bool:
    return (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected, abs=1e-9)


def pair_family(data: FloatArray, scale: list[float], units: Units) -> PairFamily:
    values = np.array(scale)
    codes = positions(data, values)
    return PairFamily(PairTables.of([(codes[:, 0], codes[:, 1])], len(scale), units), values, "ordinal", 1)


def pair_reference(rows: list[list[float | None]], scale: list[float]) -> dict[str, float]:
    pairs = naive.both([row[0] for row in rows], [row[1] for row in rows])
    of_two = [[x, y] for x, y in pairs]
    return {
        "agreement": naive.mean([float(x == y) for x, y in pairs]),
        "kappa_unweighted": naive.kappa(pairs, scale, 0),
        "kappa_linear": naive.kappa(pairs, scale, 1),
        "kappa_quadratic": naive.kappa(pairs, scale, 2),
        "pearson": naive.pearson(pairs),
        "spearman": naive.spearman(pairs),
        "kendall_tau_b": naive.tau_b(pairs),
        "pairwise_accuracy": naive.pairwise_accuracy(pairs),
        "ccc": naive.ccc(pairs),
        "gwet_ac2": naive.gwet(of_two, scale, quadratic=True),
        **{
            f"alpha_{metric}": naive.alpha(of_two, scale, metric)
            for metric in ("nominal", "ordinal", "interval")
        },
    }


@settings(max_examples=80, deadline=None)
@given(tables())
def test_every_coefficient_of_a_pair_is_that_of_a_plain_loop(
    given_: tuple[list[list[float | None]], list[float]],
) -> None:
    rows, scale = given_
    found = told(pair_family(array(rows), scale, Units.of(np.arange(len(rows)))))
    for name, expected in pair_reference(rows, scale).items():
        assert same(found[name], expected), (name, found[name], expected)


@settings(max_examples=25, deadline=None)
@given(tables(most=8), st.booleans(), st.integers(0, 99))
def test_replicates_are_those_of_the_rows_themselves(
    given_: tuple[list[list[float | None]], list[float]], clustered: bool, seed: int
) -> None:
    rows, scale = given_
    clusters = np.arange(len(rows)) // 2 if clustered else np.arange(len(rows))
    units = Units.of(clusters)
    resampler = Resampler(units.size, 6, seed)
    (found,) = replicate([pair_family(array(rows), scale, units)], resampler)
    for unit in range(units.size):
        kept = [row for row, cluster in zip(rows, clusters, strict=True) if cluster != unit]
        for name, expected in pair_reference(kept, scale).items():
            assert same(float(found.of(name).jackknife[unit]), expected), name
    counts = np.concatenate(list(resampler.chunks()))
    for at, times in enumerate(counts):
        drawn = [row for row, cluster in zip(rows, clusters, strict=True) for _ in range(int(times[cluster]))]
        for name, expected in pair_reference(drawn, scale).items():
            assert same(float(found.of(name).bootstrap[at]), expected), name


@settings(max_examples=60, deadline=None)
@given(tables(raters=4))
def test_alpha_and_ac_of_many_raters_are_those_of_plain_loops(
    given_: tuple[list[list[float | None]], list[float]],
) -> None:
    rows, scale = given_
    data, values = array(rows), np.array(scale)
    units = Units.of(np.arange(len(rows)))
    tally = tallies(positions(data, values), len(scale))
    found = told(AlphaFamily.of(tally, values, units))
    for metric in ("nominal", "ordinal", "interval"):
        assert same(found[f"alpha_{metric}"], naive.alpha(rows, scale, metric))
    assert same(
        told(ContinuousAlphaFamily.of(data, units))["alpha_interval"], naive.alpha(rows, scale, "interval")
    )
    for weighting, quadratic in (("quadratic", True), ("unweighted", False)):
        family = GwetFamily.of(tally, disagreement(values, weighting), units)  # type: ignore[arg-type]
        assert same(told(family)["gwet_ac2"], naive.gwet(rows, scale, quadratic=quadratic))


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 12), st.integers(2, 5), st.integers(0, 10**6))
def test_fitting_constants_on_complete_cells_is_the_analysis_of_variance(n: int, k: int, seed: int) -> None:
    data = np.random.default_rng(seed).normal(3, 1, (n, k))
    family = IccFamily.of(data, Units.of(np.arange(n)))
    for name, expected in naive.anova_icc(data.tolist()).items():
        assert told(family)[name] == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 14), st.integers(2, 4), st.integers(0, 10**6))
def test_components_with_gaps_are_those_of_least_squares(n: int, k: int, seed: int) -> None:
    """Henderson's method III from reductions of dense regressions on items and raters."""
    rng = np.random.default_rng(seed)
    data = rng.normal(0, 1, (n, 1)) + rng.normal(0, 0.5, (1, k)) + rng.normal(0, 0.7, (n, k))
    data[rng.random((n, k)) < 0.2] = np.nan
    item, rater = np.nonzero(~np.isnan(data))
    y = data[item, rater]
    count, a, b = len(y), len(set(item.tolist())), len(set(rater.tolist()))
    rows, columns = (item[:, None] == np.arange(n)) * 1.0, (rater[:, None] == np.arange(k)) * 1.0

    def reduction(*parts: FloatArray) -> float:
        design = np.column_stack(parts)
        return float(y @ design @ np.linalg.lstsq(design, y, rcond=None)[0])

    full = reduction(rows, columns)
    if count - a - b + 1 < 1 or np.linalg.matrix_rank(np.column_stack([rows, columns])) < a + b - 1:
        return  # not connected, or no degree of freedom: another test's matter
    error = (float(y @ y) - full) / (count - a - b + 1)
    between = (full - reduction(columns) - (a - 1) * error) / (count - b)
    across = (full - reduction(rows) - (b - 1) * error) / (count - a) if count > a else math.nan
    family = IccFamily.of(data, Units.of(np.arange(n)))
    found = family.sums.components(family.features.sum(0))
    assert float(found.error) == pytest.approx(error)
    assert float(found.item) == pytest.approx(between)
    assert same(float(found.rater), across)


@pytest.mark.parametrize(
    "data",
    [
        np.array(
            [[1, 2, np.nan, np.nan], [2, 3, np.nan, np.nan], [np.nan, np.nan, 1, 2], [np.nan, np.nan, 3, 3]]
        ),
        np.full((4, 3), np.nan),
        np.array([[1.0, np.nan], [np.nan, 2.0]]),
        np.array([[3.0, 3.0], [3.0, 3.0], [3.0, 3.0]]),
    ],
    ids=["disconnected", "empty", "no-item-twice", "constant"],
)
def test_icc_that_is_not_identified_is_undefined_without_a_warning(data: FloatArray) -> None:
    family = IccFamily.of(data, Units.of(np.arange(len(data))))
    assert all(math.isnan(told(family)[name]) for name in ("icc_a1", "icc_c1", "icc_ak"))


@settings(max_examples=60, deadline=None)
@given(tables(raters=3), st.data())
def test_the_alternative_annotator_test_is_a_plain_duel(
    given_: tuple[list[list[float | None]], list[float]], data: st.DataObject
) -> None:
    rows, scale = given_
    said = data.draw(
        st.lists(st.one_of(st.none(), st.sampled_from(scale)), min_size=len(rows), max_size=len(rows))
    )
    judge = array([[value] for value in said])[:, 0]
    played = duel(judge, array(rows), nominal=False)
    for j in range(3):
        expected = naive.duels(said, rows, j)
        here = played.compared[:, j]
        assert (
            list(zip(played.judge_wins[here, j] > 0, played.human_wins[here, j] > 0, strict=True)) == expected
        )


def test_ties_count_for_both_and_rounding_decides_nothing() -> None:
    ratings = np.array([[0.3, 0.6], [0.3, 0.6]])
    judge = np.array([0.1 + 0.2, 0.3])
    played = duel(judge, ratings, nominal=False)
    assert played.judge_wins[:, 0].tolist() == [1, 1]
    assert played.human_wins[:, 0].tolist() == [1, 1]


def test_the_test_is_a_t_test_adjusted_by_benjamini_and_yekutieli() -> None:
    from scipy import stats

    rng = np.random.default_rng(3)
    truth = rng.normal(3, 1, 80)
    ratings = np.clip(np.round(truth[:, None] + rng.normal(0, 0.8, (80, 3))), 0, 5)
    judge = np.clip(np.round(truth + rng.normal(0, 0.8, 80)), 0, 5)
    played = duel(judge, ratings, nominal=False)
    found = alternative_annotator_test(played, Units.of(np.arange(80)), epsilon=0.2)
    d = played.human_wins - played.judge_wins
    p = [stats.ttest_1samp(d[:, j], 0.2, alternative="less").pvalue for j in range(3)]
    assert [contest.p for contest in found.contests] == pytest.approx(p)
    adjusted = stats.false_discovery_control(p, method="by")
    assert [contest.p_adjusted for contest in found.contests] == pytest.approx(adjusted.tolist())
    assert benjamini_yekutieli(np.array(p)) == pytest.approx(adjusted)
    assert found.omega == np.mean(adjusted <= 0.05)
    assert found.flip_epsilon is not None
    for epsilon, passes in ((found.flip_epsilon + 1e-4, True), (found.flip_epsilon - 1e-4, False)):
        assert alternative_annotator_test(played, Units.of(np.arange(80)), epsilon=epsilon).passes is passes


@pytest.mark.parametrize("test", ["wilcoxon", "sign_flip"])
def test_small_studies_may_take_another_test(test: Any) -> None:
    ratings = np.tile(np.arange(6.0)[:, None], (3, 3)) % 6
    ratings[:, 1] = (ratings[:, 1] + 1) % 6
    judge = ratings[:, 0].copy()
    played = duel(judge, ratings, nominal=False)
    units = Units.of(np.arange(18))
    assert alternative_annotator_test(played, units, epsilon=0.2).omega is None  # fewer than thirty
    found = alternative_annotator_test(played, units, epsilon=0.2, test=test)
    assert found.omega is not None
    assert found == alternative_annotator_test(played, units, epsilon=0.2, test=test)


def test_identical_scores_pass_at_any_tolerance_above_zero_and_not_at_zero() -> None:
    same_scores = np.tile(np.arange(6.0)[:, None], (10, 3))
    played = duel(same_scores[:, 0], same_scores, nominal=False)
    units = Units.of(np.arange(60))
    assert alternative_annotator_test(played, units, epsilon=0.1).omega == 1.0
    zero = alternative_annotator_test(played, units, epsilon=0.0)
    assert (zero.omega, zero.contests[0].p, zero.contests[0].winning_rate) == (0.0, 1.0, 1.0)


def test_items_of_one_question_are_one_observation_of_the_test() -> None:
    rng = np.random.default_rng(4)
    base = rng.integers(0, 6, (20, 3)).astype(np.float64)
    judge = np.clip(base.mean(1) + rng.normal(0, 1, 20), 0, 5)
    copied, said = np.repeat(base, 5, axis=0), np.repeat(judge, 5)
    played = duel(said, copied, nominal=False)
    apart, together = (
        alternative_annotator_test(played, Units.of(clusters), epsilon=0.3).contests[0].p
        for clusters in (np.arange(100), np.repeat(np.arange(20), 5))
    )
    assert apart is not None
    assert together is not None
    assert abs(together - 0.5) < abs(apart - 0.5)


@settings(max_examples=30, deadline=None)
@given(tables(raters=3), st.data())
def test_the_ceiling_faces_the_mean_of_the_others(
    given_: tuple[list[list[float | None]], list[float]], data: st.DataObject
) -> None:
    rows, scale = given_
    said = data.draw(st.lists(st.sampled_from(scale), min_size=len(rows), max_size=len(rows)))
    found = told(LeaveOneOutFamily.of(np.array(said), array(rows), Units.of(np.arange(len(rows)))))
    errors: dict[str, list[float]] = {"human": [], "judge": []}
    for j in range(3):
        targets = [
            (own, naive.mean(others), judge)
            for row, judge in zip(rows, said, strict=True)
            if (own := row[j]) is not None
            and (others := [v for at, v in enumerate(row) if at != j and v is not None])
        ]
        if targets:
            errors["human"].append(naive.mean([abs(own - target) for own, target, _ in targets]))
            errors["judge"].append(naive.mean([abs(judge - target) for _, target, judge in targets]))
    for who, each in errors.items():
        assert same(found[f"{who}|loo_mae"], naive.mean(each))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), min_size=4, max_size=14), st.integers(0, 9))
def test_ties_are_calibrated_as_a_plain_loop_would(pairs: list[tuple[int, int]], seed: int) -> None:
    judge, target = np.array([p[0] / 2 for p in pairs]), np.array([float(p[1]) for p in pairs])
    found = tie_calibration(judge, target, seed=seed)
    assert found is not None

    def accuracy(epsilon: float) -> float:
        agreed = [
            naive.sign(round(judge[a] - judge[b], 9) if abs(judge[a] - judge[b]) > epsilon + 1e-9 else 0)
            == naive.sign(target[a] - target[b])
            for a in range(len(judge))
            for b in range(a)
        ]
        return naive.mean([float(each) for each in agreed])

    assert found.in_sample == pytest.approx(max(accuracy(step / 2) for step in range(10)))
    assert found.in_sample == pytest.approx(accuracy(found.epsilon))
    assert found.uncalibrated == pytest.approx(accuracy(0))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=15))
def test_continuous_scores_have_the_coefficients_of_plain_loops(pairs: list[tuple[float, float]]) -> None:
    rounded = [(round(x, 2), round(y, 2)) for x, y in pairs]
    x, y = np.array([p[0] for p in rounded]), np.array([p[1] for p in rounded])
    found = told(MomentFamily.of([(x, y)], Units.of(np.arange(len(x)))))
    for name, expected in (("pearson", naive.pearson(rounded)), ("ccc", naive.ccc(rounded))):
        assert math.isnan(expected) or found[name] == pytest.approx(expected, abs=1e-7)
    ranked = rank_coefficients(x, y)
    assert same(ranked["spearman"], naive.spearman(rounded))
    assert same(ranked["kendall_tau_b"], naive.tau_b(rounded))


def test_pooled_tables_count_each_label_once_and_pairs_both_ways() -> None:
    rng = np.random.default_rng(5)
    data = rng.integers(0, 2, (30, 3)).astype(np.float64)
    data[rng.random((30, 3)) < 0.3] = np.nan
    judge = rng.integers(0, 2, 30).astype(np.float64)
    scale, units = np.arange(2.0), Units.of(np.arange(30))
    tally = tallies(positions(data, scale), 2)
    labels = [(int(j), int(v)) for j, row in zip(judge, data, strict=True) for v in row if not np.isnan(v)]
    against = against_all(positions(judge, scale), tally, units).features.sum(0).reshape(2, 2)
    among = among_all(tally, units).features.sum(0).reshape(2, 2)
    ordered = [
        (int(a), int(b))
        for row in data
        for at, a in enumerate(row)
        for other, b in enumerate(row)
        if at != other and not np.isnan(a) and not np.isnan(b)
    ]
    for a in range(2):
        for b in range(2):
            assert against[a, b] == labels.count((a, b))
            assert among[a, b] == ordered.count((a, b))
