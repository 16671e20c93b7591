"""The largest of many standardised differences under the hypothesis that there are none, drawn by simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray

_AT_ONCE = 1000  # draws: the pairs of a hundred estimates are thousands


def largest_differences(
    covariance: FloatArray,
    pairs: tuple[IntArray, IntArray],
    errors: FloatArray,
    *,
    draws: int,
    seed: int,
    df: float | None = None,
) -> FloatArray:
    """Draws (draws,) of max over pairs of |Z_a - Z_b|/σ_ab; Z is normal with `covariance`, or t with `df`.

    `errors` are the σ_ab of the pairs, above zero. Hothorn, Bretz and Westfall 2008.
    """
    generator = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T  # the symmetric root: signs do not matter
    z = generator.standard_normal((draws, len(covariance))) @ root
    if df is not None:
        z /= np.sqrt(generator.chisquare(df, draws) / df)[:, None]
    first, second = pairs
    largest = np.empty(draws)
    for start in range(0, draws, _AT_ONCE):
        some = z[start : start + _AT_ONCE]
        largest[start : start + _AT_ONCE] = np.abs((some[:, first] - some[:, second]) / errors).max(1)
    return largest
