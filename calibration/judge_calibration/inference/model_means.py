"""The mean of every model, beside that of labels alone and of the judge alone; what the judge is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.definitions import definition_of
from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import Statistic, estimated, rounded, undefined
from judge_calibration.inference.model_comparison import (
    Contender,
    ModelDifference,
    RankRange,
    Simultaneous,
    compare,
)
from judge_calibration.inference.prediction_powered import LabelledItems, PoweredMean, powered_mean
from judge_calibration.inference.sampling_error import (
    MeanError,
    coded,
    mean_error,
    need_finite,
    need_same_length,
    need_share,
    told_mean,
    withheld,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.estimates import Reason

_FROM_LABELS = ("ppi_mean", "labels_only_mean", "judge_worth")
MOST_MODELS = 100  # 4,950 pairs


@dataclass(frozen=True, slots=True)
class ModelMean:
    """One model. `rank` is None when it has no interval to be ranked by; `lam` when it has no estimate."""

    model: str
    mean: Statistic
    labels_only: Statistic
    judge_only: Statistic
    worth: Statistic
    lam: float | None
    n_labelled: int
    n_unlabelled: int
    n_without_score: int
    rank: RankRange | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "model": self.model,
            "mean": self.mean.as_json(),
            "labels_only": self.labels_only.as_json(),
            "judge_only": self.judge_only.as_json(),
            "worth": self.worth.as_json(),
            "lambda": rounded(self.lam),
            "n_labelled": self.n_labelled,
            "n_unlabelled": self.n_unlabelled,
            "n_without_score": self.n_without_score,
            "rank": self.rank.as_json() if self.rank else None,
        }


@dataclass(frozen=True, slots=True)
class MeansEstimate:
    """All models in the order of their names, all pairs, and how it was done."""

    models: tuple[ModelMean, ...]
    differences: tuple[ModelDifference, ...]
    design: str
    simultaneous: Simultaneous
    level: float
    seed: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "models": [each.as_json() for each in self.models],
            "differences": [each.as_json() for each in self.differences],
            "design": self.design,
            "simultaneous": self.simultaneous,
            "level": self.level,
            "seed": self.seed,
        }


def estimate_means(
    models: Sequence[str],
    judge: FloatArray,
    label: FloatArray,
    *,
    clusters: Sequence[object] | None = None,
    strata: Sequence[object] | None = None,
    probabilities: FloatArray | None = None,
    lam: float | None = None,
    level: float = 0.95,
    simultaneous: Simultaneous = "max_t",
    draws: int = 20_000,
    seed: int = 0,
) -> MeansEstimate:
    """Prediction-powered mean of each model, and all pairs of models, one row per (model, answer).

    `judge` (n,) the judge's scores; `label` (n,) the physicians' consensus, NaN where nobody has rated.
    Labels are a random sample of a model's rows (of each stratum's rows with `strata`), or were taken with
    the known `probabilities` (n,), which are read where a label is. `clusters` names the question of a row:
    errors then allow for answers to one question being alike, within and between models. A row without a
    judge's score takes the mean of the model's scores: any guess keeps the estimate valid, a poor one makes
    it less precise.
    `lam` fixes λ instead of estimating it. Intervals use Student's t.
    Errors: OptionRejected for columns of unequal length, probabilities outside (0, 1], or strata with them.
    Source: PPI++ (arXiv 2311.01453); ranks by Mogstad, Romano, Shaikh, Wilhelm 2024.
    """
    judge, label = np.asarray(judge, np.float64), np.asarray(label, np.float64)
    _check(len(models), judge, label, clusters, strata, probabilities, level, simultaneous)
    codes, names = coded(models)
    if codes is None or len(names) > MOST_MODELS:
        raise OptionRejected("models", f"has {len(names)} models; {MOST_MODELS} is the most")
    cluster, questions = coded(clusters)
    stratum, _ = coded(strata)
    told: list[ModelMean] = []
    contenders: list[Contender] = []
    for code, name in enumerate(names):
        here = np.asarray(codes == code)
        items, unscored = _items(here, judge, label, cluster, stratum, probabilities)
        one, contender = _one_model(name, items, unscored, questions=len(questions), lam=lam, level=level)
        told.append(one)
        contenders += [contender] if contender else []
    differences, ranks = compare(contenders, level=level, simultaneous=simultaneous, draws=draws, seed=seed)
    ranked = tuple(_ranked(each, ranks.get(each.model)) for each in told)
    design = "active" if probabilities is not None else "stratified" if strata is not None else "plain"
    design += "_clustered" if clusters is not None else ""
    return MeansEstimate(ranked, differences, design, simultaneous, level, seed)


def _check(
    n: int,
    judge: FloatArray,
    label: FloatArray,
    clusters: Sequence[object] | None,
    strata: Sequence[object] | None,
    probabilities: FloatArray | None,
    level: float,
    simultaneous: str,
) -> None:
    for option, given in (("judge", judge), ("label", label), ("clusters", clusters), ("strata", strata)):
        need_same_length(option, n, given)
    need_same_length("probabilities", n, probabilities)
    need_finite("judge", judge)
    need_finite("label", label)
    need_share("level", level)
    if simultaneous not in {"max_t", "bonferroni"}:
        raise OptionRejected("simultaneous", f"{simultaneous!r} is neither max_t nor bonferroni")
    if probabilities is not None:
        if strata is not None:
            raise OptionRejected("strata", "probabilities already say how labels were taken")
        taken = np.asarray(probabilities, np.float64)[~np.isnan(label)]
        if not ((taken > 0) & (taken <= 1)).all():
            raise OptionRejected("probabilities", "a labelled item's lies above 0 and is at most 1")


def _items(
    here: BoolArray,
    judge: FloatArray,
    label: FloatArray,
    cluster: IntArray | None,
    stratum: IntArray | None,
    probabilities: FloatArray | None,
) -> tuple[LabelledItems, int]:
    scores = judge[here]
    missing = np.isnan(scores)
    guess = float(scores[~missing].mean()) if not missing.all() else 0.0
    items = LabelledItems(
        np.where(missing, guess, scores),
        label[here],
        None if cluster is None else cluster[here],
        None if stratum is None else stratum[here],
        None if probabilities is None else np.asarray(probabilities, np.float64)[here],
    )
    return items, int(missing.sum())


def _one_model(
    name: str, items: LabelledItems, unscored: int, *, questions: int, lam: float | None, level: float
) -> tuple[ModelMean, Contender | None]:
    labelled = int(items.labelled.sum())
    rest = len(items.judge) - labelled
    powered, alone = powered_mean(items, lam=lam), powered_mean(items, lam=0.0)
    judged = _judge_only(items, unscored, level)
    if powered is None or alone is None:
        reason: Reason = "no_ratings" if labelled == 0 else "n_below_min"
        mean, only, worth = (
            undefined(each, reason, n_items=labelled + rest, n_ratings=labelled) for each in _FROM_LABELS
        )
        return ModelMean(name, mean, only, judged, worth, None, labelled, rest, unscored), None
    found, found_alone = powered.error(items), alone.error(items)
    clustered = "_cluster" if items.cluster is not None else ""
    notes = (*powered.notes, *_remarks(unscored, powered))
    mean = told_mean(
        "ppi_mean",
        found,
        level=level,
        method=f"prediction_powered{clustered}_t",
        notes=notes,
        n_ratings=labelled,
    )
    only = told_mean(
        "labels_only_mean", found_alone, level=level, method=f"student{clustered}_t", n_ratings=labelled
    )
    worth = _worth(found, found_alone, items, labelled)
    told = ModelMean(name, mean, only, judged, worth, powered.lam, labelled, rest, unscored)
    sums = None
    if items.cluster is not None:
        sums = np.bincount(items.cluster, powered.influence, questions).astype(np.float64)
    return told, Contender(name, found, mean, sums)


def _judge_only(items: LabelledItems, unscored: int, level: float) -> Statistic:
    if unscored == len(items.judge):
        return undefined("judge_only_mean", "no_ratings", n_items=len(items.judge))
    return told_mean(
        "judge_only_mean",
        mean_error(items.judge, items.cluster),
        level=level,
        method="student_t" if items.cluster is None else "student_cluster_t",
        notes=("its interval knows nothing of the judge's errors",),
    )


def _worth(found: MeanError, alone: MeanError, items: LabelledItems, labelled: int) -> Statistic:
    """Var of labels alone over Var with the judge: how many labels one label counts for."""
    here = items.labelled
    if found.error == 0 or alone.error == 0 or not np.isfinite(found.error):
        return undefined("judge_worth", "constant_input", n_items=len(items.judge), n_ratings=labelled)
    ratio = (alone.error / found.error) ** 2
    told = estimated(
        "judge_worth",
        ratio,
        notes=("no interval: a ratio of two variances that are themselves estimates",),
        n_items=len(items.judge),
        n_ratings=labelled,
        details={
            "effective_labels": rounded(ratio * labelled),
            "correlation": _correlation(items.judge[here], items.label[here]),
        },
    )
    return withheld(told, "n_below_min") if labelled < definition_of("judge_worth").min_n else told


def _correlation(one: FloatArray, other: FloatArray) -> float | None:
    x, y = one - one.mean(), other - other.mean()
    square = float(x @ x) * float(y @ y)
    return rounded(float(x @ y) / square**0.5) if square > 0 else None


def _remarks(unscored: int, powered: PoweredMean) -> tuple[str, ...]:
    guessed = f"{unscored} items without a judge's score took the mean score"
    useless = "the judge adds nothing here: λ is 0"
    return (*[guessed] * (unscored > 0), *[useless] * (powered.lam == 0))


def _ranked(model: ModelMean, rank: RankRange | None) -> ModelMean:
    return model if rank is None else replace(model, rank=rank)
