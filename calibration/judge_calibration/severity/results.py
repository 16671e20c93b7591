"""What the severity model tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from judge_calibration.estimates import rounded, rounded_p

if TYPE_CHECKING:
    from judge_calibration.estimates import Reason, Statistic, Status

Role = Literal["rater", "judge"]


@dataclass(frozen=True, slots=True)
class RaterSeverity:
    """One rater. Severity above zero means stricter than the physicians' mean, and fewer points given.

    `points` is the mean expected score minus that of an average physician; `infit` and `outfit` are mean
    squares with expectation one.
    """

    index: int
    role: Role
    n_ratings: int
    severity: Statistic
    points: Statistic
    infit: Statistic
    outfit: Statistic

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "index": self.index,
            "role": self.role,
            "n_ratings": self.n_ratings,
            "severity": self.severity.as_json(),
            "points": self.points.as_json(),
            "infit": self.infit.as_json(),
            "outfit": self.outfit.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Fit:
    """How the maximisation went."""

    converged: bool
    iterations: int
    nodes: int
    log_likelihood: float

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "converged": self.converged,
            "iterations": self.iterations,
            "nodes": self.nodes,
            "log_likelihood": rounded(self.log_likelihood),
        }


@dataclass(frozen=True, slots=True)
class EqualSeverity:
    """Wald test that all physicians are equally severe; `reason` says why there is none."""

    chi_square: float | None
    df: int
    p: float | None
    reason: Reason | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "chi_square": rounded(self.chi_square),
            "df": self.df,
            "p": rounded_p(self.p),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class SeverityFit:
    """The model's answer; when `status` is `undefined`, no rater has a severity.

    `thresholds` are τ_1..τ_{K-1} in logits, None next to a category that nobody gave. `n_clusters` is of items
    with ratings, which are their own where they count as independent.
    """

    status: Status
    reason: Reason | None
    raters: tuple[RaterSeverity, ...]
    judges: tuple[RaterSeverity, ...]
    item_sd: Statistic
    thresholds: tuple[float | None, ...]
    equal_severity: EqualSeverity | None
    fit: Fit | None
    n_clusters: int | None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "status": self.status,
            "reason": self.reason,
            "raters": [rater.as_json() for rater in self.raters],
            "judges": [judge.as_json() for judge in self.judges],
            "item_sd": self.item_sd.as_json(),
            "thresholds": [rounded(threshold) for threshold in self.thresholds],
            "equal_severity": self.equal_severity.as_json() if self.equal_severity else None,
            "fit": self.fit.as_json() if self.fit else None,
            "n_clusters": self.n_clusters,
            "notes": list(self.notes),
        }
