"""What the model needs of the ratings: which raters are tied together, and sums within like items.

In a rating-scale model an item's likelihood depends on its ratings only through their sum and through who
rated it, so items that share both are one pattern with a weight (Rasch 1960; Andersen 1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csgraph

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Patterns:
    """Items grouped by (sum of codes, who rated): G patterns of R raters, on a scale of U used categories.

    `codes` (n, R) index the used categories, -1 where there is no rating; `scores` (U,) are their positions
    on the declared scale, counted from the lowest that is used.
    """

    codes: IntArray
    scores: FloatArray
    totals: FloatArray  # (G,)
    present: FloatArray  # (G, R), 1.0 where the rater rated
    weights: FloatArray  # (G,) items
    of_item: IntArray  # (n,)
    rater_sums: FloatArray  # (R,) of codes
    category_counts: FloatArray  # (U,) how often each used category was given

    @classmethod
    def of(cls, codes: IntArray, scores: FloatArray) -> Patterns:
        """Group the items; those without any rating are a pattern too, and say nothing."""
        here = codes >= 0
        given = np.where(here, scores[codes], 0.0)
        rows = np.column_stack([given.sum(1), here])
        unique, of_item, weights = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        return cls(
            codes=codes,
            scores=scores,
            totals=unique[:, 0],
            present=unique[:, 1:],
            weights=weights.astype(np.float64),
            of_item=of_item.astype(np.int64),
            rater_sums=given.sum(0),
            category_counts=np.bincount(codes[here], minlength=len(scores)).astype(np.float64),
        )

    def counts_of(self, rater: int) -> FloatArray:
        """How often one rater gave each used category within each pattern (U, G)."""
        given = self.codes[:, rater]
        here = given >= 0
        size = len(self.weights)
        flat = np.bincount(given[here] * size + self.of_item[here], minlength=len(self.scores) * size)
        return flat.reshape(len(self.scores), size).astype(np.float64)


def components(present: BoolArray) -> list[list[int]]:
    """Sets of raters tied together by items they share, even over others; `present` is (n, R)."""
    shared = present.T.astype(np.float64) @ present.astype(np.float64)
    count, label = csgraph.connected_components(shared, directed=False)
    return [np.flatnonzero(label == one).tolist() for one in range(count)]
