"""Does the judge change its mind when only order, format or the day changes? Paired and repeated calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.difference import mean_difference
from judge_calibration.audits.effects import Effect, no_effect
from judge_calibration.definitions import definition_of
from judge_calibration.engine.intervals import Shape, jackknife_interval, share_interval
from judge_calibration.engine.replicates import Replicate
from judge_calibration.engine.sign_flips import sign_flip_p
from judge_calibration.engine.units import Units, too_few_clusters
from judge_calibration.estimates import Statistic, estimated, rounded, undefined
from judge_calibration.ratios import ratio

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.estimates import Reason

_SAME = 1e-9  # scores closer than this are equal
_LIMIT = 1.959963984540054 * 2**0.5  # two calls differ by less than this times the standard deviation, 95 %


@dataclass(frozen=True, slots=True)
class PairedRuns:
    """Two runs on the same items: how many scores changed, in which direction, and by how much on average."""

    flip_rate: Statistic
    decision_flip_rate: Statistic | None
    shift: Effect
    mean_change: Effect
    sign_flip_p: float | None
    n_up: int
    n_down: int
    n_same: int
    n_left_out: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        decisions = self.decision_flip_rate
        return {
            "flip_rate": self.flip_rate.as_json(),
            "decision_flip_rate": decisions.as_json() if decisions else None,
            "shift": self.shift.as_json(),
            "mean_change": self.mean_change.as_json(),
            "sign_flip_p": rounded(self.sign_flip_p),
            "n_up": self.n_up,
            "n_down": self.n_down,
            "n_same": self.n_same,
            "n_left_out": self.n_left_out,
        }


def paired_runs(
    base: FloatArray,
    changed: FloatArray,
    *,
    clusters: IntArray,
    threshold: float | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> PairedRuns:
    """Compare scores (n,) of a plain run with those of one where order, format or wording was changed.

    Items that lack one of the two are left out. With a `threshold` a score at or above it is a yes, and
    changed decisions are counted too. The sign-flip p-value needs no normality.
    """
    here = ~np.isnan(base) & ~np.isnan(changed)
    left_out = int((~here).sum())
    difference = np.where(here, changed - base, np.nan)
    if not here.any():
        nothing = no_effect("counterfactual_shift", "no_overlap", n_items=0)
        size = no_effect("counterfactual_mean_change", "no_overlap", n_items=0)
        flips = undefined("counterfactual_flip_rate", "no_overlap", n_items=0)
        return PairedRuns(flips, None, nothing, size, None, 0, 0, 0, left_out)
    moved = difference[here]
    crossed = None
    if threshold is not None:
        crossed = _share(
            "counterfactual_decision_flip_rate",
            (base[here] >= threshold) != (changed[here] >= threshold),
            clusters[here],
            level,
        )
    return PairedRuns(
        _share("counterfactual_flip_rate", np.abs(moved) > _SAME, clusters[here], level),
        crossed,
        mean_difference(difference, clusters, name="counterfactual_shift", level=level),
        mean_difference(np.abs(difference), clusters, name="counterfactual_mean_change", level=level),
        sign_flip_p(_units(clusters[here]).sums(moved[:, None])[:, 0], seed=seed),
        int((moved > _SAME).sum()),
        int((moved < -_SAME).sum()),
        int((np.abs(moved) <= _SAME).sum()),
        left_out,
    )


def _share(name: str, hits: BoolArray, clusters: IntArray, level: float) -> Statistic:
    n, share = len(hits), float(hits.mean())
    if n < definition_of(name).min_n:
        return estimated(name, share, n_items=n, status="insufficient", reason="n_below_min")
    units = _units(clusters)
    sums = units.sums(np.column_stack([hits, np.ones(n)]).astype(np.float64))
    left = sums.sum(0) - sums
    replicate = Replicate(share, ratio(left[:, 0], left[:, 1]), np.empty(0))
    interval = share_interval(replicate, n, level=level, clustered=not units.are_items)
    return estimated(name, share, ci=interval, n_items=n)


def _units(clusters: IntArray) -> Units:
    _, numbered = np.unique(clusters, return_inverse=True)
    return Units.of(numbered.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Noise of the judge itself. `limit`: two calls on one item differ by no more in 95 of 100 cases."""

    sd: Statistic
    icc: Statistic
    limit: float | None
    n_runs: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "sd": self.sd.as_json(),
            "icc": self.icc.as_json(),
            "limit": rounded(self.limit),
            "n_runs": self.n_runs,
        }


def repeatability(runs: FloatArray, *, clusters: IntArray, level: float = 0.95) -> Repeatability:
    """Scatter of repeated calls (n, m), NaN where missing; items with fewer than two calls do not count.

    SD = √MS_W; ICC = (MS_B - MS_W)/(MS_B + (k-1)MS_W), k for unequal numbers of calls as in the one-way
    analysis of variance. Limit: 1.96 √2 SD. Shrout and Fleiss 1979; Bland and Altman 1996.
    """
    calls = (~np.isnan(runs)).sum(1)
    here = calls > 1
    n, counted = int(here.sum()), int(calls[here].sum())
    if not n:
        sd = undefined("repeat_calls_sd", "no_overlap", n_items=0)
        return Repeatability(sd, undefined("repeat_calls_icc", "no_overlap", n_items=0), None, runs.shape[1])
    units = _units(clusters[here])
    sums = units.sums(_sums_of(runs[here]))
    total = sums.sum(0)
    point, left = _figures(total), _figures(total - sums)
    sd = _told("repeat_calls_sd", float(point[0]), left[:, 0], n, counted, level, "positive")
    if np.isnan(point[1]):
        reason: Reason = "n_below_min" if n == 1 else "constant_input"
        icc = undefined("repeat_calls_icc", reason, n_items=n, n_ratings=counted)
    else:
        icc = _told("repeat_calls_icc", float(point[1]), left[:, 1], n, counted, level, "correlation")
    return Repeatability(sd, icc, _LIMIT * float(point[0]), runs.shape[1])


def _sums_of(runs: FloatArray) -> FloatArray:
    """Per item: one, r, r², Σx, Σx² and T²/r of scores less their overall mean."""
    present = ~np.isnan(runs)
    scores = np.where(present, runs - runs[present].mean(), 0.0)
    r, total = present.sum(1), scores.sum(1)
    columns = [np.ones(len(runs)), r, r**2, total, (scores**2).sum(1), total**2 / r]
    return np.column_stack(columns).astype(np.float64)


def _figures(sums: FloatArray) -> FloatArray:
    """Sums (…, 6) to the standard deviation within items and the one-way ICC (…, 2)."""
    n, r, square, total, x2, t2 = np.moveaxis(sums, -1, 0)
    within = ratio(np.maximum(x2 - t2, 0.0), np.where(r > n, r - n, 0.0))
    between = ratio(t2 - ratio(total**2, r), np.where(n > 1, n - 1, 0.0))
    depth = ratio(r - ratio(square, r), np.where(n > 1, n - 1, 0.0))
    item = ratio(between - within, depth)
    return np.stack([np.sqrt(within), ratio(item, item + within)], -1)


def _told(
    name: str, point: float, left_out: FloatArray, n: int, counted: int, level: float, shape: Shape
) -> Statistic:
    told = estimated(name, point, n_items=n, n_ratings=counted)
    if n < definition_of(name).min_n or too_few_clusters(len(left_out), n):
        return replace(told, status="insufficient", reason="n_below_min")
    same = point == 0 if shape == "positive" else abs(point) >= 1
    replicate = Replicate(point, left_out, np.empty(0))
    interval = None if same else jackknife_interval(replicate, level=level, shape=shape)
    if interval is None:
        return replace(told, status="insufficient", reason="constant_input")
    return replace(told, ci=interval)
