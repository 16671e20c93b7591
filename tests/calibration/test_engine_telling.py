"""A value becomes a statistic: with an interval, without one and why, or null with a reason."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibration_strategies import POINTS, Table, all_families, items, numbered, pair_family, studies, tables
from hypothesis import given, settings

from judge_calibration.definitions import definition_of
from judge_calibration.engine.replicates import Replicate, replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.reporting.telling import Sample, Teller, all_undefined, plain, why_undefined

if TYPE_CHECKING:
    from judge_calibration.engine.units import Units
    from judge_calibration.estimates import Statistic

NONE = np.empty(0)
TELLER = Teller(0.95, clustered=False)
CLUSTERED = Teller(0.95, clustered=True)


def replicates(table: Table, units: Units, resamples: int = 0) -> dict[str, Replicate]:
    families = all_families(table, units)
    found = replicate([families["consensus"], families["against"]], Resampler(units.size, resamples, seed=1))
    return {name: each for one in found for name, each in one.named().items() if "|" not in name}


def told(table: Table, *, raters: int = 3, resamples: int = 0) -> dict[str, Statistic]:
    n = sum(
        said is not None and any(v is not None for v in row)
        for said, row in zip(table.judge, table.rows, strict=True)
    )
    sample = Sample(n, n * raters, raters if n else 0)
    named = replicates(table, items(len(table.rows)), resamples)
    return {name: TELLER.tell(name, each, sample) for name, each in named.items()}


def constant(value: float, n: int = 40) -> Table:
    return Table(studies(n, seed=1, gaps=0.0).rows, [value] * n, POINTS)


def test_a_constant_judge_has_null_correlations_for_a_constant_input() -> None:
    found = told(constant(3.0))
    for name in ("pearson", "spearman", "kendall_tau_b"):
        assert (found[name].estimate, found[name].status, found[name].reason) == (
            None,
            "undefined",
            "constant_input",
        )
        assert found[name].ci is None
    for name in ("kappa_quadratic", "ccc"):
        assert found[name].estimate == pytest.approx(0, abs=1e-12)
        assert found[name].status == "ok"


def test_raters_who_all_say_one_thing_have_null_kappas_for_a_single_category() -> None:
    found = told(Table([[4.0] * 3] * 20, [4.0] * 20, POINTS))
    for name in ("kappa_unweighted", "kappa_quadratic", "ccc", "alpha_ordinal", "alpha_nominal"):
        assert (found[name].estimate, found[name].reason) == (None, "single_category"), name
    assert found["proportional_bias"].reason == "constant_input"
    assert found["gwet_ac2"].estimate == found["agreement"].estimate == 1.0
    assert (found["bias"].estimate, found["bias"].ci) == (0.0, None)
    assert "changes nothing" in found["bias"].notes[0]


def test_a_judge_without_a_common_item_has_nothing_but_the_reason() -> None:
    rows: list[list[float | None]] = [[1.0, 2.0, 3.0], [None, None, None]] * 5
    found = told(Table(rows, [None, 2.0] * 5, POINTS))
    for statistic in found.values():
        assert (statistic.estimate, statistic.status, statistic.reason) == (None, "undefined", "no_overlap")
        assert statistic.n_items == 0


def test_one_item_has_a_bias_and_no_coefficient() -> None:
    found = told(Table([[3.0, 4.0, 3.0]], [5.0], POINTS))
    assert found["bias"].estimate == pytest.approx(5 - 10 / 3)
    assert (found["bias"].status, found["bias"].reason, found["bias"].ci) == (
        "insufficient",
        "n_below_min",
        None,
    )
    for name in ("pearson", "kendall_tau_b", "loa_low", "pairwise_accuracy", "icc_a1"):
        assert (found[name].estimate, found[name].reason) == (None, "n_below_min"), name
    assert found["within_1"].ci is not None  # Wilson's interval of one item is wide and right
    assert found["within_1"].ci.high > 0.7


@pytest.mark.parametrize("n", [2, 9, 10])
def test_few_items_keep_the_estimate_and_withhold_the_interval(n: int) -> None:
    found = told(studies(n, seed=2, gaps=0.0))
    for name, statistic in found.items():
        few = n < definition_of(name).min_n
        if statistic.estimate is not None:
            assert (statistic.status == "insufficient") == few, name
            assert not (few and statistic.ci)


def test_intervals_of_small_and_large_studies() -> None:
    small, large = told(studies(60, seed=3), resamples=300), told(studies(140, seed=3), resamples=300)
    methods = {
        "bias": "jackknife_t",
        "loa_low": "jackknife_t",
        "mae": "jackknife_log",
        "rmse": "jackknife_log",
        "kappa_quadratic": "jackknife_arctanh",
        "agreement": "jackknife_logit",
        "pairwise_accuracy": "jackknife_logit",
    }
    for name, method in methods.items():
        few, many = small[name].ci, large[name].ci
        assert few is not None
        assert many is not None
        assert (few.method, many.method) == (method, "bootstrap_bca"), name
        assert (few.generalises_to, few.mc_error) == ("these_raters", None)
        assert many.mc_error is not None
    for name in ("exact", "within_1", "gross_error"):
        for found in (small, large):
            interval = found[name].ci
            assert interval is not None
            assert interval.method == "wilson"


def test_items_without_ratings_do_not_make_a_study_large() -> None:
    """Sixty rated items among three hundred: the interval for small studies, as without the others."""
    table = studies(60, seed=4)
    unrated: list[list[float | None]] = [[None] * 3] * 240
    longer = told(Table(table.rows + unrated, [*table.judge, *([1.0] * 240)], POINTS), resamples=300)
    for name, statistic in told(table, resamples=300).items():
        again = longer[name]
        assert again.estimate == pytest.approx(statistic.estimate), name
        if statistic.ci is not None:
            assert again.ci is not None
            assert again.ci.method == statistic.ci.method
            assert (again.ci.low, again.ci.high) == pytest.approx(
                (statistic.ci.low, statistic.ci.high), abs=0.01
            )


def test_clusters_widen_what_they_share() -> None:
    table = studies(30, seed=5, gaps=0.0)
    copied = table.repeated([4] * 30)
    clusters = numbered([at for at in range(30) for _ in range(4)])
    sample = Sample(120, 360, 3)
    apart, together = replicates(copied, items(120)), replicates(copied, clusters)
    for name in ("bias", "mae", "kappa_quadratic", "within_1", "exact"):
        narrow, wide = (
            TELLER.tell(name, apart[name], sample).ci,
            CLUSTERED.tell(name, together[name], sample).ci,
        )
        assert narrow is not None
        assert wide is not None
        assert wide.high - wide.low > 1.7 * (narrow.high - narrow.low), name
    share = CLUSTERED.tell("within_1", together["within_1"], sample).ci
    assert share is not None
    assert share.method == "wilson_design_effect"


@pytest.mark.parametrize(("clusters", "status"), [(3, "insufficient"), (9, "insufficient"), (10, "ok")])
def test_few_clusters_keep_the_estimate_and_withhold_the_interval(clusters: int, status: str) -> None:
    """However many items they hold; a share has no interval either, nor a difference."""
    named = replicates(studies(120, seed=5, gaps=0.0), numbered([at % clusters for at in range(120)]))
    sample = Sample(120, 360, 3, clusters)
    found = [CLUSTERED.tell(name, named[name], sample) for name in ("bias", "kappa_quadratic", "exact")]
    found.append(CLUSTERED.difference("agreement", named["agreement"], sample))
    for statistic in found:
        assert statistic.estimate is not None
        assert (statistic.status, statistic.ci is None) == (status, status != "ok"), statistic.name
        assert statistic.reason == (None if status == "ok" else "n_below_min")
        if status != "ok":
            assert statistic.notes == (f"an interval takes 10 clusters; here are {clusters}",)


@pytest.mark.parametrize(
    ("name", "sample", "reason"),
    [
        ("kappa_quadratic", Sample(0, 0, 0), "no_overlap"),
        ("kappa_quadratic", Sample(0, 0, 3), "no_overlap"),
        ("pearson", Sample(1, 1, 1), "n_below_min"),
        ("pearson", Sample(20, 20, 1), "constant_input"),
        ("mcc", Sample(20, 20, 1), "constant_input"),
        ("alpha_ordinal", Sample(20, 40, 2), "single_category"),
        ("f1_met", Sample(20, 40, 2), "single_category"),
    ],
)
def test_the_reason_is_the_most_telling_one(name: str, sample: Sample, reason: str) -> None:
    assert why_undefined(name, sample) == reason
    found = TELLER.tell(name, Replicate(math.nan, NONE, NONE), sample)
    assert (found.reason, found.n_items, found.n_raters) == (reason, sample.n_items, sample.n_raters)


def test_a_reason_that_is_known_better_wins() -> None:
    nothing = Replicate(math.nan, NONE, NONE)
    assert TELLER.tell("icc_a1", nothing, Sample(20, 40, 2), why="not_identified").reason == "not_identified"
    given_up = all_undefined(["icc_a1", "pearson"], "single_rater", Sample(20, 20, 1))
    assert {each.reason for each in given_up.values()} == {"single_rater"}
    assert set(given_up) == {"icc_a1", "pearson"}


def test_a_statistic_undefined_in_many_resamples_is_suppressed() -> None:
    """A judge who departs from one value on a single item is constant in a third of the resamples."""
    table = constant(3.0, 120)
    table.judge[5] = 4.0
    found = told(table, resamples=300)["pearson"]
    assert found.estimate is not None
    assert (found.ci, found.status, found.reason) == (None, "suppressed", "unstable_resamples")
    assert "undefined in" in found.notes[0]
    alone = told(table)["pearson"]
    assert (alone.ci, alone.status) == (None, "ok")
    assert "undefined without some one unit" in alone.notes[0]


def test_a_difference_is_told_on_its_plain_scale() -> None:
    table = studies(50, seed=6, gaps=0.0)
    pairs = [(table.said, table.ratings[:, j]) for j in range(2)]
    (found,) = replicate([pair_family(pairs, table.values)], Resampler(50, 0, seed=0))
    one, other = found.of("kappa_quadratic|0"), found.of("kappa_quadratic|1")
    difference = TELLER.difference("kappa_quadratic", one - other, Sample(50, 100, 2))
    assert difference.estimate == pytest.approx(one.point - other.point)
    assert difference.ci is not None
    assert difference.ci.method == "jackknife_t"
    few = TELLER.difference("kappa_quadratic", one - other, Sample(5, 10, 2))
    assert (few.status, few.reason, few.ci) == ("insufficient", "n_below_min", None)
    nothing = TELLER.difference("pearson", Replicate(math.nan, NONE, NONE), Sample(50, 100, 2))
    assert (nothing.estimate, nothing.reason) == (None, "constant_input")
    unresampled = TELLER.difference("kappa_quadratic", Replicate(0.1, NONE, NONE), Sample(50, 100, 2))
    assert (unresampled.ci, unresampled.status) == (None, "ok")
    assert "no interval can be computed" in unresampled.notes[0]
    shaky = Replicate(0.1, one.jackknife - other.jackknife, np.array([np.nan, 0.1]))
    assert TELLER.difference("kappa_quadratic", shaky, Sample(50, 100, 2)).reason == "unstable_resamples"


@settings(max_examples=30, deadline=None)
@given(tables(raters=3, most=14))
def test_whatever_the_table_the_document_is_plain_and_honest(table: Table) -> None:
    """No NaN or infinity passes into JSON; null exactly where undefined, and then with a reason."""
    found = told(table, resamples=120)
    document = plain(found)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    for statistic in found.values():
        assert (statistic.estimate is None) == (statistic.status == "undefined")
        assert (statistic.reason is None) == (statistic.status == "ok")
        if statistic.ci is not None:
            assert statistic.ci.low <= statistic.ci.high


def test_the_same_input_and_seed_give_the_same_bytes() -> None:
    table = studies(120, seed=7)
    one, other = (json.dumps(plain(told(table, resamples=200))) for _ in range(2))
    assert one == other
