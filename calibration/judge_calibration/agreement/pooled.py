"""Tables pooled over physicians: each (item, physician) label counts once, as HealthBench counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.tables import PairTables

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.engine.units import Units


_EXACT = 2**23


def tallies(codes: IntArray, size: int) -> FloatArray:
    """How often each item got each value: (items, K) from positions (items, R), -1 where missing."""
    return np.stack([(codes == code).sum(1) for code in range(size)], 1).astype(np.float64)


def against_all(judge: IntArray, tally: FloatArray, units: Units) -> PairTables:
    """One table of the judge against every label: cell (a, b) counts labels b on items judged a."""
    size = tally.shape[1]
    said = (judge[:, None] == np.arange(size)) * 1.0
    return _single(said[:, :, None] * tally[:, None, :], size, units)


def among_all(tally: FloatArray, units: Units) -> PairTables:
    """One table over ordered pairs of physicians on the same item; symmetric."""
    size = tally.shape[1]
    pairs = tally[:, :, None] * (tally[:, None, :] - np.eye(size))
    return _single(pairs, size, units)


def _single(cells: FloatArray, size: int, units: Units) -> PairTables:
    # Sums of whole numbers are exact in float32 up to 2^24, which a resample may reach from half of it.
    exact = np.float32 if cells.sum() < _EXACT else np.float64
    sums = units.sums(cells.reshape(len(cells), size * size).astype(exact))
    counts = sums.sum(1)
    only = np.where(counts > 0, sums.argmax(1), size * size)[:, None]
    return PairTables(size, sums, only if counts.max(initial=0) <= 1 else None)
