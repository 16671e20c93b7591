"""The mean of paired differences, with an error that allows for clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from judge_calibration.definitions import definition_of
from judge_calibration.estimates import Interval, Statistic, estimated, undefined

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class PairedMean:
    """Mean, standard error and degrees of freedom (clusters less one) of differences on n items."""

    mean: float
    error: float
    freedom: float
    n: int

    @classmethod
    def of(cls, differences: FloatArray, clusters: IntArray) -> PairedMean | None:
        """From differences (n,), NaN where one of the pair is missing; None with fewer than two clusters."""
        here = ~np.isnan(differences)
        d = differences[here]
        _, which = np.unique(clusters[here], return_inverse=True)
        m = int(which.max(initial=-1)) + 1
        if m <= 1:
            return None
        mean = float(d.mean())
        sums = np.bincount(which, weights=d - mean)
        return cls(mean, math.sqrt(m / (m - 1) * float(np.sum(sums**2))) / len(d), m - 1, len(d))

    def interval(self, level: float, method: str = "paired_t") -> Interval | None:
        """Student's t; None when no difference varies."""
        if self.error < _NOTHING:
            return None
        half = float(special.stdtrit(self.freedom, (1 + level) / 2)) * self.error
        return Interval(self.mean - half, self.mean + half, level, method, "sampled_items")

    def below(self, bound: float) -> float:
        """One-sided p of H0: the mean is at least `bound`."""
        if self.error < _NOTHING:
            return 0.0 if self.mean < bound - _NOTHING else 1.0
        return float(special.stdtr(self.freedom, (self.mean - bound) / self.error))

    def above(self, bound: float) -> float:
        """One-sided p of H0: the mean is at most `bound`."""
        if self.error < _NOTHING:
            return 0.0 if self.mean > bound + _NOTHING else 1.0
        return float(special.stdtr(self.freedom, (bound - self.mean) / self.error))

    def told(self, name: str, level: float) -> Statistic:
        """As a statistic."""
        if self.n < definition_of(name).min_n:
            return estimated(name, self.mean, n_items=self.n, status="insufficient", reason="n_below_min")
        return estimated(name, self.mean, ci=self.interval(level), n_items=self.n)


def told_or_undefined(name: str, paired: PairedMean | None, level: float) -> Statistic:
    """A paired mean as a statistic, or why there is none."""
    return undefined(name, "no_overlap", n_items=0) if paired is None else paired.told(name, level)
