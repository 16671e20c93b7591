"""Beside every figure of the judge stands what physicians reach among themselves, and the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.leave_one_out import FIGURES
from judge_calibration.engine.replicates import Replicate
from judge_calibration.reporting.rater_section import sample_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.reporting.context import Context, View
    from judge_calibration.reporting.rater_section import RaterSection
    from judge_calibration.reporting.telling import Sample, Told

PAIRWISE: Mapping[str, tuple[str, ...]] = {
    "ordinal": ("kappa_quadratic", "kappa_linear", "spearman", "agreement"),
    "interval": ("ccc", "pearson"),
    "binary": ("kappa_unweighted", "agreement", "balanced_f1"),
    "nominal": ("kappa_unweighted", "agreement"),
}


def ceiling_rows(
    context: Context,
    view: View,
    scores: FloatArray,
    judge: Mapping[str, Replicate],
    raters: RaterSection,
    sample: Sample,
    statistics: Told,
) -> list[dict[str, object]]:
    """Rows of statistic, judge, human and judge minus human; the first is the primary one of this scale."""
    rows: list[dict[str, object]] = []
    for name in PAIRWISE[view.scale.kind]:
        if name in raters.replicates and name in judge and name in statistics:
            difference = _aligned(judge[name], raters.replicates[name])
            rows.append(
                {
                    "statistic": name,
                    "target": "each other physician",
                    "judge": statistics[name].as_json(),
                    "human": raters.statistics[name].as_json(),
                    "difference": context.teller.difference(name, difference, sample).as_json(),
                }
            )
    return rows + _leave_one_out(context, view, scores, judge)


def _aligned(judge: Replicate, human: Replicate) -> Replicate:
    """Both on the same resamples; a statistic that was not resampled has no difference but at the data."""
    if judge.bootstrap.shape == human.bootstrap.shape and judge.jackknife.shape == human.jackknife.shape:
        return judge - human
    return Replicate(judge.point - human.point, np.empty(0), np.empty(0))


def _leave_one_out(
    context: Context, view: View, scores: FloatArray, judge: Mapping[str, Replicate]
) -> list[dict[str, object]]:
    if f"human|{FIGURES[0]}" not in judge:
        return []
    sample = sample_on(view, ~np.isnan(scores) & (view.rated > 1))
    rows: list[dict[str, object]] = []
    for name in FIGURES:
        human, own = judge[f"human|{name}"], judge[f"judge|{name}"]
        rows.append(
            {
                "statistic": name,
                "target": "mean of the other physicians",
                "judge": context.teller.tell(name, own, sample).as_json(),
                "human": context.teller.tell(name, human, sample).as_json(),
                "difference": context.teller.difference(name, own - human, sample).as_json(),
            }
        )
    return rows
