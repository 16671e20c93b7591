"""One judge on one criterion: against the consensus, each physician, and the ceiling that physicians set."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.alternative_annotator import (
    RhoFamily,
    alternative_annotator_test,
    duel,
)
from judge_calibration.agreement.consensus import NAMES as CONSENSUS_NAMES
from judge_calibration.agreement.pairs import PairFamily
from judge_calibration.agreement.ties import tie_calibration
from judge_calibration.engine.replicates import replicate
from judge_calibration.engine.resampling import Resampler
from judge_calibration.estimates import Statistic, estimated, rounded, undefined
from judge_calibration.reporting.ceiling import ceiling_rows
from judge_calibration.reporting.continuous_ranks import mean_ranks
from judge_calibration.reporting.families import (
    ceiling_families,
    judge_families,
    per_rater_family,
    why_missing,
)
from judge_calibration.reporting.rater_section import ALPHAS, BINARY_NAMES, PAIR_NAMES, sample_on, units_of
from judge_calibration.reporting.telling import Sample, Told, all_undefined, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.agreement.alternative_annotator import AltTest, Contest, Duel
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
_SWEEP = tuple(step / 20 for step in range(11))  # ε from 0 to 0.5
_AT_CEILING = 1.0


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
    played = duel(scores, view.ratings, nominal=not view.scale.is_numeric)
    test = _alt_test(context, view, played)
    families = judge_families(view, scores) | ceiling_families(view, scores)
    families["rho"] = RhoFamily.of(
        played, np.array([c.p is not None for c in test.contests], bool), view.units
    )
    found = replicate(list(families.values()), context.resampler)
    named = {name: each for one in found for name, each in one.named().items()}
    sample = sample_of(view, scores)
    statistics = _statistics(context, view, scores, named, sample)
    statistics |= _alt_statistics(context, named, test, sample)
    statistics |= _validity(context, scores, view, raters.statistics)
    names = NAMES + ((*BINARY_NAMES, "sensitivity", "specificity") if view.scale.kind == "binary" else ())
    for name in names:
        why = why_missing(view, name, len(view.raters))
        statistics.setdefault(name, undefined(name, why, **sample.counts))
    ceiling = ceiling_rows(context, view, scores, named, raters)
    document: dict[str, object] = {
        "statistics": plain({name: statistics[name] for name in names}),
        "per_rater": _per_rater(context, view, scores, named, test),
        "ceiling": ceiling,
        "alt_test": _alt_document(context, view, played, test),
    }
    return JudgeSection(document, statistics, named, ceiling, test)


def judge_statistics(
    context: Context, view: View, scores: FloatArray
) -> tuple[Told, Mapping[str, Replicate]]:
    """The statistics of a judge on some items, as for a subgroup: no test, no ceiling, no ties."""
    families = judge_families(view, scores)
    found = replicate(list(families.values()), context.resampler, view.columns)
    named = {name: each for one in found for name, each in one.named().items()}
    if len(view.raters) == 0:
        return {}, named
    means = {name: each for name, each in named.items() if "|" not in name}
    return _told(context, view, scores, means), named


def sample_of(view: View, scores: FloatArray) -> Sample:
    """Items with a judge score and a rating, the ratings on them, and the physicians they come from."""
    return sample_on(view, ~np.isnan(scores) & (view.rated > 0))


def _told(context: Context, view: View, scores: FloatArray, named: Mapping[str, Replicate]) -> Told:
    """Against physicians, and against the consensus, which has fewer items where the mode is a tie."""
    sample = sample_of(view, scores)
    agreed = sample_on(view, ~np.isnan(scores) & ~np.isnan(view.consensus))
    return {
        name: context.teller.tell(name, each, agreed if name in CONSENSUS_NAMES else sample)
        for name, each in named.items()
    }


def _statistics(
    context: Context, view: View, scores: FloatArray, named: Mapping[str, Replicate], sample: Sample
) -> Told:
    names = [name for name in named if "|" not in name and name != "alt_test_rho"]
    told = _told(context, view, scores, {name: named[name] for name in names})
    if not view.scale.is_discrete:
        told |= mean_ranks(context, view, [(scores, column) for column in view.ratings.T], sample)
    return told | (
        {"tie_calibrated_accuracy": _ties(context, view, scores, sample)} if view.scale.is_numeric else {}
    )


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
    return context.teller.alone(name, found.cross_fitted, replace(sample, n_items=found.n), details=details)


def _alt_test(
    context: Context, view: View, played: Duel, *, epsilon: float | None = None, flip: bool = True
) -> AltTest:
    options = context.options
    return alternative_annotator_test(
        played,
        view.units,
        epsilon=options.epsilon if epsilon is None else epsilon,
        q=options.q,
        test=options.alt_test,
        seed=options.seed,
        flip=flip,
    )


def _alt_statistics(context: Context, named: Mapping[str, Replicate], test: AltTest, sample: Sample) -> Told:
    names = ("alt_test_omega", "alt_test_rho")
    if len(test.contests) < 2:  # noqa: PLR2004  a physician is compared with others
        return all_undefined(names, "single_rater" if test.contests else "no_ratings", sample)
    if test.omega is None:
        compared = any(contest.n_items for contest in test.contests)
        return all_undefined(names, "n_below_min" if compared else "no_overlap", sample)
    included = sum(contest.p is not None for contest in test.contests)
    few = ("at least three physicians are advised",) if included < 3 else ()  # noqa: PLR2004  as the source advises
    omega = estimated("alt_test_omega", test.omega, notes=few, **sample.counts)
    rho = context.teller.tell("alt_test_rho", named["alt_test_rho"], sample)
    return {"alt_test_omega": omega, "alt_test_rho": rho.noted(*few)}


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
    notes = ("at ceiling",) if corrected >= _AT_CEILING else ()
    details = {"uncorrected": rounded(raw)}
    return {
        name: context.teller.alone(name, min(corrected, _AT_CEILING), sample, details=details, notes=notes)
    }


def _per_rater(
    context: Context, view: View, scores: FloatArray, named: Mapping[str, Replicate], test: AltTest
) -> list[dict[str, object]]:
    if view.scale.kind == "binary":
        empty = Resampler(context.units.size, 0, context.options.seed)
        family = _single_raters(view, scores)
        named = {} if family is None else replicate([family], empty)[0].named()
    names = [name.partition("|")[0] for name in named if name.endswith("|0") and not name.startswith("alt_")]
    rows = []
    for j, rater in enumerate(view.raters):
        both = ~np.isnan(scores) & ~np.isnan(view.ratings[:, j])
        count = int(both.sum())
        sample = Sample(count, count, int(count > 0), units_of(view, both))
        told = {name: context.teller.tell(name, named[f"{name}|{j}"], sample) for name in names}
        row: dict[str, object] = {"rater": rater, "n_items": count, "statistics": plain(told)}
        if view.scale.is_numeric and count:
            row["bias"] = rounded(float((scores[both] - view.ratings[both, j]).mean()))
        rows.append(row | {"alt_test": _contest(test.contests[j])})
    return rows


def _single_raters(view: View, scores: FloatArray) -> PairFamily | None:
    family = per_rater_family(view, scores).get("pairs")
    return family if isinstance(family, PairFamily) else None


def _contest(contest: Contest) -> dict[str, object]:
    return {
        "n_items": contest.n_items,
        "advantage": rounded(contest.advantage),
        "mean_difference": rounded(contest.mean_difference),
        "p": rounded(contest.p),
        "p_adjusted": rounded(contest.p_adjusted),
        "rejected": contest.rejected,
        "reason": contest.reason,
    }


def _alt_document(context: Context, view: View, played: Duel, test: AltTest) -> dict[str, object]:
    included = [contest for contest in test.contests if contest.p is not None]
    left_out = [
        {"rater": rater, "n_items": contest.n_items, "reason": contest.reason}
        for rater, contest in zip(view.raters, test.contests, strict=True)
        if contest.p is None
    ]
    sweep = [
        {
            "epsilon": epsilon,
            "omega": rounded(_alt_test(context, view, played, epsilon=epsilon, flip=False).omega),
        }
        for epsilon in (_SWEEP if test.omega is not None else ())
    ]
    rates = [c.advantage for c in included if c.advantage is not None]
    return {
        "omega": rounded(test.omega),
        "rho": rounded(math.fsum(rates) / len(rates)) if rates else None,
        "passes": test.passes,
        "epsilon": test.epsilon,
        "q": test.q,
        "test": test.test,
        "flip_epsilon": rounded(test.flip_epsilon),
        "raters_tested": len(included),
        "left_out": left_out,
        "sweep": sweep,
    }
