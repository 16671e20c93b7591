"""The one shape in which every statistic is told: a number with its interval, or why there is none."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypedDict

from judge_calibration.definitions import definition_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

Status = Literal["ok", "undefined", "insufficient", "suppressed"]
Reason = Literal[
    "constant_input",
    "single_category",
    "single_rater",
    "no_overlap",
    "no_ratings",
    "n_below_min",
    "too_large",
    "unstable_resamples",
    "separation",
    "not_for_this_scale",
    "not_identified",
    "not_converged",
]
Population = Literal["these_raters", "other_raters", "sampled_items"]
NO_SPREAD = "no spread: an interval would have no width"
SIGNIFICANT_DIGITS = 10  # beyond what any order of summation changes: equal input gives equal bytes


class Counts(TypedDict, total=False):
    """What a statistic rests on."""

    n_items: int | None
    n_ratings: int | None
    n_raters: int | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, with how it was made and for whom it speaks.

    `generalises_to`: `these_raters` when items were resampled and the raters are taken as they are,
    `other_raters` when raters count as a sample too. `mc_error` is the Monte-Carlo standard error of a limit,
    for methods that resample.
    """

    low: float
    high: float
    level: float
    method: str
    generalises_to: Population = "these_raters"
    mc_error: float | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data, with numbers rounded to a fixed number of digits."""
        return {
            "low": rounded(self.low),
            "high": rounded(self.high),
            "level": self.level,
            "method": self.method,
            "generalises_to": self.generalises_to,
            "mc_error": rounded(self.mc_error),
        }


@dataclass(frozen=True, slots=True)
class Statistic:
    """One figure. `estimate` is None exactly when `status` is `undefined`, and then `reason` says why.

    `insufficient` and `suppressed` keep the estimate and withhold the interval: there are too few items for
    one, or the statistic is undefined in too many resamples. `too_large` is undefined for what it would cost:
    the tables or distinct values behind it are more than memory is meant to hold.
    """

    name: str
    estimate: float | None
    ci: Interval | None = None
    n_items: int | None = None
    n_ratings: int | None = None
    n_raters: int | None = None
    status: Status = "ok"
    reason: Reason | None = None
    notes: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    def noted(self, *notes: str) -> Statistic:
        """The same with further remarks."""
        return replace(self, notes=(*self.notes, *notes))

    def as_json(self) -> dict[str, object]:
        """Plain data: label, aliases and the definition's address come from the catalogue."""
        known = definition_of(self.name)
        told: dict[str, object] = {
            "name": self.name,
            "label": known.label,
            "aliases": list(known.aliases),
            "estimate": rounded(self.estimate),
            "ci": self.ci.as_json() if self.ci else None,
            "n_items": self.n_items,
            "n_ratings": self.n_ratings,
            "n_raters": self.n_raters,
            "status": self.status,
            "reason": self.reason,
            "notes": list(self.notes),
            "definition": known.address,
        }
        return told | ({"details": dict(self.details)} if self.details else {})


def undefined(name: str, reason: Reason, *notes: str, **counts: Unpack[Counts]) -> Statistic:
    """A statistic without a value."""
    return Statistic(name, None, status="undefined", reason=reason, notes=notes, **counts)


def estimated(
    name: str,
    value: float,
    *,
    ci: Interval | None = None,
    status: Status = "ok",
    reason: Reason | None = None,
    notes: tuple[str, ...] = (),
    details: Mapping[str, object] | None = None,
    **counts: Unpack[Counts],
) -> Statistic:
    """A statistic with a value; a value that is no number is refused, for it should have been `undefined`."""
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: an undefined statistic has a reason and no value")
    return Statistic(
        name, value, ci, status=status, reason=reason, notes=notes, details=details or {}, **counts
    )


def rounded(value: float | None) -> float | None:
    """A number with ten significant digits; None stays None, and what is no number is refused."""
    if value is None:
        return None
    if not math.isfinite(value):
        raise ValueError("a figure is a finite number or null")
    return float(f"{float(value):.{SIGNIFICANT_DIGITS}g}") + 0.0  # no negative zero


def rounded_p(value: float | None) -> float | None:
    """A p-value with ten significant digits; one below the least normal float is told as that: none is 0."""
    return rounded(None if value is None else max(value, sys.float_info.min))
