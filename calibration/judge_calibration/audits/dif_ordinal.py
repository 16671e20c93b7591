"""Likelihood-ratio tests of a subgroup in cumulative logit models, with the change in pseudo-R².

The models condition the judge's score on a noisy quality, which manufactures differences between groups of
unequal quality. Quality is therefore drawn towards its group's mean by its reliability first; that repairs
most of it, and the difference test remains the one to decide by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from judge_calibration.audits.ordinal_logit import OrdinalFit, fit_ordinal, null_log_likelihood
from judge_calibration.definitions import definition_of
from judge_calibration.engine.units import too_few_clusters
from judge_calibration.estimates import Statistic, estimated, rounded, rounded_p, undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.audits.effects import FdrMethod
    from judge_calibration.estimates import Reason

LOWER_LIMIT, UPPER_LIMIT = 0.035, 0.070  # Jodoin and Gierl 2001
_NAME = "dif_r2_change"
_MOST_LEVELS = 25


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Twice the gain in log-likelihood; with clusters over the mean design effect (Rao and Scott 1984)."""

    chi_square: float
    df: int
    p: float

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {"chi_square": rounded(self.chi_square), "df": self.df, "p": rounded_p(self.p)}


@dataclass(frozen=True, slots=True)
class OrdinalDif:
    """Quality only, with group (uniform), with their product (non-uniform), and both at once (total).

    `band` places the change in R² against .035 and .070. Tests are None where there is no change to tell.
    """

    r2_change: Statistic
    r2: tuple[float, float, float] | None = None
    uniform: LikelihoodRatio | None = None
    non_uniform: LikelihoodRatio | None = None
    total: LikelihoodRatio | None = None
    q: float | None = None

    @property
    def band(self) -> str | None:
        """Where the change stands between the published limits."""
        change = self.r2_change.estimate
        if change is None:
            return None
        if change < LOWER_LIMIT:
            return "below_0.035"
        return "0.035_to_0.070" if change <= UPPER_LIMIT else "above_0.070"

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        quality, group, product = self.r2 or (None, None, None)
        return {
            "r2_change": self.r2_change.as_json(),
            "band": self.band,
            "limits": [LOWER_LIMIT, UPPER_LIMIT],
            "r2": {
                "quality": rounded(quality),
                "and_group": rounded(group),
                "and_product": rounded(product),
            },
            "uniform": self.uniform.as_json() if self.uniform else None,
            "non_uniform": self.non_uniform.as_json() if self.non_uniform else None,
            "total": self.total.as_json() if self.total else None,
            "q": rounded_p(self.q),
        }


def ordinal_dif(
    judge: FloatArray,
    consensus: FloatArray,
    member: BoolArray,
    clusters: IntArray,
    error_variance: float,
) -> OrdinalDif:
    """Compare the three models on complete rows (n,). Levels of the judge are taken in their order.

    A judge with more than 25 levels is cut into ten of equal size. Undefined, with the reason, where a group
    is empty or one of the models has no fit; without tests where either side has few items or clusters.
    """
    inside = int(member.sum())
    if not inside or inside == len(member):
        return _none("no_ratings", len(member))
    if np.all(judge == judge[0]):
        return _none("constant_input", len(member))
    quality, coarse = drawn_in(consensus, member, error_variance), _levels(judge)
    rows = np.column_stack([coarse, quality, member])
    cells, of_item, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    weights, levels = counts.astype(np.float64), cells[:, 0].astype(np.int64)
    design = np.column_stack([cells[:, 1:], cells[:, 1] * cells[:, 2]])
    fits: list[OrdinalFit] = []
    for width in (1, 2, 3):
        fit = fit_ordinal(levels, design[:, :width], weights)
        if not isinstance(fit, OrdinalFit):
            return _none(fit, len(member))
        fits.append(fit)
    base, group, product = fits
    empty, n = null_log_likelihood(levels, weights), len(member)
    r2 = (_r2(base, empty, n), _r2(group, empty, n), _r2(product, empty, n))
    change = estimated(_NAME, r2[2] - r2[0], n_items=n)
    if n < definition_of(_NAME).min_n or _is_small(clusters[member]) or _is_small(clusters[~member]):
        return OrdinalDif(replace(change, status="insufficient", reason="n_below_min"), r2)
    return OrdinalDif(
        change,
        r2,
        _ratio(base, group, 1, of_item, clusters),
        _ratio(group, product, 1, of_item, clusters),
        _ratio(base, product, 2, of_item, clusters),
    )


def _is_small(clusters: IntArray) -> bool:
    """Whether one side, told by the clusters of its items (n,), is too small for a test."""
    n = len(clusters)
    return n < definition_of("dif_uniform").min_n or too_few_clusters(len(np.unique(clusters)), n)


def _levels(judge: FloatArray) -> IntArray:
    """Ranks of the judge's values among each other, or of the tenths of items that they fall in."""
    values, levels = np.unique(judge, return_inverse=True)
    if len(values) <= _MOST_LEVELS:
        return levels.astype(np.int64)
    edges = np.unique(np.quantile(judge, np.arange(1, 10) / 10))
    return np.searchsorted(edges, judge, side="right").astype(np.int64)


def drawn_in(consensus: FloatArray, member: BoolArray, error_variance: float) -> FloatArray:
    """Quality as expected from the consensus in its group: mean + reliability·(y - mean) (Kelley 1947)."""
    quality = np.empty(len(consensus))
    for side in (member, ~member):
        values = consensus[side]
        spread = float(values.var())
        reliability = max(0.0, 1 - error_variance / spread) if spread > 0 else 0.0
        quality[side] = values.mean() + reliability * (values - values.mean())
    return quality


def with_ordinal_q_values(found: Sequence[OrdinalDif], method: FdrMethod) -> tuple[OrdinalDif, ...]:
    """Adjust the p-values of the total tests over a family."""
    p = np.array([one.total.p for one in found if one.total is not None])
    adjusted = iter(stats.false_discovery_control(p, method=method) if len(p) else p)
    return tuple(one if one.total is None else replace(one, q=float(next(adjusted))) for one in found)


def _none(reason: Reason, n: int) -> OrdinalDif:
    return OrdinalDif(undefined(_NAME, reason, n_items=n))


def _r2(fit: OrdinalFit, empty: float, n: int) -> float:
    """Nagelkerke 1991: (1 - exp(2(L0 - L)/n))/(1 - exp(2 L0/n))."""
    return float(np.expm1(2 * (empty - fit.log_likelihood) / n) / np.expm1(2 * empty / n))


def _ratio(
    small: OrdinalFit, large: OrdinalFit, df: int, of_item: IntArray, clusters: IntArray
) -> LikelihoodRatio:
    gain = max(0.0, 2 * (large.log_likelihood - small.log_likelihood))
    chi_square = gain / _design_effect(large, df, of_item, clusters)
    return LikelihoodRatio(chi_square, df, float(stats.chi2.sf(chi_square, df)))


def _design_effect(fit: OrdinalFit, tested: int, of_item: IntArray, clusters: IntArray) -> float:
    """Mean eigenvalue of (model covariance)⁻¹ × (robust covariance) of the tested coefficients; ≥ 1."""
    _, units, members = np.unique(clusters, return_inverse=True, return_counts=True)
    size = len(members)
    if members.max() == 1:  # nothing is shared
        return 1.0
    sums = np.zeros((size, fit.scores.shape[1]))
    np.add.at(sums, units, fit.scores[of_item])
    inverse = np.linalg.inv(fit.information)
    robust = inverse @ (sums.T @ sums) @ inverse * size / (size - 1)
    model = inverse[-tested:, -tested:]
    return max(1.0, float(np.trace(np.linalg.solve(model, robust[-tested:, -tested:]))) / tested)
