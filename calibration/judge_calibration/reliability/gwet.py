"""Gwet's AC1 and AC2 for any number of raters with missing cells (Gwet 2008, 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.ratios import ratio

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units


@dataclass(frozen=True, slots=True)
class GwetFamily:
    """AC2 by sums over items: agreement within items rated twice, shares of categories over all rated items.

    p_a = mean over items with r_i ≥ 2 of Σ_k r_ik(r*_ik - 1)/(r_i(r_i - 1)), r* = W r; π_k = mean r_ik/r_i;
    p_e = T_w/(K(K-1)) Σ π_k(1-π_k); AC2 = (p_a - p_e)/(1 - p_e). Depends on the declared K.
    """

    features: FloatArray
    weights: FloatArray
    names: tuple[str, ...] = ("gwet_ac2",)

    @classmethod
    def of(cls, tally: FloatArray, costs: FloatArray, units: Units) -> GwetFamily:
        """From `tally` (items, K) and costs (K, K) in [0, 1]."""
        weights = 1 - costs
        ratings = tally.sum(1)
        twice, rated = ratings > 1, ratings > 0
        within = ((tally @ weights - 1) * tally).sum(1)
        agreed = np.where(twice, within / np.maximum(ratings * (ratings - 1), 1), 0.0)
        shares = tally / np.maximum(ratings, 1)[:, None]
        columns = np.column_stack([agreed, twice, rated, shares])
        return cls(units.sums(columns), weights)

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, 3+K) to AC2 (…, 1)."""
        size = len(self.weights)
        agreed = ratio(sums[..., 0], sums[..., 1])
        shares = ratio(sums[..., 3:], sums[..., 2:3])
        expected = self.weights.sum() / (size * (size - 1)) * (shares * (1 - shares)).sum(-1)
        return ratio(agreed - expected, 1 - expected)[..., None]
