"""What a map is fitted on: scores of the judge, what physicians said, and which items belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class MapSample:
    """Items (n,) with a judge score and at least one rating; ratings (n, R), NaN where missing.

    `values` are the declared values of a countable scale, None on a continuous one from `low` to `high`.
    """

    judge: FloatArray
    ratings: FloatArray
    target: FloatArray
    weights: FloatArray
    clusters: IntArray
    values: FloatArray | None
    low: float
    high: float

    @classmethod
    def of(
        cls,
        judge: FloatArray,
        ratings: FloatArray,
        *,
        clusters: IntArray | None,
        values: tuple[float, ...] | None,
        low: float,
        high: float,
        weights: FloatArray | None = None,
    ) -> tuple[MapSample, IntArray]:
        """The items that can be used, and which they are. The target is the mean of the ratings there are."""
        present = ~np.isnan(ratings)
        rows = np.flatnonzero(~np.isnan(judge) & present.any(1))
        kept = ratings[rows]
        sums, counts = np.where(present[rows], kept, 0.0).sum(1), present[rows].sum(1)
        sample = cls(
            judge=judge[rows],
            ratings=kept,
            target=sums / np.maximum(counts, 1),
            weights=np.ones(len(rows)) if weights is None else weights[rows],
            clusters=np.arange(len(rows)) if clusters is None else clusters[rows],
            values=None if values is None else np.array(values, np.float64),
            low=low,
            high=high,
        )
        return sample, rows.astype(np.int64)

    def part(self, rows: IntArray) -> MapSample:
        """Some of the items."""
        return MapSample(
            self.judge[rows],
            self.ratings[rows],
            self.target[rows],
            self.weights[rows],
            self.clusters[rows],
            self.values,
            self.low,
            self.high,
        )

    def __len__(self) -> int:
        """How many items."""
        return len(self.judge)
