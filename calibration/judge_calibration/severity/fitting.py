"""Maximises the marginal likelihood, and tells how sure the parameters are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from judge_calibration.severity.likelihood import (
    Expectations,
    Layout,
    Nodes,
    Parameters,
    expectations,
    item_gradients,
    negative_log_likelihood,
)

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.severity.patterns import Patterns

# Logits per standard deviation of the codes. A severity or sigma at its upper bound has no finite estimate.
_FARTHEST = 40.0
_SIGMA_BOUNDS = (1e-3, 15.0)
_FLAT_SIGMA = 0.1  # below it the likelihood does not tell sigma from zero
_EDGE = 1e-6  # this close to a bound is at it
_SINGULAR = 1e-8
_STEP = 1e-4  # of the central differences of the gradient
_SLOPE = 1e-5  # of the log-likelihood per item: at the maximum to within what matters
_MOST_NODES = 801
_COARSE = 0.7  # posterior standard deviations per spacing, below which the sum over nodes errs visibly


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the likelihood is greatest. `covariance` is of the free vector; zero rows are held fixed."""

    free: FloatArray
    layout: Layout
    nodes: Nodes
    covariance: FloatArray | None
    log_likelihood: float
    iterations: int
    slope: float
    at_bound: bool

    @property
    def converged(self) -> bool:
        """Whether the gradient vanishes."""
        return self.slope < _SLOPE

    @property
    def parameters(self) -> Parameters:
        """In the model's terms."""
        return self.layout.parameters(self.free)

    @property
    def spread_is_flat(self) -> bool:
        """Whether sigma is too near zero to have an error of its own."""
        return self.parameters.sigma < _FLAT_SIGMA


def maximise(patterns: Patterns, layout: Layout, *, nodes: int, clusters: IntArray | None) -> Maximum:
    """Fit by L-BFGS-B, then one Newton step, so that the answer does not depend on where the search stopped.

    Errors come from the observed information; given clusters, from the sandwich of cluster sums of gradients.
    """
    free, grid, iterations = _search(patterns, layout, nodes)
    _, slope = negative_log_likelihood(free, layout, patterns, grid)
    lowest, highest = np.array(_bounds(layout)).T
    at_bound = (highest - free < _EDGE) | (free - lowest < _EDGE)
    flat = bool(at_bound[-1] and free[-1] < 0)  # sigma has gone to zero, which is an answer
    steep = np.max(np.abs(slope[:-1] if flat else slope))
    stuck = bool(at_bound[:-1].any() or (at_bound[-1] and not flat))
    covariance = None
    if not stuck:
        inverse = _inverse_information(free, layout, patterns, grid)
        if inverse is not None:
            free = free - inverse @ slope * patterns.weights.sum()
            covariance = (
                inverse
                if clusters is None
                else _sandwich(inverse, item_gradients(free, layout, patterns, grid), patterns, clusters)
            )
    value, _ = negative_log_likelihood(free, layout, patterns, grid)
    return Maximum(
        free=free,
        layout=layout,
        nodes=grid,
        covariance=covariance,
        log_likelihood=float(-value * patterns.weights.sum()),
        iterations=iterations,
        slope=float(steep),
        at_bound=stuck,
    )


def _search(patterns: Patterns, layout: Layout, nodes: int) -> tuple[FloatArray, Nodes, int]:
    """Climb with the analytic gradient, on finer nodes until they resolve every item's posterior."""
    free, grid, iterations = _start(patterns, layout), Nodes.spaced(nodes), 0
    while True:
        found = optimize.minimize(
            negative_log_likelihood,
            free,
            args=(layout, patterns, grid),
            jac=True,
            method="L-BFGS-B",
            bounds=_bounds(layout),
            options={"maxiter": 1000, "maxfun": 5000, "ftol": 1e-14, "gtol": 1e-7, "maxcor": 20},
        )
        free, iterations = np.asarray(found.x, np.float64), iterations + int(found.nit)
        at = expectations(layout.parameters(free), patterns, grid)
        if len(grid.z) >= _MOST_NODES or not _is_coarse(at, patterns, grid):
            return free, grid, iterations
        grid = Nodes.spaced(2 * len(grid.z) - 1)


def _start(patterns: Patterns, layout: Layout) -> FloatArray:
    """Equal severities, steps from the shares of categories, sigma one."""
    steps = np.log(patterns.category_counts[0] / patterns.category_counts[1:])
    return np.concatenate([np.zeros(layout.physicians - 1 + layout.judges), steps, [0.0]])


def _bounds(layout: Layout) -> list[tuple[float, float]]:
    severities = [(-_FARTHEST, _FARTHEST)] * (layout.size - layout.used)
    steps = [(-np.inf, np.inf)] * (layout.used - 1)
    return [*severities, *steps, (float(np.log(_SIGMA_BOUNDS[0])), float(np.log(_SIGMA_BOUNDS[1])))]


def _is_coarse(at: Expectations, patterns: Patterns, nodes: Nodes) -> bool:
    """Whether some rated item's posterior is narrower than the nodes can resolve."""
    rated = patterns.present.any(1)
    mean = at.posterior @ nodes.z
    spread = np.sqrt(np.maximum(at.posterior @ nodes.z**2 - mean**2, 0.0))
    return bool(np.min(spread[rated], initial=1.0) < _COARSE * nodes.spacing)


def _information(free: FloatArray, layout: Layout, patterns: Patterns, nodes: Nodes) -> FloatArray:
    """Observed information of all items: central differences of the analytic gradient, made symmetric."""
    columns = []
    for direction in np.eye(layout.size) * _STEP:
        _, above = negative_log_likelihood(free + direction, layout, patterns, nodes)
        _, below = negative_log_likelihood(free - direction, layout, patterns, nodes)
        columns.append((above - below) / (2 * _STEP))
    hessian = np.column_stack(columns) * patterns.weights.sum()
    symmetric: FloatArray = (hessian + hessian.T) / 2
    return symmetric


def _inverse_information(
    free: FloatArray, layout: Layout, patterns: Patterns, nodes: Nodes
) -> FloatArray | None:
    """Zero for sigma where the likelihood is flat in it; None where the rest is not positive definite."""
    moving = layout.size - int(np.exp(free[-1]) < _FLAT_SIGMA)
    information = _information(free, layout, patterns, nodes)[:moving, :moving]
    if np.min(np.linalg.eigvalsh(information)) <= _SINGULAR * np.max(np.diagonal(information)):
        return None
    inverse = np.zeros((layout.size, layout.size))
    inverse[:moving, :moving] = np.linalg.inv(information)
    return inverse


def _sandwich(
    inverse: FloatArray, gradients: FloatArray, patterns: Patterns, clusters: IntArray
) -> FloatArray:
    """Of the sums of gradients within clusters, at least two of which have ratings (Liang and Zeger 1986)."""
    rated = (patterns.codes >= 0).any(1)
    _, units = np.unique(clusters[rated], return_inverse=True)
    size = int(units.max()) + 1
    sums = np.zeros((size, gradients.shape[1]))
    np.add.at(sums, units, gradients[rated])
    middle: FloatArray = inverse @ (sums.T @ sums) @ inverse * size / (size - 1)
    return middle
