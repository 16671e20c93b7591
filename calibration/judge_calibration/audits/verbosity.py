"""Does the judge reward length? The difference judge - physicians against the length of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from judge_calibration.audits.effects import Effect, effect_of, no_effect
from judge_calibration.audits.labels import UNKNOWN, Labels, indicators
from judge_calibration.audits.regression import cluster_robust, errors_in_variables
from judge_calibration.definitions import definition_of
from judge_calibration.engine.intervals import jackknife_interval
from judge_calibration.engine.replicates import Replicate
from judge_calibration.engine.units import too_few_clusters
from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import Statistic, estimated, rounded, undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.arrays import FloatArray, IntArray

_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Verbosity:
    """Points per doubling of length: of the difference, and at equal quality given the reliability."""

    per_doubling: Effect
    adjusted: Effect
    rank_correlation: Statistic
    reliability: float | None
    n_left_out: int

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "per_doubling": self.per_doubling.as_json(),
            "adjusted": self.adjusted.as_json(),
            "rank_correlation": self.rank_correlation.as_json(),
            "reliability": rounded(self.reliability),
            "n_left_out": self.n_left_out,
        }


def verbosity(
    judge: FloatArray,
    consensus: FloatArray,
    tokens: FloatArray,
    *,
    clusters: IntArray,
    families: Sequence[str | None] | None = None,
    reliability: float | None = None,
    level: float = 0.95,
) -> Verbosity:
    """Audit of length. `tokens` (n,) are the answers' lengths; items without one above zero are left out.

    Effects are within model family (`families`; items of unknown family are left out). `reliability` is that
    of `consensus`, the plain mean of ratings, over all items: 1 - error variance/variance, ICC(A,k). Without it only
    the difference is modelled, which stands for length bias if the judge does not compress the scale.
    """
    if reliability is not None and not 0 < reliability <= 1:
        raise OptionRejected("reliability", "is above 0 and at most 1")
    family = np.zeros(len(judge), np.int64) if families is None else Labels.of(families).codes
    here = ~np.isnan(judge) & ~np.isnan(consensus) & (tokens > 0) & (family != UNKNOWN)
    left_out = int((~here).sum())
    if not here.any():
        nothing = no_effect("verbosity_effect", "no_ratings", n_items=0)
        return Verbosity(
            nothing,
            no_effect("verbosity_effect_adjusted", "no_ratings", n_items=0),
            undefined("verbosity_rank_correlation", "no_ratings", n_items=0),
            reliability,
            left_out,
        )
    e, length, units = judge[here] - consensus[here], np.log2(tokens[here]), clusters[here]
    nuisance = indicators(family[here])
    plain = cluster_robust(e, length[:, None], nuisance, units)
    return Verbosity(
        effect_of("verbosity_effect", plain, level=level),
        _adjusted(judge[here], consensus[here], length, nuisance, units, reliability, level),
        _rank_correlation(e, length, family[here], units, level),
        reliability,
        left_out,
    )


def _adjusted(
    judge: FloatArray,
    consensus: FloatArray,
    length: FloatArray,
    nuisance: FloatArray,
    clusters: IntArray,
    reliability: float | None,
    level: float,
) -> Effect:
    """Of J on length and quality; J and e differ by the quality, so length has one coefficient in both."""
    name = "verbosity_effect_adjusted"
    if reliability is None:
        return no_effect(name, "not_identified", "needs the reliability of the consensus", n_items=len(judge))
    quality = consensus - consensus.mean()
    found = errors_in_variables(
        judge,
        np.column_stack([length - length.mean(), quality]),
        nuisance,
        direction=np.column_stack([np.zeros(len(judge)), np.ones(len(judge))]),
        error_variance=(1 - reliability) * float(quality.var()),
        clusters=clusters,
    )
    notes = ("at this reliability too little of the quality varies within families",) if found is None else ()
    return effect_of(name, found, level=level, method="errors_in_variables_t", notes=notes)


def _rank_correlation(
    difference: FloatArray, length: FloatArray, family: IntArray, clusters: IntArray, level: float
) -> Statistic:
    name, n = "verbosity_rank_correlation", len(difference)
    x, y = (_within(stats.rankdata(values), family) for values in (difference, length))
    _, units = np.unique(clusters, return_inverse=True)
    sums = np.zeros((int(units.max()) + 1, 3))
    np.add.at(sums, units, np.column_stack([x * x, y * y, x * y]))
    total = sums.sum(0)
    if min(total[0], total[1]) < _NO_SPREAD * n**2:
        return undefined(name, "constant_input", n_items=n)
    left = total - sums
    usable = (left[:, :2] > _NO_SPREAD * n**2).all(1)
    safe = np.where(usable[:, None], left, 1.0)
    values = np.where(usable, safe[:, 2] / np.sqrt(safe[:, 0] * safe[:, 1]), np.nan)
    point = float(np.clip(total[2] / np.sqrt(total[0] * total[1]), -1, 1))
    if n < definition_of(name).min_n or too_few_clusters(len(sums), n):
        return estimated(name, point, n_items=n, status="insufficient", reason="n_below_min")
    interval = jackknife_interval(Replicate(point, values, np.empty(0)), level=level, shape="correlation")
    if interval is None:  # without some cluster there is no correlation, or every one leaves the same
        return estimated(name, point, n_items=n, status="insufficient", reason="constant_input")
    return estimated(name, point, ci=interval, n_items=n)


def _within(ranks: FloatArray, family: IntArray) -> FloatArray:
    """Less the mean of the family."""
    counts = np.bincount(family)
    means = np.bincount(family, weights=ranks) / np.maximum(counts, 1)
    return np.asarray(ranks - means[family])
