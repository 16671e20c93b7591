"""Coefficients between pairs of raters, each pair's and their mean, as a family for the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from judge_calibration.agreement import coefficients as two
from judge_calibration.agreement import ranks
from judge_calibration.agreement.binary import binary_coefficients
from judge_calibration.ratios import mean_of_defined
from judge_calibration.reliability.alpha import METRICS, alpha, coincidences_of_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.agreement.tables import PairTables
    from judge_calibration.arrays import FloatArray, IntArray

Kind = Literal["ordinal", "binary", "nominal"]


def coefficients(tables: FloatArray, values: FloatArray, kind: Kind) -> Mapping[str, FloatArray]:
    """Every coefficient that the kind of scale has, by name, from tables (…, K, K) to (…)."""
    joint = two.Joint(tables)
    nominal = two.disagreement(values, "unweighted")
    same = two.kappa(joint, nominal)
    found = {"agreement": two.exact_share(joint), "kappa_unweighted": same}
    if kind == "ordinal":
        return found | _ordered(joint, values)
    both = coincidences_of_pair(tables)
    found |= {"gwet_ac2": two.gwet_ac(joint, nominal), "alpha_nominal": alpha(both, values, "nominal")}
    if kind == "binary":
        found |= {"kappa_linear": same, "kappa_quadratic": same} | binary_coefficients(tables)
    return found


def _ordered(joint: two.Joint, values: FloatArray) -> dict[str, FloatArray]:
    linear, quadratic = two.disagreement(values, "linear"), two.disagreement(values, "quadratic")
    moments, pairs = two.Moments(joint, values), ranks.pair_counts(joint)
    both = coincidences_of_pair(joint.tables)
    return {
        "kappa_linear": two.kappa(joint, linear),
        "kappa_quadratic": two.kappa(joint, quadratic),
        "pearson": moments.pearson(),
        "spearman": ranks.spearman(joint),
        "kendall_tau_b": ranks.kendall_tau_b(pairs),
        "pairwise_accuracy": ranks.pairwise_accuracy(pairs),
        "ccc": moments.ccc(),
        "icc_a1": moments.icc_a1(),
        "icc_c1": moments.icc_c1(),
        "gwet_ac2": two.gwet_ac(joint, quadratic),
        **{f"alpha_{metric}": alpha(both, values, metric) for metric in METRICS},
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
    def features(self) -> FloatArray:
        """Counts of the pairs' cells."""
        return self.tables.features  # type: ignore[return-value]  # float32: whole numbers

    @property
    def names(self) -> tuple[str, ...]:
        """Means first."""
        coefficient = coefficient_names(self.kind)
        single = (f"{name}|{pair}" for name in coefficient for pair in range(self.pairs))
        return (*coefficient, *single)

    def evaluate(self, sums: FloatArray) -> FloatArray:
        """Sums (…, P·K²) to (…, m + m·P)."""
        return _with_means(self._of_pairs(sums))

    def left_out(self, total: FloatArray) -> FloatArray:
        """Leave-one-out values (units, m + m·P); a pair's depend only on what the unit has in its table.

        Units are mostly single items, which have one cell of a table or none, so that K² + 1 evaluations
        serve any number of units.
        """
        size = self.tables.size**2
        blocks = self.features.reshape(len(self.features), self.pairs, size)
        parts = []
        for pair in range(self.pairs):
            kinds, which = _distinct(blocks[:, pair])
            table = total[pair * size : (pair + 1) * size]
            parts.append(self._of_pairs(table - kinds)[which])
        return _with_means(np.concatenate([*parts, np.empty((len(blocks), len(self._coefficients), 0))], -1))

    @property
    def _coefficients(self) -> tuple[str, ...]:
        return coefficient_names(self.kind)

    def _of_pairs(self, sums: FloatArray) -> FloatArray:
        """Sums (…, P·K²) to coefficients by pair (…, m, P)."""
        found = coefficients(self.tables.tables(sums), self.values, self.kind)
        return np.stack([found[name] for name in self._coefficients], -2)


def _with_means(stacked: FloatArray) -> FloatArray:
    return np.concatenate([mean_of_defined(stacked), stacked.reshape(*stacked.shape[:-2], -1)], -1)


def _distinct(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """The different rows there are, and which of them each row is."""
    if rows.sum(1).max(initial=0) <= 1:  # one cell or none: its number says it all
        cell = np.where(rows.any(1), rows.argmax(1), rows.shape[1])
        return np.eye(rows.shape[1] + 1, rows.shape[1]), cell
    kinds, which = np.unique(rows, axis=0, return_inverse=True)
    return kinds.astype(np.float64), which


def coefficient_names(kind: Kind) -> tuple[str, ...]:
    """The names that `coefficients` gives for a kind of scale."""
    values = np.array([0.0, 1.0])
    return tuple(coefficients(np.ones((2, 2)), values, kind))
