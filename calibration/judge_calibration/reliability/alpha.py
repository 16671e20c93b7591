"""Krippendorff's alpha for any number of raters with missing cells (Krippendorff 2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from judge_calibration.ratios import ratio, variance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units

Metric = Literal["nominal", "ordinal", "interval"]
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval")


def alphas(coincidences: FloatArray, values: FloatArray, metrics: Sequence[Metric]) -> list[FloatArray]:
    """1 - (n-1) Σ o_ck d_ck / Σ n_c n_k d_ck by each metric, from coincidence matrices (K, K, …).

    NaN with one category only. d is 0/1, (v_c - v_k)², or for `ordinal` the squared distance of mid-positions in
    the pooled ratings, whose marginals are those of the very matrix.
    """
    counts = coincidences.sum(1)
    n = counts.sum(0)
    found = []
    for metric in metrics:
        if metric == "nominal":
            seen = n - np.einsum("cc...->...", coincidences)
            expected = n**2 - _sum_of_products(counts, counts)
        else:
            place = (
                values.reshape(-1, *[1] * n.ndim) if metric == "interval" else counts.cumsum(0) - counts / 2
            )
            place = place - ratio(_sum_of_products(counts, np.broadcast_to(place, counts.shape)), n)
            square = _sum_of_products(counts, place**2)
            along = np.einsum("ck...,k...->c...", coincidences, place)
            seen = 2 * (square - _sum_of_products(along, place))
            expected = 2 * n * square
        found.append(1 - ratio((n - 1) * seen, expected))
    return found


def _sum_of_products(one: FloatArray, other: FloatArray) -> FloatArray:
    """Σ over the first axis of arrays (K, …)."""
    return np.asarray(np.einsum("c...,c...->...", one, other))


@dataclass(frozen=True, slots=True)
class AlphaFamily:
    """The alphas of several raters, from sums of each item's coincidences (upper triangle): three, or one of words."""

    features: FloatArray
    values: FloatArray
    names: tuple[str, ...] = ("alpha_nominal", "alpha_ordinal", "alpha_interval")

    @classmethod
    def of(cls, tally: FloatArray, values: FloatArray, units: Units, *, ordered: bool = True) -> AlphaFamily:
        """From `tally` (items, K): how often each item got each value; items rated once carry nothing.

        Values that are not `ordered` have the nominal alpha only: their codes are no distances.
        """
        ratings = tally.sum(1)
        pairable = np.where(ratings > 1, ratings - 1, np.inf)[:, None]
        upper = np.triu_indices(tally.shape[1])
        products = tally[:, upper[0]] * (tally[:, upper[1]] - (upper[0] == upper[1]))
        features = units.sums(products / pairable)
        return cls(features, values) if ordered else cls(features, values, ("alpha_nominal",))

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, K(K+1)/2) to the alphas (…, 3), or (…, 1) of words."""
        size = len(self.values)
        upper = np.triu_indices(size)
        place = np.empty((size, size), np.int64)
        place[upper] = place.T[upper] = np.arange(len(upper[0]))
        # Categories come first, so that every operation runs along the resamples and not along six values.
        coincidences = np.moveaxis(sums, -1, 0)[place]
        return np.stack(alphas(coincidences, self.values, METRICS[: len(self.names)]), -1)


@dataclass(frozen=True, slots=True)
class ContinuousAlphaFamily:
    """Alpha with the interval metric on a continuous scale, from sums of each item's scores and squares."""

    features: FloatArray
    names: tuple[str, ...] = ("alpha_interval",)

    @classmethod
    def of(cls, ratings: FloatArray, units: Units) -> ContinuousAlphaFamily:
        """From ratings (items, R), NaN where missing; items with one rating carry nothing."""
        present = ~np.isnan(ratings)
        m = present.sum(1).astype(np.float64)
        twice = m > 1
        centre = ratings[present].mean() if present.any() else 0.0
        scores = np.where(present & twice[:, None], ratings - centre, 0.0)
        total, square = scores.sum(1), (scores**2).sum(1)
        within = np.where(twice, 2 * (m * square - total**2) / np.maximum(m - 1, 1), 0.0)
        return cls(units.sums(np.column_stack([m * twice, total, square, within])))

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, 4) to alpha (…, 1)."""
        n, total, square, within = np.moveaxis(sums, -1, 0)
        expected = 2 * n**2 * variance(square, total, n)
        return (1 - ratio((n - 1) * within, expected))[..., None]
