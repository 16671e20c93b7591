"""What is resampled: items, or the clusters (questions, patients) that several items share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from judge_calibration.arrays import IntArray

Dense = npt.NDArray[Any]  # (units, p), float32 for counts and float64 for sums of scores
MIN_CLUSTERS = 10  # with fewer, a cluster-robust error is itself too uncertain to tell


def too_few_clusters(units: int, items: int) -> bool:
    """Whether `items` in `units` clusters have no error worth telling; where each item is its own, never."""
    return units < min(items, MIN_CLUSTERS)


@dataclass(frozen=True, slots=True)
class Units:
    """Rows of items, grouped. `of_item[i]` is the unit of item i; units are numbered 0..size-1."""

    of_item: IntArray
    size: int

    @classmethod
    def of(cls, clusters: IntArray) -> Units:
        """Units from cluster numbers 0..C-1; where each item has its own, units are items."""
        return cls(clusters, int(clusters.max(initial=-1)) + 1)

    @property
    def are_items(self) -> bool:
        """Whether no two items share a unit."""
        return self.size == len(self.of_item)

    def subset(self, rows: IntArray) -> tuple[Units, IntArray]:
        """The units of some items, numbered anew, and which of ours they are."""
        ours, renumbered = np.unique(self.of_item[rows], return_inverse=True)
        return Units(renumbered.astype(np.int64), len(ours)), ours.astype(np.int64)

    def sums(self, features: Dense) -> Dense:
        """Sum features (items, p) within units: (units, p)."""
        if self.are_items and np.array_equal(self.of_item, np.arange(self.size)):
            return features
        summed = np.zeros((self.size, features.shape[1]), features.dtype)
        np.add.at(summed, self.of_item, features)
        return summed
