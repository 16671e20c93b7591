"""Has the stream of scores changed, without any label? Distributions between two periods, and a running sum.

Population stability index; energy distance (Székely and Rizzo 2013) with a permutation p; CUSUM (Page 1954).
They say that something moved, the judge or the answers, not which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.estimates import rounded, rounded_p

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray

_BINS = 10  # of the stability index
_DRAWS = 499
_MOST = 2000  # scores of a period that the distance looks at
_ALLOWANCE, _ALARM = 0.5, 5.0  # in standard deviations, as Page's chart is usually set


def monitor(before: FloatArray, now: FloatArray, *, seed: int = 0) -> dict[str, object]:
    """Compare scores of two periods, both (n,) without NaN; figures are None with fewer than two in either.

    Scores count as independent: where items come in clusters, p is too small. `now` is in order. The CUSUM
    has allowance ½ and limit 5 in standard deviations of the earlier period: about one false alarm in 465
    normal scores. It is None when the earlier scores are all the same.
    """
    sizes: dict[str, object] = {"n_before": len(before), "n_now": len(now)}
    if min(len(before), len(now)) <= 1:
        return sizes | {"psi": None, "energy_distance": None, "cusum": None}
    distance, p = _energy(before, now, seed)
    return sizes | {
        "psi": rounded(_psi(before, now)),
        "energy_distance": {"estimate": rounded(distance), "p": rounded_p(p)},
        "cusum": _cusum(before, now),
    }


def _psi(before: FloatArray, now: FloatArray) -> float:
    """Σ (q - p) ln(q/p) over bins of the earlier period's quantiles, each count raised by a half."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)))[1:-1]
    size = len(edges) + 1
    p, q = (np.bincount(np.searchsorted(edges, x, side="right"), minlength=size) + 0.5 for x in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def _energy(before: FloatArray, now: FloatArray, seed: int) -> tuple[float, float]:
    generator = np.random.default_rng(seed)
    one, two = (x if len(x) <= _MOST else generator.choice(x, _MOST, replace=False) for x in (before, now))
    pooled = np.concatenate([one, two])
    values, places = np.unique(pooled, return_inverse=True)
    which = places.astype(np.int64)
    gaps = np.diff(values)
    everywhere = np.bincount(which, minlength=len(values)).cumsum()[:-1]

    def distance(first: IntArray) -> float:
        """2∫(F - G)², which is the energy distance on the line."""
        below = np.bincount(first, minlength=len(values)).cumsum()[:-1]
        return 2 * float(np.sum((below / len(one) - (everywhere - below) / len(two)) ** 2 * gaps))

    observed = distance(which[: len(one)])
    hits = sum(distance(generator.permutation(which)[: len(one)]) >= observed - 1e-12 for _ in range(_DRAWS))
    return observed, (1 + hits) / (1 + _DRAWS)


def _cusum(before: FloatArray, now: FloatArray) -> dict[str, object] | None:
    """Two-sided CUSUM of the later scores, standardised by the earlier; where it first alarms, from 0."""
    spread = float(before.std(ddof=1))
    if spread == 0:
        return None
    z = (now - before.mean()) / spread
    both = np.maximum(_one_sided(z - _ALLOWANCE), _one_sided(-z - _ALLOWANCE))
    alarms = np.flatnonzero(both > _ALARM)
    return {
        "largest": rounded(float(both.max())),
        "alarm_at": int(alarms[0]) if len(alarms) else None,
        "limit": _ALARM,
    }


def _one_sided(steps: FloatArray) -> FloatArray:
    """C = max(0, C + step) at every step: the running sum above its own running minimum (at most 0)."""
    sums = np.cumsum(steps)
    return sums - np.minimum(np.minimum.accumulate(sums), 0.0)
