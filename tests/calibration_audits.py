"""Simulated studies with planted unfairness, or none, and slow references for the audits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class TwoGroups:
    """Items of two groups: judge (n,), physicians' mean (n,), and who is in the first group."""

    judge: FloatArray
    consensus: FloatArray
    member: BoolArray

    @property
    def labels(self) -> list[str | None]:
        """Names of the groups."""
        return ["first" if inside else "second" for inside in self.member]

    @property
    def reliability(self) -> float:
        """Of the mean of two raters with error SD 0.8."""
        return 1 - 0.32 / float(self.consensus.var())


def two_groups(
    seed: int,
    *,
    n: int = 200,
    gap: float = 0.8,
    shift: float = 0.0,
    slope: float = 1.0,
    slope_change: float = 0.0,
) -> TwoGroups:
    """Groups that differ in true quality by `gap`; two physicians with error SD 0.8; a judge with SD 0.6.

    The judge adds `shift` in the first group, and compresses quality by `slope` (plus `slope_change` there).
    """
    generator = np.random.default_rng(seed)
    member = np.arange(n) % 5 < 2
    quality = generator.normal(3, 0.8, n) - gap * member
    consensus = (quality[:, None] + generator.normal(0, 0.8, (n, 2))).mean(1)
    judge = 3 + (slope + slope_change * member) * (quality - 3) + shift * member + generator.normal(0, 0.6, n)
    return TwoGroups(judge, consensus, member)


def naive_cr2(
    outcome: FloatArray, design: FloatArray, clusters: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, CR2 covariance and Satterthwaite degrees of freedom, with n by n matrices."""
    inverse = np.linalg.inv(design.T @ design)
    found = inverse @ design.T @ outcome
    residuals = outcome - design @ found
    left = np.eye(len(outcome)) - design @ inverse @ design.T
    middle = np.zeros_like(inverse)
    parts: list[FloatArray] = []
    for cluster in np.unique(clusters):
        rows = clusters == cluster
        values, vectors = np.linalg.eigh(left[np.ix_(rows, rows)])
        root = np.where(values > 1e-9, 1 / np.sqrt(np.maximum(values, 1e-9)), 0.0)
        adjust = vectors @ np.diag(root) @ vectors.T
        score = design[rows].T @ adjust @ residuals[rows]
        middle += np.outer(score, score)
        parts.append(left[:, rows] @ adjust @ design[rows] @ inverse)
    freedom = []
    for k in range(design.shape[1]):
        columns = np.stack([part[:, k] for part in parts], 1)
        gram = columns.T @ columns
        freedom.append(np.trace(gram) ** 2 / np.sum(gram**2))
    return found, inverse @ middle @ inverse, np.array(freedom)
