"""Which families of statistics a scale has, for a judge against raters and for raters among themselves."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.coefficients import disagreement
from judge_calibration.agreement.consensus import ConsensusFamily
from judge_calibration.agreement.leave_one_out import LeaveOneOutFamily
from judge_calibration.agreement.moments import MomentFamily
from judge_calibration.agreement.pairs import Kind, PairFamily, coefficient_names
from judge_calibration.agreement.pooled import against_all, among_all, tallies
from judge_calibration.agreement.tables import PairTables, positions
from judge_calibration.reliability.alpha import AlphaFamily, ContinuousAlphaFamily
from judge_calibration.reliability.gwet import GwetFamily
from judge_calibration.reliability.icc import IccFamily

if TYPE_CHECKING:
    from judge_calibration.agreement.coefficients import Weighting
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.engine.replicates import Family
    from judge_calibration.estimates import Reason
    from judge_calibration.reporting.context import View

MOST_CELLS = 40_000_000  # units times cells of all pairs


def kind_of(view: View) -> Kind:
    """The kind of a discrete scale, as the coefficients know it."""
    return view.scale.kind  # type: ignore[return-value]  # interval scales have no tables


def judge_families(view: View, judge: FloatArray) -> dict[str, Family]:
    """Judge against the consensus (`consensus`) and against physicians (`pairs`; pooled when binary)."""
    found: dict[str, Family] = {}
    if view.scale.is_numeric:
        y = view.consensus
        found["consensus"] = ConsensusFamily.of(
            judge - y,
            (judge + y) / 2,
            view.opposed(judge),
            view.scale.unit,
            view.units,
            of_points=view.scale.has_points,
        )
    return found | judge_pairs_family(view, judge)


def judge_pairs_family(view: View, judge: FloatArray) -> dict[str, Family]:
    """Judge against each physician; pooled over labels on a binary scale."""
    if view.scale.kind != "binary":
        return per_rater_family(view, judge)
    tables = against_all(positions(judge, view.scale.numeric), _tally(view), view.units)
    return {"pairs": PairFamily(tables, view.scale.numeric, "binary", 1)}


def per_rater_family(view: View, judge: FloatArray) -> dict[str, Family]:
    """Judge against each physician under `pairs`; nothing without physicians or for too many of them."""
    raters = len(view.raters)
    if raters == 0:
        return {}
    if not view.scale.is_discrete:
        return {"pairs": MomentFamily.of([(judge, view.ratings[:, j]) for j in range(raters)], view.units)}
    if too_large(view, raters):
        return {}
    said, codes = positions(judge, view.scale.numeric), view.codes
    pairs = [(said, codes[:, j]) for j in range(raters)]
    tables = PairTables.of(pairs, view.scale.size, view.units)
    return {"pairs": PairFamily(tables, view.scale.numeric, kind_of(view), raters)}


def ceiling_families(view: View, judge: FloatArray) -> dict[str, Family]:
    """The leave-one-out ceiling of graded scales with at least two physicians."""
    if view.scale.kind not in {"ordinal", "interval"} or len(view.raters) < 2:  # noqa: PLR2004  others are needed
        return {}
    return {"leave_one_out": LeaveOneOutFamily.of(judge, view.ratings, view.units)}


def rater_families(view: View, *, pairs: bool = True) -> dict[str, Family]:
    """Physicians among themselves: alpha, AC2, ICC, and coefficients over pairs."""
    if len(view.raters) < 2:  # noqa: PLR2004  a pair
        return {}
    found: dict[str, Family] = {}
    if view.scale.is_discrete:
        tally = _tally(view)
        weighting: Weighting = "quadratic" if view.scale.kind == "ordinal" else "unweighted"
        found["alpha"] = AlphaFamily.of(tally, view.scale.numeric, view.units, ordered=view.scale.is_numeric)
        found["gwet"] = GwetFamily.of(tally, disagreement(view.scale.numeric, weighting), view.units)
    else:
        found["alpha"] = ContinuousAlphaFamily.of(view.ratings, view.units)
    if view.scale.is_numeric:
        found["icc"] = IccFamily.of(view.ratings, view.units)
    # Pairs come first: where names are shared, the figure of all raters is the one that is told.
    return (rater_pairs_family(view) if pairs else {}) | found


def rater_pairs_family(view: View) -> dict[str, Family]:
    """Every pair of physicians that share items; pooled over ordered pairs on a binary scale."""
    if view.scale.kind == "binary":
        tables = among_all(_tally(view), view.units)
        return {"pairs": PairFamily(tables, view.scale.numeric, "binary", 1)}
    shared = sharing_pairs(view)
    if not view.scale.is_discrete:
        ratings = view.ratings
        return {"pairs": MomentFamily.of([(ratings[:, a], ratings[:, b]) for a, b in shared], view.units)}
    if not shared or too_large(view, len(shared)):
        return {}
    codes = view.codes
    tables = PairTables.of([(codes[:, a], codes[:, b]) for a, b in shared], view.scale.size, view.units)
    return {"pairs": PairFamily(tables, view.scale.numeric, kind_of(view), len(shared))}


def sharing_pairs(view: View) -> list[tuple[int, int]]:
    """Pairs of physicians who rated at least one item both."""
    present = (~np.isnan(view.ratings)).astype(np.float64)
    shared = present.T @ present
    return [(a, b) for a, b in combinations(range(len(view.raters)), 2) if shared[a, b] > 0]


def too_large(view: View, pairs: int) -> bool:
    """Whether the tables of so many pairs would not fit into memory."""
    return view.units.size * pairs * view.scale.size**2 > MOST_CELLS


def why_missing(view: View, name: str, pairs: int) -> Reason:
    """Why a coefficient of so many pairs of raters was not computed."""
    if not view.scale.is_discrete or name not in coefficient_names(kind_of(view)):
        return "not_for_this_scale"
    return "too_large" if too_large(view, pairs) else "no_overlap"


def _tally(view: View) -> FloatArray:
    codes: IntArray = view.codes
    return tallies(codes, view.scale.size)
