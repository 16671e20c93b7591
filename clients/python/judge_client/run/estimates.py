"""Means with intervals, by formula: nothing is drawn at random, so the same run has the same figures.

Items that share a picture are no independent witnesses: they count as one cluster. With one item a picture the
formulas are the plain ones.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any

from judge_client.run.distributions import t_quantile

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, its interval, and how that came about; without one, `method` says why there is none."""

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int
    method: str

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def proportion(hits: Sequence[bool], clusters: Sequence[Hashable]) -> Estimate:
    """A share in percent with Wilson's interval; where items share pictures, for the effective number of items."""
    n, groups = len(hits), len(set(clusters))
    if not n:
        return Estimate(None, None, None, 0, 0, "no items")
    share = fmean(hits)
    if groups == n:
        low, high = wilson(share, n)
        return Estimate(100 * share, low, high, n, groups, "Wilson")
    variance = _variance([float(hit) for hit in hits], ["all"] * n, clusters) if groups > 1 else 0.0
    effective = min(float(n), share * (1 - share) / variance) if variance else float(groups)
    low, high = wilson(share, effective)
    return Estimate(100 * share, low, high, n, groups, "Wilson, effective items by picture")


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share of n, in percent."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return 100 * max(0.0, centre - half), 100 * min(1.0, centre + half)


def micro(values: Sequence[float], clusters: Sequence[Hashable], ends: tuple[float, float]) -> Estimate:
    """The mean over items, each counted once."""
    return macro(values, ["all"] * len(values), clusters, ends)


def macro(
    values: Sequence[float],
    groups: Sequence[Hashable],
    clusters: Sequence[Hashable],
    ends: tuple[float, float] | None = (0.0, 100.0),
) -> Estimate:
    """The mean of the groups' means, each group counted once; a t interval with clusters by picture."""
    n, witnesses = len(values), len(set(clusters))
    if not n:
        return Estimate(None, None, None, 0, 0, "no items")
    means = _means(values, groups)
    mean = fmean(means.values())
    if min(_clusters_of(groups, clusters).values()) < 2:  # noqa: PLR2004  one has no spread
        return Estimate(mean, None, None, n, witnesses, "no interval: a group of a single picture")
    variance = _variance(values, groups, clusters)
    if variance == 0:
        return Estimate(mean, None, None, n, witnesses, "no interval: all values are equal")
    # Pictures that occur in several groups are not used up by the groups' means.
    crossing = len(set(zip(groups, clusters, strict=True))) > witnesses
    df = witnesses - (1 if crossing else len(means))
    half = t_quantile((1 + LEVEL) / 2, df) * math.sqrt(variance)
    low, high = mean - half, mean + half
    if ends is not None:
        low, high = max(ends[0], low), min(ends[1], high)
    method = "t" if witnesses == n else "t, clusters by picture"
    return Estimate(mean, low, high, n, witnesses, method)


def _means(values: Sequence[float], groups: Sequence[Hashable]) -> dict[Hashable, float]:
    within: dict[Hashable, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        within[group].append(value)
    return {group: fmean(found) for group, found in within.items()}


def _clusters_of(groups: Sequence[Hashable], clusters: Sequence[Hashable]) -> Counter[Hashable]:
    return Counter(group for group, _ in set(zip(groups, clusters, strict=True)))


def _variance(values: Sequence[float], groups: Sequence[Hashable], clusters: Sequence[Hashable]) -> float:
    """Of the mean of the groups' means: squared sums of each cluster's weighted deviations.

    A group of c clusters has its deviations stretched by √(c/(c−1)), so that one group of single items gives s²/n.
    """
    means, sizes, held = _means(values, groups), Counter(groups), _clusters_of(groups, clusters)
    sums: dict[Hashable, float] = defaultdict(float)
    for value, group, cluster in zip(values, groups, clusters, strict=True):
        stretch = math.sqrt(held[group] / (held[group] - 1))
        sums[cluster] += stretch * (value - means[group]) / (len(means) * sizes[group])
    return math.fsum(each * each for each in sums.values())
