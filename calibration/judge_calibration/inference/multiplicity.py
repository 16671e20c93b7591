"""p-values adjusted for how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray


def holm(p: FloatArray) -> FloatArray:
    """Family-wise error under any dependence: max over j ≤ i of (m-j+1)·p₍ⱼ₎, at most 1 (Holm 1979).

    NaN stands for a test that was not done: it stays NaN and does not count.
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p[order]
    result = np.full(p.shape, np.nan)
    result[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return result
