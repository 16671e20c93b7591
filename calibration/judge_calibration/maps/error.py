"""How wrong predictions are on items they were not fitted on. In-sample error is computed nowhere.

With f an out-of-fold prediction of the target y, and S a mean squared error over items:

    miscalibration = S(f) - S(f recalibrated), discrimination = S(mean of y) - S(f recalibrated),
    uncertainty = S(mean of y), so that S(f) = miscalibration - discrimination + uncertainty

where "recalibrated" is the isotonic regression of y on f: Murphy 1973 in the form of Dimitriadis, Gneiting and
Jordan 2021 (CORP), which needs no bins. The binned calibration error is the root of the mean squared bias
within bins of equally many items, less the variance that the bias of a bin has from sampling alone (Kumar,
Liang and Ma 2019); without that, a perfect map of a small study would seem miscalibrated. Standard errors are
over clusters, for items of one cluster err together.
"""

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
_FLAT = 1e-12  # of the target's variance: a prediction that varies less is constant


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Items of neighbouring predictions from `low` to `high`: mean of prediction - target, and its error."""

    low: float
    high: float
    n: int
    bias: float
    error: float | None
    share: float

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "low": rounded(self.low),
            "high": rounded(self.high),
            "n": self.n,
            "bias": rounded(self.bias),
            "standard_error": rounded(self.error),
        }


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Errors of out-of-fold predictions against the consensus, averaged over repeats of the folds.

    `loss` is each item's share of the mean squared error. `mse_error`: standard error of the mean
    squared error over clusters. `bias`: mean of prediction - target. `slope`, `intercept`: of the target on
    the prediction, 1 and 0 for a calibrated one, None for a constant one. `calibration_error`: binned, with
    noise taken off, at least 0. mse = miscalibration - discrimination + uncertainty.
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
    bins: tuple[ScoreBin, ...]

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, in points."""
        return math.sqrt(self.mse)

    @property
    def rmse_error(self) -> float:
        """Its standard error, by the delta method."""
        return self.mse_error / (2 * self.rmse) if self.mse > 0 else 0.0

    def excess_over(self, other: CrossValidated) -> tuple[float, float]:
        """How much larger the mean loss is than another's on the same items, and the error of that."""
        gap = self.loss - other.loss
        return float(gap.sum()), _clustered_error(gap, self.cluster_of)

    def as_json(self) -> dict[str, object]:
        """Plain data; errors are told as roots, in points."""
        return {
            "rmse": rounded(self.rmse),
            "rmse_standard_error": rounded(self.rmse_error),
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
    """From out-of-fold predictions (repeats, n) of a sample of at least two clusters."""
    n, y = len(sample), sample.target
    gap = predicted - y
    square = (gap**2).mean(0)
    _, cluster_of = np.unique(sample.clusters, return_inverse=True)
    mean = predicted.mean(0)
    slope, intercept = _line(mean, y)
    mse = float(square.mean())
    parts = np.mean([_corp(each, y) for each in predicted], axis=0)
    bins = score_bins(mean, y)
    return CrossValidated(
        loss=square / n,
        cluster_of=cluster_of.astype(np.int64),
        mse=mse,
        mse_error=_clustered_error((square - mse) / n, cluster_of),
        mae=float(np.abs(gap).mean()),
        bias=float(gap.mean()),
        slope=slope,
        intercept=intercept,
        calibration_error=_binned(bins),
        miscalibration=float(parts[0]),
        discrimination=float(parts[1]),
        uncertainty=float(parts[2]),
        bins=bins,
    )


def score_bins(predicted: FloatArray, target: FloatArray) -> tuple[ScoreBin, ...]:
    """At most ten bins of nearly equal numbers; equal predictions share one."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, _BINS + 1)))
    place = np.searchsorted(edges[1:-1], predicted, side="right")
    return tuple(_bin(predicted[place == at], target[place == at], len(target)) for at in np.unique(place))


def _bin(predicted: FloatArray, target: FloatArray, items: int) -> ScoreBin:
    gap, n = predicted - target, len(predicted)
    error = float(gap.std(ddof=1)) / math.sqrt(n) if n > 1 else None
    return ScoreBin(float(predicted.min()), float(predicted.max()), n, float(gap.mean()), error, n / items)


def _binned(bins: tuple[ScoreBin, ...]) -> float:
    total = sum(each.share * (each.bias**2 - (each.error or 0.0) ** 2) for each in bins)
    return math.sqrt(max(0.0, total))


def _clustered_error(terms: FloatArray, cluster_of: IntArray) -> float:
    """Standard error of a sum of terms whose clusters are independent."""
    sums = np.bincount(cluster_of, weights=terms)
    m = len(sums)
    return math.sqrt(m / (m - 1) * float(np.sum((sums - sums.mean()) ** 2))) if m > 1 else math.inf


def _line(x: FloatArray, y: FloatArray) -> tuple[float | None, float | None]:
    mean_x, mean_y, square = float(x.mean()), float(y.mean()), float(x.var())
    if square <= _FLAT * max(float(y.var()), np.finfo(np.float64).tiny):
        return None, None
    slope = float(np.mean((x - mean_x) * (y - mean_y))) / square
    return slope, mean_y - slope * mean_x


def _corp(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Score of the prediction, of its isotonic recalibration, and of the mean; differences of the three."""
    levels, which = np.unique(x, return_inverse=True)
    counts = np.bincount(which)
    means = np.bincount(which, weights=y) / counts
    best = isotonic_regression(means, weights=counts).x[which] if len(levels) > 1 else means[which]
    own, recalibrated, constant = (
        float(np.mean((x - y) ** 2)),
        float(np.mean((best - y) ** 2)),
        float(y.var()),
    )
    return own - recalibrated, constant - recalibrated, constant
