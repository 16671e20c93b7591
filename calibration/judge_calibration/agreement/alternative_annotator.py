"""The alternative annotator test (Calderon, Reichart, Dror 2025): may the judge stand in for a physician.

For physician j on item i, with `rest` the others who rated i: S(f) = -RMSE(judge, rest) and
S(h) = -RMSE(own, rest);
W_f = [S(f) ≥ S(h)], W_h = [S(h) ≥ S(f)], so a tie counts for both. H0 of physician j: mean(W_h - W_f) ≥ ε.
ω is the share of physicians whose H0 falls (Benjamini-Yekutieli over physicians), ρ the mean of W_f, taken
first over a physician's items and then over physicians. arXiv 2501.10970.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special, stats

from judge_calibration.engine.sign_flips import EXACT, sign_flip_p
from judge_calibration.engine.units import MIN_CLUSTERS
from judge_calibration.ratios import mean_of_defined, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray
    from judge_calibration.engine.units import Units

MIN_ITEMS = 30  # of a physician, for the t-test
PASS_SHARE = 0.5
Test = Literal["t", "wilcoxon", "sign_flip"]
_TIE = 1e-9  # squared errors, in widths of the ratings, closer than this are equal: rounding must not decide
_FLIP_STEPS = 24  # halvings: to seven digits


@dataclass(frozen=True, slots=True)
class Duel:
    """Who was at least as close to the others, judge or physician j, on each item; NaN where not compared."""

    judge_wins: FloatArray  # (items, R) W_f
    human_wins: FloatArray  # (items, R) W_h

    @property
    def compared(self) -> BoolArray:
        """(items, R): where judge, physician and another physician are all there."""
        return ~np.isnan(self.judge_wins)


def duel(judge: FloatArray, ratings: FloatArray, *, nominal: bool) -> Duel:
    """Play every (item, physician). On a nominal scale closeness is the share of others who said so too."""
    present = ~np.isnan(ratings)
    rest = present.sum(1)[:, None] - present
    compared = present & (rest > 0) & ~np.isnan(judge)[:, None]
    losses = _mismatches if nominal else _squared_errors
    of_judge = losses(np.broadcast_to(judge[:, None], ratings.shape), ratings, present)
    of_human = losses(ratings, ratings, present)
    wins, loses = of_judge <= of_human + _TIE, of_human <= of_judge + _TIE
    return Duel(np.where(compared, wins, np.nan), np.where(compared, loses, np.nan))


def _squared_errors(scores: FloatArray, ratings: FloatArray, present: BoolArray) -> FloatArray:
    """Mean squared distance of each score to the ratings of all the others on its item, (items, R)."""
    mean = np.nanmean(ratings) if present.any() else 0.0  # centred: small numbers lose no digits
    x, own = np.nan_to_num(scores - mean), np.where(present, ratings - mean, 0.0)
    width = float(np.abs(own).max(initial=0)) or 1.0  # whatever unit the scale has, a tie is a tie
    x, own = x / width, own / width
    rest = present.sum(1)[:, None] - present
    total, square = own.sum(1)[:, None] - own, (own**2).sum(1)[:, None] - own**2
    errors = rest * x**2 - 2 * x * total + square
    return np.where(rest > 0, errors / np.maximum(rest, 1), np.nan)


def _mismatches(scores: FloatArray, ratings: FloatArray, present: BoolArray) -> FloatArray:
    rest = present.sum(1)[:, None] - present
    differ = np.zeros(ratings.shape)
    for j in range(ratings.shape[1]):
        others = present[:, j : j + 1] & (ratings[:, j : j + 1] != scores)
        others[:, j] = False
        differ += others
    return np.where(rest > 0, differ / np.maximum(rest, 1), np.nan)


@dataclass(frozen=True, slots=True)
class RhoFamily:
    """ρ over the physicians named by `included`."""

    features: FloatArray
    included: BoolArray
    names: tuple[str, ...] = ("alt_test_rho",)

    @classmethod
    def of(cls, played: Duel, included: BoolArray, units: Units) -> RhoFamily:
        """Sums per physician: how many items, and on how many the judge won."""
        here = played.compared
        columns = np.concatenate([here, np.where(here, played.judge_wins, 0.0)], 1).astype(np.float64)
        return cls(units.sums(columns.astype(np.float32)), included)

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, 2R) to ρ (…, 1)."""
        raters = len(self.included)
        rates = ratio(sums[..., raters:], sums[..., :raters])
        return mean_of_defined(np.where(self.included, rates, np.nan))[..., None]


@dataclass(frozen=True, slots=True)
class Contest:
    """The test of one physician. `p` is None when left out of ω and ρ; `reason` says why.

    `advantage` is the mean of W_f over his items, the judge's advantage probability, of which ρ is the mean.
    """

    n_items: int
    advantage: float | None
    mean_difference: float | None
    p: float | None
    p_adjusted: float | None
    rejected: bool | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AltTest:
    """ω, the table behind it, and the ε at which the verdict (ω ≥ ½) turns; None where there is none.

    `sweep`: ω at each ε that was asked for besides; empty where no physician takes part.
    """

    omega: float | None
    epsilon: float
    q: float
    test: Test
    contests: tuple[Contest, ...]
    flip_epsilon: float | None
    sweep: tuple[tuple[float, float], ...] = ()

    @property
    def passes(self) -> bool | None:
        """Whether at least half of the physicians' hypotheses fell."""
        return None if self.omega is None else self.omega >= PASS_SHARE


def alternative_annotator_test(
    played: Duel,
    units: Units,
    *,
    epsilon: float,
    q: float = 0.05,
    test: Test = "t",
    seed: int = 0,
    flip: bool = True,
    sweep: Sequence[float] = (),
) -> AltTest:
    """Run the test for every physician with enough items (30 for the t-test, 6 for the two others).

    Where items share units, also enough of those (10 and 6): the test's error is over them.
    `flip` looks for the ε at which the verdict turns, which costs some dozens of tests more; `sweep` names other ε
    at which ω is told.
    """
    raters = range(played.judge_wins.shape[1])
    samples = [_differences(played, j, units) for j in raters]
    counts = [int(played.compared[:, j].sum()) for j in raters]
    lacks = [_lack(counts[j], len(samples[j].sizes), test) for j in raters]
    included = [j for j in raters if lacks[j] is None]
    tester = _Tester(test, seed)
    p = np.array([tester.p(samples[j], epsilon) for j in included])
    adjusted = _adjusted(p)
    contests = []
    for j in raters:
        at = included.index(j) if j in included else None
        rate = float(np.nanmean(played.judge_wins[:, j])) if counts[j] else None
        mean = samples[j].mean if counts[j] else None
        if at is None:
            contests.append(Contest(counts[j], rate, mean, None, None, None, lacks[j]))
        else:
            low = bool(adjusted[at] <= q)
            contests.append(Contest(counts[j], rate, mean, float(p[at]), float(adjusted[at]), low))
    omega = float(np.mean(adjusted <= q)) if included else None
    chosen = [samples[j] for j in included]
    turns = _flip_epsilon(chosen, tester, q) if flip else None
    swept = tuple((each, _omega(chosen, tester, each, q)) for each in sweep) if chosen else ()
    return AltTest(omega, epsilon, q, test, tuple(contests), turns, swept)


def least_items(test: Test) -> int:
    """Items of a physician below which he takes no part."""
    return MIN_ITEMS if test == "t" else 6


def _adjusted(p: FloatArray) -> FloatArray:
    """By Benjamini and Yekutieli (2001), for tests on shared items depend on each other in any way."""
    m = len(p)
    order, place = np.argsort(p), np.arange(1, m + 1)
    steps = p[order] * (m / place) * np.sum(1 / place)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum.accumulate(steps[::-1])[::-1]
    return np.minimum(adjusted, 1.0)


def _lack(items: int, units: int, test: Test) -> str | None:
    """Why a physician takes no part, or None."""
    least = least_items(test)
    if items == 0:
        return "no_overlap"
    if items < least:
        return f"n_below_min: {items} of {least} items"
    fewest = min(least, MIN_CLUSTERS)
    return f"n_below_min: {units} of {fewest} clusters" if units < fewest else None


@dataclass(frozen=True, slots=True)
class _Sample:
    """W_h - W_f summed within units that have any, and how many items each has.

    With the mean over items and its error, that of the units' sums (a ratio of sums); NaN where there is none.
    """

    totals: FloatArray
    sizes: FloatArray
    mean: float
    error: float

    @classmethod
    def of(cls, totals: FloatArray, sizes: FloatArray) -> _Sample:
        m, n = len(sizes), float(sizes.sum())
        if not m:
            return cls(totals, sizes, math.nan, math.nan)
        mean = float(totals.sum()) / n
        squares = float(np.sum((totals - mean * sizes) ** 2))
        return cls(totals, sizes, mean, math.sqrt(m / (m - 1) * squares) / n if m > 1 else math.nan)


def _differences(played: Duel, j: int, units: Units) -> _Sample:
    here = played.compared[:, j]
    d = np.where(here, played.human_wins[:, j] - played.judge_wins[:, j], 0.0)
    sums = units.sums(np.column_stack([d, here]).astype(np.float64))
    some = sums[:, 1] > 0
    return _Sample.of(sums[some, 0], sums[some, 1])


@dataclass(frozen=True, slots=True)
class _Tester:
    """One-sided p-values of H0: mean difference ≥ ε; units are items, or clusters of them."""

    test: Test
    seed: int

    def p(self, sample: _Sample, epsilon: float) -> float:
        if self.test == "t":
            return _t_test(sample, epsilon)
        shifted = sample.totals - epsilon * sample.sizes
        shifted = np.where(np.abs(shifted) < _TIE, 0.0, shifted)
        if not shifted.any():
            return 1.0
        if self.test == "wilcoxon":
            return _signed_rank(shifted, self.seed)
        return sign_flip_p(shifted, seed=self.seed, less=True)


def _signed_rank(shifted: FloatArray, seed: int) -> float:
    """Wilcoxon's test with Pratt's zeros; up to 16 units that are not zero over all signs, for ranks have ties."""
    if np.count_nonzero(shifted) > EXACT:
        found = stats.wilcoxon(shifted, alternative="less", zero_method="pratt", method="approx")
        return float(found.pvalue)
    ranks = stats.rankdata(np.abs(shifted))
    return sign_flip_p(np.sign(shifted) * ranks, seed=seed, less=True)


def _t_test(sample: _Sample, epsilon: float) -> float:
    """Student's t of the mean over items."""
    m, mean, error = len(sample.sizes), sample.mean, sample.error
    if error < _TIE:  # no spread to divide by: of all changes of signs this is one
        return 0.5**m if mean < epsilon - _TIE else 1.0
    return float(special.stdtr(m - 1, (mean - epsilon) / error))


def _omega(samples: list[_Sample], tester: _Tester, epsilon: float, q: float) -> float:
    """The share of physicians whose hypothesis falls at ε."""
    p = np.array([tester.p(sample, epsilon) for sample in samples])
    return float(np.mean(_adjusted(p) <= q))


def _flip_epsilon(samples: list[_Sample], tester: _Tester, q: float) -> float | None:
    """The least ε in [0, 1] at which ω ≥ ½, by bisection: p-values fall as ε grows. None: there is none."""
    if not samples:
        return None

    def passes(epsilon: float) -> bool:
        return _omega(samples, tester, epsilon, q) >= PASS_SHARE

    low, high = 0.0, 1.0
    if passes(low):
        return 0.0
    if not passes(high):
        return None
    for _ in range(_FLIP_STEPS if tester.test == "t" else 12):
        middle = (low + high) / 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
