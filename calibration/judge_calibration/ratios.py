"""Division that knows when it is undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

NOTHING = 1e-12  # what rounding leaves of a sum that is zero


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotient of arrays that broadcast; NaN where the denominator is zero (to rounding)."""
    defined = np.abs(below) > NOTHING
    divisor = below if defined.all() else np.where(defined, below, np.nan)
    return np.asarray(above / divisor, np.float64)


def variance(squares: FloatArray, sums: FloatArray, n: FloatArray) -> FloatArray:
    """Mean square minus squared mean, from sums; 0 where only rounding is left of it, NaN where n is 0."""
    square, mean = ratio(squares, n), ratio(sums, n)
    found = square - mean**2
    return np.asarray(np.where(found <= NOTHING * square, 0.0, found), np.float64)


def mean_of_defined(values: FloatArray, axis: int = -1) -> FloatArray:
    """Mean over an axis of what is defined (finite); NaN where nothing is."""
    defined = np.isfinite(values)
    if values.shape[axis] and defined.all():
        return np.asarray(values.sum(axis) / values.shape[axis], np.float64)
    counts = defined.sum(axis)
    sums = np.where(defined, values, 0.0).sum(axis)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
