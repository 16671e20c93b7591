"""The alternative annotator test of one judge on one criterion, with all that it was computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.alternative_annotator import RhoFamily, alternative_annotator_test, duel
from judge_calibration.engine.replicates import replicate
from judge_calibration.estimates import estimated, rounded, rounded_p
from judge_calibration.reporting.rater_section import judged_sample, units_of
from judge_calibration.reporting.telling import Sample, Told, all_undefined

if TYPE_CHECKING:
    from judge_calibration.agreement.alternative_annotator import AltTest, Contest, Duel
    from judge_calibration.arrays import BoolArray, FloatArray
    from judge_calibration.engine.replicates import Replicate
    from judge_calibration.reporting.context import Context, View

_FLIP_DIGITS = 6  # as far as bisection is meant to go
_NO_INTERVAL = "no interval: a share of these few physicians, whose tests are listed; ρ has one"
_OF_RANKS = (
    "signed ranks test the middle of the differences and not their mean: where most are ties, a mean loss of ε is "
    "rejected far more often than the level says; sign_flip tests the mean"
)
_SWEEP = tuple(step / 20 for step in range(11))  # ε from 0 to 0.5


@dataclass(frozen=True, slots=True)
class AltTestSection:
    """The test, ω and ρ as statistics, the test as plain data, and each physician's part in it."""

    test: AltTest
    statistics: Told
    document: dict[str, object]
    per_rater: list[dict[str, object]]


def alt_test_section(context: Context, view: View, scores: FloatArray) -> AltTestSection:
    """The test of a judge's scores (n,), NaN where there is none."""
    options = context.options
    played = duel(scores, view.ratings, nominal=not view.scale.is_numeric)
    test = alternative_annotator_test(
        played,
        view.units,
        epsilon=options.epsilon,
        q=options.q,
        test=options.alt_test,
        seed=options.seed,
        sweep=_SWEEP,
    )
    included = np.array([contest.p is not None for contest in test.contests], bool)
    (found,) = replicate([RhoFamily.of(played, included, view.units)], context.resampler)
    sample = _compared(view, played, included) if included.any() else judged_sample(view, scores)
    return AltTestSection(
        test,
        _statistics(context, found.of("alt_test_rho"), test, sample),
        _document(view, test),
        [_contest(contest) for contest in test.contests],
    )


def _compared(view: View, played: Duel, included: BoolArray) -> Sample:
    """The ratings that were compared, of those physicians whose hypotheses are tested."""
    here = np.asarray(played.compared & included, bool)
    items = np.asarray(here.any(1), bool)
    return Sample(int(items.sum()), int(here.sum()), int(included.sum()), units_of(view, items))


def _statistics(context: Context, rho: Replicate, test: AltTest, sample: Sample) -> Told:
    names = ("alt_test_omega", "alt_test_rho")
    if len(test.contests) < 2:  # noqa: PLR2004  a physician is compared with others
        return all_undefined(names, "single_rater" if test.contests else "no_ratings", sample)
    if test.omega is None:
        compared = any(contest.n_items for contest in test.contests)
        return all_undefined(names, "n_below_min" if compared else "no_overlap", sample)
    included = sum(contest.p is not None for contest in test.contests)
    few = ("at least three physicians are advised",) if included < 3 else ()  # noqa: PLR2004  as the source advises
    ranks = (_OF_RANKS,) if test.test == "wilcoxon" else ()
    return {
        "alt_test_omega": estimated(
            "alt_test_omega", test.omega, notes=(*few, *ranks, _NO_INTERVAL), **sample.counts
        ),
        "alt_test_rho": context.teller.tell("alt_test_rho", rho, sample).noted(*few, *ranks),
    }


def _contest(contest: Contest) -> dict[str, object]:
    return {
        "n_items": contest.n_items,
        "advantage": rounded(contest.advantage),
        "mean_difference": rounded(contest.mean_difference),
        "p": rounded_p(contest.p),
        "p_adjusted": rounded_p(contest.p_adjusted),
        "rejected": contest.rejected,
        "reason": contest.reason,
    }


def _document(view: View, test: AltTest) -> dict[str, object]:
    included = [contest for contest in test.contests if contest.p is not None]
    left_out = [
        {"rater": rater, "n_items": contest.n_items, "reason": contest.reason}
        for rater, contest in zip(view.raters, test.contests, strict=True)
        if contest.p is None
    ]
    rates = [contest.advantage for contest in included if contest.advantage is not None]
    return {
        "omega": rounded(test.omega),
        "rho": rounded(math.fsum(rates) / len(rates)) if rates else None,
        "passes": test.passes,
        "epsilon": test.epsilon,
        "q": test.q,
        "test": test.test,
        "flip_epsilon": None if test.flip_epsilon is None else round(test.flip_epsilon, _FLIP_DIGITS),
        "raters_tested": len(included),
        "left_out": left_out,
        "sweep": [{"epsilon": epsilon, "omega": rounded(omega)} for epsilon, omega in test.sweep],
    }
