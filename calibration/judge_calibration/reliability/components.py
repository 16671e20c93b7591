"""Variance components of items, raters and error with gaps, by fitting constants (Henderson 1953, III).

On complete data they equal those of the analysis of variance. Negative components are kept as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.ratios import NOTHING, ratio

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.units import Units


_NEARLY = 1e-9  # of a least eigenvalue or a determinant: links between raters are many times as strong


@dataclass(frozen=True, slots=True)
class Components:
    """Components (…) of the two-way model x = μ + item + rater + error, and of the one-way model.

    `harmonic` is the harmonic mean number of ratings per item, which the average forms use; `items` and
    `raters` count those that have a rating.
    """

    item: FloatArray
    rater: FloatArray
    error: FloatArray
    item_one_way: FloatArray
    error_one_way: FloatArray
    harmonic: FloatArray
    items: FloatArray
    raters: FloatArray
    ratings: FloatArray


@dataclass(frozen=True, slots=True)
class ComponentSums:
    """What has to be summed over items for R raters; scores are centred first.

    Columns: rated flag, r, r², 1/r, Σx², T²/r, then for each rater presence m_j, sum x_j and m_j T/r, then
    m_j m_j'/r for j ≤ j'.
    """

    features: FloatArray
    raters: int

    @classmethod
    def of(cls, ratings: FloatArray, units: Units) -> ComponentSums:
        """From ratings (items, R), NaN where missing."""
        present = ~np.isnan(ratings)
        centre = ratings[present].mean() if present.any() else 0.0
        scores = np.where(present, ratings - centre, 0.0)
        r = present.sum(1).astype(np.float64)
        share = np.where(r > 0, 1 / np.maximum(r, 1), 0.0)
        total = scores.sum(1)
        upper = np.triu_indices(ratings.shape[1])
        columns = np.column_stack(
            [
                *(r > 0, r, r**2, share, (scores**2).sum(1), total**2 * share),
                *(present, scores, present * (total * share)[:, None]),
                present[:, upper[0]] * present[:, upper[1]] * share[:, None],
            ]
        )
        return cls(units.sums(columns.astype(np.float64)), ratings.shape[1])

    def components(self, sums: FloatArray) -> Components:
        """Sums (…, p) to components (…); NaN where they are not identified."""
        columns = np.moveaxis(sums, -1, 0)  # what is summed over raters then runs along the resamples
        rated, r, square, inverse, x2, t2 = columns[:6]
        per_rater, sum_j, mean_j = columns[6 : 6 + 3 * self.raters].reshape(3, self.raters, *sums.shape[:-1])
        raters = (per_rater > 0.5).sum(0).astype(np.float64)  # noqa: PLR2004  counts, after subtraction
        fitted = t2 + self._rater_reduction(columns[6 + 3 * self.raters :], per_rater, sum_j - mean_j)
        by_rater = ratio(sum_j**2, per_rater)
        reduced_rater = np.where(np.isnan(by_rater), 0.0, by_rater).sum(0)
        error = ratio(_beyond_rounding(x2 - fitted, x2), _positive(r - rated - raters + 1))
        of_items = _beyond_rounding(fitted - reduced_rater - (rated - 1) * error, x2)
        of_raters = _beyond_rounding(fitted - t2 - (raters - 1) * error, x2)
        item = ratio(of_items, _positive(r - raters))
        rater = ratio(of_raters, _positive(r - rated))
        mean = ratio(sum_j.sum(0), r)
        between = ratio(t2 - r * mean**2, _positive(rated - 1))
        within = ratio(_beyond_rounding(x2 - t2, x2), _positive(r - rated))
        depth = ratio(r - ratio(square, r), _positive(rated - 1))
        return Components(
            item=item,
            rater=rater,
            error=error,
            item_one_way=ratio(_beyond_rounding(between - within, between + within), depth),
            error_one_way=within,
            harmonic=ratio(rated, inverse),
            items=rated,
            raters=raters,
            ratings=r,
        )

    def _rater_reduction(self, shared: FloatArray, counts: FloatArray, right: FloatArray) -> FloatArray:
        """r'C⁻r with C = diag(n_j) - Σ m m'/r, which is singular along the constant vector."""
        size = self.raters
        left = np.empty((size, size, *shared.shape[1:]))
        rows, columns = np.triu_indices(size)
        left[rows, columns] = left[columns, rows] = -shared
        diagonal = np.arange(size)
        left[diagonal, diagonal] += counts
        # Adding a multiple of the all-ones matrix changes nothing for a right side that sums to zero, and
        # makes C regular when the raters are connected. A rater without ratings gets a one of his own.
        left += counts.sum(0) / size**2
        left[diagonal, diagonal] += counts < 0.5  # noqa: PLR2004  counts, after subtraction
        return _quadratic_form(left, right)


def _quadratic_form(left: FloatArray, right: FloatArray) -> FloatArray:
    """r'C⁻r (…) of symmetric positive C (R, R, …) and r (R, …); NaN where C is singular.

    That is where raters share no items, even over others. C is scaled to a diagonal of ones and taken apart as
    L D L', a column at a time for all resamples at once; the determinant, which is the product of D, settles
    most of them. It also gets small where many teams of raters are linked by few items each: there the least
    eigenvalue, which costs more, decides.
    """
    scale = 1 / np.sqrt(np.einsum("ii...->i...", left))
    scaled, rest = left * scale[:, None] * scale, right * scale
    whole = scaled.copy()
    form, determinant = np.zeros(left.shape[2:]), np.ones(left.shape[2:])
    for at in range(len(left)):
        pivot = scaled[at, at]
        determinant *= pivot
        factors = ratio(scaled[at + 1 :, at], pivot)
        form += ratio(rest[at] ** 2, pivot)
        rest[at + 1 :] -= factors * rest[at]
        scaled[at + 1 :, at + 1 :] -= factors[:, None] * scaled[at, at + 1 :]
    # A pivot is never below the least eigenvalue: where one is nothing, and the form no number, C is singular.
    doubtful = ~(np.abs(determinant) >= _NEARLY)
    if doubtful.any():
        singular = np.linalg.eigvalsh(np.moveaxis(whole[:, :, doubtful], -1, 0))[..., 0] < _NEARLY
        form[doubtful] = np.where(singular, np.nan, form[doubtful])
    return form


def _beyond_rounding(difference: FloatArray, of: FloatArray) -> FloatArray:
    """A difference, or 0 where it is only rounding, as that of perfect agreement; NaN stays."""
    return np.where(np.abs(difference) <= NOTHING * of, 0.0, difference)


def _positive(freedom: FloatArray) -> FloatArray:
    """Degrees of freedom, or zero (which makes a ratio undefined) where there are none."""
    return np.where(freedom > 0.5, freedom, 0.0)  # noqa: PLR2004  counts, after subtraction
