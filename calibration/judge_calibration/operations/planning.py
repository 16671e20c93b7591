"""Operations that plan: how many items, and which to label next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.inference import labelling, planning
from judge_calibration.maps.artefact import opened
from judge_calibration.operations.arguments import Arguments
from judge_calibration.reporting.audit_section import reliability_of
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.inference.labelling import Pick
    from judge_calibration.maps.artefact import CalibrationMap
    from judge_calibration.study import Study


def power_operation(study: Study | None, given: Mapping[str, object]) -> dict[str, object]:  # noqa: ARG001  one shape for all
    """How many items or labels. Takes kind, and what that kind needs.

    pearson: correlation, half_width. icc: icc, raters, width. limits: sd, half_width. coefficient: statistic, width.
    conformal: alpha, coverage_within. mean: correlation, sd, half_width. alt_test: judge_sd, physician_sd, items,
    raters, epsilon, runs, seed. All with level where there is one.
    """
    with Arguments(given) as arguments:
        kind = arguments.text("kind", choices=tuple(_KINDS))
        found = _KINDS[kind](arguments)
    return {"kind": kind, "asked": {key: value for key, value in given.items() if key != "kind"}, **found}


def _level(arguments: Arguments) -> float:
    return arguments.number("level", default=0.95, least=0.5, most=0.999)


def _pearson(arguments: Arguments) -> dict[str, object]:
    r = arguments.number("correlation", least=-0.99, most=0.99)
    half = arguments.number("half_width", least=0.005, most=1)
    return {"items": planning.pearson_items(r, half, level=_level(arguments)), "method": "Fisher z"}


def _icc(arguments: Arguments) -> dict[str, object]:
    icc = arguments.number("icc", least=0, most=0.999)
    raters = arguments.whole("raters", default=3, least=2, most=100)
    width = arguments.number("width", least=0.01, most=2)
    return {"items": planning.icc_items(icc, raters, width, level=_level(arguments)), "method": "Bonett 2002"}


def _limits(arguments: Arguments) -> dict[str, object]:
    sd, half = arguments.number("sd", least=1e-6), arguments.number("half_width", least=1e-6)
    return {
        "items": planning.limits_items(half, sd, level=_level(arguments)),
        "method": "Bland and Altman 1986",
    }


def _coefficient(arguments: Arguments) -> dict[str, object]:
    statistic = arguments.text("statistic", default="kappa_quadratic")
    width = arguments.number("width", least=0.01, most=2)
    return {
        "items": planning.coefficient_items(statistic, width),
        "method": "measured widths at agreement near 0.6",
    }


def _conformal(arguments: Arguments) -> dict[str, object]:
    alpha = arguments.number("alpha", default=0.1, least=0.01, most=0.5)
    within = arguments.number("coverage_within", default=0.02, least=0.001, most=0.5)
    return {**planning.conformal_items(alpha, within), "method": "Beta(k, n+1-k)"}


def _mean(arguments: Arguments) -> dict[str, object]:
    r = arguments.number("correlation", least=-0.999, most=0.999)
    sd, half = arguments.number("sd", least=1e-6), arguments.number("half_width", least=1e-6)
    return {
        **planning.powered_labels(r, sd, half, level=_level(arguments)),
        "method": "PPI++ with many unlabelled",
    }


def _alt_test(arguments: Arguments) -> dict[str, object]:
    found = planning.alt_test_power(
        judge_sd=arguments.number("judge_sd", default=0.8, least=0, most=5),
        physician_sd=arguments.number("physician_sd", default=0.8, least=0, most=5),
        items=arguments.whole("items", default=100, least=2, most=2000),
        raters=arguments.whole("raters", default=3, least=2, most=20),
        epsilon=arguments.number("epsilon", default=0.2, least=0, most=1),
        runs=arguments.whole("runs", default=400, least=10, most=2000),
        seed=arguments.whole("seed", default=0),
    )
    return {**found, "method": "simulation on a scale from 0 to 5"}


_KINDS: Mapping[str, Callable[[Arguments], dict[str, object]]] = {
    "pearson": _pearson,
    "icc": _icc,
    "limits": _limits,
    "coefficient": _coefficient,
    "conformal": _conformal,
    "mean": _mean,
    "alt_test": _alt_test,
}
OBJECTIVES = ("mean", "map", "subgroups", "reliability")


def labels_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """Which items to rate next.

    Takes objective (mean, map, subgroups, reliability), criterion, judge, budget, by (subgroup variable: strata
    of means, or the groups), map (artefact, whose interval's width is the uncertainty), alpha, target
    (reliability to reach), seed.
    """
    with Arguments(given) as arguments:
        objective = arguments.text("objective", choices=OBJECTIVES)
        criterion = arguments.text("criterion")
        judge = arguments.text_or_none("judge")
        budget = arguments.whole("budget", default=50, least=1, most=100_000)
        by = arguments.text_or_none("by")
        artefact = arguments.mapping_or_none("map")
        alpha = arguments.number("alpha", default=0.1, least=0.01, most=0.5)
        target = arguments.number("target", default=0.8, least=0.01, most=0.99)
        seed = arguments.whole("seed", default=0)
    if criterion not in study.tables:
        raise OptionRejected("criterion", f"{criterion[:60]!r} is not in the study")
    widths = None if artefact is None else _widths(opened(artefact), criterion)
    context = Context.of(study, Options(resamples=0, seed=seed))
    view = context.view(criterion)
    names = [study.items[at] for at in context.order]
    if objective == "reliability":
        found = reliability_of(view)
        single = None if found is None else _single(found, float(view.rated[view.rated > 0].mean()))
        if single is None:
            raise OptionRejected(
                "objective", "the reliability of a single rating cannot be estimated from this study"
            )
        picks = labelling.for_reliability(
            view.rated, reliability=single, target=target, budget=budget, seed=seed
        )
        return {
            "objective": objective,
            "budget": budget,
            "single_rating": rounded(single),
            **labelling.ratings_per_item(single, target),
            "picks": [pick.as_json(names) for pick in picks],
        }
    labelled = (view.rated > 0).astype(np.int64)
    free = np.flatnonzero(labelled == 0)
    if objective == "subgroups":
        picks = labelling.for_subgroups(_groups(context, by), labelled, alpha=alpha, budget=budget, seed=seed)
    else:
        if judge is None or judge not in study.tables[criterion].judges:
            raise OptionRejected("judge", "names a judge that scored the criterion")
        scores = context.judged(criterion, judge)
        if objective == "map":
            picks = _for_map(view.scale.low, view.scale.high, scores, labelled, budget, seed)
        else:
            picks = _for_mean(context, scores, view.consensus, free, by, widths, budget, seed)
    return {
        "objective": objective,
        "budget": budget,
        "picks": [pick.as_json(names) for pick in picks],
        "note": "picks that are no plain random sample need their probabilities as weights wherever they are used",
    }


def _single(reliability: float, k: float) -> float | None:
    """Spearman-Brown, backwards: of one rating from that of the mean of k."""
    found = reliability / (k - (k - 1) * reliability)
    return found if 0 < found < 1 else None


def _groups(context: Context, by: str | None) -> list[str | None]:
    if by is None or by not in context.study.subgroups:
        raise OptionRejected("by", "names a subgroup variable of the study")
    labels = context.study.subgroups[by]
    return [labels[at] for at in context.order]


def _for_map(
    low: float | None, high: float | None, scores: FloatArray, labelled: IntArray, budget: int, seed: int
) -> list[Pick]:
    if low is None or high is None:
        raise OptionRejected("criterion", "has no numbers to map")
    here = np.flatnonzero(~np.isnan(scores))
    picks = labelling.for_map(scores[here], labelled[here], low=low, high=high, budget=budget, seed=seed)
    return [labelling.Pick(int(here[pick.index]), pick.reason, pick.probability) for pick in picks]


def _widths(opened_map: CalibrationMap, criterion: str) -> Callable[[float], float]:
    """How wide a map's interval is at a raw score, in points; OptionRejected for a map that cannot tell."""
    if opened_map.criterion != criterion:
        raise OptionRejected("map", f"is of {opened_map.criterion[:60]!r}, not of {criterion[:60]!r}")
    if opened_map.content.get("conformal") is None:
        raise OptionRejected("map", "has no interval, whose width is the uncertainty")

    def width(score: float) -> float:
        applied = opened_map.apply(float(score))
        if applied.low is None or applied.high is None:
            raise TypeError("a map with conformal quantiles has an interval everywhere")
        return applied.high - applied.low

    return width


def _for_mean(
    context: Context,
    scores: FloatArray,
    consensus: FloatArray,
    free: IntArray,
    by: str | None,
    widths: Callable[[float], float] | None,
    budget: int,
    seed: int,
) -> list[Pick]:
    """By strata when a variable is named, else by the expected error: interval width of a map, or the same for all."""
    rows = [int(at) for at in free if not np.isnan(scores[int(at)])]
    if by is not None:
        labels = _groups(context, by)
        residual = consensus - scores
        spread = {}
        for group in {label for label in labels if label is not None}:
            inside = np.array([label == group for label in labels]) & ~np.isnan(residual)
            if inside.sum() > 1:
                spread[group] = float(residual[inside].std(ddof=1))
        strata = [labels[at] or "unknown" for at in rows]
        picks = labelling.by_stratum(strata, spread, budget=budget, seed=seed)
    else:
        uncertainty = np.ones(len(rows)) if widths is None else np.array([widths(scores[at]) for at in rows])
        picks = labelling.by_uncertainty(uncertainty, budget=budget, seed=seed)
    return [labelling.Pick(rows[pick.index], pick.reason, pick.probability) for pick in picks]
