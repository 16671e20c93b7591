"""Subgroups treated differently: constant shift, slope, cumulative logit, equivalence, multiplicity."""

from __future__ import annotations

import json

import numpy as np
import pytest
from calibration_audits import TwoGroups, two_groups
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from judge_calibration.audits.dif import DifGroup, across_criteria, dif_audit, equivalence
from judge_calibration.audits.dif_ordinal import drawn_in
from judge_calibration.audits.effects import Effect
from judge_calibration.audits.ordinal_logit import OrdinalFit, fit_ordinal, null_log_likelihood
from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import estimated

RUNS = 50


def _first(data: TwoGroups, *, rounded: bool = False, clusters: int = 1) -> DifGroup:
    judge = np.clip(np.round(data.judge), 0, 5) if rounded else data.judge
    table = dif_audit(
        judge,
        data.consensus,
        data.labels,
        clusters=np.arange(len(judge)) // clusters,
        reliability=data.reliability,
        margin=0.5,
    )
    return across_criteria({"": table})[""].groups[0]


def _share(effects: list[Effect]) -> float:
    return float(np.mean([effect.p is not None and effect.p < 0.05 for effect in effects]))


def test_an_even_handed_judge_raises_alarms_at_the_nominal_rate() -> None:
    groups = [_first(two_groups(seed)) for seed in range(RUNS)]
    assert _share([group.uniform for group in groups]) <= 0.09
    assert _share([group.at_equal_quality for group in groups]) <= 0.09
    assert _share([group.non_uniform for group in groups]) <= 0.09


def test_a_judge_that_compresses_the_scale_is_even_handed_at_equal_quality() -> None:
    groups = [_first(two_groups(seed, slope=0.6)) for seed in range(RUNS)]
    assert _share([group.uniform for group in groups]) >= 0.3
    assert _share([group.at_equal_quality for group in groups]) <= 0.09


def test_a_planted_shift_and_a_planted_slope_are_found_where_they_are() -> None:
    shifted = [_first(two_groups(seed, shift=0.5)) for seed in range(RUNS)]
    assert _share([group.uniform for group in shifted]) > 0.85
    assert np.mean([group.uniform.estimate for group in shifted]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([group.at_equal_quality.estimate for group in shifted]) == pytest.approx(0.5, abs=0.05)
    assert _share([group.non_uniform for group in shifted]) <= 0.09
    bent = [_first(two_groups(seed, slope_change=-0.6)) for seed in range(RUNS)]
    assert _share([group.non_uniform for group in bent]) > 0.6
    assert np.median([group.non_uniform.estimate for group in bent]) == pytest.approx(-0.6, abs=0.06)


def test_the_cumulative_logit_finds_a_large_shift_and_places_it_against_the_published_limits() -> None:
    # Jodoin and Gierl 2001: changes in pseudo-R² below .035, between, and above .070.
    even = _first(two_groups(1, n=400), rounded=True).ordinal
    large = _first(two_groups(1, n=400, shift=1.5), rounded=True).ordinal
    assert even.band == "below_0.035"
    assert large.band == "above_0.070"
    assert large.uniform is not None
    assert large.uniform.p < 1e-6
    assert large.total is not None
    assert large.total.df == 2
    assert large.q == pytest.approx(1.5 * large.total.p)  # two groups are one test told twice; 1 + 1/2
    told = json.loads(json.dumps(large.as_json(), allow_nan=False))
    assert told["limits"] == [0.035, 0.07]


def test_the_cumulative_logit_without_drawing_quality_in_raises_more_false_alarms() -> None:
    alarms = np.zeros(2)
    for seed in range(RUNS):
        data = two_groups(seed)
        judge = np.clip(np.round(data.judge), 0, 5)
        for at, reliability in enumerate((data.reliability, None)):
            table = dif_audit(
                judge, data.consensus, data.labels, clusters=np.arange(200), reliability=reliability
            )
            uniform = table.groups[0].ordinal.uniform
            alarms[at] += uniform is not None and uniform.p < 0.05
    drawn, plain = alarms / RUNS
    assert drawn <= 0.16
    assert plain >= 2.5 * drawn


def test_the_ordinal_fit_is_that_of_the_library() -> None:
    generator = np.random.default_rng(0)
    design = generator.normal(size=(300, 2)) * [1, 3]
    levels = np.digitize(design @ [1, 0.2] + generator.logistic(size=300), [-2, 0, 1, 3]) * 2
    weights = np.ones(300)
    weights[:50] = 2
    doubled = np.concatenate([levels, levels[:50]])
    oracle = OrderedModel(doubled, np.concatenate([design, design[:50]]), distr="logit")
    expected = oracle.fit(method="bfgs", disp=0, gtol=1e-8)
    found = fit_ordinal(levels, design, weights)
    assert isinstance(found, OrdinalFit)
    assert found.coefficients == pytest.approx(expected.params[:2], abs=1e-5)
    assert found.log_likelihood == pytest.approx(expected.llf)
    assert null_log_likelihood(levels, weights) == pytest.approx(expected.llnull)
    errors = np.sqrt(np.diagonal(np.linalg.inv(found.information))[-2:])
    spread = np.sqrt(
        np.average((design - np.average(design, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    )
    assert errors / spread == pytest.approx(expected.bse[:2], rel=1e-3)


def test_the_ordinal_fit_shortens_steps_that_go_too_far() -> None:
    x = np.append(np.random.default_rng(2).normal(size=200), [60.0, -80.0])
    levels = np.append(np.digitize(2 * x[:200], [-1, 1]), [0, 2])
    found = fit_ordinal(levels, x[:, None], np.ones(202))
    oracle = OrderedModel(levels, x[:, None], distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)
    assert isinstance(found, OrdinalFit)
    assert found.log_likelihood == pytest.approx(oracle.llf)


def test_a_group_that_is_always_at_the_top_has_no_finite_coefficient() -> None:
    member = (np.arange(60) < 20).astype(np.float64)
    levels = np.where(member > 0, 2, np.arange(60) % 3)
    assert fit_ordinal(levels, member[:, None], np.ones(60)) == "separation"


def test_an_ordinal_fit_without_a_maximum_says_why() -> None:
    levels, ones = np.arange(5).repeat(6), np.ones(30)
    assert fit_ordinal(levels, levels[:, None].astype(np.float64), ones) == "separation"
    assert fit_ordinal(levels, np.ones((30, 1)), ones) == "constant_input"
    assert fit_ordinal(np.zeros(30, np.int64), levels[:, None].astype(np.float64), ones) == "single_category"
    x = np.random.default_rng(1).normal(size=(30, 1))
    assert fit_ordinal(levels, np.column_stack([x, x]), ones) == "not_identified"


def test_the_change_in_r2_is_undefined_for_the_reason_that_holds() -> None:
    generator = np.random.default_rng(6)
    judge, halves = np.round(generator.uniform(0, 5, 60)), ["a", "b"] * 30
    level = dif_audit(judge, np.full(60, 3.0), halves, clusters=np.arange(60)).groups[0].ordinal
    assert level.r2_change.reason == "constant_input"
    of_group = dif_audit(judge, np.tile([2.0, 4.0], 30), halves, clusters=np.arange(60)).groups[0].ordinal
    assert of_group.r2_change.reason == "not_identified"


@pytest.mark.parametrize(("each", "told"), [(1, False), (9, False), (10, True)])
def test_few_clusters_on_either_side_withhold_tests_and_keep_estimates(each: int, *, told: bool) -> None:
    data = two_groups(3)
    judge, member = np.clip(np.round(data.judge), 0, 5), data.member
    clusters = np.where(member, member.cumsum() % each, each + (~member).cumsum() % each)
    table = dif_audit(judge, data.consensus, data.labels, clusters=clusters, reliability=data.reliability)
    ordinal, slope = table.groups[0].ordinal, table.groups[0].non_uniform
    assert ordinal.r2_change.estimate is not None
    assert (ordinal.r2_change.status, ordinal.r2_change.reason) == (
        ("ok", None) if told else ("insufficient", "n_below_min")
    )
    assert [test is not None for test in (ordinal.uniform, ordinal.non_uniform, ordinal.total)] == [told] * 3
    assert slope.estimate is not None
    assert (slope.p is not None) == (2 * each >= 10)


def test_likelihood_ratios_shrink_when_items_are_copied_within_clusters() -> None:
    data = two_groups(3, n=150, shift=0.4)
    judge = np.clip(np.round(data.judge), 0, 5)
    once = dif_audit(judge, data.consensus, data.labels, clusters=np.arange(150)).groups[0]
    copies = dif_audit(
        np.tile(judge, 3),
        np.tile(data.consensus, 3),
        data.labels * 3,
        clusters=np.tile(np.arange(150), 3),
    ).groups[0]
    assert once.ordinal.uniform is not None
    assert copies.ordinal.uniform is not None
    assert copies.ordinal.uniform.chi_square == pytest.approx(once.ordinal.uniform.chi_square, rel=0.35)
    assert copies.uniform.se == pytest.approx(once.uniform.se or 0, rel=0.05)


def test_quality_is_drawn_towards_its_groups_mean_by_its_reliability() -> None:
    member = np.array([True, True, False, False, False])
    drawn = drawn_in(np.array([1.0, 3.0, 2.0, 2.0, 2.0]), member, 0.25)
    assert drawn.tolist() == [1.25, 2.75, 2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("estimate", "error", "verdict"),
    [
        (0.05, 0.1, "equivalent"),
        (0.45, 0.1, "different"),
        (0.3, 0.2, "inconclusive"),
        (0.2, 0.05, "equivalent"),
    ],
)
def test_equivalence_takes_two_one_sided_tests(estimate: float, error: float, verdict: str) -> None:
    p = float(2 * stats.t.sf(estimate / error, 50))
    shift = Effect(estimated("dif_uniform", estimate), se=error, df=50.0, p=p)
    found = equivalence(shift, 0.5)
    assert found.verdict == verdict
    assert found.p_lower == pytest.approx(float(stats.t.sf((0.5 + estimate) / error, 50)))
    assert found.p_upper == pytest.approx(float(stats.t.sf((0.5 - estimate) / error, 50)))
    without = equivalence(Effect(estimated("dif_uniform", estimate)), 0.5)
    assert (without.verdict, without.p_upper, without.reason) == ("inconclusive", None, "constant_input")


def test_q_values_can_span_groups_and_criteria() -> None:
    tables = {
        name: dif_audit(
            data.judge, data.consensus, data.labels, clusters=np.arange(200), reliability=data.reliability
        )
        for name, data in (("accuracy", two_groups(1)), ("empathy", two_groups(2, shift=0.5)))
    }
    joined = across_criteria(tables)
    effects = [group.uniform for table in joined.values() for group in table.groups]
    expected = stats.false_discovery_control([effect.p or 0.0 for effect in effects], method="by")
    assert [effect.q for effect in effects] == pytest.approx(expected.tolist())
    assert {table.as_json()["fdr"] for table in joined.values()} == {"by"}
    assert list(joined) == ["accuracy", "empathy"]


def test_unknown_groups_and_missing_scores_do_not_count() -> None:
    data = two_groups(4)
    labels = data.labels
    labels[0], judge = None, data.judge.copy()
    judge[1] = np.nan
    table = dif_audit(judge, data.consensus, labels, clusters=np.arange(200), reliability=0.7)
    assert table.n_unknown == 1
    assert sum(group.n_items for group in table.groups) == 198
    json.dumps(table.as_json(), allow_nan=False)


def test_what_cannot_be_tested_is_told_with_its_reason() -> None:
    generator = np.random.default_rng(5)
    y = generator.normal(3, 1, 60)
    alone = dif_audit(y, y, ["a"] * 60, clusters=np.arange(60), reliability=0.8, margin=0.3).groups[0]
    reasons = [alone.uniform, alone.at_equal_quality, alone.non_uniform]
    assert {effect.statistic.reason for effect in reasons} == {"no_ratings"}
    assert alone.ordinal.r2_change.reason == "no_ratings"
    assert alone.ordinal.band is None
    halves: list[str | None] = ["a", "b"] * 30
    constant = dif_audit(np.full(60, 3.0), y, halves, clusters=np.arange(60)).groups[0]
    assert constant.ordinal.r2_change.reason == "constant_input"
    assert constant.at_equal_quality.statistic.reason == "not_identified"
    same = dif_audit(np.round(y), np.round(y), halves, clusters=np.arange(60)).groups[0]
    assert same.ordinal.r2_change.reason == "separation"
    few = dif_audit(y[:30], y[:30] + generator.normal(0, 1, 30), halves[:30], clusters=np.arange(30)).groups[
        0
    ]
    assert few.uniform.statistic.reason == "n_below_min"
    assert few.ordinal.r2_change.reason == "n_below_min"
    assert few.ordinal.total is None
    nothing = dif_audit(np.full(60, np.nan), y, halves, clusters=np.arange(60), reliability=0.8)
    assert {group.uniform.statistic.reason for group in nothing.groups} == {"no_ratings"}
    for group in (alone, constant, same, few, nothing.groups[0]):
        json.dumps(group.as_json(), allow_nan=False)


def test_options_out_of_range_are_refused() -> None:
    y = np.zeros(4)
    with pytest.raises(OptionRejected):
        dif_audit(y, y, ["a"] * 4, clusters=np.arange(4), reliability=1.5)
    with pytest.raises(OptionRejected):
        dif_audit(y, y, ["a"] * 4, clusters=np.arange(4), margin=0.0)
