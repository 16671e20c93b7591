"""Coefficients between pairs of raters, each pair's and their mean, as a family for the engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from judge_calibration.agreement import coefficients as two
from judge_calibration.agreement import ranks
from judge_calibration.agreement.binary import binary_coefficients
from judge_calibration.engine.replicates import each_left_out
from judge_calibration.ratios import mean_of_defined
from judge_calibration.reliability.alpha import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.agreement.tables import PairTables
    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.replicates import Features

Kind = Literal["ordinal", "binary", "nominal"]


def coefficients(tables: FloatArray, values: FloatArray, kind: Kind) -> Mapping[str, FloatArray]:
    """Every coefficient that the kind of scale has, by name, from tables (K, K, …) to (…)."""
    joint = two.Joint(tables)
    nominal = two.disagreement(values, "unweighted")
    same = two.kappa(joint, nominal)
    found = {"agreement": two.exact_share(joint), "kappa_unweighted": same}
    if kind == "ordinal":
        return found | _ordered(joint, values)
    found |= {
        "gwet_ac2": two.gwet_ac(joint, nominal),
        "alpha_nominal": two.pair_alpha(joint, values, "nominal"),
    }
    if kind == "binary":
        found |= {"kappa_linear": same, "kappa_quadratic": same} | binary_coefficients(tables)
    return found


def _ordered(joint: two.Joint, values: FloatArray) -> dict[str, FloatArray]:
    linear, quadratic = two.disagreement(values, "linear"), two.disagreement(values, "quadratic")
    moments, pairs = two.Moments.of_table(joint, values), ranks.pair_counts(joint)
    icc_a1, icc_c1 = moments.iccs()
    return {
        "kappa_linear": two.kappa(joint, linear),
        "kappa_quadratic": two.kappa(joint, quadratic),
        "pearson": moments.pearson(),
        "spearman": ranks.spearman(joint),
        "kendall_tau_b": ranks.kendall_tau_b(pairs),
        "pairwise_accuracy": ranks.pairwise_accuracy(pairs),
        "ccc": moments.ccc(),
        "icc_a1": icc_a1,
        "icc_c1": icc_c1,
        "gwet_ac2": two.gwet_ac(joint, quadratic),
        **{f"alpha_{metric}": two.pair_alpha(joint, values, metric) for metric in METRICS},
    }


@dataclass(frozen=True, slots=True)
class PairFamily:
    """For each coefficient its mean over the pairs in which it is defined, then the pairs' own values.

    Columns: `name` for the mean of each coefficient, then `name|p` for pair p = 0..P-1.
    """

    tables: PairTables
    values: FloatArray
    kind: Kind
    pairs: int

    @property
    def features(self) -> Features:
        """Counts of the pairs' cells."""
        return self.tables.features

    @property
    def names(self) -> tuple[str, ...]:
        """Means first."""
        coefficient = coefficient_names(self.kind)
        single = (f"{name}|{pair}" for name in coefficient for pair in range(self.pairs))
        return (*coefficient, *single)

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, K²·P) to (…, m + m·P)."""
        return _with_means(self._of_pairs(sums))

    def left_out(self, total: FloatArray) -> FloatArray:
        """Values with no unit left out, and then without each (1 + units, m + m·P).

        A unit that is a single item has one cell of a pair's table or none: K² + 1 evaluations then serve any
        number of units.
        """
        size, cell = self.tables.size**2, self.tables.only
        if cell is None or len(cell) <= size:
            found = each_left_out(self, total)
            # Few units: many resamples are the data again, told by equal bits, which a place in a batch may change.
            found[0] = self.evaluate(total)
            return found
        # A cell that nobody has cannot be left out: what would be a count of -1 is never looked up.
        without = np.maximum(total.reshape(1, size, self.pairs) - np.eye(size + 1, size)[:, :, None], 0.0)
        values = self._of_pairs(without.reshape(size + 1, -1))  # (m, P, K²+1)
        place = np.concatenate([np.full((1, self.pairs), size), cell])  # the last one stands for none
        return _with_means(values[:, np.arange(self.pairs)[:, None], place.T])

    @property
    def _coefficients(self) -> tuple[str, ...]:
        return coefficient_names(self.kind)

    def _of_pairs(self, sums: FloatArray) -> FloatArray:
        """Sums (…, K²·P) to coefficients by pair (m, P, …)."""
        found = coefficients(self.tables.tables(sums), self.values, self.kind)
        return np.stack([found[name] for name in self._coefficients])


def _with_means(stacked: FloatArray) -> FloatArray:
    """Coefficients by pair (m, P, …) to their means and themselves (…, m + m·P)."""
    found = np.concatenate([mean_of_defined(stacked, 1), stacked.reshape(-1, *stacked.shape[2:])])
    return np.moveaxis(found, 0, -1)


@cache
def coefficient_names(kind: Kind) -> tuple[str, ...]:
    """The names that `coefficients` gives for a kind of scale."""
    values = np.array([0.0, 1.0])
    return tuple(coefficients(np.ones((2, 2)), values, kind))
