"""Tie calibration: judge scores closer than ε count as a tie (Deutsch, Foster, Freitag 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.estimates import Reason

MOST_DISTINCT = 1000  # distinct scores; the cost grows with their square and not with the items


@dataclass(frozen=True, slots=True)
class TieCalibration:
    """The best ε, its accuracy on the `n` items it was chosen on, and cross-fitted on two halves."""

    n: int
    epsilon: float
    in_sample: float
    cross_fitted: float
    uncalibrated: float


@dataclass(frozen=True, slots=True)
class _Curve:
    """Accuracy if pairs of judge scores with a gap up to each of `gaps` count as ties."""

    gaps: FloatArray
    accuracy: FloatArray

    def at(self, epsilon: float) -> float:
        return float(self.accuracy[max(0, int(np.searchsorted(self.gaps, epsilon + 1e-9)) - 1)])

    def best(self) -> float:
        return float(self.gaps[np.argmax(self.accuracy)])


def tie_calibration(judge: FloatArray, target: FloatArray, *, seed: int) -> TieCalibration | Reason:
    """Choose ε ≥ 0 for judge scores against a target, both (n,); else the reason.

    There are too few or too many to compare, or one of them is constant: a judge without gaps leaves no ε to choose,
    and where every pair is a tie a wide enough ε is always right.
    """
    both = ~np.isnan(judge) & ~np.isnan(target)
    j, t = judge[both], target[both]
    if len(j) < 4:  # noqa: PLR2004  two halves of two
        return "n_below_min" if len(j) else "no_overlap"
    levels = sorted((len(np.unique(j)), len(np.unique(t))))
    if levels[0] == 1:
        return "constant_input"
    if levels[1] > MOST_DISTINCT:
        return "too_large"
    curve = _curve(j, t)
    best = curve.best()
    order: IntArray = np.random.default_rng(seed).permutation(len(j)).astype(np.int64)
    one: IntArray = order[::2]
    two: IntArray = order[1::2]
    held = [_curve(j[b], t[b]).at(_curve(j[a], t[a]).best()) for a, b in ((one, two), (two, one))]
    return TieCalibration(len(j), best, curve.at(best), float(np.mean(held)), curve.at(0.0))


def _curve(judge: FloatArray, target: FloatArray) -> _Curve:
    """From the joint table of distinct values, in O(levels² · targets) time."""
    levels, rows = np.unique(judge, return_inverse=True)
    targets, columns = np.unique(target, return_inverse=True)
    table = np.zeros((len(levels), len(targets)))
    np.add.at(table, (rows, columns), 1.0)
    lower = table.cumsum(1) - table
    concordant = lower @ table.T  # (i, k): pairs whose k-item has the higher target
    tied = table @ table.T
    first, second = np.triu_indices(len(levels), 1)
    gaps = levels[second] - levels[first]
    within = float((table * (table - 1)).sum() / 2)
    order = np.argsort(gaps, kind="stable")
    gained = np.concatenate([[0.0], (tied - concordant)[first, second][order].cumsum()])
    base = within + float(concordant[first, second].sum())
    total = len(judge) * (len(judge) - 1) / 2
    distinct, last = np.unique(np.round(gaps[order], 9), return_index=True)
    ends = np.append(last[1:], len(gaps)) if len(distinct) else last
    return _Curve(
        np.concatenate([[0.0], distinct]), (base + gained[np.concatenate([[0], ends])]) / max(total, 1)
    )
