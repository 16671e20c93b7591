"""One judge on one criterion: against the consensus, each physician, and the ceiling that physicians set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.consensus import NAMES as CONSENSUS_NAMES
from judge_calibration.agreement.pairs import PairFamily
from judge_calibration.agreement.ties import tie_calibration
from judge_calibration.engine.replicates import replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.estimates import Statistic, rounded, undefined
from judge_calibration.reporting.alt_test_section import alt_test_section
from judge_calibration.reporting.ceiling import ceiling_rows
from judge_calibration.reporting.continuous_ranks import mean_ranks
from judge_calibration.reporting.families import (
    ceiling_families,
    judge_families,
    per_rater_family,
    why_missing,
)
from judge_calibration.reporting.rater_section import (
    ALPHAS,
    BINARY_NAMES,
    PAIR_NAMES,
    judged_sample,
    sample_on,
    units_of,
)
from judge_calibration.reporting.telling import Sample, Told, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.agreement.alternative_annotator import AltTest
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.replicates import Replicate
    from judge_calibration.reporting.context import Context, View
    from judge_calibration.reporting.rater_section import RaterSection

NAMES = (
    *CONSENSUS_NAMES,
    *PAIR_NAMES,
    *ALPHAS,
    *("gwet_ac2", "icc_a1", "icc_c1", "alt_test_omega", "alt_test_rho"),
    *("tie_calibrated_accuracy", "validity_corrected"),
)
_AT_CEILING = 1.0
_EPSILON_CHOSEN = "no interval: ε would have to be chosen anew in every resample"
_CEILING_FIXED = "no interval: the noise ceiling it is divided by has an error of its own"


@dataclass(frozen=True, slots=True)
class JudgeSection:
    """The section as plain data, its statistics, the replicates behind them, and the test."""

    document: dict[str, object]
    statistics: Told
    replicates: Mapping[str, Replicate]
    ceiling: list[dict[str, object]]
    alt_test: AltTest


def judge_section(
    context: Context, criterion: str, judge: str, view: View, raters: RaterSection
) -> JudgeSection:
    """Everything about one judge on one criterion."""
    scores = context.judged(criterion, judge)
    families = judge_families(view, scores) | ceiling_families(view, scores)
    found = replicate(list(families.values()), context.resampler)
    named = {name: each for one in found for name, each in one.named().items()}
    sample = judged_sample(view, scores)
    statistics = _statistics(context, view, scores, named, sample)
    contest = alt_test_section(context, view, scores)
    statistics |= contest.statistics
    statistics |= _validity(context, scores, view, raters.statistics)
    names = NAMES + ((*BINARY_NAMES, "sensitivity", "specificity") if view.scale.kind == "binary" else ())
    for name in names:
        why = why_missing(view, name, len(view.raters))
        statistics.setdefault(name, undefined(name, why, **sample.counts))
    ceiling = ceiling_rows(context, view, scores, named, raters)
    document: dict[str, object] = {
        "statistics": plain({name: statistics[name] for name in names}),
        "per_rater": _per_rater(context, view, scores, named, contest.per_rater),
        "ceiling": ceiling,
        "alt_test": contest.document,
    }
    return JudgeSection(document, statistics, named, ceiling, contest.test)


def judge_statistics(context: Context, view: View, scores: FloatArray) -> Told:
    """The statistics of a judge on some items, as for a subgroup: no test, no ceiling, no ties."""
    if len(view.raters) == 0:
        return {}
    families = judge_families(view, scores)
    found = replicate(list(families.values()), context.resampler, view.columns)
    named = {name: each for one in found for name, each in one.named().items() if "|" not in name}
    return _told(context, view, scores, named)


def _told(context: Context, view: View, scores: FloatArray, named: Mapping[str, Replicate]) -> Told:
    """Against physicians, and against the consensus, which has fewer items where the mode is a tie."""
    sample = judged_sample(view, scores)
    agreed = sample_on(view, ~np.isnan(scores) & ~np.isnan(view.consensus))
    return {
        name: context.teller.tell(name, each, agreed if name in CONSENSUS_NAMES else sample)
        for name, each in named.items()
    }


def _statistics(
    context: Context, view: View, scores: FloatArray, named: Mapping[str, Replicate], sample: Sample
) -> Told:
    names = [name for name in named if "|" not in name]
    told = _told(context, view, scores, {name: named[name] for name in names})
    if not view.scale.is_discrete:
        told |= mean_ranks(context, view, [(scores, column) for column in view.ratings.T], sample)
    if view.scale.is_numeric and view.scale.kind != "binary":  # two values have no gap to choose
        told |= {"tie_calibrated_accuracy": _ties(context, view, scores, sample)}
    return told


def _ties(context: Context, view: View, scores: FloatArray, sample: Sample) -> Statistic:
    name = "tie_calibrated_accuracy"
    found = tie_calibration(scores, view.consensus, seed=context.options.seed)
    if isinstance(found, str):
        return undefined(name, found, **sample.counts)
    details = {
        "epsilon": rounded(found.epsilon),
        "in_sample": rounded(found.in_sample),
        "uncalibrated": rounded(found.uncalibrated),
    }
    compared = replace(sample, n_items=found.n)
    return context.teller.alone(name, found.cross_fitted, compared, details=details, notes=(_EPSILON_CHOSEN,))


def _validity(context: Context, scores: FloatArray, view: View, raters: Told) -> Told:
    """The correlation with the consensus, corrected for its noise and told as 1 where that passes it."""
    name, ceiling = "validity_corrected", raters.get("noise_ceiling")
    if not view.scale.is_numeric or view.scale.kind == "binary":
        return {}
    both = ~np.isnan(scores) & ~np.isnan(view.consensus)
    sample = sample_on(view, both)
    if ceiling is None or ceiling.estimate is None:
        return {name: undefined(name, (ceiling and ceiling.reason) or "single_rater", **sample.counts)}
    x, y = scores[both], view.consensus[both]
    if len(x) < 3:  # noqa: PLR2004  two points are always a line
        return {name: undefined(name, "n_below_min" if len(x) else "no_overlap", **sample.counts)}
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return {name: undefined(name, "constant_input", **sample.counts)}
    raw = float(np.corrcoef(x, y)[0, 1])
    corrected = raw / ceiling.estimate
    notes = (*(("at ceiling",) if abs(corrected) >= _AT_CEILING else ()), _CEILING_FIXED)
    details = {"uncorrected": rounded(raw)}
    return {
        name: context.teller.alone(
            name, max(-_AT_CEILING, min(corrected, _AT_CEILING)), sample, details=details, notes=notes
        )
    }


def _per_rater(
    context: Context,
    view: View,
    scores: FloatArray,
    named: Mapping[str, Replicate],
    contests: Sequence[Mapping[str, object]],
) -> list[dict[str, object]]:
    if view.scale.kind == "binary":
        empty = Resampler(context.units.size, 0, context.options.seed)
        family = _single_raters(view, scores)
        named = {} if family is None else replicate([family], empty)[0].named()
    names = [name.partition("|")[0] for name in named if name.endswith("|0")]
    rows = []
    for j, rater in enumerate(view.raters):
        both = ~np.isnan(scores) & ~np.isnan(view.ratings[:, j])
        count = int(both.sum())
        sample = Sample(count, count, int(count > 0), units_of(view, both))
        told = {name: context.teller.tell(name, named[f"{name}|{j}"], sample) for name in names}
        row: dict[str, object] = {"rater": rater, "n_items": count, "statistics": plain(told)}
        if view.scale.is_numeric and count:
            row["bias"] = rounded(float((scores[both] - view.ratings[both, j]).mean()))
        rows.append(row | {"alt_test": contests[j]})
    return rows


def _single_raters(view: View, scores: FloatArray) -> PairFamily | None:
    family = per_rater_family(view, scores).get("pairs")
    return family if isinstance(family, PairFamily) else None
