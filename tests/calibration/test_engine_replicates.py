"""Every family at the data, without each unit and in each resample, against its own rows taken as often as drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import calibration_naive as naive
import calibration_naive_judges as naive_judges
import numpy as np
import pytest
from calibration_strategies import (
    POINTS,
    Table,
    all_families,
    clusters,
    items,
    numbered,
    pair_family,
    studies,
    tables,
    told,
    total,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.engine.replicates import Replicates, replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.engine.units import Units

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_calibration.agreement.pairs import PairFamily
    from judge_calibration.arrays import FloatArray

DRAWS = 3
SOME = ("kappa_quadratic", "kappa_unweighted", "spearman", "kendall_tau_b", "gwet_ac2", "alpha_ordinal")


def counts(
    resampler: Resampler, columns: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None
) -> list[list[int]]:
    return [list(map(int, row)) for chunk in resampler.chunks(columns) for row in chunk]


def samples(resampler: Resampler, units: Units) -> list[list[int]]:
    """How often each item is in the study without each unit, and then in each resample."""
    without = [[int(unit != left) for unit in units.of_item] for left in range(units.size)]
    return without + [[times[unit] for unit in units.of_item] for times in counts(resampler)]


def values(found: Replicates) -> list[dict[str, float]]:
    rows = [*found.jackknife, *found.bootstrap]
    return [dict(zip(found.names, map(float, row), strict=True)) for row in rows]


def against_first(table: Table) -> dict[str, float]:
    pairs = naive.both(table.judge, naive.column(table.rows, 0))
    return {
        f"{name}|0": value for name, value in naive.ordinal_pair(pairs, table.scale).items() if name in SOME
    }


def of_many(table: Table) -> dict[str, float]:
    return {
        f"alpha_{metric}": naive.alpha(table.rows, table.scale, metric) for metric in ("nominal", "ordinal")
    }


REFERENCES: dict[str, Callable[[Table], dict[str, float]]] = {
    "consensus": lambda t: naive_judges.deviations(t.judge, t.rows, 1.0, (t.scale[0], t.scale[-1])),
    "against": against_first,
    "leave_one_out": lambda t: naive_judges.leave_one_out(t.judge, t.rows),
    "alpha": of_many,
    "continuous_alpha": lambda t: {"alpha_interval": naive.alpha(t.rows, t.scale, "interval")},
    "gwet": lambda t: {"gwet_ac2": naive.gwet(t.rows, t.scale, quadratic=True)},
    "icc": lambda t: naive.icc(t.rows),
    "rho": lambda t: {"alt_test_rho": naive_judges.rho(t.judge, t.rows)},
}


@pytest.mark.parametrize("name", REFERENCES)
def test_replicates_are_plain_loops_over_the_rows_that_were_drawn(name: str) -> None:
    @settings(max_examples=12, deadline=None)
    @given(tables(raters=3, least=2, most=6), clusters(3), st.booleans(), st.integers(0, 99))
    def check(table: Table, labels: list[int], clustered: bool, seed: int) -> None:
        n = len(table.rows)
        units = numbered(labels[:n]) if clustered else items(n)
        resampler = Resampler(units.size, DRAWS, seed)
        (found,) = replicate([all_families(table, units)[name]], resampler)
        for times, drawn in zip(samples(resampler, units), values(found), strict=True):
            repeated = table.repeated(times)
            expected = REFERENCES[name](repeated) if repeated.rows else dict.fromkeys(drawn, math.nan)
            for statistic, value in expected.items():
                assert naive.same(drawn[statistic], value, within=1e-6), statistic

    check()


@settings(max_examples=8, deadline=None)
@given(tables(raters=3, least=2, most=6), clusters(), st.booleans(), st.integers(0, 99))
def test_replicates_of_all_families_are_their_values_on_the_rows_themselves(
    table: Table, labels: list[int], clustered: bool, seed: int
) -> None:
    n = len(table.rows)
    units = numbered(labels[:n]) if clustered else items(n)
    resampler = Resampler(units.size, DRAWS, seed)
    families = all_families(table, units)
    found = replicate(list(families.values()), resampler)
    for (name, family), each in zip(families.items(), found, strict=True):
        assert each.point == pytest.approx(family.evaluate(total(family)), nan_ok=True)
        for times, drawn in zip(samples(resampler, units), values(each), strict=True):
            repeated = table.repeated(times)
            if not repeated.rows:
                continue
            expected = told(all_families(repeated, items(len(repeated.rows)))[name])
            for statistic, value in expected.items():
                assert naive.same(drawn[statistic], value, within=1e-6), (name, statistic)


@pytest.mark.parametrize("clustered", [False, True])
def test_a_subgroup_takes_its_share_of_the_studys_resamples(clustered: bool) -> None:
    """Its replicates are those of its rows, each as often as its unit is in the resample of the whole study."""
    table = studies(24, seed=1)
    units = numbered([at % 9 for at in range(24)]) if clustered else items(24)
    resampler = Resampler(units.size, 8, seed=2)
    rows = np.array([3, 4, 7, 12, 13, 20, 21, 22])
    part, ours = units.subset(rows)
    smaller = Table([table.rows[at] for at in rows], [table.judge[at] for at in rows], POINTS)
    found = replicate(list(all_families(smaller, part).values()), resampler, ours)
    whole = counts(resampler)
    assert counts(resampler, ours) == [[times[unit] for unit in ours] for times in whole]
    for (name, _), each in zip(all_families(smaller, part).items(), found, strict=True):
        for at, times in enumerate(whole):
            repeated = smaller.repeated([times[units.of_item[row]] for row in rows])
            expected = told(all_families(repeated, items(len(repeated.rows)))[name])
            for statistic, value in zip(each.names, map(float, each.bootstrap[at]), strict=True):
                assert naive.same(value, expected[statistic], within=1e-6), (name, statistic)


def test_items_and_single_clusters_are_the_same() -> None:
    table = studies(15, seed=4)
    apart, shuffled = items(15), Units.of(np.random.default_rng(1).permutation(15))
    for name, family in all_families(table, apart).items():
        (one,) = replicate([family], Resampler(15, 0, seed=0))
        (other,) = replicate([all_families(table, shuffled)[name]], Resampler(15, 0, seed=0))
        assert other.point == pytest.approx(one.point, nan_ok=True)
        assert other.jackknife[shuffled.of_item] == pytest.approx(one.jackknife, nan_ok=True)


def dense(family: PairFamily) -> FloatArray:
    assert isinstance(family.features, sparse.csr_array)
    return family.features.toarray()


@pytest.mark.parametrize("raters", [1, 3])
def test_the_short_way_to_leave_one_out_is_the_long_one(raters: int) -> None:
    """With more units than cells of a table, a unit that is one item is looked up in one evaluation per cell.

    Both begin with the value where nobody is left out.
    """
    table = studies(60, seed=5, raters=raters)
    pairs = [(table.said, table.ratings[:, j]) for j in range(raters)]
    family = pair_family(pairs, table.values)
    rows = dense(family)
    nobody = np.zeros(rows.shape[1])
    assert len(rows) > len(POINTS) ** 2
    expected = np.stack([family.evaluate(total(family) - row) for row in [nobody, *rows]])
    assert family.left_out(total(family)) == pytest.approx(expected, nan_ok=True)
    many = Table(table.rows * 4, table.judge * 4, POINTS)
    grouped = pair_family(
        [(many.said, many.ratings[:, j]) for j in range(raters)], many.values, numbered(list(range(60)) * 4)
    )
    expected = np.stack([grouped.evaluate(total(grouped) - row) for row in [nobody, *dense(grouped)]])
    assert grouped.left_out(total(grouped)) == pytest.approx(expected, nan_ok=True)


def test_a_family_of_no_pairs_has_nothing() -> None:
    """As of physicians on a continuous scale who share no items."""
    (found,) = replicate([MomentFamily.of([], items(3))], Resampler(3, 4, seed=0))
    assert np.isnan(found.point).all()
    assert found.bootstrap.shape == (4, len(found.names)) == (4, 4)


def test_the_difference_of_two_statistics_is_that_on_the_same_resamples() -> None:
    table = studies(30, seed=6)
    (found,) = replicate([all_families(table, items(30))["against"]], Resampler(30, 20, seed=1))
    one, other = found.of("pearson|0"), found.of("pearson|1")
    assert (one - other).point == one.point - other.point
    assert np.array_equal((one - other).bootstrap, one.bootstrap - other.bootstrap)
    assert np.array_equal((one - other).jackknife, one.jackknife - other.jackknife)
    assert found.named()["pearson|0"].point == one.point


def test_counts_and_sums_share_their_resamples() -> None:
    """Families of float32 counts and of float64 sums, evaluated together and alone, are the same."""
    table = studies(40, seed=7)
    families = list(all_families(table, items(40)).values())
    together = replicate(families, Resampler(40, 30, seed=3))
    for family, each in zip(families, together, strict=True):
        (alone,) = replicate([family], Resampler(40, 30, seed=3))
        assert alone.bootstrap == pytest.approx(each.bootstrap, nan_ok=True)
        assert alone.names == each.names


def test_without_units_there_are_no_replicates() -> None:
    family = pair_family([(np.empty(0), np.empty(0))], np.array(POINTS), Units.of(np.empty(0, np.int64)))
    (found,) = replicate([family], Resampler(0, 100, seed=0))
    assert found.jackknife.shape == found.bootstrap.shape == (0, len(family.names))
    assert np.isnan(found.point).all()


def test_a_product_without_zeros_is_the_same_product() -> None:
    """Cells of tables are nearly all zero: 2 of 72 for an item and two pairs."""
    table = studies(400, seed=9, raters=2)
    family = pair_family([(table.said, table.ratings[:, j]) for j in range(2)], table.values)
    assert isinstance(family.features, sparse.csr_array)
    resampler = Resampler(400, 30, seed=1)
    (counts,) = resampler.chunks()
    (found,) = replicate([family], resampler)
    assert np.array_equal(
        found.bootstrap,
        family.evaluate(counts.astype(np.float64) @ family.features.toarray()),
        equal_nan=True,
    )
