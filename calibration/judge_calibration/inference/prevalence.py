"""The share of answers that meet a binary criterion, corrected for the judge's errors (Rogan, Gladen 1978).

θ = (p + sp - 1)/(se + sp - 1). It is for labelled items that are no random sample of the answers asked about;
when they are one, a prediction-powered mean of 0 and 1 assumes less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy import special

from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import Interval, Statistic, estimated, rounded, undefined
from judge_calibration.inference.sampling_error import need_share, withheld

MIN_EACH = 20  # labelled positives, and labelled negatives


def prevalence(
    said_met: int,
    judged: int,
    *,
    true_met: int,
    labelled_met: int,
    true_unmet: int,
    labelled_unmet: int,
    level: float = 0.95,
) -> Statistic:
    """Correct `said_met` of `judged` answers by what the judge got right on labelled ones.

    It found `true_met` of `labelled_met` and `true_unmet` of `labelled_unmet`. Interval: Lang and Reiczigel
    2014 (for LLM judges: Lee et al. 2025, arXiv 2511.21140): pseudo-counts on all three shares, an error by
    the delta method and a shift 2z²[θ·se(1-se)/n₁ - (1-θ)·sp(1-sp)/n₀]. Where sensitivity + specificity is
    not surely above 1, every share fits the data and the interval is 0 to 1. Undefined (`not_identified`) at
    se + sp ≤ 1.
    Errors: OptionRejected for a count that is negative or above its number of items.
    """
    need_share("level", level)
    counts = _Counts(said_met, judged, true_met, labelled_met, true_unmet, labelled_unmet)
    counts.check()
    name, labelled = "prevalence", labelled_met + labelled_unmet
    if judged == 0 or labelled == 0:
        return undefined(name, "no_ratings", n_items=judged, n_ratings=labelled)
    if labelled_met == 0 or labelled_unmet == 0:
        return undefined(
            name, "single_category", "labels of one kind only", n_items=judged, n_ratings=labelled
        )
    se, sp = true_met / labelled_met, true_unmet / labelled_unmet
    if se + sp <= 1:
        note = "the judge's answer says nothing: sensitivity + specificity ≤ 1"
        return undefined(name, "not_identified", note, n_items=judged, n_ratings=labelled)
    raw = (said_met / judged + sp - 1) / (se + sp - 1)
    shares = {"apparent": said_met / judged, "sensitivity": se, "specificity": sp, "unbounded": raw}
    told = estimated(
        name,
        _cut(raw),
        n_items=judged,
        n_ratings=labelled,
        details={key: rounded(value) for key, value in shares.items()},
    )
    if min(labelled_met, labelled_unmet) < MIN_EACH:
        return withheld(told, "n_below_min").noted(f"the interval needs {MIN_EACH} labels of each kind")
    return _with_interval(told, counts, level)


@dataclass(frozen=True, slots=True)
class _Counts:
    said_met: int
    judged: int
    true_met: int
    labelled_met: int
    true_unmet: int
    labelled_unmet: int

    def check(self) -> None:
        pairs = (
            (self.said_met, self.judged),
            (self.true_met, self.labelled_met),
            (self.true_unmet, self.labelled_unmet),
        )
        if any(not 0 <= hits <= n for hits, n in pairs):
            raise OptionRejected("counts", "each lies between 0 and the number of its items")


def _with_interval(told: Statistic, counts: _Counts, level: float) -> Statistic:
    z = float(special.ndtri((1 + level) / 2))
    n, n_met, n_unmet = counts.judged + z * z, counts.labelled_met + 2.0, counts.labelled_unmet + 2.0
    p = (counts.said_met + z * z / 2) / n
    se, sp = (counts.true_met + 1) / n_met, (counts.true_unmet + 1) / n_unmet
    var_se, var_sp, youden = se * (1 - se) / n_met, sp * (1 - sp) / n_unmet, se + sp - 1
    if youden <= z * math.sqrt(var_se + var_sp):
        everything = Interval(0.0, 1.0, level, "lang_reiczigel", "sampled_items")
        return replace(told, ci=everything).noted(
            "sensitivity + specificity may be 1: any share fits the data"
        )
    theta = (p + sp - 1) / youden
    centre = theta + 2 * z * z * (theta * var_se - (1 - theta) * var_sp)
    half = z / youden * math.sqrt(p * (1 - p) / n + theta**2 * var_se + (1 - theta) ** 2 * var_sp)
    # Where the estimate was cut to 0 or 1 the shifted limits can fall short of it: they are widened to it.
    point = told.estimate or 0.0
    low, high = min(_cut(centre - half), point), max(_cut(centre + half), point)
    return replace(told, ci=Interval(low, high, level, "lang_reiczigel", "sampled_items"))


def _cut(share: float) -> float:
    return min(1.0, max(0.0, share))
