"""The share of answers that meet a binary criterion, corrected for the judge's errors (Rogan and Gladen 1978)."""

from __future__ import annotations

import math


from scipy import special

from judge_calibration.estimates import Interval, Statistic, estimated, undefined


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
    """From `said_met` of `judged` unlabelled answers; the judge agreed on `true_met` of `labelled_met` labels met
    and on `true_unmet` of `labelled_unmet` labels unmet.

    Interval: Lang and Reiczigel 2014, which adds pseudo-counts to all three shares and allows for the error of
    sensitivity and specificity. Undefined (`not_identified`) at se + sp ≤ 1.
    """
    name, counts = "prevalence", {"n_items": judged, "n_ratings": labelled_met + labelled_unmet}
    if judged == 0 or labelled_met == 0 or labelled_unmet == 0:
        return undefined(name, "no_ratings", **counts)
    se, sp = true_met / labelled_met, true_unmet / labelled_unmet
    if se + sp <= 1:
        return undefined(name, "not_identified", "the judge's answer says nothing: sensitivity + specificity ≤ 1", **counts)
    point = _cut((said_met / judged + sp - 1) / (se + sp - 1))
    if min(labelled_met, labelled_unmet) < MIN_EACH:
        note = f"the interval needs {MIN_EACH} labels of each kind"
        return estimated(name, point, status="insufficient", reason="n_below_min", notes=(note,), **counts)
    ci = _interval(said_met, judged, (true_met, labelled_met), (true_unmet, labelled_unmet), level)
    if ci is None:
        note = "sensitivity and specificity are too uncertain for an interval"
        return estimated(name, point, status="suppressed", reason="not_identified", notes=(note,), **counts)
    return estimated(name, point, ci=ci, **counts)


def _interval(
    said: int, judged: int, met: tuple[int, int], unmet: tuple[int, int], level: float
) -> Interval | None:
    z = float(special.ndtri((1 + level) / 2))
    n = judged + z * z
    p = (said + z * z / 2) / n
    se, sp = (met[0] + 1) / (met[1] + 2), (unmet[0] + 1) / (unmet[1] + 2)
    youden = se + sp - 1
    if youden <= 0:
        return None
    prevalent = (p + sp - 1) / youden
    moved = 2 * z * z * (
        prevalent * se * (1 - se) / (met[1] + 2) - (1 - prevalent) * sp * (1 - sp) / (unmet[1] + 2)
    )
    variance = (
        p * (1 - p) / n
        + prevalent**2 * se * (1 - se) / (met[1] + 2)
        + (1 - prevalent) ** 2 * sp * (1 - sp) / (unmet[1] + 2)
    ) / youden**2
    half = z * math.sqrt(variance)
    centre = prevalent + moved
    return Interval(_cut(centre - half), _cut(centre + half), level, "lang_reiczigel", "sampled_items")


def _cut(share: float) -> float:
    return min(1.0, max(0.0, share))
