"""Beside every figure of the judge stands what physicians reach among themselves, and the difference.

Both are on the items that the judge scored and two physicians rated: on others one of them would have an easier
or a harder task.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.leave_one_out import FIGURES
from judge_calibration.engine.replicates import Replicate, replicate
from judge_calibration.reporting.families import judge_pairs_family, rater_pairs_family
from judge_calibration.reporting.rater_section import sample_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import BoolArray, FloatArray
    from judge_calibration.engine.replicates import Family
    from judge_calibration.reporting.context import Context, View
    from judge_calibration.reporting.rater_section import RaterSection

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
) -> list[dict[str, object]]:
    """Rows of statistic, judge, human and judge minus human; the first is the primary one of this scale."""
    shared = ~np.isnan(scores) & (view.rated > 1)
    names = [name for name in PAIRWISE[view.scale.kind] if name in raters.replicates and name in judge]
    beside = _Beside(context, view, shared)
    own, human = beside.judge(scores, judge), beside.humans(raters)
    rows = [beside.row(name, "each other physician", own[name], human.get(name, _NONE)) for name in names]
    if f"human|{FIGURES[0]}" in judge:
        target = "mean of the other physicians"
        rows += [beside.row(name, target, judge[f"judge|{name}"], judge[f"human|{name}"]) for name in FIGURES]
    return rows


_NONE = Replicate(np.nan, np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True)
class _Beside:
    """Judge and physicians on the items that are `shared`: (n,), scored by the judge and rated twice."""

    context: Context
    view: View
    shared: BoolArray

    def judge(self, scores: FloatArray, known: Mapping[str, Replicate]) -> Mapping[str, Replicate]:
        """The judge against each physician; what is known already, where it is on these items."""
        if not (~self.shared & ~np.isnan(scores) & (self.view.rated > 0)).any():
            return known
        return self._named(judge_pairs_family(self.view, np.where(self.shared, scores, np.nan)))

    def humans(self, raters: RaterSection) -> Mapping[str, Replicate]:
        """Physicians against each other; what is known already, where it is on these items."""
        if not (~self.shared & (self.view.rated > 1)).any():
            return raters.replicates
        ratings = np.where(self.shared[:, None], self.view.ratings, np.nan)
        return self._named(rater_pairs_family(replace(self.view, ratings=ratings)))

    def row(self, name: str, target: str, judge: Replicate, human: Replicate) -> dict[str, object]:
        """One statistic of both, and judge minus human on the same resamples."""
        teller, sample = self.context.teller, sample_on(self.view, self.shared)
        same = (
            judge.bootstrap.shape == human.bootstrap.shape and judge.jackknife.shape == human.jackknife.shape
        )
        # What was not resampled has no difference but at the data.
        alone = replace(_NONE, point=judge.point - human.point)
        return {
            "statistic": name,
            "target": target,
            "judge": teller.tell(name, judge, sample).as_json(),
            "human": teller.tell(name, human, sample).as_json(),
            "difference": teller.difference(name, judge - human if same else alone, sample).as_json(),
        }

    def _named(self, families: Mapping[str, Family]) -> Mapping[str, Replicate]:
        found = replicate(list(families.values()), self.context.resampler, self.view.columns)
        return {name: each for one in found for name, each in one.named().items()}
