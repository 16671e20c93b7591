"""Fits a map: chooses the method, calibrates the interval, and writes it all down as an artefact.

The map is E(mean of physicians' ratings | judge's score). Like every regression it draws scores towards their
mean, and so shrinks differences between models: means of models come from prediction-powered inference, not
from averages of calibrated scores. Assumes that the items scored later are like those rated, by the same judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.maps.conformal import fit_conformal, labels_of, out_of_fold_coverage
from judge_calibration.maps.content import sealed_map, told_knots
from judge_calibration.maps.folds import fold_masks
from judge_calibration.maps.ordinal_sets import ordinal_sets
from judge_calibration.maps.sample import MapSample
from judge_calibration.maps.selection import METHODS, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.maps.candidates import Fitted
    from judge_calibration.maps.conformal import Conformal
    from judge_calibration.maps.selection import Selection

LEAST = 5  # items; with fewer nothing can be held out
_COVERAGE_FOLDS = 10
_OF_FIT = (
    "n_items",
    "n_ratings",
    "dropped",
    "candidates",
    "chosen_because",
    "warnings",
    "score_bins",
    "out_of_fold",
    "sets",
)


@dataclass(frozen=True, slots=True)
class FittedMap:
    """A chosen map with its conformal interval and what was learnt on the way."""

    fitted: Fitted
    selection: Selection
    conformal: Conformal
    coverage: Mapping[str, Any]
    sets: Mapping[str, Any] | None
    sample: MapSample
    rows: IntArray
    dropped: Mapping[str, int]
    subgroups: Mapping[str, list[str]]
    seed: int

    @property
    def out_of_fold(self) -> FloatArray:
        """Predictions (n,) of the items used, by maps without their cluster: the mean over repeats."""
        return np.asarray(self.selection.out_of_fold.mean(0), np.float64)

    def summary(self) -> dict[str, Any]:
        """What a report tells of it. `score_bins`: out-of-fold bias of the chosen map by calibrated score."""
        error = self.selection.chosen.error
        return {
            "method": self.fitted.method,
            "parameters": dict(self.fitted.parameters),
            "chosen_because": self.selection.because,
            "warnings": self.selection.warnings(len(self.sample)),
            "candidates": [tried.as_json() for tried in self.selection.tried],
            "score_bins": [each.as_json() for each in error.bins] if error else [],
            "knots": told_knots(self.fitted.knots),
            "domain": [rounded(float(end)) for end in (self.sample.judge.min(), self.sample.judge.max())],
            "conformal": self.conformal.as_json(),
            "out_of_fold": dict(self.coverage),
            "sets": self.sets,
            "n_items": len(self.sample),
            "n_ratings": int((~np.isnan(self.sample.ratings)).sum()),
            "dropped": dict(self.dropped),
        }

    def as_artefact(
        self,
        *,
        criterion: str,
        scale: Mapping[str, Any],
        judge: str | None,
        fingerprint: Mapping[str, Any] | None,
        binding: Mapping[str, Any] | None,
        data_digest: str,
    ) -> dict[str, Any]:
        """The sealed artefact. `scale` is {"kind", "values" (or None), "low", "high"}."""
        summary = self.summary()
        scores = self.sample.judge
        return sealed_map(
            purpose="predict",
            method=self.fitted.method,
            parameters=self.fitted.parameters,
            knots=self.fitted.knots,
            domain=(float(scores.min()), float(scores.max()), self.subgroups),
            conformal=summary["conformal"],
            fit={name: summary[name] for name in _OF_FIT} | {"seed": self.seed},
            criterion=criterion,
            scale=scale,
            judge=judge,
            fingerprint=fingerprint,
            binding=binding,
            data_digest=data_digest,
        )


def fit_map(
    judge: FloatArray,
    ratings: FloatArray,
    *,
    scale_values: tuple[float, ...] | None,
    low: float,
    high: float,
    clusters: IntArray | None = None,
    subgroups: Mapping[str, Sequence[str | None]] | None = None,
    by: str | None = None,
    method: str = "auto",
    alpha: float = 0.1,
    folds: int = 10,
    repeats: int = 5,
    seed: int = 0,
) -> FittedMap:
    """Fit to judge scores (n,) and ratings (n, R), NaN where missing; the target is the mean of the ratings.

    `by` names the subgroup variable of the intervals. `scale_values` None: a continuous scale. Items
    without judge score or rating are left out and counted. Raises NotEnough with fewer than five usable
    items or two clusters, or when the named method cannot be fitted; OptionRejected for options out of their range.
    """
    groups = dict(subgroups or {})
    _check_options(method, alpha, folds, repeats)
    _check_groups(groups, by, len(judge))
    sample, rows = MapSample.of(judge, ratings, clusters=clusters, values=scale_values, low=low, high=high)
    if len(sample) < LEAST or len(np.unique(sample.clusters)) < 2:  # noqa: PLR2004  one is held out
        raise NotEnough(
            f"a map needs {LEAST} items with judge score and rating in two clusters, not {len(sample)}"
        )
    selection = select(sample, method=method, folds=folds, repeats=repeats, seed=seed)
    fitted = selection.chosen.candidate.fit(sample)
    if fitted is None:
        raise NotEnough(f"a map of method {selection.chosen.candidate.name} cannot be fitted to these items")
    conformal, coverage = _interval(sample, rows, selection, groups, by, alpha, seed)
    return FittedMap(
        fitted=fitted,
        selection=selection,
        conformal=conformal,
        coverage=coverage,
        sets=ordinal_sets(sample, alpha=alpha, seed=seed),
        sample=sample,
        rows=rows,
        dropped=_dropped(judge, ratings),
        subgroups={
            name: sorted({label for at in rows if (label := values[at]) is not None})
            for name, values in groups.items()
        },
        seed=seed,
    )


def _interval(
    sample: MapSample,
    rows: IntArray,
    selection: Selection,
    groups: Mapping[str, Sequence[str | None]],
    by: str | None,
    alpha: float,
    seed: int,
) -> tuple[Conformal, dict[str, Any]]:
    """The interval from out-of-fold residuals, and its coverage without the item's own fold."""
    labels = None if by is None else labels_of([groups[by][at] for at in rows])
    predicted = selection.out_of_fold.mean(0)
    inward = sample.on_scale
    scale = {
        "low": sample.low,
        "high": sample.high,
        "values": None if sample.values is None else sample.values.tolist(),
    }
    masks = fold_masks(sample.clusters, _COVERAGE_FOLDS, np.random.default_rng(seed))
    clustered = len(np.unique(sample.clusters)) < len(sample)
    conformal = fit_conformal(
        sample.target - predicted, labels, by=by, alpha=alpha, inward=inward, clustered=clustered
    )
    coverage = out_of_fold_coverage(
        predicted, sample.target, masks, labels, by=by, alpha=alpha, scale=scale, inward=inward
    )
    return conformal, coverage


def _dropped(judge: FloatArray, ratings: FloatArray) -> dict[str, int]:
    """How many items were left out, each for the first reason that holds."""
    scored, rated = ~np.isnan(judge), (~np.isnan(ratings)).any(1)
    return {
        "no_judge_score": int((~scored).sum()),
        "no_ratings": int((scored & ~rated).sum()),
    }


def _check_options(method: str, alpha: float, folds: int, repeats: int) -> None:
    if method != "auto" and method not in METHODS:
        raise OptionRejected("method", f"is one of auto, {', '.join(METHODS)}")
    if not 0 < alpha < 1:
        raise OptionRejected("alpha", "is between 0 and 1")
    if folds < 2:  # noqa: PLR2004  one to fit on, one to predict
        raise OptionRejected("folds", "is 2 or more")
    if repeats < 1:
        raise OptionRejected("repeats", "is 1 or more")


def _check_groups(groups: Mapping[str, Sequence[str | None]], by: str | None, n: int) -> None:
    if by is not None and by not in groups:
        raise OptionRejected("by", f"{by[:60]!r} is no subgroup variable of the study")
    for name, labels in groups.items():
        if len(labels) != n:
            raise OptionRejected("subgroups", f"{name[:60]!r} has one label for each item")
