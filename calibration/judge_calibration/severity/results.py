"""What the severity model tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
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
    gradient: float

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "converged": self.converged,
            "iterations": self.iterations,
            "nodes": self.nodes,
            "log_likelihood": rounded(self.log_likelihood),
        }


@dataclass(frozen=True, slots=True)
class ItemScores:
    """One value per item (n,), NaN where no physician rated it. Judges have no say in any of them.

    `theta` and `theta_error` are posterior mean and standard deviation in logits. `fair` is the posterior
    mean of an average physician's expected score, and `fair_error` its standard deviation: the best guess for
    one item, and therefore drawn towards the mean of all items. `adjusted` is the mean rating without what
    its raters' severities add: not drawn in, so comparisons of groups of items take this one.
    """

    theta: FloatArray
    theta_error: FloatArray
    fair: FloatArray
    fair_error: FloatArray
    adjusted: FloatArray


@dataclass(frozen=True, slots=True)
class EqualSeverity:
    """Wald test that all physicians are equally severe."""

    chi_square: float
    df: int
    p: float

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {"chi_square": rounded(self.chi_square), "df": self.df, "p": rounded(self.p)}


@dataclass(frozen=True, slots=True)
class SeverityFit:
    """The model's answer; when `status` is `undefined`, no rater has a severity and items have no scores.

    `thresholds` are τ_1..τ_{K-1} in logits, None next to a category that nobody gave.
    """

    status: Status
    reason: Reason | None
    raters: tuple[RaterSeverity, ...]
    judges: tuple[RaterSeverity, ...]
    item_sd: Statistic
    thresholds: tuple[float | None, ...]
    equal_severity: EqualSeverity | None
    fit: Fit | None
    items: ItemScores
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Plain data without the items' scores, which `items` holds as arrays."""
        return {
            "status": self.status,
            "reason": self.reason,
            "raters": [rater.as_json() for rater in self.raters],
            "judges": [judge.as_json() for judge in self.judges],
            "item_sd": self.item_sd.as_json(),
            "thresholds": [rounded(threshold) for threshold in self.thresholds],
            "equal_severity": self.equal_severity.as_json() if self.equal_severity else None,
            "fit": self.fit.as_json() if self.fit else None,
            "notes": list(self.notes),
        }
