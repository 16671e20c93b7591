"""Fits a map: chooses the method, calibrates the interval, and writes it all down as an artefact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.maps.artefact import FORMAT, KIND, sealed
from judge_calibration.maps.conformal import fit_conformal, labels_of, out_of_fold_coverage
from judge_calibration.maps.ordinal_sets import ordinal_sets
from judge_calibration.maps.sample import MapSample
from judge_calibration.maps.selection import METHODS, select
from judge_calibration.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.maps.candidates import Fitted
    from judge_calibration.maps.conformal import Conformal
    from judge_calibration.maps.selection import Selection

LEAST = 5  # items; with fewer nothing can be held out
_COVERAGE_FOLDS = 10


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
    subgroups: Mapping[str, list[str]]
    seed: int

    @property
    def out_of_fold(self) -> FloatArray:
        """Predictions (n,) of the items used, by maps that did not see their cluster: the mean over repeats."""
        return np.asarray(self.selection.out_of_fold.mean(0), np.float64)

    def summary(self) -> dict[str, Any]:
        """What a report tells of it."""
        return {
            "method": self.fitted.method,
            "parameters": dict(self.fitted.parameters),
            "chosen_because": self.selection.because,
            "candidates": [tried.as_json() for tried in self.selection.tried],
            "knots": _knots(self.fitted),
            "conformal": self.conformal.as_json(),
            "out_of_fold": dict(self.coverage),
            "sets": self.sets,
            "n_items": len(self.sample),
            "n_ratings": int((~np.isnan(self.sample.ratings)).sum()),
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
        fit = {
            key: summary[key]
            for key in ("n_items", "n_ratings", "candidates", "chosen_because", "out_of_fold")
        }
        return sealed(
            {
                "kind": KIND,
                "format": FORMAT,
                "criterion": criterion,
                "scale": dict(scale),
                "purpose": "predict",
                "method": summary["method"],
                "parameters": summary["parameters"],
                "knots": summary["knots"],
                "domain": {
                    "low": rounded(float(self.sample.judge.min())),
                    "high": rounded(float(self.sample.judge.max())),
                    "subgroups": dict(self.subgroups),
                },
                "conformal": summary["conformal"],
                "fit": {**fit, "seed": self.seed},
                "judge": {
                    "name": judge,
                    "fingerprint": None if fingerprint is None else dict(fingerprint),
                    "binding": None if binding is None else dict(binding),
                },
                "data_digest": data_digest,
                "library": VERSION,
            }
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
    weights: FloatArray | None = None,
) -> FittedMap:
    """Fit to judge scores (n,) and ratings (n, R), NaN where missing; the target is the mean of an item's ratings.

    Items without judge score or rating are left out. `by` names the subgroup variable of the intervals. Raises
    NotEnough with fewer than five usable items or two clusters, OptionRejected for an unknown method or variable.
    """
    groups = dict(subgroups or {})
    if method != "auto" and method not in METHODS:
        raise OptionRejected("method", f"is one of auto, {', '.join(METHODS)}")
    if by is not None and by not in groups:
        raise OptionRejected("by", f"{by[:60]!r} is no subgroup variable of the study")
    sample, rows = MapSample.of(
        judge, ratings, clusters=clusters, values=scale_values, low=low, high=high, weights=weights
    )
    if len(sample) < LEAST or len(np.unique(sample.clusters)) < 2:  # noqa: PLR2004  one is held out
        raise NotEnough(
            f"a map needs {LEAST} items with judge score and rating in two clusters, not {len(sample)}"
        )
    selection = select(sample, method=method, folds=folds, repeats=repeats, seed=seed)
    fitted = selection.chosen.fit(sample)
    if fitted is None:
        raise NotEnough(f"a map of method {selection.chosen.name} cannot be fitted to these items")
    labels = None if by is None else labels_of([groups[by][at] for at in rows])
    predicted = selection.out_of_fold.mean(0)
    conformal = fit_conformal(sample.target - predicted, labels, by=by, alpha=alpha)
    scale = {"low": low, "high": high, "values": None if scale_values is None else list(scale_values)}
    coverage = out_of_fold_coverage(
        predicted, sample.target, _folds(sample.clusters, seed), labels, by=by, alpha=alpha, scale=scale
    )
    seen = {
        name: sorted({label for at in rows if (label := values[at]) is not None})
        for name, values in groups.items()
    }
    return FittedMap(
        fitted=fitted,
        selection=selection,
        conformal=conformal,
        coverage=coverage,
        sets=ordinal_sets(sample, alpha=alpha, seed=seed),
        sample=sample,
        rows=rows,
        subgroups=seen,
        seed=seed,
    )


def _folds(clusters: IntArray, seed: int) -> list[np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Clusters in ten parts, for the coverage of the interval itself."""
    groups, which = np.unique(clusters, return_inverse=True)
    part = np.empty(len(groups), np.int64)
    part[np.random.default_rng(seed).permutation(len(groups))] = np.arange(len(groups)) % _COVERAGE_FOLDS
    return [each for at in range(_COVERAGE_FOLDS) if (each := part[which] == at).any()]


def _knots(fitted: Fitted) -> list[list[float | None]]:
    """Knots with rounded numbers, none twice."""
    raw, calibrated = fitted.knots
    pairs: dict[float | None, float | None] = {}
    for x, y in zip(raw.tolist(), calibrated.tolist(), strict=True):
        pairs[rounded(x)] = rounded(y)
    return [[x, y] for x, y in pairs.items()]
