"""Has the judge changed? An anchor set scored by the old and the new one, against a stated margin.

Two one-sided tests (Schuirmann 1987). The verdict is one of three, and exactly one:
`equivalent`: both tests reject at 5 %, which is that the 90 % interval of the shift lies within ±margin;
`different`: not equivalent, and the interval of the shift at the stated level excludes zero;
`inconclusive`: neither, or fewer than ten items. That no difference is found is not equivalence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.inference.paired import PairedMean, told_or_undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray

Verdict = Literal["equivalent", "different", "inconclusive"]
ADVISED = 50  # items of an anchor set
_LEAST = 10  # items for any verdict but `inconclusive`
_TOST = 0.05
_BINS = 5


@dataclass(frozen=True, slots=True)
class Tost:
    """Both one-sided p-values, and the verdict."""

    margin: float
    p_lower: float | None
    p_upper: float | None
    verdict: Verdict

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "margin": self.margin,
            "p_lower": rounded(self.p_lower),
            "p_upper": rounded(self.p_upper),
            "verdict": self.verdict,
        }


def tost(paired: PairedMean | None, margin: float, level: float) -> Tost:
    """Judge a paired mean against ±margin. Errors: OptionRejected for a margin below zero."""
    if not margin >= 0:
        raise OptionRejected("margin", f"is {margin}; it is a number of points, at least 0")
    if paired is None or paired.n < _LEAST:
        return Tost(margin, None, None, "inconclusive")
    lower, upper = paired.above(-margin), paired.below(margin)
    if max(lower, upper) < _TOST:
        return Tost(margin, lower, upper, "equivalent")
    ci = paired.interval(level)
    apart = (ci is None and paired.mean != 0) or (ci is not None and (ci.low > 0 or ci.high < 0))
    return Tost(margin, lower, upper, "different" if apart else "inconclusive")


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
    shift = PairedMean.of(new - old, clusters)
    change = PairedMean.of(np.abs(new - consensus) - np.abs(old - consensus), clusters)
    test = tost(shift, margin, level)
    both = int((~np.isnan(old) & ~np.isnan(new)).sum())
    notes = [f"an anchor set of {ADVISED} items is advised"] if both < ADVISED else []
    return {
        "n_items": both,
        "shift": told_or_undefined("drift_shift", shift, level).as_json(),
        "interval_90": _plain(shift),
        "tost": test.as_json(),
        "mae_change": told_or_undefined("drift_mae_change", change, level).as_json(),
        "map_transport": _transport(consensus, predicted, new, clusters, margin, level, families),
        "verdict": test.verdict,
        "notes": notes,
    }


def _plain(shift: PairedMean | None) -> dict[str, object] | None:
    enough = shift is not None and shift.n >= _LEAST
    ci = shift.interval(1 - 2 * _TOST, "two_one_sided_tests") if shift and enough else None
    return ci.as_json() if ci else None


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
    paired = PairedMean.of(residual, clusters)
    return {
        "part": name,
        "n_items": paired.n if paired else 0,
        "mean_residual": rounded(paired.mean) if paired else None,
        **tost(paired, margin, level).as_json(),
    }
