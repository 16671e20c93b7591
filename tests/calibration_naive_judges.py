"""Plain loops for figures of a judge against physicians, and for resampling; nothing of the library is used."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING

from calibration_naive import (
    NAN,
    Cell,
    Number,
    Ratings,
    ccc,
    exact_mean,
    given,
    mean,
    mean_of_defined,
    pearson,
    quotient,
    spreads,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Judge against physicians


def deviations(
    judge: Sequence[Cell], ratings: Ratings, unit: float, ends: Sequence[float]
) -> dict[str, float]:
    """Judge against the mean of an item's ratings (Bland and Altman 1986); `ends` of the scale."""
    rows = [
        (Fraction(said), exact_mean(given(each)), min(given(each)))
        for said, each in zip(judge, ratings, strict=True)
        if said is not None and given(each)
    ]
    d = [said - target for said, target, _ in rows]
    if not d:
        names = ("bias", "mae", "rmse", "loa_low", "loa_high", "proportional_bias")
        return dict.fromkeys((*names, "exact", "within_1", "gross_error"), NAN)
    bias = exact_mean(d)
    spread = math.sqrt(sum((each - bias) ** 2 for each in d) / (len(d) - 1)) if len(d) > 1 else NAN
    limit = NormalDist().inv_cdf(0.975)
    _, of_middle, shared, _ = spreads([(said - target, (said + target) / 2) for said, target, _ in rows])
    fifth = Fraction(ends[1] - ends[0]) / 5
    gross = [
        abs(said - target) >= 2 * unit or (said >= ends[1] - fifth and least <= ends[0] + fifth)
        for said, target, least in rows
    ]
    return {
        "bias": float(bias),
        "mae": mean([abs(each) for each in d]),
        "rmse": math.sqrt(exact_mean([each**2 for each in d])),
        "loa_low": float(bias) - limit * spread,
        "loa_high": float(bias) + limit * spread,
        "proportional_bias": quotient(shared, of_middle),
        "exact": mean([float(each == 0) for each in d]),
        "within_1": mean([float(abs(each) <= unit) for each in d]),
        "gross_error": mean([float(each) for each in gross]),
    }


def leave_one_out(judge: Sequence[Cell], ratings: Ratings) -> dict[str, float]:
    """Each physician, and the judge, against the mean of the other physicians; averaged over physicians."""
    found: dict[str, list[float]] = {}
    for j in range(len(ratings[0]) if ratings else 0):
        rows = [
            (own, exact_mean(rest), said)
            for unit, said in zip(ratings, judge, strict=True)
            if said is not None and (own := unit[j]) is not None
            for rest in [given([*unit[:j], *unit[j + 1 :]])]
            if rest
        ]
        for who, at in (("human", 0), ("judge", 2)):
            pairs = [(row[at], row[1]) for row in rows]
            figures = {
                "pearson": pearson(pairs),
                "ccc": ccc(pairs),
                "mae": mean([abs(Fraction(x) - t) for x, t in pairs]),
                "rmse": math.sqrt(exact_mean([(Fraction(x) - t) ** 2 for x, t in pairs])) if pairs else NAN,
            }
            for name, value in figures.items():
                found.setdefault(f"{who}|loo_{name}", []).append(value)
    return {name: mean_of_defined(values) for name, values in found.items()}


def duels(
    judge: Sequence[Cell], ratings: Ratings, j: int, *, nominal: bool = False
) -> list[tuple[bool, bool]]:
    """(judge at least as close, physician at least as close) on each item that judge, physician j and another have.

    Calderon, Reichart, Dror 2025: the larger of -RMSE to the others, or of the share that says the same.
    """

    def loss(said: Number, others: Sequence[Number]) -> Fraction:
        if nominal:
            return exact_mean([Fraction(said != other) for other in others])
        return exact_mean([(Fraction(said) - Fraction(other)) ** 2 for other in others])

    found = []
    for said, unit in zip(judge, ratings, strict=True):
        own, others = unit[j], given([*unit[:j], *unit[j + 1 :]])
        if said is not None and own is not None and others:
            of_judge, of_human = loss(said, others), loss(own, others)
            found.append((of_judge <= of_human, of_human <= of_judge))
    return found


def rho(judge: Sequence[Cell], ratings: Ratings) -> float:
    raters = len(ratings[0]) if ratings else 0
    rates = [mean([float(win) for win, _ in duels(judge, ratings, j)]) for j in range(raters)]
    return mean_of_defined(rates)


# Resampling


def jackknife_error(left_out: Sequence[float]) -> float:
    """Tukey 1958."""
    m, centre = len(left_out), sum(left_out) / len(left_out)
    return math.sqrt((m - 1) / m * sum((value - centre) ** 2 for value in left_out))


def bca(point: float, left_out: Sequence[float], drawn: Sequence[float], level: float) -> tuple[float, float]:
    """Efron 1987; Efron and Tibshirani 1993, formulas 14.10, 14.14 and 14.15; ties with the estimate count half."""
    normal, values = NormalDist(), sorted(drawn)
    below = sum(value < point for value in values) + sum(value == point for value in values) / 2
    z0 = normal.inv_cdf(below / len(values))
    centre = sum(left_out) / len(left_out)
    cubes = sum((centre - value) ** 3 for value in left_out)
    squares = sum((centre - value) ** 2 for value in left_out)
    a = cubes / (6 * squares**1.5)

    def limit(tail: float) -> float:
        z = z0 + normal.inv_cdf(tail)
        place = normal.cdf(z0 + z / (1 - a * z)) * (len(values) - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        return values[low] + (place - low) * (values[high] - values[low])

    return limit((1 - level) / 2), limit((1 + level) / 2)
