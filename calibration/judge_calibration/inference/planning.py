"""How many items: by formula where there is one, by simulation where there is none.

Pearson: Fisher's z. ICC: Bonett 2002. Limits of agreement: Bland and Altman 1986. Coefficients without a
formula: widths measured at 50, 100 and 300 items, which fall as 1/√n. Alternative annotator test: simulated.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from judge_calibration.agreement.alternative_annotator import MIN_ITEMS, alternative_annotator_test, duel
from judge_calibration.engine.units import Units
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.estimates import rounded
from judge_calibration.maps.conformal import coverage_sd, least_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_calibration.arrays import FloatArray

# Typical width of a 95 % interval times √n, measured with three physicians at agreement near 0.6.
TYPICAL_WIDTH = {"kappa_quadratic": 2.08, "alpha_ordinal": 2.28, "icc_a1": 2.08, "spearman": 2.45}
_SCALE_TOP = 5
_MOST_ITEMS = 1_000_000_000  # a plan for more is none


def pearson_items(correlation: float, half_width: float, *, level: float = 0.95) -> int:
    """Items for an interval of r of at most twice `half_width`: tanh(atanh r ± z/√(n-3)) (Fisher 1921)."""
    z = float(special.ndtri((1 + level) / 2))
    middle = math.atanh(correlation)

    def reached(n: int) -> bool:
        step = z / math.sqrt(n - 3)
        return math.tanh(middle + step) - math.tanh(middle - step) <= 2 * half_width

    return _least(reached, first=4, option="half_width")


def icc_items(icc: float, raters: int, width: float, *, level: float = 0.95) -> int:
    """Items for an interval of full `width`: 8z²(1-ρ)²(1+(k-1)ρ)²/(k(k-1)w²) + 1 (Bonett 2002)."""
    z = float(special.ndtri((1 + level) / 2))
    k = raters
    exact = 8 * z**2 * (1 - icc) ** 2 * (1 + (k - 1) * icc) ** 2 / (k * (k - 1) * width**2) + 1
    return math.ceil(exact - 1e-9)


def limits_items(half_width: float, sd: float, *, level: float = 0.95) -> int:
    """Items for which a limit of agreement is known to ± `half_width`: 3(zs/w)² (Bland and Altman 1986)."""
    z = float(special.ndtri((1 + level) / 2))
    root = math.sqrt(3) * z * sd / half_width
    if root > math.sqrt(_MOST_ITEMS):
        raise _unreachable("half_width")
    return math.ceil(root**2 - 1e-9)


def coefficient_items(statistic: str, width: float) -> int:
    """Items for a 95 % interval of full `width`, from measured widths."""
    if statistic not in TYPICAL_WIDTH:
        raise OptionRejected("statistic", f"is one of {', '.join(TYPICAL_WIDTH)}")
    return math.ceil((TYPICAL_WIDTH[statistic] / width) ** 2)


def conformal_items(alpha: float, coverage_within: float) -> dict[str, object]:
    """The least group that gets an interval at all, and the size (to ½ %) at which coverage has that SD."""
    least = n = least_items(alpha)
    while (sd := coverage_sd(n, alpha)) is None or sd > coverage_within:
        n += max(1, n // 200)
        if n > _MOST_ITEMS:
            raise _unreachable("coverage_within")
    return {"least_items": least, "items_per_group": n, "coverage_sd": rounded(sd)}


def powered_labels(
    correlation: float, sd: float, half_width: float, *, level: float = 0.95, unlabelled: float = math.inf
) -> dict[str, object]:
    """Labels for a mean known to ± `half_width`, with the judge and without, `unlabelled` items beside them.

    t²s²/n · (1 - ρ²/(1 + n/N)) ≤ w² with n - 1 degrees of freedom, N unlabelled; with the judge 20 labels
    at least. One that runs against the physicians (ρ < 0) is left out by λ ≥ 0 and is worth nothing. `worth`:
    how many labels one counts for when N has no end. Angelopoulos, Duchi, Zrnic 2023 (arXiv 2311.01453).
    """
    rho = max(correlation, 0.0)

    def labels(gain: float) -> int:
        def reached(n: int) -> bool:
            shrunk = 1 - gain / (1 + n / unlabelled) if unlabelled > 0 else 1.0
            return float(special.stdtrit(n - 1, (1 + level) / 2)) * sd * math.sqrt(shrunk / n) <= half_width

        return _least(reached, first=2, option="half_width")

    return {
        "labels_only": labels(0.0),
        "with_judge": max(20, labels(rho**2)),
        "worth": rounded(1 / (1 - rho**2)) if rho < 1 else None,
    }


def alt_test_power(
    *,
    judge_sd: float,
    physician_sd: float,
    items: int,
    raters: int,
    epsilon: float,
    runs: int = 400,
    seed: int = 0,
) -> dict[str, object]:
    """Share of simulated studies that pass (ω ≥ ½), and mean ρ, on a 0-5 scale without gaps.

    Quality is normal with mean 3 and SD 1.2; every score is quality and a normal error, rounded and cut.
    Raises NotEnough below the items that the test needs of a physician, for it then has no verdict.
    """
    if items < MIN_ITEMS:
        raise NotEnough(
            f"the alternative annotator test needs {MIN_ITEMS} items of each physician; here are {items}"
        )
    generator = np.random.default_rng(seed)
    units = Units.of(np.arange(items))
    passed, rho = 0, 0.0
    for _ in range(runs):
        quality = generator.normal(3, 1.2, items)
        ratings = _scored(quality[:, None] + generator.normal(0, physician_sd, (items, raters)))
        judge = _scored(quality + generator.normal(0, judge_sd, items))
        played = duel(judge, ratings, nominal=False)
        test = alternative_annotator_test(played, units, epsilon=epsilon, flip=False)
        passed += bool(test.passes)
        rho += float(played.judge_wins.mean())  # no gaps: every physician has all items
    share = passed / runs
    error = math.sqrt(share * (1 - share) / runs)
    told: dict[str, object] = {"pass_share": share, "monte_carlo_error": rounded(error)}
    return told | {"mean_rho": rounded(rho / runs), "runs": runs}


def _least(reached: Callable[[int], bool], *, first: int, option: str) -> int:
    """The least number from `first` on for which a condition holds, and goes on holding."""
    low, high = first, _MOST_ITEMS
    if not reached(high):
        raise _unreachable(option)
    while low < high:
        n = (low + high) // 2
        low, high = (low, n) if reached(n) else (n + 1, high)
    return low


def _unreachable(option: str) -> OptionRejected:
    return OptionRejected(option, f"is so narrow that {_MOST_ITEMS:,} items do not reach it")


def _scored(values: FloatArray) -> FloatArray:
    return np.clip(np.round(values), 0, _SCALE_TOP)
