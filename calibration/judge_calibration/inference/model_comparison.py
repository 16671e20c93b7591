"""Models against each other: differences of their means, simultaneous intervals, and sets of ranks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special, stats

from judge_calibration.engine.max_t import largest_differences
from judge_calibration.estimates import Interval, Statistic, rounded_p
from judge_calibration.inference.multiplicity import holm
from judge_calibration.inference.sampling_error import MeanError, told_mean, two_sided_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray

Simultaneous = Literal["max_t", "bonferroni"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A model that takes part: its mean, how it is told, and what each independent unit adds to it.

    `sums` is None when no unit is shared with another model, for then the means are independent.
    """

    model: str
    found: MeanError
    told: Statistic
    sums: FloatArray | None


@dataclass(frozen=True, slots=True)
class RankRange:
    """The place of a model, 1 the highest mean, and the best and worst that the intervals leave open."""

    by_estimate: int
    best: int
    worst: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {"by_estimate": self.by_estimate, "best": self.best, "worst": self.worst}


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """Mean of `first` less mean of `second`; p is two-sided, adjusted by Holm over all pairs."""

    first: str
    second: str
    difference: Statistic
    simultaneous: Interval | None
    p: float | None
    p_adjusted: float | None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "first": self.first,
            "second": self.second,
            "difference": self.difference.as_json(),
            "simultaneous": self.simultaneous.as_json() if self.simultaneous else None,
            "p": rounded_p(self.p),
            "p_adjusted": rounded_p(self.p_adjusted),
        }


def compare(
    contenders: Sequence[Contender], *, level: float, simultaneous: Simultaneous, draws: int, seed: int
) -> tuple[tuple[ModelDifference, ...], dict[str, RankRange]]:
    """All pairs, in order, and the ranks that the simultaneous intervals leave open (Mogstad et al. 2024).

    max_t: the level's quantile of max |Z_a - Z_b|/σ_ab over pairs, Z normal with the estimates' covariance,
    carried to each pair's t by its tail; never wider than Bonferroni, which is the other choice.
    """
    if len(contenders) <= 1:
        return (), {}
    covariance = _covariance(contenders)
    first, second = np.triu_indices(len(contenders), 1)
    spread = np.diag(covariance)[first] + np.diag(covariance)[second] - 2 * covariance[first, second]
    errors = np.sqrt(np.maximum(spread, 0.0))
    errors[errors < 1e-12 * np.sqrt(np.diag(covariance).max() + 1e-300)] = 0.0
    alpha = (1 - level) / len(first)
    if simultaneous == "max_t":
        alpha = max(alpha, _max_t_alpha(covariance, (first, second), errors, level, draws, seed))
    pairs = list(combinations(contenders, 2))
    found = [_difference(*pair, error) for pair, error in zip(pairs, errors.tolist(), strict=True)]
    told = [_told(one, other, each, level) for (one, other), each in zip(pairs, found, strict=True)]
    p = [None if of.ci is None else two_sided_p(each) for of, each in zip(told, found, strict=True)]
    p_adjusted = holm(np.array([np.nan if each is None else each for each in p]))
    differences = tuple(
        ModelDifference(
            one.model,
            other.model,
            told[at],
            _widened(told[at], each, alpha, level, simultaneous),
            p[at],
            None if p[at] is None else float(p_adjusted[at]),
        )
        for at, ((one, other), each) in enumerate(zip(pairs, found, strict=True))
    )
    return differences, _ranks(contenders, differences)


def _covariance(contenders: Sequence[Contender]) -> FloatArray:
    sums = [each.sums for each in contenders if each.sums is not None]
    if len(sums) == len(contenders):
        table = np.stack(sums, axis=1)
        return table.T @ table
    return np.diag(np.array([each.found.error**2 for each in contenders]))


def _difference(one: Contender, other: Contender, error: float) -> MeanError:
    a, b = one.found, other.found
    shared = one.sums is not None and other.sums is not None
    if shared or error == 0:
        df = min(a.df, b.df)
    else:
        df = (a.error**2 + b.error**2) ** 2 / (a.error**4 / a.df + b.error**4 / b.df)
    return MeanError(a.mean - b.mean, error, df, a.n + b.n, min(a.units, b.units))


def _told(one: Contender, other: Contender, found: MeanError, level: float) -> Statistic:
    counted = [each.told.n_ratings for each in (one, other)]
    least = min(count for count in counted if count is not None)
    clustered = one.sums is not None
    method = "prediction_powered_cluster_t" if clustered else "prediction_powered_t"
    return told_mean("ppi_mean_difference", found, level=level, method=method, n_ratings=least)


def _widened(
    told: Statistic, found: MeanError, alpha: float, level: float, method: Simultaneous
) -> Interval | None:
    if told.ci is None:
        return None
    half = float(stats.t.ppf(1 - alpha / 2, found.df)) * found.error
    return Interval(found.mean - half, found.mean + half, level, method, "sampled_items")


def _max_t_alpha(
    covariance: FloatArray,
    pairs: tuple[IntArray, IntArray],
    errors: FloatArray,
    level: float,
    draws: int,
    seed: int,
) -> float:
    """The two-sided tail beyond the quantile of the largest standardised difference."""
    varies = errors > 0
    if not varies.any():
        return 0.0
    varying = pairs[0][varies], pairs[1][varies]
    largest = largest_differences(covariance, varying, errors[varies], draws=draws, seed=seed)
    return 2 * float(special.ndtr(-np.quantile(largest, level)))


def _ranks(contenders: Sequence[Contender], differences: Sequence[ModelDifference]) -> dict[str, RankRange]:
    """Best is 1 + how many are surely above; worst is how many models less those surely below."""
    above = dict.fromkeys((each.model for each in contenders), 0)
    below = dict(above)
    for each in differences:
        if each.simultaneous is not None and each.simultaneous.low > 0:
            above[each.second] += 1
            below[each.first] += 1
        elif each.simultaneous is not None and each.simultaneous.high < 0:
            above[each.first] += 1
            below[each.second] += 1
    means = {each.model: each.found.mean for each in contenders}
    return {
        model: RankRange(
            1 + sum(other > mean for other in means.values()), 1 + above[model], len(means) - below[model]
        )
        for model, mean in means.items()
    }
