"""Sign-flip tests: under the hypothesis each unit's sum might as well have the other sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray

FLIPS = 9999
EXACT = 16  # units; up to here all patterns are gone through
_AT_ONCE = 2**20  # signs in memory
_TIE = 1e-9


def sign_flip_p(totals: FloatArray, *, seed: int, less: bool = False) -> float:
    """P-value of H0: sums of units (m,) are symmetric about zero; with `less`, or above it (Fisher 1935).

    All patterns up to 16 units that are not zero; else seeded draws with the observed one counted in (Phipson
    and Smyth 2010). 1 where every sum is zero.
    """
    totals = totals[np.abs(totals) > _TIE]
    m = len(totals)
    if m == 0:
        return 1.0
    observed = float(totals.sum())
    if m <= EXACT:
        patterns = 1.0 - 2.0 * ((np.arange(2**m)[:, None] >> np.arange(m)) & 1)
        return float(np.mean(_as_extreme(patterns @ totals, observed, less=less)))
    generator = np.random.default_rng(seed)
    hits, left = 0.0, FLIPS
    while left:
        draws = min(left, max(1, _AT_ONCE // m))
        signs = generator.integers(0, 2, (draws, m), dtype=np.int8)
        hits += _as_extreme(2.0 * (signs @ totals) - observed, observed, less=less).sum()
        left -= draws
    return float(1 + hits) / (1 + FLIPS)


def _as_extreme(sums: FloatArray, observed: float, *, less: bool) -> FloatArray:
    slack = _TIE * (1 + abs(observed))
    found = sums <= observed + slack if less else np.abs(sums) >= abs(observed) - slack
    return found.astype(np.float64)
