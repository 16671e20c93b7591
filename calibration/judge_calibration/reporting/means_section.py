"""Means of the models that a judge scored, from its scores and the physicians' labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected
from judge_calibration.inference.model_means import estimate_means
from judge_calibration.inference.prevalence import prevalence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray
    from judge_calibration.inference.model_comparison import Simultaneous
    from judge_calibration.reporting.context import Context


@dataclass(frozen=True, slots=True)
class Design:
    """How items belong to models and came to be labelled.

    by: subgroup variable that names the model; None: one model. strata: subgroup variable. probabilities:
    covariate with the probability of being labelled.
    """

    by: str | None
    strata: str | None = None
    probabilities: str | None = None
    simultaneous: Simultaneous = "max_t"


def means_section(context: Context, criterion: str, judge: str, design: Design) -> dict[str, object]:
    """The mean of every model and all differences; on a binary criterion also each model's prevalence.

    OptionRejected for a variable or covariate that the study lacks.
    """
    view, scores, options = context.view(criterion), context.judged(criterion, judge), context.options
    models = ["all"] * len(scores) if design.by is None else _labels(context, "by", design.by)
    clusters = None if context.units.are_items else context.units.of_item.tolist()
    layers = None if design.strata is None else _labels(context, "strata", design.strata)
    named = design.probabilities
    chances = None if named is None else covariate(context, "probabilities", named)
    rows = [at for at, model in enumerate(models) if model is not None]
    told = estimate_means(
        [str(models[at]) for at in rows],
        scores[rows],
        view.consensus[rows],
        clusters=None if clusters is None else [clusters[at] for at in rows],
        strata=None if layers is None else [layers[at] or "unknown" for at in rows],
        probabilities=None if chances is None else chances[rows],
        level=options.level,
        simultaneous=design.simultaneous,
        seed=options.seed,
    ).as_json()
    if view.scale.kind == "binary":
        told["prevalence"] = _prevalences(models, scores, view.ratings, options.level)
    return told


def _labels(context: Context, option: str, variable: str) -> list[str | None]:
    labels = context.study.subgroups.get(variable)
    if labels is None:
        known = ", ".join(context.study.subgroups) or "none"
        raise OptionRejected(option, f"the study has no variable {variable[:60]!r} (it has: {known})")
    return [labels[at] for at in context.order]


def covariate(context: Context, option: str, name: str) -> FloatArray:
    """A covariate (n,) in the order of the context; OptionRejected where the study has none of that name."""
    values = context.study.covariates.get(name)
    if values is None:
        raise OptionRejected(option, f"the study has no covariate {name[:60]!r}")
    return values[context.order]


def _prevalences(
    models: Sequence[str | None], scores: FloatArray, ratings: FloatArray, level: float
) -> dict[str, object]:
    """Corrected share met of each model: sensitivity and specificity from its labelled answers, all labels counted."""
    told: dict[str, object] = {}
    for model in sorted({each for each in models if each is not None}):
        mine = np.array([each == model for each in models]) & ~np.isnan(scores)
        labelled = mine[:, None] & ~np.isnan(ratings)
        said = np.broadcast_to(scores[:, None], ratings.shape)
        met, unmet = labelled & (ratings == 1), labelled & (ratings == 0)
        unlabelled = mine & ~labelled.any(1)
        pool = unlabelled if unlabelled.any() else mine
        told[model] = prevalence(
            int((scores[pool] == 1).sum()),
            int(pool.sum()),
            true_met=int((said[met] == 1).sum()),
            labelled_met=int(met.sum()),
            true_unmet=int((said[unmet] == 0).sum()),
            labelled_unmet=int(unmet.sum()),
            level=level,
        ).as_json()
    return told
