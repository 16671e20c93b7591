"""Coefficients of two raters on a continuous scale: from sums of products instead of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.coefficients import Joint, Moments
from judge_calibration.agreement.ranks import kendall_tau_b, pair_counts, pairwise_accuracy, spearman
from judge_calibration.ratios import mean_of_defined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units

COEFFICIENTS = ("pearson", "ccc", "icc_a1", "icc_c1")
RANK_COEFFICIENTS = ("spearman", "kendall_tau_b", "pairwise_accuracy")
_COLUMNS = 6
_MOST_CELLS = 4_000_000  # of a joint table of distinct values


@dataclass(frozen=True, slots=True)
class MomentFamily:
    """For each coefficient its mean over pairs, then the pairs' own; columns as in `PairFamily`."""

    features: FloatArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[FloatArray, FloatArray]], units: Units) -> MomentFamily:
        """From the scores (items,) of each pair of raters, NaN where missing."""
        blocks = [_sums_of(x, y) for x, y in pairs]
        features = np.concatenate([*blocks, np.empty((len(units.of_item), 0))], 1)
        single = (f"{name}|{pair}" for name in COEFFICIENTS for pair in range(len(pairs)))
        return cls(units.sums(features), (*COEFFICIENTS, *single))

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, 6·P) to (…, 4 + 4·P)."""
        found = Moments.of_sums(*np.moveaxis(sums.reshape(*sums.shape[:-1], -1, _COLUMNS), -1, 0))
        stacked = np.stack([found.pearson(), found.ccc(), *found.iccs()], -2)
        return np.concatenate([mean_of_defined(stacked), stacked.reshape(*stacked.shape[:-2], -1)], -1)


def rank_coefficients(x: FloatArray, y: FloatArray) -> dict[str, float]:
    """Spearman's ρ, τ-b and pairwise accuracy of two raters (n,); NaN where undefined or `ranks_too_large`."""
    both = ~np.isnan(x) & ~np.isnan(y)
    a, rows = np.unique(x[both], return_inverse=True)
    b, columns = np.unique(y[both], return_inverse=True)
    if not len(a) or len(a) * len(b) > _MOST_CELLS:
        return dict.fromkeys(RANK_COEFFICIENTS, np.nan)
    table = np.zeros((len(a), len(b)))
    np.add.at(table, (rows, columns), 1.0)
    joint = Joint(table)
    pairs = pair_counts(joint)
    values = (spearman(joint), kendall_tau_b(pairs), pairwise_accuracy(pairs))
    return dict(zip(RANK_COEFFICIENTS, map(float, values), strict=True))


def ranks_too_large(x: FloatArray, y: FloatArray) -> bool:
    """Whether two raters (n,) gave so many distinct values that their joint table is not built."""
    both = ~np.isnan(x) & ~np.isnan(y)
    return len(np.unique(x[both])) * len(np.unique(y[both])) > _MOST_CELLS


def _sums_of(x: FloatArray, y: FloatArray) -> FloatArray:
    here = ~np.isnan(x) & ~np.isnan(y)
    centre = x[here].mean() if here.any() else 0.0
    a, b = np.where(here, x - centre, 0.0), np.where(here, y - centre, 0.0)
    # No coefficient depends on the unit of the scores, but what counts as rounding does.
    width = max(float(np.abs(a).max(initial=0)), float(np.abs(b).max(initial=0))) or 1.0
    a, b = a / width, b / width
    return np.column_stack([here, a, b, a * a, b * b, a * b]).astype(np.float64)
