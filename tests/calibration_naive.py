"""Plain loops for every coefficient, written from the formulas of their sources; slow, easy to believe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

Ratings = Sequence[Sequence[float | None]]  # items × raters
NAN = math.nan


def both(x: Sequence[float | None], y: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(a, b) for a, b in zip(x, y, strict=True) if a is not None and b is not None]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else NAN


def kappa(pairs: list[tuple[float, float]], scale: Sequence[float], power: int) -> float:
    """power 0: any disagreement costs one; 1: its distance; 2: squared."""
    n = len(pairs)

    def cost(a: float, b: float) -> float:
        return float(a != b) if power == 0 else abs(a - b) ** power

    if not n:
        return NAN
    seen = sum(cost(a, b) for a, b in pairs) / n
    expected = sum(
        cost(a, b) * sum(x == a for x, _ in pairs) * sum(y == b for _, y in pairs) / n**2
        for a in scale
        for b in scale
    )
    return 1 - seen / expected if expected > 1e-12 else NAN


def pearson(pairs: list[tuple[float, float]]) -> float:
    mx, my = mean([x for x, _ in pairs]), mean([y for _, y in pairs])
    above = sum((x - mx) * (y - my) for x, y in pairs)
    below = (
        math.sqrt(sum((x - mx) ** 2 for x, _ in pairs) * sum((y - my) ** 2 for _, y in pairs)) if pairs else 0
    )
    return above / below if below > 1e-12 else NAN


def ranks(values: Sequence[float]) -> list[float]:
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def spearman(pairs: list[tuple[float, float]]) -> float:
    return pearson(list(zip(ranks([x for x, _ in pairs]), ranks([y for _, y in pairs]), strict=True)))


def sign(value: float) -> int:
    return int(value > 0) - int(value < 0)


def tau_b(pairs: list[tuple[float, float]]) -> float:
    score = ties_x = ties_y = total = 0
    for (a, b), (c, d) in combinations(pairs, 2):
        total += 1
        score += sign(a - c) * sign(b - d)
        ties_x += a == c
        ties_y += b == d
    below = math.sqrt((total - ties_x) * (total - ties_y))
    return score / below if below > 1e-12 else NAN


def pairwise_accuracy(pairs: list[tuple[float, float]]) -> float:
    agreed = [sign(a - c) == sign(b - d) for (a, b), (c, d) in combinations(pairs, 2)]
    return mean([float(each) for each in agreed])


def ccc(pairs: list[tuple[float, float]]) -> float:
    mx, my = mean([x for x, _ in pairs]), mean([y for _, y in pairs])
    n = len(pairs)
    sxy = sum((x - mx) * (y - my) for x, y in pairs) / n if n else NAN
    below = sum((x - mx) ** 2 + (y - my) ** 2 for x, y in pairs) / n + (mx - my) ** 2 if n else 0
    return 2 * sxy / below if below > 1e-12 else NAN


def alpha(ratings: Ratings, scale: Sequence[float], metric: str) -> float:
    """Over all pairs of values within units and over all pairs of pairable values (Krippendorff 2011)."""
    units = [[value for value in unit if value is not None] for unit in ratings]
    units = [unit for unit in units if len(unit) > 1]
    pooled = [value for unit in units for value in unit]
    n = len(pooled)

    def delta(a: float, b: float) -> float:
        if metric == "nominal":
            return float(a != b)
        if metric == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        between = sum(pooled.count(value) for value in scale if low <= value <= high)
        return (between - (pooled.count(a) + pooled.count(b)) / 2) ** 2 if a != b else 0.0

    seen = sum(
        sum(delta(a, b) for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j) / (len(unit) - 1)
        for unit in units
    )
    expected = sum(delta(a, b) for i, a in enumerate(pooled) for j, b in enumerate(pooled) if i != j)
    return 1 - (n - 1) * seen / expected if expected > 1e-12 else NAN


def gwet(ratings: Ratings, scale: Sequence[float], *, quadratic: bool) -> float:
    """AC2 with quadratic weights, or AC1 (Gwet 2008)."""
    widest = scale[-1] - scale[0]

    def weight(a: float, b: float) -> float:
        return 1 - ((a - b) / widest) ** 2 if quadratic else float(a == b)

    units = [[value for value in unit if value is not None] for unit in ratings]
    agreed = [
        sum(weight(a, b) for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j)
        / (len(unit) * (len(unit) - 1))
        for unit in units
        if len(unit) > 1
    ]
    if not agreed:
        return NAN
    shares = [mean([unit.count(value) / len(unit) for unit in units if unit]) for value in scale]
    k = len(scale)
    total = sum(weight(a, b) for a in scale for b in scale)
    chance = total / (k * (k - 1)) * sum(share * (1 - share) for share in shares)
    return (mean(agreed) - chance) / (1 - chance)


def anova_icc(table: Sequence[Sequence[float]]) -> dict[str, float]:
    """The six forms of complete data from mean squares (McGraw and Wong 1996)."""
    n, k = len(table), len(table[0])
    grand = mean([value for row in table for value in row])
    rows = [mean(row) for row in table]
    columns = [mean([row[j] for row in table]) for j in range(k)]
    msr = k * sum((row - grand) ** 2 for row in rows) / (n - 1)
    msc = n * sum((column - grand) ** 2 for column in columns) / (k - 1)
    msw = sum((value - rows[i]) ** 2 for i, row in enumerate(table) for value in row) / (n * (k - 1))
    residual = sum(
        (value - rows[i] - columns[j] + grand) ** 2
        for i, row in enumerate(table)
        for j, value in enumerate(row)
    )
    mse = residual / ((n - 1) * (k - 1))
    return {
        "icc_1": (msr - msw) / (msr + (k - 1) * msw),
        "icc_a1": (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n),
        "icc_c1": (msr - mse) / (msr + (k - 1) * mse),
        "icc_1k": (msr - msw) / msr,
        "icc_ak": (msr - mse) / (msr + (msc - mse) / n),
        "icc_ck": (msr - mse) / msr,
    }


def duels(judge: Sequence[float | None], ratings: Ratings, j: int) -> list[tuple[bool, bool]]:
    """Whether judge, and physician j, were at least as close, on each item that both and another scored."""
    found = []
    for said, unit in zip(judge, ratings, strict=True):
        own, others = unit[j], [value for at, value in enumerate(unit) if at != j and value is not None]
        if said is None or own is None or not others:
            continue
        of_judge = math.sqrt(mean([(said - other) ** 2 for other in others]))
        of_human = math.sqrt(mean([(own - other) ** 2 for other in others]))
        found.append((of_judge <= of_human + 1e-9, of_human <= of_judge + 1e-9))
    return found
