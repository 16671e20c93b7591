"""What the model needs of the ratings: sums within like items.

In a rating-scale model an item's likelihood depends on its ratings only through their sum and through who
rated it, so items that share both are one pattern with a weight (Rasch 1960; Andersen 1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray


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
