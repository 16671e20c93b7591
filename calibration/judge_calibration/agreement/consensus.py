"""How far the judge is from the physicians' consensus, in points of the scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.ratios import ratio, variance

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units

OF_POINTS = ("within_1", "gross_error")  # where an answer can be more than a point off
NAMES = ("bias", "mae", "rmse", "loa_low", "loa_high", "proportional_bias", "exact", *OF_POINTS)
SHARES = frozenset({"exact", *OF_POINTS})
LIMIT_Z = 1.959963984540054  # the normal 97.5 % point: limits of agreement hold 95 % of differences
_SLACK = 1e-9  # a mean of ratings may miss a whole distance by rounding


@dataclass(frozen=True, slots=True)
class ConsensusFamily:
    """Differences d = judge - consensus: mean, mean size, root mean square, limits of agreement, shares.

    Limits: mean ± 1.96 s_d, n-1 denominator (Bland and Altman 1986). Proportional bias: slope of d on the
    mean of both. `within_1`: |d| ≤ one point; `gross_error`: |d| ≥ two points, or the judge in the top fifth
    of the scale while any physician is in the bottom fifth.
    """

    features: FloatArray
    names: tuple[str, ...] = NAMES

    @classmethod
    def of(
        cls,
        difference: FloatArray,
        middle: FloatArray,
        opposed: FloatArray,
        unit: float,
        units: Units,
        *,
        of_points: bool = True,
    ) -> ConsensusFamily:
        """From d (items,), the mean of judge and consensus, and 1.0 where their ends of the scale oppose.

        NaN in d marks an item without judge score or consensus. Not `of_points`: the scale is one point wide
        and every answer within one, or declares no point; the figures that count points are left out.
        """
        here = ~np.isnan(difference)
        d, m = np.where(here, difference, 0.0), np.where(here, middle, 0.0)
        m = np.where(here, m - (m.sum() / max(1, here.sum())), 0.0)
        size = np.abs(d)
        gross = here & ((size >= 2 * unit - _SLACK) | (opposed > 0))
        columns = [here, d, size, d**2, m, m**2, d * m, here & (size < _SLACK)]
        columns += [here & (size <= unit + _SLACK), gross]
        names = NAMES if of_points else tuple(name for name in NAMES if name not in OF_POINTS)
        return cls(units.sums(np.column_stack(columns).astype(np.float64)), names)

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, 10) to the figures (…, 9), or (…, 7) without those of points."""
        n, d, size, square, m, m2, dm, exact, within, gross = np.moveaxis(sums, -1, 0)
        mean, mean_square = ratio(d, n), ratio(square, n)
        spread = np.sqrt(ratio(n * variance(square, d, n), np.where(n > 1, n - 1, 0.0)))
        figures = [
            mean,
            ratio(size, n),
            np.sqrt(mean_square),
            mean - LIMIT_Z * spread,
            mean + LIMIT_Z * spread,
            ratio(ratio(dm, n) - mean * ratio(m, n), variance(m2, m, n)),
            ratio(exact, n),
            ratio(within, n),
            ratio(gross, n),
        ]
        return np.stack(figures[: len(self.names)], -1)


def opposed_ends(judge: FloatArray, ratings: FloatArray, low: float, high: float) -> FloatArray:
    """1.0 where the judge is in the top fifth of the scale while a physician is in the bottom fifth."""
    fifth = (high - low) / 5
    top = judge >= high - fifth - _SLACK
    bottom = (ratings <= low + fifth + _SLACK).any(1)
    return (top & bottom).astype(np.float64)
