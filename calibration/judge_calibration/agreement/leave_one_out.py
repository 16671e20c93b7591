"""The human ceiling: each physician, and the judge, against the mean of the other physicians.

Both face the same target on the same items. Against the mean of all of them the judge would be flattered, for
that target is less noisy than what a physician is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.coefficients import Moments
from judge_calibration.ratios import mean_of_defined, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.arrays import BoolArray, FloatArray
    from judge_calibration.engine.units import Units

FIGURES = ("loo_pearson", "loo_ccc", "loo_mae", "loo_rmse")
_COLUMNS = 11  # sums per physician: of the target, of the physician, of the judge


@dataclass(frozen=True, slots=True)
class LeaveOneOutFamily:
    """Means over physicians j of figures on the items that j, another physician and the judge all scored.

    Names: `human|loo_pearson` … for physician j against the others' mean, `judge|loo_pearson` … for the judge
    against the very same targets.
    """

    features: FloatArray
    names: tuple[str, ...] = tuple(f"{who}|{figure}" for who in ("human", "judge") for figure in FIGURES)

    @classmethod
    def of(cls, judge: FloatArray, ratings: FloatArray, units: Units) -> LeaveOneOutFamily:
        """From judge scores (items,) and ratings (items, R), NaN where missing."""
        blocks = [_sums_of(judge, own, rest, here) for own, rest, here in others(judge, ratings)]
        empty = np.empty((len(judge), 0))
        return cls(units.sums(np.concatenate([*blocks, empty], 1)))

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, 11·R) to the figures (…, 8)."""
        parts = sums.reshape(*sums.shape[:-1], -1, _COLUMNS)
        target = parts[..., :3]
        figures = [_figures(target, parts[..., first : first + 4]) for first in (3, 7)]
        return np.concatenate(figures, -1)


def _figures(target: FloatArray, own: FloatArray) -> FloatArray:
    """Means over physicians (…, 4) from sums of the target (…, R, 3) and of who faces it (…, R, 4)."""
    n, t, t2 = np.moveaxis(target, -1, 0)
    x, x2, xt, off = np.moveaxis(own, -1, 0)
    square = np.maximum(ratio(x2 + t2 - 2 * xt, n), 0)
    moments = Moments.of_sums(n, x, t, x2, t2, xt)
    by_physician = [moments.pearson(), moments.ccc(), ratio(off, n), np.sqrt(square)]
    return np.stack([mean_of_defined(figure) for figure in by_physician], -1)


def others(judge: FloatArray, ratings: FloatArray) -> Iterator[tuple[FloatArray, FloatArray, BoolArray]]:
    """For each physician: own scores, the mean of the others, and where both and the judge are there."""
    present = ~np.isnan(ratings)
    scores = np.where(present, ratings, 0.0)
    for j in range(ratings.shape[1]):
        rest = present.sum(1) - present[:, j]
        here = present[:, j] & (rest > 0) & ~np.isnan(judge)
        mean = (scores.sum(1) - scores[:, j]) / np.maximum(rest, 1)
        yield scores[:, j], mean, here


def _sums_of(judge: FloatArray, own: FloatArray, rest: FloatArray, here: BoolArray) -> FloatArray:
    centre = rest[here].mean() if here.any() else 0.0
    t = np.where(here, rest - centre, 0.0)
    columns: list[FloatArray] = [here.astype(np.float64), t, t**2]
    for scores in (own, judge):
        x = np.where(here, scores - centre, 0.0)
        columns += [x, x**2, x * t, np.abs(x - t)]
    return np.column_stack(columns)
