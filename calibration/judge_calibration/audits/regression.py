"""Least squares whose errors allow for items of one cluster depending on each other.

Ordinary least squares: CR2 covariance with Satterthwaite degrees of freedom per coefficient (Bell and
McCaffrey 2002; Pustejovsky and Tipton 2018). With a cluster for each item it is HC2, and the difference of
two groups has Welch's standard error. Errors in variables: Fuller 1987, with a sandwich over clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.engine.units import too_few_clusters

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray

_COLLINEAR = 1e-8  # share of a column's length that the other columns do not explain
_ABSORBED = 1e-9  # leverage this close to one: the cluster's own residuals are zero
_LEAST_RELIABLE = 0.1  # share of a predictor's own variance that must be left when its error is taken off


@dataclass(frozen=True, slots=True)
class Regression:
    """Coefficients of interest (q,), their covariance (q, q) and degrees of freedom (q,).

    The covariance is None with fewer than two clusters; of errors in variables with fewer than ten, where
    nothing corrects it for their number.
    """

    coefficients: FloatArray
    covariance: FloatArray | None
    freedom: FloatArray
    rows: int
    clusters: int


def cluster_robust(
    outcome: FloatArray, interest: FloatArray, nuisance: FloatArray, clusters: IntArray
) -> Regression | None:
    """Regress `outcome` (n,) on `interest` (n, q), given `nuisance` (n, m); None if `interest` is redundant.

    `nuisance` may be redundant (indicators of all families and a constant).
    """
    count = interest.shape[1]
    if len(outcome) < count:
        return None
    orthonormal, upper = np.linalg.qr(np.column_stack([_basis(nuisance), interest]))
    lengths = np.linalg.norm(interest, axis=0)
    if len(upper) < upper.shape[1] or np.any(
        np.abs(np.diagonal(upper))[-count:] <= _COLLINEAR * np.maximum(lengths, _COLLINEAR)
    ):
        return None
    projected = orthonormal.T @ outcome
    back = np.linalg.inv(upper)[-count:]
    units, members = _units(clusters)
    blocks = _blocks(orthonormal, outcome - orthonormal @ projected, units, members)
    scores = np.concatenate([block.adjusted() for block in blocks])
    freedom = np.array([_satterthwaite(row, blocks) for row in back])
    covariance = back @ (scores.T @ scores) @ back.T if len(members) > 1 else None
    return Regression(back @ projected, covariance, freedom, len(outcome), len(members))


def _basis(columns: FloatArray) -> FloatArray:
    """Orthonormal columns that span the same space (n, rank)."""
    if columns.shape[1] == 0:
        return columns
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, size > _COLLINEAR * max(float(size.max(initial=0.0)), _COLLINEAR)])


def _units(clusters: IntArray) -> tuple[IntArray, IntArray]:
    """Clusters numbered from zero, and how many rows each has."""
    _, units, members = np.unique(clusters, return_inverse=True, return_counts=True)
    return units.astype(np.int64), members.astype(np.int64)


def _sums(rows: FloatArray, units: IntArray, size: int) -> FloatArray:
    summed = np.zeros((size, *rows.shape[1:]))
    np.add.at(summed, units, rows)
    return summed


@dataclass(frozen=True, slots=True)
class _Block:
    """Clusters with eigenvalues (g, k) and eigenvectors (g, p, k) of X_g'X_g, and their sums of scores."""

    leverage: FloatArray
    vectors: FloatArray
    sums: FloatArray  # (g, p)

    @property
    def inverse(self) -> FloatArray:
        """1/(1-λ); zero where a cluster is fitted exactly, for nothing is left of it."""
        rest = 1 - self.leverage
        return np.where(rest > _ABSORBED, 1 / np.maximum(rest, _ABSORBED), 0.0)

    def adjusted(self) -> FloatArray:
        """(I - X_g'X_g)^(-1/2) on the sums of scores (g, p).

        With orthonormal columns this is CR2's (I - H_gg)^(-1/2), p by p whatever the cluster's size.
        """
        own = np.einsum("gpk,gp->gk", self.vectors, self.sums)
        return np.asarray(np.einsum("gpk,gk->gp", self.vectors, own * np.sqrt(self.inverse)))

    def weights(self, row: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The variance of a contrast as a quadratic form: each cluster's own part (g,), X_g'u_g (g, p)."""
        turned = np.einsum("gpk,p->gk", self.vectors, row)
        own = (turned**2 * self.leverage * self.inverse).sum(1)
        shared = np.einsum("gpk,gk->gp", self.vectors, turned * self.leverage * np.sqrt(self.inverse))
        return own, np.asarray(shared)


def _blocks(design: FloatArray, residuals: FloatArray, units: IntArray, members: IntArray) -> list[_Block]:
    """Clusters of one row, where all is known in closed form, and the others."""
    alone = (members == 1)[units]
    x = design[alone]
    leverage = (x**2).sum(1)
    vectors = x / np.sqrt(np.maximum(leverage, 1e-300))[:, None]
    blocks = [_Block(leverage[:, None], vectors[:, :, None], x * residuals[alone, None])]
    if alone.all():
        return blocks
    x, size = design[~alone], int((members > 1).sum())
    _, place = np.unique(units[~alone], return_inverse=True)
    grams = np.stack([_sums(x * x[:, k : k + 1], place, size) for k in range(x.shape[1])], 1)
    values, turns = np.linalg.eigh(grams)
    return [*blocks, _Block(values, turns, _sums(x * residuals[~alone, None], place, size))]


def _satterthwaite(row: FloatArray, blocks: list[_Block]) -> float:
    """(tr Ω)²/tr Ω² of the quadratic form that the variance estimate is, under equal independent errors."""
    parts = [block.weights(row) for block in blocks]
    own = np.concatenate([part[0] for part in parts])
    shared = np.concatenate([part[1] for part in parts])
    overlap = (shared**2).sum(1)
    first = float((own - overlap).sum())
    second = float((own**2 - 2 * own * overlap).sum() + ((shared.T @ shared) ** 2).sum())
    return max(first**2 / second, 1.0) if second > 0 else 1.0


def errors_in_variables(
    outcome: FloatArray,
    interest: FloatArray,
    nuisance: FloatArray,
    *,
    direction: FloatArray,
    error_variance: float,
    clusters: IntArray,
) -> Regression | None:
    """As `cluster_robust`, when the columns of `interest` carry a known error.

    A row of `interest` moves by `direction` (n, q) times an error of the given variance, independent of the
    outcome's. β solves (X'X - s²W'W)β = X'y; None when too little of the columns is left without their error.
    Degrees of freedom: clusters - 1.
    """
    base = _basis(nuisance)
    design = np.column_stack([base, interest])
    moved = np.column_stack([np.zeros(base.shape), direction])
    plain = design.T @ design
    moments = plain - error_variance * moved.T @ moved
    units, members = _units(clusters)
    if not _is_sound(plain, moments) or len(outcome) <= design.shape[1]:
        return None
    inverse = np.linalg.inv(moments)
    found = inverse @ (design.T @ outcome)
    single = design * (outcome - design @ found)[:, None] + error_variance * moved * (moved @ found)[:, None]
    sums = _sums(single, units, len(members))
    count, size = interest.shape[1], len(members)
    covariance = None
    if not too_few_clusters(size, len(outcome)):
        covariance = (inverse @ (sums.T @ sums) @ inverse)[-count:, -count:] * size / (size - 1)
    return Regression(found[-count:], covariance, np.full(count, float(size - 1)), len(outcome), size)


def _is_sound(plain: FloatArray, moments: FloatArray) -> bool:
    """Whether each column keeps variance of its own, also when the error is taken off."""
    scale = np.sqrt(np.maximum(np.diagonal(plain), 1e-300))
    if np.min(np.linalg.eigvalsh(plain / np.outer(scale, scale))) < _COLLINEAR:
        return False
    if np.min(np.linalg.eigvalsh(moments / np.outer(scale, scale))) < _COLLINEAR:
        return False
    own, left = 1 / np.diagonal(np.linalg.inv(plain)), 1 / np.diagonal(np.linalg.inv(moments))
    return bool(np.all(left >= _LEAST_RELIABLE * own))
