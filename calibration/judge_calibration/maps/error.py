"""How wrong predictions are on items they were not fitted on. In-sample error is computed nowhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.maps.sample import MapSample

_BINS = 10


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Errors of out-of-fold predictions against the consensus, averaged over repeats of the folds.

    `loss` is each item's weighted share of the mean squared error.
    `mse_error`: standard error of the mean squared error over clusters. `slope`, `intercept`: of the target on
    the prediction, 1 and 0 for a calibrated one, None for a constant prediction. `calibration_error`: root of
    the squared bias within bins of predictions, less what noise alone would give, at least 0. Murphy 1973 and
    Dimitriadis et al. 2021 (CORP): mse = miscalibration - discrimination + uncertainty.
    """

    loss: FloatArray
    cluster_of: IntArray
    mse: float
    mse_error: float
    mae: float
    bias: float
    slope: float | None
    intercept: float | None
    calibration_error: float
    miscalibration: float
    discrimination: float
    uncertainty: float

    def excess_over(self, other: CrossValidated) -> tuple[float, float]:
        """How much larger the mean loss is than another's on the same items, and the standard error of that."""
        gap = self.loss - other.loss
        return float(gap.sum()), _clustered_error(gap, self.cluster_of)

    def as_json(self) -> dict[str, object]:
        """Plain data; errors are told as roots, in points."""
        return {
            "rmse": rounded(math.sqrt(self.mse)),
            "mse": rounded(self.mse),
            "mse_standard_error": rounded(self.mse_error),
            "mae": rounded(self.mae),
            "bias": rounded(self.bias),
            "slope": rounded(self.slope),
            "intercept": rounded(self.intercept),
            "calibration_error": rounded(self.calibration_error),
            "miscalibration": rounded(self.miscalibration),
            "discrimination": rounded(self.discrimination),
            "uncertainty": rounded(self.uncertainty),
        }


def cross_validated_error(predicted: FloatArray, sample: MapSample) -> CrossValidated:
    """From out-of-fold predictions (repeats, n)."""
    w, y = sample.weights / sample.weights.sum(), sample.target
    gap = predicted - y
    square = (gap**2).mean(0)
    _, cluster_of = np.unique(sample.clusters, return_inverse=True)
    mean = predicted.mean(0)
    slope, intercept = _line(mean, y, w)
    mse = float(w @ square)
    miscalibration, discrimination, uncertainty = _corp(mean, y, w)
    return CrossValidated(
        loss=w * square,
        cluster_of=cluster_of.astype(np.int64),
        mse=mse,
        mse_error=_clustered_error(w * (square - mse), cluster_of),
        mae=float(w @ np.abs(gap).mean(0)),
        bias=float(w @ gap.mean(0)),
        slope=slope,
        intercept=intercept,
        calibration_error=_binned(mean, y, w),
        miscalibration=miscalibration,
        discrimination=discrimination,
        uncertainty=uncertainty,
    )


def _clustered_error(weighted: FloatArray, cluster_of: IntArray) -> float:
    """Standard error of a sum of weighted terms whose clusters are independent."""
    sums = np.bincount(cluster_of, weights=weighted)
    m = len(sums)
    return math.sqrt(m / (m - 1) * float(np.sum((sums - sums.mean()) ** 2))) if m > 1 else math.inf


def _line(x: FloatArray, y: FloatArray, w: FloatArray) -> tuple[float | None, float | None]:
    mean_x, mean_y = float(w @ x), float(w @ y)
    square = float(w @ (x - mean_x) ** 2)
    if square < 1e-9:  # noqa: PLR2004  a constant prediction
        return None, None
    slope = float(w @ ((x - mean_x) * (y - mean_y))) / square
    return slope, mean_y - slope * mean_x


def _corp(x: FloatArray, y: FloatArray, w: FloatArray) -> tuple[float, float, float]:
    """Score of the prediction, of its isotonic recalibration, and of the mean; differences of the three."""
    levels, which = np.unique(x, return_inverse=True)
    weight = np.bincount(which, weights=w)
    means = np.bincount(which, weights=w * y) / weight
    best = isotonic_regression(means, weights=weight).x[which] if len(levels) > 1 else means[which]
    own, recalibrated = float(w @ (x - y) ** 2), float(w @ (best - y) ** 2)
    constant = float(w @ (y - float(w @ y)) ** 2)
    return own - recalibrated, constant - recalibrated, constant


def _binned(x: FloatArray, y: FloatArray, w: FloatArray) -> float:
    """Root mean squared bias in bins of equal numbers, with the variance of each bin's mean taken off."""
    edges = np.unique(np.quantile(x, np.linspace(0, 1, _BINS + 1)))
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, max(0, len(edges) - 2))
    total = 0.0
    for at in np.unique(place):
        inside = place == at
        gap, n = (y - x)[inside], int(inside.sum())
        noise = float(gap.var(ddof=1)) / n if n > 1 else 0.0
        total += float(w[inside].sum()) * (float(gap.mean()) ** 2 - noise)
    return math.sqrt(max(0.0, total))
