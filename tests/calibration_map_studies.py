"""Judges of known faults before three physicians, on a scale from 0 to 5; the judge speaks in half points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from judge_calibration.maps.fitting import fit_map
from judge_calibration.maps.sample import MapSample

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.maps.fitting import FittedMap

VALUES = tuple(float(value) for value in range(6))
HALVES = tuple(value / 2 for value in range(11))
SCALE: dict[str, Any] = {"scale_values": VALUES, "low": 0.0, "high": 5.0}
TOLD_SCALE = {"kind": "ordinal", "values": [0, 1, 2, 3, 4, 5], "low": 0, "high": 5}
UNNAMED: dict[str, Any] = {"judge": "J", "fingerprint": None, "binding": None, "data_digest": "sha256:0"}


def a_study(kind: str, n: int, rng: np.random.Generator, *, raters: int = 3) -> tuple[FloatArray, FloatArray]:
    """Judge scores (n,) and ratings (n, raters)."""
    truth = np.clip(rng.normal(3.2, 1.2, n), 0, 5)
    ratings = np.clip(np.round(truth[:, None] + rng.normal(0, 0.8, (n, raters))), 0, 5)
    said = {
        "offset": truth + 0.8,
        "compressed": 3.8 + 0.35 * (truth - 2.5),
        "saturating": 5 * (1 - np.exp(-truth / 0.9)),
        "step": np.where(truth > 2.5, 4.2, 1.2) + 0.15 * truth,
        "inverse": 5 - truth,
    }[kind]
    return np.clip(np.round(2 * (said + rng.normal(0, 0.5, n))) / 2, 0, 5), ratings


def a_sample(judge: FloatArray, ratings: FloatArray, **options: Any) -> MapSample:
    given: dict[str, Any] = {"clusters": None, "values": VALUES, "low": 0.0, "high": 5.0} | options
    return MapSample.of(judge, ratings, **given)[0]


def a_fit(judge: FloatArray, ratings: FloatArray, **options: Any) -> FittedMap:
    """With fewer folds than a map that is kept: enough for tests."""
    given: dict[str, Any] = SCALE | {"folds": 5, "repeats": 1} | options
    return fit_map(judge, ratings, **given)


def rmse(predicted: FloatArray, ratings: FloatArray) -> float:
    return float(np.sqrt(np.mean((predicted - ratings.mean(1)) ** 2)))
