"""The six intraclass correlations, with missing cells and with intervals that generalise to other raters.

Forms and intervals: Shrout and Fleiss 1979; McGraw and Wong 1996 with the erratum of the same year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from judge_calibration.estimates import Interval
from judge_calibration.ratios import ratio
from judge_calibration.reliability.components import Components, ComponentSums

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units

ICC_NAMES = ("icc_1", "icc_a1", "icc_c1", "icc_1k", "icc_ak", "icc_ck")
_AVERAGE_OF = {"icc_1": "icc_1k", "icc_a1": "icc_ak", "icc_c1": "icc_ck"}


@dataclass(frozen=True, slots=True)
class IccFamily:
    """All six forms; an estimate below zero is told as it is."""

    sums: ComponentSums
    names: tuple[str, ...] = ICC_NAMES

    @classmethod
    def of(cls, ratings: FloatArray, units: Units) -> IccFamily:
        """From ratings (items, R), NaN where missing."""
        return cls(ComponentSums.of(ratings, units))

    @property
    def features(self) -> FloatArray:
        """Of the variance components."""
        return self.sums.features

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, p) to the six forms (…, 6)."""
        return forms(self.sums.components(sums))


def forms(c: Components) -> FloatArray:
    """The six forms (…, 6) from components; average forms are for the harmonic mean number of ratings.

    NaN where negative components, as few items with gaps may have, leave no variance to take a share of.
    """
    k = c.harmonic
    noises = [
        *((c.item_one_way, c.error_one_way), (c.item, c.rater + c.error), (c.item, c.error)),
        *((c.item_one_way, c.error_one_way / k), (c.item, (c.rater + c.error) / k), (c.item, c.error / k)),
    ]
    return np.stack([ratio(item, np.maximum(item + noise, 0)) for item, noise in noises], -1)


def f_intervals(c: Components, level: float) -> dict[str, Interval | None]:
    """Intervals of the six forms for other raters like these (McGraw and Wong 1996, table 7).

    With missing cells the mean squares are rebuilt from the components at the harmonic mean number of ratings
    per item and the mean number of ratings per rater, which makes the interval approximate. None where it is
    no interval around the estimate.
    """
    n, k = float(c.items), float(c.harmonic)
    if not (n > 1 and k > 1 and np.isfinite(float(c.error))):
        return dict.fromkeys(ICC_NAMES)
    one_way = _one_way(c, n, k, level)
    consistency = _consistency(c, n, k, level)
    agreement = _absolute(c, n, k, level)
    pairs = {"icc_1": one_way, "icc_c1": consistency, "icc_a1": agreement}
    pairs |= {_AVERAGE_OF[name]: _stepped_up(pair, k) for name, pair in pairs.items()}
    points = dict(zip(ICC_NAMES, map(float, forms(c)), strict=True))
    return {name: _told(pairs[name], points[name], level) for name in ICC_NAMES}


def _told(pair: tuple[float, float] | None, point: float, level: float) -> Interval | None:
    if pair is None or not np.isfinite(pair).all() or not pair[0] <= point <= pair[1] <= 1:
        return None
    return Interval(pair[0], pair[1], level, "F", generalises_to="other_raters")


def _stepped_up(pair: tuple[float, float] | None, k: float) -> tuple[float, float] | None:
    """Spearman-Brown: of the mean of k ratings from that of one; rises with the single form."""
    if pair is None:
        return None
    low, high = (k * r / (1 + (k - 1) * r) if 1 + (k - 1) * r > 0 else -np.inf for r in pair)
    return (low, high)


def _from_f(observed: float, freedom: tuple[float, float], k: float, level: float) -> tuple[float, float]:
    tail = (1 + level) / 2
    low = observed / _f_quantile(tail, *freedom)
    high = observed * _f_quantile(tail, freedom[1], freedom[0])
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _one_way(c: Components, n: float, k: float, level: float) -> tuple[float, float] | None:
    error = float(c.error_one_way)
    if error <= 0:
        return None
    observed = (k * float(c.item_one_way) + error) / error
    return _from_f(observed, (n - 1, max(1.0, float(c.ratings) - n)), k, level)


def _consistency(c: Components, n: float, k: float, level: float) -> tuple[float, float] | None:
    error = float(c.error)
    if error <= 0:
        return None
    observed = (k * float(c.item) + error) / error
    freedom = max(1.0, float(c.ratings) - n - float(c.raters) + 1)
    return _from_f(observed, (n - 1, freedom), k, level)


def _absolute(c: Components, n: float, k: float, level: float) -> tuple[float, float] | None:
    """ICC(A,1): Satterthwaite's degrees of freedom for the mixture of rater and error mean squares.

    In place of n stands m, the ratings of a rater, which is n where no cell is missing. None where raters
    contradict each other so exactly that the mixture is nothing.
    """
    error, raters, m = float(c.error), float(c.raters), float(c.ratings) / float(c.raters)
    if error <= 0 or raters < 2:  # noqa: PLR2004  one rater does not vary
        return None
    rows, columns = k * float(c.item) + error, m * float(c.rater) + error
    point = float(ratio(c.item, c.item + c.rater + c.error))
    if not np.isfinite(point) or point >= 1:
        return None
    a = k * point / (m * (1 - point))
    b = 1 + k * point * (m - 1) / (m * (1 - point))
    mixed = (a * columns + b * error) ** 2
    residual = max(1.0, float(c.ratings) - n - raters + 1)
    parts = (a * columns) ** 2 / (raters - 1) + (b * error) ** 2 / residual
    if parts == 0:
        return None
    freedom = mixed / parts
    tail = (1 + level) / 2
    upper, lower = _f_quantile(tail, n - 1, freedom), _f_quantile(tail, freedom, n - 1)
    rest = k * columns + (k * m - k - m) * error
    below, above = upper * rest + m * rows, rest + m * lower * rows
    if below == 0 or above == 0:
        return None
    return m * (rows - upper * error) / below, m * (lower * rows - error) / above


def _f_quantile(share: float, above: float, below: float) -> float:
    return float(special.fdtri(above, below, share))
