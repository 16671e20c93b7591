"""Has the judge changed? An anchor set scored by the old and the new one, against a stated margin.

Two one-sided tests (Schuirmann 1987). The verdict is one of three, and exactly one:
`equivalent`: both tests reject at 5 %, which is that the 90 % interval of the shift lies within ±margin;
`different`: not equivalent, and the interval of the shift at the stated level excludes zero;
`inconclusive`: neither, or fewer than ten items or ten clusters. That no difference is found is not equivalence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.engine.equivalence import two_one_sided_tests, untested
from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import rounded, undefined
from judge_calibration.inference.sampling_error import mean_error, told_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.engine.equivalence import Equivalence, Verdict
    from judge_calibration.estimates import Statistic
    from judge_calibration.inference.sampling_error import MeanError

DEFAULT_MARGIN = 0.05  # of the scale's width: a quarter of a point from 0 to 5
ADVISED = 50  # items of an anchor set
_TOST = 0.05
_BINS = 5
_SAME = 1e-9


def tost(differences: FloatArray, clusters: IntArray, margin: float, level: float) -> Equivalence:
    """Judge the mean of differences (n,), NaN where missing, against ± margin.

    Differences that are all the same are no sample with an error: their one value is inside the margin, or is
    not. Without an error otherwise (the sums of clusters coincide) there is no verdict. Errors: OptionRejected
    for a margin below zero.
    """
    if not margin >= 0:
        raise OptionRejected("margin", f"is {margin}; it is a number of points, at least 0")
    found, known = _paired(differences, clusters), differences[~np.isnan(differences)]
    told = _told("drift_shift", found, level)
    if told.reason is not None and told.reason != "constant_input":
        return untested(margin, told.reason)
    if found.error > 0:
        return two_one_sided_tests(found.mean, found.error, found.df, margin, alpha=_TOST, level=level)
    if np.ptp(known) > _SAME * max(1.0, float(np.abs(known).max())):
        return untested(margin, "constant_input")
    shift = abs(float(known[0]))
    verdict: Verdict = "equivalent" if shift < margin else "different" if shift > _SAME else "inconclusive"
    return replace(untested(margin, "constant_input"), verdict=verdict)


def _paired(differences: FloatArray, clusters: IntArray) -> MeanError:
    here = ~np.isnan(differences)
    return mean_error(differences[here], clusters[here])


def _told(name: str, found: MeanError, level: float, method: str = "paired_t") -> Statistic:
    return (
        told_mean(name, found, level=level, method=method)
        if found.n
        else undefined(name, "no_overlap", n_items=0)
    )


def drift(
    old: FloatArray,
    new: FloatArray,
    consensus: FloatArray,
    *,
    clusters: IntArray,
    margin: float,
    level: float = 0.95,
    predicted: FloatArray | None = None,
    families: Sequence[str | None] | None = None,
) -> dict[str, object]:
    """Shift, change of error against physicians, and whether the old map still holds for the new judge.

    Scores and consensus are (n,), NaN where missing. `predicted` (n,) is the old map applied to the new
    scores. The map `holds` when its mean residual is equivalent to zero overall, in every fifth of the new
    scores and in every model family: all must pass at 5 %, so holding wrongly has at most that chance
    (Berger 1982). It `fails` when any part is different.
    """
    shift = _paired(new - old, clusters)
    change = _paired(np.abs(new - consensus) - np.abs(old - consensus), clusters)
    test = tost(new - old, clusters, margin, level)
    inner = _told("drift_shift", shift, 1 - 2 * _TOST, "two_one_sided_tests").ci
    return {
        "n_items": shift.n,
        "shift": _told("drift_shift", shift, level).as_json(),
        "interval_90": inner.as_json() if inner else None,
        "tost": test.as_json(),
        "mae_change": _told("drift_mae_change", change, level).as_json(),
        "map_transport": _transport(consensus, predicted, new, clusters, margin, level, families),
        "verdict": test.verdict,
        "notes": [f"an anchor set of {ADVISED} items is advised"] if shift.n < ADVISED else [],
    }


def _transport(
    consensus: FloatArray,
    predicted: FloatArray | None,
    new: FloatArray,
    clusters: IntArray,
    margin: float,
    level: float,
    families: Sequence[str | None] | None,
) -> dict[str, object] | None:
    """Residuals of the old map on the new judge's scores: overall, by bin of its scores, by family."""
    if predicted is None:
        return None
    residual = consensus - predicted
    rows = [_residual("all", residual, clusters, margin, level)]
    known = ~np.isnan(new) & ~np.isnan(residual)
    if known.any():
        edges = np.unique(np.quantile(new[known], np.linspace(0, 1, _BINS + 1)))
        place = np.clip(np.searchsorted(edges, new, side="right") - 1, 0, max(0, len(edges) - 2))
        for at in np.unique(place[known]):
            inside = np.where(known & (place == at), residual, np.nan)
            top = edges[min(int(at) + 1, len(edges) - 1)]
            name = f"scores {edges[at]:g} to {top:g}"
            rows.append(_residual(name, inside, clusters, margin, level))
    for family in sorted({label for label in families or () if label is not None}):
        inside = np.where([label == family for label in families or ()], residual, np.nan)
        rows.append(_residual(f"family {family}", inside, clusters, margin, level))
    holds = all(row["verdict"] == "equivalent" for row in rows)
    fails = any(row["verdict"] == "different" for row in rows)
    return {"rows": rows, "verdict": "holds" if holds else "fails" if fails else "inconclusive"}


def _residual(
    name: str, residual: FloatArray, clusters: IntArray, margin: float, level: float
) -> dict[str, object]:
    found = _paired(residual, clusters)
    return {
        "part": name,
        "n_items": found.n,
        "mean_residual": rounded(found.mean) if found.n else None,
        **tost(residual, clusters, margin, level).as_json(),
    }
