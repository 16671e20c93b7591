"""Rating tables of every awkward kind, for hypothesis, and the families of statistics over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from judge_calibration.agreement.alternative_annotator import RhoFamily, duel
from judge_calibration.agreement.coefficients import disagreement
from judge_calibration.agreement.consensus import ConsensusFamily, opposed_ends
from judge_calibration.agreement.leave_one_out import LeaveOneOutFamily
from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.agreement.pairs import Kind, PairFamily
from judge_calibration.agreement.pooled import tallies
from judge_calibration.agreement.tables import PairTables, positions
from judge_calibration.engine.units import Units
from judge_calibration.reliability.alpha import AlphaFamily, ContinuousAlphaFamily
from judge_calibration.reliability.gwet import GwetFamily
from judge_calibration.reliability.icc import IccFamily

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.replicates import Family

Cell = float | None
POINTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
HALVES = (0.0, 0.5, 1.0, 1.5, 2.0)
UNEQUAL = (0.0, 1.0, 5.0)
BINARY = (0.0, 1.0)
SCALES = (POINTS, HALVES, UNEQUAL, BINARY)


@dataclass(frozen=True)
class Table:
    """Ratings (items x raters) and a judge's scores, None where missing, on a declared scale."""

    rows: list[list[Cell]]
    judge: list[Cell]
    scale: tuple[float, ...]

    @property
    def ratings(self) -> FloatArray:
        return array(self.rows, len(self.rows[0]))

    @property
    def said(self) -> FloatArray:
        return array([[value] for value in self.judge], 1)[:, 0]

    @property
    def values(self) -> FloatArray:
        return np.array(self.scale)

    def repeated(self, times: Sequence[int]) -> Table:
        """Each item as often as told."""
        chosen = [at for at, count in enumerate(times) for _ in range(count)]
        return Table([self.rows[at] for at in chosen], [self.judge[at] for at in chosen], self.scale)


def array(rows: Sequence[Sequence[Cell]], columns: int) -> FloatArray:
    cells = [[math.nan if value is None else value for value in row] for row in rows]
    return np.array(cells, np.float64).reshape(len(rows), columns)


def items(n: int) -> Units:
    return Units.of(np.arange(n))


def total(family: Family) -> FloatArray:
    return np.asarray(family.features.sum(axis=0, dtype=np.float64))


def told(family: Family) -> dict[str, float]:
    """The statistics of a family at the data."""
    return dict(zip(family.names, map(float, family.evaluate(total(family))), strict=True))


def pair_family(
    pairs: Sequence[tuple[FloatArray, FloatArray]],
    values: FloatArray,
    units: Units | None = None,
    kind: Kind = "ordinal",
) -> PairFamily:
    codes = [(positions(x, values), positions(y, values)) for x, y in pairs]
    tables = PairTables.of(codes, len(values), units or items(len(pairs[0][0])))
    return PairFamily(tables, values, kind, len(pairs))


def two(
    x: Sequence[float], y: Sequence[float], scale: Sequence[float], kind: Kind = "ordinal"
) -> dict[str, float]:
    """Every coefficient of two raters."""
    found = told(
        pair_family([(np.array(x, np.float64), np.array(y, np.float64))], np.array(scale), kind=kind)
    )
    return {name: value for name, value in found.items() if "|" not in name}


def alphas(ratings: FloatArray, values: FloatArray) -> dict[str, float]:
    return told(AlphaFamily.of(tallies(positions(ratings, values), len(values)), values, items(len(ratings))))


def gwets(ratings: FloatArray, values: FloatArray, *, quadratic: bool) -> float:
    costs = disagreement(values, "quadratic" if quadratic else "unweighted")
    tally = tallies(positions(ratings, values), len(values))
    return told(GwetFamily.of(tally, costs, items(len(ratings))))["gwet_ac2"]


def iccs(ratings: FloatArray) -> dict[str, float]:
    return told(IccFamily.of(ratings, items(len(ratings))))


def all_families(table: Table, units: Units) -> dict[str, Family]:
    """Every family there is, of a judge and at least two physicians."""
    ratings, said, values = table.ratings, table.said, table.values
    tally = tallies(positions(ratings, values), len(values))
    here = ~np.isnan(ratings)
    counted = np.where(here.any(1), here.sum(1), np.nan)
    consensus = np.where(here, ratings, 0.0).sum(1) / counted
    opposed = opposed_ends(said, ratings, values[0], values[-1])
    between = [(ratings[:, a], ratings[:, b]) for a, b in combinations(range(ratings.shape[1]), 2)]
    against = [(said, ratings[:, j]) for j in range(ratings.shape[1])]
    return {
        "consensus": ConsensusFamily.of(said - consensus, (said + consensus) / 2, opposed, 1.0, units),
        "against": pair_family(against, values, units),
        "between": pair_family(between, values, units),
        "moments": MomentFamily.of(against, units),
        "leave_one_out": LeaveOneOutFamily.of(said, ratings, units),
        "alpha": AlphaFamily.of(tally, values, units),
        "continuous_alpha": ContinuousAlphaFamily.of(ratings, units),
        "gwet": GwetFamily.of(tally, disagreement(values, "quadratic"), units),
        "icc": IccFamily.of(ratings, units),
        "rho": RhoFamily.of(duel(said, ratings, nominal=False), np.ones(ratings.shape[1], bool), units),
    }


@st.composite
def tables(
    draw: st.DrawFn,
    *,
    raters: int = 3,
    least: int = 1,
    most: int = 12,
    scales: Sequence[tuple[float, ...]] = SCALES,
) -> Table:
    """Tables with gaps, constant and absent raters, single categories, and scales of unequal steps."""
    scale = draw(st.sampled_from(scales))
    values = draw(st.sampled_from([scale, scale, scale, scale[-1:]]))
    n = draw(st.integers(least, most))
    columns = [draw(_column(values, n)) for _ in range(raters)]
    judge = draw(_column(values, n))
    return Table([list(row) for row in zip(*columns, strict=True)], judge, scale)


@st.composite
def _column(draw: st.DrawFn, values: tuple[float, ...], n: int) -> list[Cell]:
    usual: st.SearchStrategy[Cell] = st.sampled_from(values)
    one = draw(st.sampled_from(values))
    cells: dict[str, st.SearchStrategy[Cell]] = {
        "full": usual,
        "gaps": st.one_of(st.none(), usual, usual),
        "constant": st.just(one),
        "constant with gaps": st.sampled_from([None, one, one]),
        "absent": st.none(),
    }
    how = draw(st.sampled_from(["full", "gaps", "gaps", "gaps", "constant", "constant with gaps", "absent"]))
    return draw(st.lists(cells[how], min_size=n, max_size=n))


def clusters(most: int = 4) -> st.SearchStrategy[list[int]]:
    """Cluster numbers for up to a dozen items; a test takes as many as it has."""
    return st.lists(st.integers(0, most - 1), min_size=12, max_size=12)


def numbered(labels: Sequence[int]) -> Units:
    """Units of items with such labels."""
    _, inverse = np.unique(np.array(labels, np.int64), return_inverse=True)
    return Units.of(inverse.astype(np.int64))


def studies(n: int, *, seed: int, raters: int = 3, gaps: float = 0.1) -> Table:
    """A plausible study: a latent quality, raters of unequal severity, a judge, six points."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(3, 1.1, n)
    severity = np.linspace(-0.3, 0.3, raters)
    scores = np.clip(np.round(truth[:, None] + severity + rng.normal(0, 0.8, (n, raters))), 0, 5)
    scores[rng.random((n, raters)) < gaps] = np.nan
    judge = np.clip(np.round(truth + 0.2 + rng.normal(0, 0.8, n)), 0, 5)
    rows = [[None if math.isnan(v) else float(v) for v in row] for row in scores]
    return Table(rows, [float(v) for v in judge], POINTS)
