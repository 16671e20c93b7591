"""p-values adjusted for how many there are: Holm, Benjamini-Hochberg, Benjamini-Yekutieli.

NaN stands for a test that was not done: it stays NaN and does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from judge_calibration.errors import OptionRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_calibration.arrays import FloatArray

Adjustment = Literal["holm", "benjamini_hochberg", "benjamini_yekutieli"]


def holm(p: FloatArray) -> FloatArray:
    """Family-wise error under any dependence: max over j ≤ i of (m-j+1)·p₍ⱼ₎, at most 1 (Holm 1979)."""
    return _adjusted(p, _holm)


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """False discovery rate, tests independent or positively dependent: min over j ≥ i of m·p₍ⱼ₎/j."""
    return _adjusted(p, lambda known: np.asarray(stats.false_discovery_control(known, method="bh")))


def benjamini_yekutieli(p: FloatArray) -> FloatArray:
    """False discovery rate under any dependence: BH times Σ 1/j (Benjamini & Yekutieli 2001)."""
    return _adjusted(p, lambda known: np.asarray(stats.false_discovery_control(known, method="by")))


def adjusted(p: FloatArray, *, method: Adjustment) -> FloatArray:
    """Adjust by the method of that name."""
    if method not in _METHODS:
        raise OptionRejected("method", f"{method!r} is none of {', '.join(_METHODS)}")
    return _METHODS[method](p)


def _adjusted(p: FloatArray, rule: Callable[[FloatArray], FloatArray]) -> FloatArray:
    values = np.asarray(p, np.float64)
    known = ~np.isnan(values)
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise OptionRejected("p", "a p-value lies between 0 and 1")
    result = np.full(values.shape, np.nan)
    if known.any():
        result[known] = rule(values[known])
    return result


def _holm(p: FloatArray) -> FloatArray:
    order = np.argsort(p, kind="stable")
    steps = np.arange(len(p), 0, -1) * p[order]
    result = np.empty(len(p))
    result[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return result


_METHODS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "holm": holm,
    "benjamini_hochberg": benjamini_hochberg,
    "benjamini_yekutieli": benjamini_yekutieli,
}
