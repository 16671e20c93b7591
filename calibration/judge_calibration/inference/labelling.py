"""Which items physicians should rate next, for a stated purpose; always with the probability of each pick.

Means: Neyman allocation over strata, or probabilities in proportion to the expected error of the judge (Zrnic and Candès
2024), kept at a fifth of uniform at least. Picks that are not a plain random sample must not feed agreement statistics
without their probabilities as weights.
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

    from judge_calibration.arrays import FloatArray, IntArray

FLOOR = 0.2  # of the uniform probability
PER_BIN = 10
SUBGROUP_GOAL = 50


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
    """Neyman: n_s in proportion to N_s · sd_s(Y - λf); within a stratum at random. Unknown spreads count as the mean."""
    names = sorted(set(strata))
    sizes = np.array([sum(label == name for label in strata) for name in names], np.float64)
    known = [spread[name] for name in names if name in spread]
    usual = float(np.mean(known)) if known else 1.0
    share = sizes * np.array([max(spread.get(name, usual), 1e-6) for name in names])
    wanted = _allocate(share, sizes, min(budget, len(strata)))
    generator = np.random.default_rng(seed)
    picks: list[Pick] = []
    for name, count, size in zip(names, wanted.tolist(), sizes.tolist(), strict=True):
        members = np.array([at for at, label in enumerate(strata) if label == name])
        chosen = np.sort(generator.permutation(members)[:count])
        picks += [Pick(int(at), f"stratum {name}", count / size) for at in chosen]
    return picks


def by_uncertainty(uncertainty: FloatArray, *, budget: int, seed: int) -> list[Pick]:
    """Poisson sampling with probabilities in proportion to uncertainty, at least a fifth of uniform, at most 1."""
    n = len(uncertainty)
    if n == 0 or budget < 1:
        raise NotEnough("there is nothing to pick from")
    uniform = min(1.0, budget / n)
    weight = np.maximum(uncertainty, 0)
    probability = np.full(n, uniform)
    if weight.sum() > 0:
        free = weight / weight.sum() * budget * (1 - FLOOR) + FLOOR * uniform
        probability = _capped(free, budget)
    taken = np.random.default_rng(seed).random(n) < probability
    order = np.argsort(-probability, kind="stable")
    return [Pick(int(at), "expected error of the judge", float(probability[at])) for at in order if taken[at]]


def for_map(scores: FloatArray, labelled: IntArray, *, low: float, high: float, budget: int, seed: int) -> list[Pick]:
    """Fill judge-score bins that have fewer than ten labels, the ends of the range first.

    `labelled` (n,) is 1 for items that have a rating. Within a bin at random; the probability is that of the bin.
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
    """Bring every group to the least number that has an interval of its own, then towards fifty; poorest first."""
    groups = sorted({label for label in labels if label is not None})
    generator = np.random.default_rng(seed)
    pools = {
        group: generator.permutation([at for at, label in enumerate(labels) if label == group and not labelled[at]])
        for group in groups
    }
    have = {group: sum(bool(labelled[at]) for at, label in enumerate(labels) if label == group) for group in groups}
    sizes = {group: len(pool) for group, pool in pools.items()}
    taken: dict[str, list[int]] = {group: [] for group in groups}
    for goal in (least_items(alpha), SUBGROUP_GOAL):
        for group in sorted(groups, key=lambda name: (have[name], name)):
            left = budget - sum(map(len, taken.values()))
            count = max(0, min(goal - have[group] - len(taken[group]), sizes[group] - len(taken[group]), left))
            start = len(taken[group])
            taken[group] += [int(at) for at in pools[group][start : start + count]]
    return [
        Pick(at, f"group {group}", len(chosen) / sizes[group]) for group, chosen in taken.items() for at in sorted(chosen)
    ]


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
    """Whole numbers in proportion, none above its size; what a full stratum leaves goes to the others."""
    wanted = np.zeros(len(share))
    open_ = np.ones(len(share), bool)
    while open_.any() and budget - wanted.sum() > 1e-9:  # noqa: PLR2004  nothing left to give
        part = share * open_ / max(float((share * open_).sum()), 1e-300) * (budget - wanted[~open_].sum())
        wanted = np.where(open_, np.minimum(part, sizes), wanted)
        full = open_ & (part >= sizes)
        if not full.any():
            break
        open_ &= ~full
    floor = np.floor(wanted + 1e-9)
    order = np.argsort(-(wanted - floor), kind="stable")
    for at in order[: max(0, int(round(budget - floor.sum())))]:
        floor[at] += floor[at] < sizes[at]
    return floor.astype(np.int64)


def _capped(probability: FloatArray, budget: int) -> FloatArray:
    """Cut at 1 and raise the others so that the sum stays the budget."""
    found = np.minimum(probability, 1.0)
    for _ in range(20):
        spare, free = budget - found.sum(), found < 1
        if spare < 1e-9 or not free.any():  # noqa: PLR2004  nothing left to give
            break
        found = np.where(free, np.minimum(found * (1 + spare / found[free].sum()), 1.0), found)
    return found
