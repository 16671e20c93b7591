"""What a map is fitted on: scores of the judge, what physicians said, and which items belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class MapSample:
    """Items (n,) with a judge score and at least one rating; ratings (n, R), NaN where missing.

    `values` are the declared values of a countable scale, None on a continuous one from `low` to `high`.
    """

    judge: FloatArray
    ratings: FloatArray
    target: FloatArray
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
    ) -> tuple[MapSample, IntArray]:
        """The items that can be used, and which they are. The target is the mean of the ratings there are.

        Items without judge score or rating are left out. Raises OptionRejected for shapes that do not fit, and
        scores and ratings off the scale.
        """
        _check_shapes(judge, ratings, clusters)
        _check_scale(judge, ratings, values, low, high)
        present = ~np.isnan(ratings)
        rows = np.flatnonzero(~np.isnan(judge) & present.any(1))
        sums, counts = np.where(present[rows], ratings[rows], 0.0).sum(1), present[rows].sum(1)
        sample = cls(
            judge=judge[rows],
            ratings=ratings[rows],
            target=sums / np.maximum(counts, 1),
            clusters=np.arange(len(rows)) if clusters is None else clusters[rows],
            values=None if values is None else np.array(values, np.float64),
            low=low,
            high=high,
        )
        return sample, rows.astype(np.int64)

    @property
    def on_scale(self) -> bool:
        """Whether every target is itself a value of the scale: one physician an item, or all agreeing."""
        return self.values is not None and bool(np.isin(self.target, self.values).all())

    def part(self, rows: IntArray) -> MapSample:
        """Some of the items."""
        return MapSample(
            self.judge[rows],
            self.ratings[rows],
            self.target[rows],
            self.clusters[rows],
            self.values,
            self.low,
            self.high,
        )

    def __len__(self) -> int:
        """How many items."""
        return len(self.judge)


def _check_shapes(judge: FloatArray, ratings: FloatArray, clusters: IntArray | None) -> None:
    if judge.ndim != 1 or ratings.ndim != 2 or len(ratings) != len(judge):  # noqa: PLR2004  items, raters
        raise OptionRejected("ratings", "is items x raters, with one judge score for each item")
    if clusters is not None and clusters.shape != judge.shape:
        raise OptionRejected("clusters", "has one value for each item")


def _check_scale(
    judge: FloatArray, ratings: FloatArray, values: tuple[float, ...] | None, low: float, high: float
) -> None:
    """Physicians' scores are declared values; a judge's lie between the ends, for it may average repeats."""
    if not (np.isfinite([low, high]).all() and low < high):
        raise OptionRejected("low", "is a number below 'high'")
    if values is not None and (min(values) < low or max(values) > high or sorted(set(values)) != [*values]):
        raise OptionRejected("scale_values", "are different, rising numbers from 'low' to 'high'")
    for name, scores in (("judge", judge), ("ratings", ratings)):
        if _is_beyond(scores, low, high).any():
            raise OptionRejected(name, f"has scores that are not between {low:g} and {high:g}")
    given = ratings[~np.isnan(ratings)]
    if values is not None and not np.isin(given, values).all():
        raise OptionRejected("ratings", "has scores that are no declared value of the scale")


def _is_beyond(scores: FloatArray, low: float, high: float) -> BoolArray:
    return np.asarray((scores < low - _SLACK) | (scores > high + _SLACK), bool)
