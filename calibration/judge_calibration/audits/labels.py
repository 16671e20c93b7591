"""Labels of items, with None for unknown ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Labels:
    """Names in the order of the alphabet, and each item's position among them (n,), UNKNOWN for None."""

    names: tuple[str, ...]
    codes: IntArray

    @classmethod
    def of(cls, given: Sequence[str | None]) -> Labels:
        """From one label per item."""
        names = tuple(sorted({label for label in given if label is not None}))
        position = {name: at for at, name in enumerate(names)}
        codes = [UNKNOWN if label is None else position[label] for label in given]
        return cls(names, np.array(codes, dtype=np.int64))

    @property
    def known(self) -> BoolArray:
        """Which items have a label (n,)."""
        return np.asarray(self.codes != UNKNOWN)

    def members(self, name: str) -> BoolArray:
        """Which items have this label (n,)."""
        return np.asarray(self.codes == self.names.index(name))


def indicators(codes: IntArray) -> FloatArray:
    """One column of zeros and ones per code that occurs (n, codes); a code below zero has no column."""
    present = np.unique(codes[codes >= 0])
    return np.asarray(codes[:, None] == present, dtype=np.float64)
