"""Operations that infer from few labels: means of models, drift, prevalence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.comparison.swap import swap
from judge_calibration.errors import OptionRejected
from judge_calibration.inference.confidence_sequence import confidence_sequence
from judge_calibration.inference.drift import DEFAULT_MARGIN, drift
from judge_calibration.inference.monitors import monitor
from judge_calibration.inference.weights import error_weights
from judge_calibration.maps.artefact import opened
from judge_calibration.operations.arguments import Arguments
from judge_calibration.reporting.audit_section import FAMILY
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.means_section import Design, covariate, means_section
from judge_calibration.reporting.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.reporting.context import View
    from judge_calibration.study import Study


def estimate_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """Prediction-powered mean of every model, and their differences.

    Takes criterion, judge, by (subgroup variable that names the model; default model_family, where the study has
    it; null: one model), strata (subgroup variable), probabilities (covariate with the probability of being
    labelled), cluster_by, level, simultaneous (max_t or bonferroni), seed. On a binary criterion also each model's
    prevalence.
    """
    with Arguments(given) as arguments:
        criterion, judge = arguments.text("criterion"), arguments.text("judge")
        by = arguments.text_or_none("by", default=FAMILY if FAMILY in study.subgroups else None)
        strata = arguments.text_or_none("strata")
        probabilities = arguments.text_or_none("probabilities")
        cluster_by = arguments.text_or_none("cluster_by")
        level = arguments.number("level", default=0.95, least=0.5, most=0.999)
        simultaneous = arguments.text("simultaneous", default="max_t", choices=("max_t", "bonferroni"))
        seed = arguments.whole("seed", default=0)
    context = Context.of(study, Options(resamples=0, seed=seed, level=level, cluster_by=cluster_by))
    table = study.tables.get(criterion)
    if table is None or judge not in table.judges or not table.scale.is_numeric:
        raise OptionRejected("criterion", f"{judge[:60]!r} scored no numeric criterion {criterion[:60]!r}")
    design = Design(
        by, strata, probabilities, simultaneous="bonferroni" if simultaneous == "bonferroni" else "max_t"
    )
    told = means_section(context, criterion, judge, design)
    return {"study": study.digest, "criterion": criterion, "judge": judge, **told}


def drift_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """An anchor set scored by the judge before and after.

    Takes judge_before, judge_after, margin (points), map (an artefact of the judge before, to be
    carried over), family (variable), options. `monitor`: true compares the distributions of both judges' scores,
    which needs no labels. `arrival` names a covariate in whose order items came to be rated: the change of the
    absolute error is told for every look at them.
    """
    with Arguments(given) as arguments:
        before, after = arguments.text("judge_before"), arguments.text("judge_after")
        margin = arguments.number_or_none("margin", least=0)
        artefact = arguments.mapping_or_none("map")
        family = arguments.text("family", default=FAMILY)
        watch, arrival = arguments.flag("monitor"), arguments.text_or_none("arrival")
        options = Options.of(arguments.mapping("options"))
    context = Context.of(study, options)
    told: dict[str, object] = {}
    for criterion in context.criteria:
        table = study.tables[criterion]
        if not {before, after} <= set(table.judges) or table.scale.low is None or table.scale.high is None:
            continue
        view = context.view(criterion)
        old, new = context.judged(criterion, before), context.judged(criterion, after)
        labels = study.subgroups.get(family)
        found = drift(
            old,
            new,
            view.consensus,
            clusters=view.units.of_item,
            margin=margin if margin is not None else DEFAULT_MARGIN * (table.scale.high - table.scale.low),
            level=options.level,
            predicted=_predicted(artefact, criterion, new),
            families=None if labels is None else [labels[at] for at in context.order],
        )
        if watch:
            found["monitor"] = monitor(old[~np.isnan(old)], new[~np.isnan(new)], seed=options.seed)
        if arrival is not None:
            found["error_change"] = _label_by_label(
                context, view, old, new, covariate(context, "arrival", arrival)
            )
        told[criterion] = found
    if not told:
        raise OptionRejected("judge_after", "the two judges share no numeric criterion")
    if artefact is not None and opened(artefact).criterion not in told:
        raise OptionRejected("map", "is of a criterion that the two judges do not share")
    return {"study": study.digest, "judges": {"before": before, "after": after}, "criteria": told}


def _label_by_label(
    context: Context, view: View, old: FloatArray, new: FloatArray, arrived: FloatArray
) -> dict[str, object] | None:
    """|new - consensus| - |old - consensus| with limits that hold at every look; None where items are clustered.

    Items without a place in the order are left out.
    """
    if not view.units.are_items or view.scale.low is None or view.scale.high is None:
        return None
    change = np.abs(new - view.consensus) - np.abs(old - view.consensus)
    bound = view.scale.high - view.scale.low
    order = np.argsort(arrived, kind="stable")[: np.count_nonzero(~np.isnan(arrived))]
    return confidence_sequence(change[order], bound=bound, level=context.options.level).as_json()


def _predicted(
    artefact: Mapping[str, object] | None, criterion: str, scores: FloatArray
) -> FloatArray | None:
    if artefact is None:
        return None
    opened_map = opened(artefact)
    if opened_map.criterion != criterion:
        return None
    return np.array([np.nan if np.isnan(score) else opened_map.apply(float(score)).score for score in scores])


def weights_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """What the members of a panel should weigh. Takes criterion and judges (two or more)."""
    with Arguments(given) as arguments:
        criterion, judges = arguments.text("criterion"), arguments.texts("judges") or ()
    table = study.tables.get(criterion)
    if table is None or not table.scale.is_numeric:
        raise OptionRejected("criterion", f"the study has no numeric criterion {criterion[:60]!r}")
    if unknown := [judge for judge in judges if judge not in table.judges]:
        known = ", ".join(table.judges)
        raise OptionRejected("judges", f"{unknown[0][:60]!r} did not score {criterion!r} (known: {known})")
    if len(judges) < 2 or len(set(judges)) < len(judges):  # noqa: PLR2004  a panel is two at least
        raise OptionRejected("judges", "are two or more different judges of the study")
    columns = [table.judges.index(judge) for judge in judges]
    found = error_weights(table.judged[:, columns], table.consensus(), judges)
    return {
        "study": study.digest,
        "criterion": criterion,
        "weights": {judge: weight.as_json()["estimate"] for judge, weight in found.items()},
        "n_items": next(iter(found.values())).n_items,
        "statistics": {judge: weight.as_json() for judge, weight in found.items()},
    }


def swap_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """judge_b in place of judge_a.

    Takes judge_a, judge_b, threshold and margin (in points; one, or by criterion), criteria, options.
    """
    with Arguments(given) as arguments:
        old, new = arguments.text("judge_a"), arguments.text("judge_b")
        raw = {name: arguments.raw(name) for name in ("threshold", "margin")}
        criteria = arguments.texts("criteria")
        options = dict(arguments.mapping("options"))
    if criteria is not None:
        options["criteria"] = list(criteria)
    return swap(
        study, old, new, threshold=_points("threshold", raw), margin=_points("margin", raw), options=options
    )


def _points(name: str, raw: Mapping[str, object]) -> float | dict[str, float] | None:
    value = raw[name]
    if value is None:
        return None
    if isinstance(value, dict):
        return {str(key): _finite(name, each) for key, each in value.items()}
    return _finite(name, value)


def _finite(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise OptionRejected(name, "is a number, or an object: criterion → number")
    return float(value)
