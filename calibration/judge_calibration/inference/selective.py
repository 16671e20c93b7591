"""Which scores to keep and which to hand to a physician: risk against coverage, with a guarantee.

Scores are kept from the most certain on. Guarantee (Jung, Brahman, Choi 2024, arXiv 2407.18370): thresholds
are tested in a fixed order, from strict to lenient, each by an exact binomial bound; the last before the
first failure has P(error | kept) ≤ α with probability 1 - δ, for independent items like those of the study.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from judge_calibration.estimates import rounded
from judge_calibration.inference.sampling_error import need_same_length, need_share

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray

_POINTS = 50
_STEPS = 40  # thresholds tested
_ENOUGH = 12  # times the least number, among which one passes with a risk of 2α/3


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """`curve`: (coverage, risk) from certain to all; `aurc`: area under it; the rest is guaranteed.

    `kept_share`, `threshold` and `kept_risk` are None, with the reason, when nothing can be kept with the
    guarantee.
    """

    curve: tuple[tuple[float, float], ...]
    aurc: float
    kept_share: float | None
    threshold: float | None
    kept_risk: float | None
    alpha: float
    delta: float
    n: int
    reason: str | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "curve": [[rounded(coverage), rounded(risk)] for coverage, risk in self.curve],
            "aurc": rounded(self.aurc),
            "kept_share": rounded(self.kept_share),
            "threshold": rounded(self.threshold),
            "kept_risk": rounded(self.kept_risk),
            "alpha": self.alpha,
            "delta": self.delta,
            "n_items": self.n,
            "reason": self.reason,
        }


def risk_coverage(
    uncertainty: FloatArray, wrong: BoolArray, *, alpha: float = 0.1, delta: float = 0.05
) -> RiskCoverage | None:
    """From uncertainties and errors, (n,) each, nothing missing; None without items. Ties are kept together.

    Errors: OptionRejected for alpha or delta outside 0 to 1, or columns of unequal length.
    """
    for option, share in (("alpha", alpha), ("delta", delta)):
        need_share(option, share)
    need_same_length("wrong", len(uncertainty), wrong)
    n = len(uncertainty)
    if n == 0:
        return None
    order = np.argsort(uncertainty, kind="stable")
    ranked, errors = uncertainty[order], wrong[order].astype(np.float64).cumsum()
    ends = np.append(np.flatnonzero(np.diff(ranked)), n - 1)  # the last item of each group of ties
    kept, failed = ends + 1, errors[ends]
    risk = failed / kept
    places = np.unique(np.linspace(0, len(ends) - 1, min(_POINTS, len(ends))).astype(int))
    curve = tuple((float(kept[at] / n), float(risk[at])) for at in places)
    widths = np.diff(np.append(0, kept)) / n
    chosen = _guaranteed(kept, failed, alpha, delta)
    return RiskCoverage(
        curve=curve,
        aurc=float(np.sum(widths * risk)),
        kept_share=None if chosen is None else float(kept[chosen] / n),
        threshold=None if chosen is None else float(ranked[ends[chosen]]),
        kept_risk=None if chosen is None else float(risk[chosen]),
        alpha=alpha,
        delta=delta,
        n=n,
        reason=None if chosen is not None else _why_nothing(n, alpha, delta),
    )


def _why_nothing(n: int, alpha: float, delta: float) -> str:
    least = least_without_error(alpha, delta)
    if n < least:
        return f"n_below_min: {n} items; {least} without an error would be the least"
    return f"among the most certain items the bound on the share of errors is above {alpha:g}"


def least_without_error(alpha: float, delta: float) -> int:
    """How many items without an error show that the risk is at most α: (1-α)ⁿ ≤ δ."""
    return math.ceil(math.log(delta) / math.log(1 - alpha) - 1e-12)


def upper_bound(failed: float, kept: float, delta: float) -> float:
    """Clopper and Pearson's one-sided bound of a share at confidence 1 - δ."""
    return 1.0 if failed >= kept else float(special.betaincinv(failed + 1, kept - failed, 1 - delta))


def first_tested(n: int, alpha: float, delta: float) -> int:
    """How many items the first threshold keeps: what passes with a risk of 2α/3, at most a third of all.

    Starting at the least number that passes without an error would end most searches at the first error. The
    start depends on n alone, never on the errors, as fixed-sequence testing demands.
    """
    least = least_without_error(alpha, delta)
    if n // 3 <= least:
        return least
    kept = np.arange(least, _ENOUGH * least + 1)
    failed = np.floor(2 * alpha / 3 * kept + 1e-9)
    passing = special.betaincinv(failed + 1, kept - failed, 1 - delta) <= alpha
    return min(int(kept[int(np.argmax(passing))]), n // 3)


def _guaranteed(kept: FloatArray, failed: FloatArray, alpha: float, delta: float) -> int | None:
    """Fixed-sequence testing from the first threshold on; stops at the first that cannot be vouched for."""
    able = np.flatnonzero(kept >= first_tested(int(kept[-1]), alpha, delta))
    if not len(able):
        return None
    tested = able[np.unique(np.linspace(0, len(able) - 1, min(_STEPS, len(able))).astype(int))]
    passed: int | None = None
    for at in tested.tolist():
        if upper_bound(float(failed[at]), float(kept[at]), delta) > alpha:
            break
        passed = at
    return passed
