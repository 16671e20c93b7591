"""Two one-sided t-tests that a figure in points lies within ± a margin (Schuirmann 1987)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy import stats

from judge_calibration.estimates import rounded_p

if TYPE_CHECKING:
    from judge_calibration.estimates import Reason

Verdict = Literal["equivalent", "different", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Both one-sided p-values and the verdict; `reason` says why there are no p-values.

    `equivalent`: both tests reject. `different`: they do not, and the figure is significantly off zero.
    Otherwise `inconclusive`: a figure that is not significant is not thereby small.
    """

    margin: float
    p_lower: float | None  # H0: the figure is at most -margin
    p_upper: float | None  # H0: the figure is at least margin
    verdict: Verdict
    reason: Reason | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "margin": self.margin,
            "p_lower": rounded_p(self.p_lower),
            "p_upper": rounded_p(self.p_upper),
            "verdict": self.verdict,
            "reason": self.reason,
        }


def untested(margin: float, reason: Reason) -> Equivalence:
    """No verdict, and why."""
    return Equivalence(margin, None, None, "inconclusive", reason)


def two_one_sided_tests(
    estimate: float, error: float, df: float, margin: float, *, alpha: float, level: float
) -> Equivalence:
    """Judge a figure with a standard error above zero: one-sided at `alpha`, and against zero at `level`."""
    lower = float(stats.t.sf((estimate + margin) / error, df))
    upper = float(stats.t.cdf((estimate - margin) / error, df))
    if max(lower, upper) < alpha:
        return Equivalence(margin, lower, upper, "equivalent")
    apart = float(2 * stats.t.sf(abs(estimate) / error, df)) < 1 - level
    return Equivalence(margin, lower, upper, "different" if apart else "inconclusive")
