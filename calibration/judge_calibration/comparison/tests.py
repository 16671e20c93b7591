"""Tests of two judges on the same items; never a look at whether two separate intervals overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

from judge_calibration.engine.sign_flips import sign_flip_p
from judge_calibration.estimates import rounded, rounded_p

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units

CLUSTERED = "clustered_items"  # a reason: the test takes items for independent
_TIE = 1e-9
_SINGULAR = 1e-12  # what rounding leaves of a determinant that is zero


@dataclass(frozen=True, slots=True)
class Test:
    """A two-sided test; `p` is None with a reason when it cannot be made."""

    name: str
    statistic: float | None
    freedom: float | None
    p: float | None
    n: int
    reason: str | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "name": self.name,
            "statistic": rounded(self.statistic),
            "freedom": rounded(self.freedom),
            "p": rounded_p(self.p),
            "n": self.n,
            "reason": self.reason,
        }


def untested(name: str, n: int, reason: str) -> Test:
    """No test on n items, and why."""
    return Test(name, None, None, None, n, reason)


def williams_test(first: FloatArray, second: FloatArray, target: FloatArray) -> Test:
    """Do two judges correlate differently with one target? All (n,), nothing missing.

    t = (r₁ - r₂) √[(n-1)(1+r₁₂) / (2|R|(n-1)/(n-3) + r̄²(1-r₁₂)³)] with n-3 degrees of freedom
    (Williams 1959; Steiger 1980). Not identified where the correlations make a singular matrix that leaves t no
    error: two judges that mirror each other, or that explain the target between them in opposite ways.
    """
    n = len(target)
    if n < 4:  # noqa: PLR2004  n-3 degrees of freedom
        return untested("williams", n, "n_below_min")
    if min(np.ptp(first), np.ptp(second), np.ptp(target)) < _TIE:
        return untested("williams", n, "constant_input")
    r = np.corrcoef([first, second, target])
    r1, r2, r12 = float(r[0, 2]), float(r[1, 2]), float(r[0, 1])
    determinant = max(0.0, 1 - r1**2 - r2**2 - r12**2 + 2 * r1 * r2 * r12)
    below = 2 * determinant * (n - 1) / (n - 3) + ((r1 + r2) / 2) ** 2 * (1 - r12) ** 3
    if 1 - r12 < _TIE:
        return Test("williams", 0.0, n - 3, 1.0, n)  # the two judges are one and the same
    if 1 + r12 < _TIE or below < _SINGULAR:
        return untested("williams", n, "not_identified")
    t = (r1 - r2) * math.sqrt((n - 1) * (1 + r12) / below)
    return Test("williams", t, n - 3, float(2 * special.stdtr(n - 3, -abs(t))), n)


def sign_flip_test(differences: FloatArray, units: Units, *, seed: int, name: str) -> Test:
    """Is the mean of paired differences (n,) zero? Exchanges the two judges within whole units."""
    if len(differences) == 0:
        return untested(name, 0, "no_ratings")
    sums = units.sums(differences[:, None].astype(np.float64))[:, 0]
    return Test(name, float(differences.mean()), None, sign_flip_p(sums, seed=seed), len(differences))


def mcnemar_test(gained: int, lost: int) -> Test:
    """Exact test that decisions flip as often one way as the other (McNemar 1947, binomial form)."""
    flips = gained + lost
    if flips == 0:
        return Test("mcnemar_exact", 0.0, None, 1.0, 0)
    p = float(stats.binomtest(gained, flips, 0.5).pvalue)
    return Test("mcnemar_exact", float(gained - lost), None, p, flips)
