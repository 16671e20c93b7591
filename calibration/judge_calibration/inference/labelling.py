"""Which items physicians should rate next, for a stated purpose; always with the probability of each pick.

Means: Neyman allocation over strata, or probabilities in proportion to the expected error of the judge (Zrnic
and Candès 2024), kept at a fifth of uniform at least. Picks that are not a plain random sample must not feed
agreement statistics, which take no weights: a random slice does. Means take their probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.maps.conformal import least_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray

FLOOR = 0.2  # of the uniform probability
PER_BIN = 10
PER_STRATUM = 5
SUBGROUP_GOAL = 50
_LEAST_SPREAD = 1e-6  # a stratum without spread still has to be looked at
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Pick:
    """An item to rate: its index, why, and the probability with which it was taken (None: not by chance)."""

    index: int
    reason: str
    probability: float | None

    def as_json(self, items: Sequence[str]) -> dict[str, object]:
        """Plain data, with the item's name."""
        return {"item": items[self.index], "reason": self.reason, "probability": rounded(self.probability)}


def by_stratum(strata: Sequence[str], spread: Mapping[str, float], *, budget: int, seed: int) -> list[Pick]:
    """Neyman: n_s in proportion to N_s · sd_s(Y - λf), at random within a stratum.

    Unknown spreads count as the mean of the known. Five of every stratum at least (all of a smaller one)
    where the budget allows, so that each can be estimated.
    """
    if not len(strata) or budget < 1:
        raise NotEnough("there is nothing to pick from")
    names, codes, counts = np.unique(np.array(strata, object), return_inverse=True, return_counts=True)
    known = [spread[name] for name in names if name in spread]
    usual = float(np.mean(known)) if known else 1.0
    share = counts * np.array([max(spread.get(name, usual), _LEAST_SPREAD) for name in names])
    wanted = _allocate(share, counts.astype(np.float64), min(budget, len(strata)))
    generator = np.random.default_rng(seed)
    picks: list[Pick] = []
    for code, (name, count) in enumerate(zip(names.tolist(), wanted.tolist(), strict=True)):
        chosen = np.sort(generator.permutation(np.flatnonzero(codes == code))[:count])
        picks += [Pick(int(at), f"stratum {name}", count / int(counts[code])) for at in chosen]
    return picks


def by_uncertainty(uncertainty: FloatArray, *, budget: int, seed: int) -> list[Pick]:
    """Probabilities in proportion to uncertainty, at least a fifth of uniform, at most 1; just `budget` picks.

    Systematic sampling in a random order (Madow 1949): steps of one through the running sum of probabilities.
    """
    n = len(uncertainty)
    if n == 0 or budget < 1:
        raise NotEnough("there is nothing to pick from")
    uniform = min(1.0, budget / n)
    weight = np.maximum(uncertainty, 0)
    probability = np.full(n, uniform)
    if weight.sum() > 0:
        wanted = min(budget, n)
        probability = _capped(weight / weight.sum() * wanted * (1 - FLOOR) + FLOOR * uniform, wanted)
    taken = _systematic(probability, np.random.default_rng(seed))
    order = np.argsort(-probability, kind="stable")
    return [Pick(int(at), "expected error of the judge", float(probability[at])) for at in order if taken[at]]


def _systematic(probability: FloatArray, generator: np.random.Generator) -> BoolArray:
    """Which items (n,) are taken, each with its probability; as many as these sum to, a whole number."""
    shuffled = generator.permutation(len(probability))
    reached = np.cumsum(probability[shuffled])
    ends = np.floor(reached / reached[-1] * round(float(reached[-1])) + generator.random())
    taken = np.zeros(len(probability), bool)
    taken[shuffled] = np.diff(ends, prepend=0.0) > 0
    return taken


def for_map(
    scores: FloatArray, labelled: IntArray, *, low: float, high: float, budget: int, seed: int
) -> list[Pick]:
    """Fill judge-score bins (sixths of the scale) that have fewer than ten labels, the ends first.

    `labelled` (n,) is 1 for items that have a rating. Within a bin at random; the probability is that of the
    bin. Fewer picks than the budget when no bin lacks more.
    """
    edges = np.linspace(low, high, 7)
    place = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, len(edges) - 2)
    generator = np.random.default_rng(seed)
    bins = sorted(range(len(edges) - 1), key=lambda at: (min(at, len(edges) - 2 - at), at))
    picks: list[Pick] = []
    for at in bins:
        inside = np.flatnonzero((place == at) & (labelled == 0))
        lacking = min(PER_BIN - int(labelled[place == at].sum()), len(inside), budget - len(picks))
        if lacking > 0:
            reason = f"scores {edges[at]:g} to {edges[at + 1]:g} have fewer than {PER_BIN} labels"
            chosen = np.sort(generator.permutation(inside)[:lacking])
            picks += [Pick(int(each), reason, lacking / len(inside)) for each in chosen]
    return picks


def for_subgroups(
    labels: Sequence[str | None], labelled: IntArray, *, alpha: float, budget: int, seed: int
) -> list[Pick]:
    """Bring every group to the least number that has an interval of its own, then towards fifty.

    The poorest group comes first in each round; fewer picks than the budget when every group has its fifty.
    """
    names = np.array([label or "" for label in labels], object)
    named = np.array([label is not None for label in labels], bool)
    generator = np.random.default_rng(seed)
    groups = np.unique(names[named]).tolist()
    pools = {
        group: generator.permutation(np.flatnonzero(named & (names == group) & (labelled == 0)))
        for group in groups
    }
    have = {group: int(np.sum(named & (names == group) & (labelled != 0))) for group in groups}
    taken = dict.fromkeys(groups, 0)
    for goal in (least_items(alpha), SUBGROUP_GOAL):
        for group in sorted(groups, key=lambda name: (have[name], name)):
            left = budget - sum(taken.values())
            room = len(pools[group]) - taken[group]
            taken[group] += max(0, min(goal - have[group] - taken[group], room, left))
    return [
        Pick(int(at), f"group {group}", count / len(pools[group]))
        for group, count in taken.items()
        for at in np.sort(pools[group][:count])
    ]


def for_reliability(
    rated: IntArray, *, reliability: float, target: float, budget: int, seed: int
) -> list[Pick]:
    """One more rating each: rated items that lack fewest of the k ratings first, then new items, at random.

    `rated` (n,) is how many ratings each item has, k that of `ratings_per_item`. Completing a rated item
    makes its mean as reliable as the target soonest; a new item needs all k.
    """
    k = int(str(ratings_per_item(reliability, target)["ratings_per_item"]))
    generator = np.random.default_rng(seed)
    picks: list[Pick] = []
    for have in (*range(k - 1, 0, -1), 0):
        pool = np.flatnonzero(rated == have)
        count = min(budget - len(picks), len(pool))
        if count > 0:
            chosen = np.sort(generator.permutation(pool)[:count])
            picks += [Pick(int(at), f"has {have} of {k} ratings", count / len(pool)) for at in chosen]
    return picks


def ratings_per_item(reliability: float, target: float) -> dict[str, object]:
    """D-study: k = R*(1-ρ)/(ρ(1-R*)) ratings per item make their mean as reliable as R* (Brennan 2001)."""
    if not (0 < reliability < 1 and 0 < target < 1):
        raise OptionRejected("target", "reliability and target lie between 0 and 1")
    exact = target * (1 - reliability) / (reliability * (1 - target))
    k = max(1, math.ceil(exact - 1e-9))
    return {
        "ratings_per_item": k,
        "exact": rounded(exact),
        "reached": rounded(k * reliability / (1 + (k - 1) * reliability)),
    }


def _allocate(share: FloatArray, sizes: FloatArray, budget: int) -> IntArray:
    """Whole numbers in proportion that sum to the budget, none above its size, five each where that fits."""
    least = np.minimum(sizes, PER_STRATUM)
    if least.sum() > budget:
        least = np.zeros(len(share))
    # Bounded parts rise with the factor by which shares are multiplied; at one factor they sum to the budget.
    factors = np.unique(np.concatenate([least / share, sizes / share]))
    totals = np.clip(share * factors[:, None], least, sizes).sum(1)
    factor = float(np.interp(budget, totals, factors))
    exact = np.clip(share * factor, least, sizes)
    whole = np.floor(exact + _ROUNDING)
    order = np.argsort(whole - exact, kind="stable")
    order = order[whole[order] < sizes[order]]
    whole[order[: round(budget - whole.sum())]] += 1
    return whole.astype(np.int64)


def _capped(probability: FloatArray, budget: int) -> FloatArray:
    """Cut at 1 what is above it when all are raised by the one factor with which the sum is the budget."""
    falling = np.sort(probability)[::-1]
    cut = np.arange(len(falling))  # how many are cut; the rest share what is left of the budget
    factors = (budget - cut) / np.cumsum(falling[::-1])[::-1]
    enough = int(np.argmax(factors * falling <= 1 + _ROUNDING))
    return np.asarray(np.minimum(probability * factors[enough], 1.0))
