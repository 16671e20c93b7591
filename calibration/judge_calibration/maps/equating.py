"""Puts one judge's scores on another's scale, from both judges' scores of the same items.

Equating makes distributions alike, so that a threshold keeps its share of passes; it predicts no physician
and is never a calibration map (Kolen and Brennan 2014). Linear (mean and sigma): the new score x becomes
mean_old + sd_old/sd_new (x - mean_new). Equipercentile: x becomes the old score of the same mid-percentile,
P(X < x) + P(X = x)/2, read off straight lines between the old judge's mid-percentiles (Parzen 2004). That puts
a score onto itself when both judges are alike, on scales of any spacing; the uniform kernel of Kolen and
Brennan, which spreads a score over a unit around it, does so for whole numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.maps.candidates import line_knots
from judge_calibration.maps.content import sealed_map, told_knots
from judge_calibration.maps.deming import Deming, deming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray

__all__ = ["LEAST", "METHODS", "Deming", "Equating", "EquatingMethod", "deming", "equate"]

EquatingMethod = Literal["linear", "equipercentile"]
METHODS: tuple[EquatingMethod, ...] = ("linear", "equipercentile")
LEAST = 10


@dataclass(frozen=True, slots=True)
class Equating:
    """Knots from the new judge's score to the old one's scale; `n` items were scored by both.

    `domain`: the new judge's lowest and highest score among them.
    """

    method: EquatingMethod
    knots: tuple[FloatArray, FloatArray]
    n: int
    domain: tuple[float, float]
    slope: float | None = None
    intercept: float | None = None

    def equate(self, scores: FloatArray) -> FloatArray:
        """Scores of the new judge on the old one's scale."""
        return np.interp(scores, *self.knots)

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "purpose": "equate",
            "method": self.method,
            "n_items": self.n,
            "slope": rounded(self.slope),
            "intercept": rounded(self.intercept),
            "knots": told_knots(self.knots),
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
        onto: str | None = None,
    ) -> dict[str, Any]:
        """The sealed artefact, of the new judge, `onto` the old one's scale. It has no interval."""
        parameters = {"slope": rounded(self.slope), "intercept": rounded(self.intercept), "onto": onto}
        return sealed_map(
            purpose="equate",
            method=self.method,
            parameters=parameters,
            knots=self.knots,
            domain=(*self.domain, {}),
            conformal=None,
            fit={"n_items": self.n},
            criterion=criterion,
            scale=scale,
            judge=judge,
            fingerprint=fingerprint,
            binding=binding,
            data_digest=data_digest,
        )


def equate(
    old: FloatArray, new: FloatArray, *, low: float, high: float, method: EquatingMethod = "linear"
) -> Equating:
    """From paired scores (n,), nothing missing; NotEnough below ten items or when the new judge is constant."""
    if method not in METHODS:
        raise OptionRejected("equating", f"is one of {', '.join(METHODS)}")
    if len(old) != len(new) or not (np.isfinite(old).all() and np.isfinite(new).all()):
        raise OptionRejected("scores", "are paired, and none is missing")
    if len(old) < LEAST or np.ptp(new) == 0:
        raise NotEnough(f"equating needs {LEAST} items scored by both judges, and more than one score")
    domain = float(new.min()), float(new.max())
    if method == "linear":
        slope = float(old.std() / new.std())
        intercept = float(old.mean() - slope * new.mean())
        return Equating("linear", line_knots(intercept, slope, low, high), len(old), domain, slope, intercept)
    return Equating("equipercentile", _equipercentile(old, new, low, high), len(old), domain)


def _equipercentile(
    old: FloatArray, new: FloatArray, low: float, high: float
) -> tuple[FloatArray, FloatArray]:
    """Each of the new judge's scores to the old one's of its mid-percentile, read off straight lines."""
    x, x_rank = _mid_percentiles(new)
    y, y_rank = _mid_percentiles(old)
    ranks = np.concatenate([[0.0], y_rank, [1.0]])
    equated = np.interp(x_rank, ranks, np.concatenate([y[:1], y, y[-1:]]))
    return x, np.maximum.accumulate(np.clip(equated, low, high))


def _mid_percentiles(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    values, counts = np.unique(scores, return_counts=True)
    return values, (counts.cumsum() - counts / 2) / len(scores)
