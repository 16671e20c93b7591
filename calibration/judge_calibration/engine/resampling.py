"""Draws bootstrap counts: how often each unit is in each resample. Shared by every statistic of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

Counts = npt.NDArray[np.uint8]  # (resamples, units)

_KEPT_BYTES = 64 * 2**20
_CHUNK_BYTES = 16 * 2**20  # of counts once they are float32: enough rows at once that calls cost nothing
_SMALL = 65_536


class Resampler:
    """`resamples` draws of `units` out of `units` with replacement (multinomial, equal chances).

    Each draw takes its numbers from one generator in turn, so neither chunks nor the number of readers change
    them. Counts are kept where they fit into 64 MiB, as bytes, and drawn anew for each reader where not. Those of
    one unit lie side by side: what reads some of the units, or multiplies, then reads whole lines of memory.
    """

    def __init__(self, units: int, resamples: int, seed: int) -> None:
        self.units = units
        self.resamples = resamples if units else 0
        self.seed = seed
        self._kept: npt.NDArray[np.uint8] | None = None

    def chunks(self, columns: npt.NDArray[Any] | None = None) -> Iterator[Counts]:
        """All counts in order, some resamples at a time; only the units named by `columns`, if given."""
        if self._kept is None and self.resamples * self.units <= _KEPT_BYTES:
            self._kept = self._all_drawn()
        source = (drawn.T for drawn in self._drawn()) if self._kept is None else self._sliced(self._kept)
        for counts in source:
            yield (counts if columns is None else counts[columns]).T

    def _rows_at_once(self) -> int:
        return max(1, _CHUNK_BYTES // (4 * max(1, self.units)))

    def _all_drawn(self) -> npt.NDArray[np.uint8]:
        kept, begin = np.empty((self.units, self.resamples), np.uint8), 0
        for drawn in self._drawn():
            kept[:, begin : begin + len(drawn)] = drawn.T
            begin += len(drawn)
        return kept

    def _sliced(self, kept: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
        step = self._rows_at_once()
        for begin in range(0, self.resamples, step):
            yield kept[:, begin : begin + step]

    def _drawn(self) -> Iterator[npt.NDArray[np.uint8]]:
        generator = np.random.default_rng(self.seed)
        width = np.uint16 if self.units <= _SMALL else np.uint32
        step = self._rows_at_once()
        for begin in range(0, self.resamples, step):
            counts = np.empty((min(step, self.resamples - begin), self.units), np.uint8)
            for row in counts:
                drawn = generator.integers(0, self.units, self.units, dtype=width)
                row[:] = np.bincount(drawn, minlength=self.units)
            yield counts
