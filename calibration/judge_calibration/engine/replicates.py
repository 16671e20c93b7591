"""Evaluates families of statistics at the data, at each unit left out, and at each resample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.engine.resampling import Resampler
    from judge_calibration.engine.units import Dense

    Features = Dense | sparse.csr_array

_JACKKNIFE_VALUES = 2**21  # of sums at once; keeps leave-one-out evaluations within tens of megabytes


class Family(Protocol):
    """Statistics that are functions of the same sums over items.

    `features` is (units, p), sparse where nearly all of it is zero. Counts (whole numbers) may be float32: their
    sums are exact below 2^24.
    `evaluate` takes sums (…, p) and gives (…, m), one column for each of `names`; NaN where undefined. Sums of
    resamples lie in memory column by column: what works on columns as a whole works on what lies side by side.
    """

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def features(self) -> Features: ...

    def evaluate(self, sums: FloatArray) -> FloatArray: ...


@runtime_checkable
class KnowsLeftOut(Protocol):
    """A family with a shorter way to what `each_left_out` gives than evaluating the sums without each unit."""

    def left_out(self, total: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class Replicates:
    """Values of m statistics: at the data (m,), without each unit (units, m), in each resample (B, m)."""

    names: tuple[str, ...]
    point: FloatArray
    jackknife: FloatArray
    bootstrap: FloatArray

    def of(self, name: str) -> Replicate:
        """One statistic's values."""
        return self.named()[name]

    def named(self) -> Mapping[str, Replicate]:
        """All of them by name."""
        values = zip(self.point.tolist(), self.jackknife.T, self.bootstrap.T, strict=True)
        return {name: Replicate(*each) for name, each in zip(self.names, values, strict=True)}


@dataclass(frozen=True, slots=True)
class Replicate:
    """One statistic's value, its leave-one-out values (units,) and its values in the resamples (B,)."""

    point: float
    jackknife: FloatArray
    bootstrap: FloatArray

    def __sub__(self, other: Replicate) -> Replicate:
        """Difference of two statistics on the same resamples."""
        return Replicate(
            self.point - other.point,
            self.jackknife - other.jackknife,
            self.bootstrap - other.bootstrap,
        )


def replicate(
    families: Sequence[Family], resampler: Resampler, columns: IntArray | None = None
) -> list[Replicates]:
    """Evaluate every family; all see the same resamples.

    `columns` are the study's units that the rows of the features are, when they are not all of them: a
    subgroup takes its share of the study's resamples.
    """
    rows = [family.features for family in families]
    totals = [np.asarray(features.sum(axis=0, dtype=np.float64)) for features in rows]
    drawn: list[list[FloatArray]] = [[] for _ in families]
    factors = _factors(rows)
    kinds = {factor.dtype for _, factor in factors}
    for counts in resampler.chunks(columns):
        weights = {kind: counts.T.astype(kind, order="C") for kind in kinds}
        for which, factor in factors:
            sums = (factor @ weights[factor.dtype]).astype(np.float64, copy=False)
            ends = np.cumsum([rows[at].shape[1] for at in which])[:-1]
            for at, part in zip(which, np.split(sums, ends), strict=True):
                drawn[at].append(families[at].evaluate(part.T))
    made = []
    for family, total, found in zip(families, totals, drawn, strict=True):
        left = family.left_out(total) if isinstance(family, KnowsLeftOut) else each_left_out(family, total)
        bootstrap = _below_each_other(found or [np.empty((0, len(family.names)))])
        made.append(Replicates(tuple(family.names), left[0], left[1:], bootstrap))
    return made


def _factors(rows: Sequence[Features]) -> list[tuple[list[int], Features | sparse.csc_array]]:
    """What counts (units, B) are multiplied by, (p, units), and which families its rows are of, in order.

    Dense features of one type are one factor: counts are then made ready for the product once. The transpose of a
    sparse one goes through units in turn, so that the product reads each unit's counts once.
    """
    thin = [at for at, features in enumerate(rows) if isinstance(features, sparse.csr_array)]
    found: list[tuple[list[int], Features | sparse.csc_array]] = [([at], rows[at].T) for at in thin]
    for kind in (np.float32, np.float64):
        which = [at for at, features in enumerate(rows) if at not in thin and features.dtype == kind]
        if which:
            found.append((which, np.concatenate([rows[at] for at in which], 1).T))
    return found


def each_left_out(family: Family, total: FloatArray) -> FloatArray:
    """Values with no unit left out, and then without each (1 + units, m); a call serves as many as fit."""
    features = family.features
    units, width = features.shape
    step = max(1, _JACKKNIFE_VALUES // max(1, width))
    parts = []
    for begin in range(0, max(1, units), step):
        sums = total - _dense(features[begin : begin + step])
        parts.append(family.evaluate(sums if begin else np.concatenate([total[None], sums])))
    return _below_each_other(parts)


def _below_each_other(parts: Sequence[FloatArray]) -> FloatArray:
    """Rows of all parts (…, m); the values of one statistic lie side by side, for they are read by statistic."""
    return np.asfortranarray(parts[0] if len(parts) == 1 else np.concatenate([part.T for part in parts], 1).T)


def _dense(features: Features) -> Dense:
    return features.toarray() if isinstance(features, sparse.csr_array) else features
