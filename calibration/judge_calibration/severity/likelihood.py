"""The marginal likelihood of the many-facet rating-scale model, its gradient and its expectations.

log P(k)/P(k-1) = θ_i - s_j - τ_k, θ ~ N(0, σ²): P(k) ∝ exp(k(θ_i - s_j) - t_k) with t_k = Σ_{h≤k} τ_h
(Andrich 1978; Linacre 1989). Integrals over θ are sums over equally spaced nodes within seven standard
deviations: for a normal weight times a smooth likelihood this rule errs by rounding only, once the spacing is
below the width of the product. Gauss-Hermite nodes need several times their number for that when an item has
many ratings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.severity.patterns import Patterns

_REACH = 7.0  # standard deviations: the normal mass beyond is 3e-12


@dataclass(frozen=True, slots=True)
class Parameters:
    """Severities (R,), cumulative steps t (U,) with t₀ = 0, and the standard deviation of items."""

    severity: FloatArray
    steps: FloatArray
    sigma: float


@dataclass(frozen=True, slots=True)
class Layout:
    """How free parameters stand in one vector: physicians but the last, judges, steps but one, log sigma.

    The severities of the `physicians` (the first raters) sum to zero: the last one is minus the others' sum.
    """

    physicians: int
    judges: int
    used: int

    @property
    def size(self) -> int:
        """How many free parameters there are."""
        return self.physicians - 1 + self.judges + self.used

    @property
    def contrasts(self) -> FloatArray:
        """(R, free severities): the matrix that makes severities of free parameters."""
        made = np.zeros((self.physicians + self.judges, self.physicians - 1 + self.judges))
        made[: self.physicians - 1, : self.physicians - 1] = np.eye(self.physicians - 1)
        made[self.physicians - 1, : self.physicians - 1] = -1.0
        made[self.physicians :, self.physicians - 1 :] = np.eye(self.judges)
        return made

    def parameters(self, free: FloatArray) -> Parameters:
        """From the vector."""
        raters = self.physicians - 1 + self.judges
        steps = np.concatenate([[0.0], free[raters:-1]])
        return Parameters(self.contrasts @ free[:raters], steps, float(np.exp(free[-1])))

    def gradient(self, severity: FloatArray, steps: FloatArray, log_sigma: FloatArray) -> FloatArray:
        """By the free vector (…, size), from those by severities (…, R), steps (…, U), log sigma (…)."""
        return np.concatenate([severity @ self.contrasts, steps[..., 1:], log_sigma[..., None]], -1)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Standard normal nodes z (Q,) and the logarithms of their weights."""

    z: FloatArray
    log_weights: FloatArray

    @classmethod
    def spaced(cls, count: int) -> Nodes:
        """Equally spaced, with normal weights that sum to one."""
        z = np.linspace(-_REACH, _REACH, count)
        weights = np.exp(-(z**2) / 2)
        return cls(z, np.log(weights / weights.sum()))

    @property
    def spacing(self) -> float:
        """Distance of neighbours, in standard deviations of items."""
        return float(self.z[1] - self.z[0])


@dataclass(frozen=True, slots=True)
class Expectations:
    """At given parameters: category probabilities (R, U, Q), posteriors (G, Q), log-likelihoods (G,)."""

    theta: FloatArray  # (Q,)
    probabilities: FloatArray
    means: FloatArray  # (R, Q) expected codes
    posterior: FloatArray
    log_likelihood: FloatArray  # (G,) without what depends on single ratings


def expectations(parameters: Parameters, patterns: Patterns, nodes: Nodes) -> Expectations:
    """Evaluate the model at every pattern and node."""
    theta = parameters.sigma * nodes.z
    probabilities, log_norm = category_probabilities(theta, parameters, patterns.scores)
    joint = patterns.totals[:, None] * theta - patterns.present @ log_norm + nodes.log_weights
    top = joint.max(1, keepdims=True)
    posterior = np.exp(joint - top)
    mass = posterior.sum(1, keepdims=True)
    return Expectations(
        theta,
        probabilities,
        np.einsum("u,ruq->rq", patterns.scores, probabilities),
        posterior / mass,
        (top + np.log(mass))[:, 0],
    )


def category_probabilities(
    theta: FloatArray, parameters: Parameters, scores: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """P(k) of each rater at each θ (R, U, Q), and the logarithm of its norm (R, Q)."""
    distance = theta - parameters.severity[:, None]
    logits = scores[:, None] * distance[:, None, :] - parameters.steps[:, None]
    top = logits.max(1, keepdims=True)
    odds = np.exp(logits - top)
    norm = odds.sum(1, keepdims=True)
    return odds / norm, (top + np.log(norm))[:, 0]


def negative_log_likelihood(
    free: FloatArray, layout: Layout, patterns: Patterns, nodes: Nodes
) -> tuple[float, FloatArray]:
    """Minus the marginal log-likelihood per item, and its gradient by the free vector."""
    parameters = layout.parameters(free)
    at = expectations(parameters, patterns, nodes)
    sums, counts = patterns.rater_sums, patterns.category_counts
    weighted = patterns.weights[:, None] * at.posterior
    expected = patterns.present.T @ weighted  # (R, Q) ratings of each rater at each node
    value = patterns.weights @ at.log_likelihood - sums @ parameters.severity - counts @ parameters.steps
    by_severity = (expected * at.means).sum(1) - sums
    by_steps = np.einsum("rq,ruq->u", expected, at.probabilities) - counts
    pull = patterns.totals @ weighted - (expected * at.means).sum(0)
    slope = layout.gradient(by_severity, by_steps, np.asarray(pull @ at.theta))
    items = patterns.weights.sum()
    return -float(value) / items, -slope / items


def item_gradients(free: FloatArray, layout: Layout, patterns: Patterns, nodes: Nodes) -> FloatArray:
    """Gradient of each item's log-likelihood by the free vector (n, size)."""
    at = expectations(layout.parameters(free), patterns, nodes)
    codes, of_item = patterns.codes, patterns.of_item
    here = codes >= 0
    means = at.posterior @ at.means.T * patterns.present
    shares = np.stack(
        [((patterns.present @ one) * at.posterior).sum(1) for one in np.moveaxis(at.probabilities, 1, 0)], 1
    )
    given = np.stack([(codes == u).sum(1) for u in range(len(patterns.scores))], 1)
    pull = at.posterior * (patterns.totals[:, None] - patterns.present @ at.means) @ at.theta
    by_severity = means[of_item] - np.where(here, patterns.scores[codes], 0.0)
    return layout.gradient(by_severity, shares[of_item] - given, pull[of_item])
