"""Plain loops for every coefficient, written from the formulas of their sources; slow, and easy to believe.

Sums are of fractions: what is zero is exactly zero, so that these references know without a tolerance what is
undefined. Undefined is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

Number = float | Fraction
Cell = Number | None
Ratings = Sequence[Sequence[Cell]]  # items x raters
Pairs = Sequence[tuple[Number, Number]]
NAN = math.nan


def same(found: float, expected: float, *, within: float = 1e-9) -> bool:
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return abs(found - expected) <= within * max(1.0, abs(expected))


def both(x: Sequence[Cell], y: Sequence[Cell]) -> list[tuple[Number, Number]]:
    return [(a, b) for a, b in zip(x, y, strict=True) if a is not None and b is not None]


def given(unit: Sequence[Cell]) -> list[Number]:
    return [value for value in unit if value is not None]


def column(ratings: Ratings, j: int) -> list[Cell]:
    return [unit[j] for unit in ratings]


def exact_mean(values: Sequence[Number]) -> Fraction:
    return sum((Fraction(value) for value in values), Fraction(0)) / len(values)


def mean(values: Sequence[Number]) -> float:
    return float(exact_mean(values)) if values else NAN


def mean_of_defined(values: Sequence[float]) -> float:
    return mean([value for value in values if not math.isnan(value)])


def quotient(above: Fraction, below: Fraction) -> float:
    return float(above / below) if below != 0 else NAN


def root_quotient(above: Fraction, below_square: Fraction) -> float:
    return float(above) / math.sqrt(below_square) if below_square > 0 else NAN


# Two raters


def kappa(pairs: Pairs, scale: Sequence[float], power: int) -> float:
    """Cohen 1960, 1968. power 0: any disagreement costs one; 1: its distance; 2: squared."""

    def cost(a: Number, b: Number) -> Fraction:
        return Fraction(a != b) if power == 0 else abs(Fraction(a) - Fraction(b)) ** power

    n = len(pairs)
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    seen = sum((cost(a, b) for a, b in pairs), Fraction(0)) * n
    expected = sum((cost(a, b) * first.count(a) * second.count(b) for a in scale for b in scale), Fraction(0))
    return 1 - quotient(seen, expected)


def spreads(pairs: Pairs) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Variances and covariance with n-denominators, and the squared distance of the means."""
    n = len(pairs)
    mx, my = exact_mean([x for x, _ in pairs]), exact_mean([y for _, y in pairs])
    sxx = sum((Fraction(x) - mx) ** 2 for x, _ in pairs) / n
    syy = sum((Fraction(y) - my) ** 2 for _, y in pairs) / n
    sxy = sum((Fraction(x) - mx) * (Fraction(y) - my) for x, y in pairs) / n
    return Fraction(sxx), Fraction(syy), Fraction(sxy), (mx - my) ** 2


def pearson(pairs: Pairs) -> float:
    if not pairs:
        return NAN
    sxx, syy, sxy, _ = spreads(pairs)
    return root_quotient(sxy, sxx * syy)


def ccc(pairs: Pairs) -> float:
    """Lin 1989."""
    if not pairs:
        return NAN
    sxx, syy, sxy, gap = spreads(pairs)
    return quotient(2 * sxy, sxx + syy + gap)


def ranks(values: Sequence[Number]) -> list[float]:
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def spearman(pairs: Pairs) -> float:
    return pearson(list(zip(ranks([x for x, _ in pairs]), ranks([y for _, y in pairs]), strict=True)))


def sign(value: Number) -> int:
    return (value > 0) - (value < 0)


def tau_b(pairs: Pairs) -> float:
    """Kendall 1945."""
    score = ties_x = ties_y = total = 0
    for (a, b), (c, d) in combinations(pairs, 2):
        total += 1
        score += sign(a - c) * sign(b - d)
        ties_x += a == c
        ties_y += b == d
    return root_quotient(Fraction(score), Fraction((total - ties_x) * (total - ties_y)))


def pairwise_accuracy(pairs: Pairs, epsilon: float = 0.0) -> float:
    """Deutsch, Foster, Freitag 2023: the first rater's scores tie when they are within epsilon."""

    def ordered(gap: Number) -> int:
        return 0 if abs(float(gap)) <= epsilon + 1e-9 else sign(gap)

    return mean([float(ordered(a - c) == sign(b - d)) for (a, b), (c, d) in combinations(pairs, 2)])


def binary(pairs: Pairs) -> dict[str, float]:
    """Of met (1) and unmet (0): the first rater is the judge."""

    def count(judge: int, truth: int) -> Fraction:
        return Fraction(sum(pair == (judge, truth) for pair in pairs))

    tp, tn, fp, fn = count(1, 1), count(0, 0), count(1, 0), count(0, 1)
    met, unmet = quotient(2 * tp, 2 * tp + fp + fn), quotient(2 * tn, 2 * tn + fp + fn)
    return {
        "f1_met": met,
        "f1_unmet": unmet,
        "balanced_f1": (met + unmet) / 2,
        "mcc": root_quotient(tp * tn - fp * fn, (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
        "sensitivity": quotient(tp, tp + fn),
        "specificity": quotient(tn, tn + fp),
    }


def ordinal_pair(pairs: Pairs, scale: Sequence[float]) -> dict[str, float]:
    """Every coefficient of two raters on a graded scale."""
    rows = [[a, b] for a, b in pairs]
    icc = two_way(rows)
    return {
        "agreement": mean([float(a == b) for a, b in pairs]),
        "kappa_unweighted": kappa(pairs, scale, 0),
        "kappa_linear": kappa(pairs, scale, 1),
        "kappa_quadratic": kappa(pairs, scale, 2),
        "pearson": pearson(pairs),
        "spearman": spearman(pairs),
        "kendall_tau_b": tau_b(pairs),
        "pairwise_accuracy": pairwise_accuracy(pairs),
        "ccc": ccc(pairs),
        "icc_a1": icc["icc_a1"],
        "icc_c1": icc["icc_c1"],
        "gwet_ac2": gwet(rows, scale, quadratic=True),
        **{f"alpha_{metric}": alpha(rows, scale, metric) for metric in ("nominal", "ordinal", "interval")},
    }


def nominal_pair(pairs: Pairs, scale: Sequence[float]) -> dict[str, float]:
    rows = [[a, b] for a, b in pairs]
    return {
        "agreement": mean([float(a == b) for a, b in pairs]),
        "kappa_unweighted": kappa(pairs, scale, 0),
        "gwet_ac2": gwet(rows, scale, quadratic=False),
        "alpha_nominal": alpha(rows, scale, "nominal"),
    }


def binary_pair(pairs: Pairs, scale: Sequence[float]) -> dict[str, float]:
    of_nominal = nominal_pair(pairs, scale)
    weighted = dict.fromkeys(("kappa_linear", "kappa_quadratic"), of_nominal["kappa_unweighted"])
    return of_nominal | weighted | binary(pairs)


# Any number of raters


def alpha(ratings: Ratings, scale: Sequence[float], metric: str) -> float:
    """Over all pairs of values within units and over all pairs of pairable values (Krippendorff 2011)."""
    units = [unit for unit in map(given, ratings) if len(unit) > 1]
    pooled = [value for unit in units for value in unit]
    n = len(pooled)

    def delta(a: Number, b: Number) -> Fraction:
        if metric == "nominal" or a == b:
            return Fraction(a != b)
        if metric == "interval":
            return (Fraction(a) - Fraction(b)) ** 2
        between = sum(pooled.count(value) for value in scale if min(a, b) <= value <= max(a, b))
        return (between - Fraction(pooled.count(a) + pooled.count(b), 2)) ** 2

    def over_pairs(values: Sequence[Number]) -> Fraction:
        return 2 * sum((delta(a, b) for a, b in combinations(values, 2)), Fraction(0))

    seen = sum((over_pairs(unit) / (len(unit) - 1) for unit in units), Fraction(0))
    return 1 - quotient((n - 1) * seen, over_pairs(pooled))


def gwet(ratings: Ratings, scale: Sequence[float], *, quadratic: bool) -> float:
    """AC2 with quadratic weights, or AC1 (Gwet 2008, 2014)."""
    widest = Fraction(scale[-1]) - Fraction(scale[0])

    def weight(a: Number, b: Number) -> Fraction:
        return 1 - ((Fraction(a) - Fraction(b)) / widest) ** 2 if quadratic else Fraction(a == b)

    units = [unit for unit in map(given, ratings) if unit]
    agreed = [
        2 * sum((weight(a, b) for a, b in combinations(unit, 2)), Fraction(0)) / (len(unit) * (len(unit) - 1))
        for unit in units
        if len(unit) > 1
    ]
    if not agreed:
        return NAN
    k = len(scale)
    shares = [exact_mean([Fraction(unit.count(value), len(unit)) for unit in units]) for value in scale]
    total = sum((weight(a, b) for a in scale for b in scale), Fraction(0))
    spread = sum((share * (1 - share) for share in shares), Fraction(0))
    chance = total / (k * (k - 1)) * spread
    return quotient(exact_mean(agreed) - chance, 1 - chance)


def reduction(design: Sequence[Sequence[int]], y: Sequence[Fraction]) -> tuple[Fraction, int]:
    """Reduction in sum of squares of regressing y on the design, y'X(X'X)⁻X'y, and the rank of X."""
    width = len(design[0])
    system = [
        [Fraction(sum(row[a] * row[b] for row in design)) for b in range(width)]
        + [sum((row[a] * value for row, value in zip(design, y, strict=True)), Fraction(0))]
        for a in range(width)
    ]
    right = [line[-1] for line in system]
    rank, pivots = 0, []
    for at in range(width):
        place = next((row for row in range(rank, width) if system[row][at] != 0), None)
        if place is None:
            continue
        system[rank], system[place] = system[place], system[rank]
        for other in range(width):
            if other != rank and system[other][at] != 0:
                times = system[other][at] / system[rank][at]
                system[other] = [a - times * b for a, b in zip(system[other], system[rank], strict=True)]
        pivots.append(at)
        rank += 1
    fitted = [system[row][-1] / system[row][at] for row, at in enumerate(pivots)]
    return sum((b * right[at] for b, at in zip(fitted, pivots, strict=True)), Fraction(0)), rank


def components(ratings: Ratings) -> tuple[Fraction, Fraction, Fraction] | None:
    """σ² of items, raters and error by fitting constants (Henderson 1953, method III); None: not identified."""
    cells = [
        (i, j, Fraction(v)) for i, unit in enumerate(ratings) for j, v in enumerate(unit) if v is not None
    ]
    items, raters = sorted({i for i, _, _ in cells}), sorted({j for _, j, _ in cells})
    y, n, a, b = [v for _, _, v in cells], len(cells), len(items), len(raters)
    if min(n - a - b + 1, n - a, n - b) < 1:
        return None
    of_item = [[int(i == at) for at in items] for i, _, _ in cells]
    of_rater = [[int(j == at) for at in raters] for _, j, _ in cells]
    full, rank = reduction([x + z for x, z in zip(of_item, of_rater, strict=True)], y)
    if rank < a + b - 1:
        return None
    error = (sum(v * v for v in y) - full) / (n - a - b + 1)
    item = (full - reduction(of_rater, y)[0] - (a - 1) * error) / (n - b)
    rater = (full - reduction(of_item, y)[0] - (b - 1) * error) / (n - a)
    return item, rater, error


def one_way_components(ratings: Ratings) -> tuple[Fraction, Fraction] | None:
    """σ² between and within items of the unbalanced one-way layout."""
    units = [unit for unit in map(given, ratings) if unit]
    sizes = [len(unit) for unit in units]
    n, a = sum(sizes), len(units)
    if a < 2 or n == a:
        return None
    grand = exact_mean([value for unit in units for value in unit])
    between = sum(len(unit) * (exact_mean(unit) - grand) ** 2 for unit in units) / (a - 1)
    within = sum((Fraction(v) - exact_mean(unit)) ** 2 for unit in units for v in unit) / (n - a)
    depth = (n - Fraction(sum(size**2 for size in sizes), n)) / (a - 1)
    return Fraction(between - within) / depth, Fraction(within)


def share_of(item: Fraction, noise: Fraction) -> float:
    """No share of a variance that is not positive."""
    return float(item / (item + noise)) if item + noise > 0 else NAN


def two_way(ratings: Ratings) -> dict[str, float]:
    """ICC(A,1), ICC(C,1) and their average forms for the harmonic mean number of ratings."""
    names = ("icc_a1", "icc_c1", "icc_ak", "icc_ck")
    found = components(ratings)
    if found is None:
        return dict.fromkeys(names, NAN)
    item, rater, error = found
    k = harmonic(ratings)
    noises = (rater + error, error, (rater + error) / k, error / k)
    return {name: share_of(item, noise) for name, noise in zip(names, noises, strict=True)}


def harmonic(ratings: Ratings) -> Fraction:
    sizes = [len(unit) for unit in map(given, ratings) if unit]
    return Fraction(len(sizes)) / sum(Fraction(1, size) for size in sizes)


def icc(ratings: Ratings) -> dict[str, float]:
    """All six forms."""
    found = one_way_components(ratings)
    if found is None:
        return dict.fromkeys(("icc_1", "icc_1k"), NAN) | two_way(ratings)
    item, error = found
    one_way = {"icc_1": share_of(item, error), "icc_1k": share_of(item, error / harmonic(ratings))}
    return one_way | two_way(ratings)


def mean_squares(table: Sequence[Sequence[Number]]) -> tuple[float, float, float, float]:
    """MSR, MSC, MSE and MSW of complete data."""
    n, k = len(table), len(table[0])
    grand = mean([value for row in table for value in row])
    rows = [mean(row) for row in table]
    columns = [mean([row[j] for row in table]) for j in range(k)]
    msr = k * sum((row - grand) ** 2 for row in rows) / (n - 1)
    msc = n * sum((each - grand) ** 2 for each in columns) / (k - 1)
    cells = [(i, j, table[i][j]) for i in range(n) for j in range(k)]
    msw = sum((value - rows[i]) ** 2 for i, _, value in cells) / (n * (k - 1))
    mse = sum((v - rows[i] - columns[j] + grand) ** 2 for i, j, v in cells) / ((n - 1) * (k - 1))
    return msr, msc, mse, msw


def anova_icc(table: Sequence[Sequence[Number]]) -> dict[str, float]:
    """The six forms of complete data (Shrout and Fleiss 1979; McGraw and Wong 1996, table 4).

    ICC(A,k) alone may divide by less than nothing, which would make a reliability above one: undefined.
    """
    n, k = len(table), len(table[0])
    msr, msc, mse, msw = mean_squares(table)
    return {
        "icc_1": (msr - msw) / (msr + (k - 1) * msw),
        "icc_a1": (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n),
        "icc_c1": (msr - mse) / (msr + (k - 1) * mse),
        "icc_1k": (msr - msw) / msr,
        "icc_ak": (msr - mse) / of_means if (of_means := msr + (msc - mse) / n) > 0 else NAN,
        "icc_ck": (msr - mse) / msr,
    }
