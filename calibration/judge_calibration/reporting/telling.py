"""Turns replicates into statistics: which interval, from how many items, and why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from judge_calibration.agreement.consensus import SHARES
from judge_calibration.definitions import definition_of
from judge_calibration.engine.intervals import default_interval, share_interval
from judge_calibration.engine.units import MIN_CLUSTERS, too_few_clusters
from judge_calibration.estimates import Counts, Reason, Statistic, estimated, undefined
from judge_calibration.ratios import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from judge_calibration.engine.intervals import Shape
    from judge_calibration.engine.replicates import Replicate

Told = dict[str, Statistic]

_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(("bias", "loa_low", "loa_high", "proportional_bias"), "mean"),
    **dict.fromkeys(("mae", "loo_mae"), "positive"),
    **dict.fromkeys(("rmse", "loo_rmse"), "root"),
    **dict.fromkeys(
        (
            *("agreement", "pairwise_accuracy", "f1_met", "f1_unmet", "balanced_f1"),
            *("sensitivity", "specificity", "alt_test_rho"),
        ),
        "share",
    ),
}
# Agreement beyond chance, whose chance comes from the items: of a single one there is none to be beyond.
BEYOND_CHANCE = frozenset(
    (
        *("kappa_unweighted", "kappa_linear", "kappa_quadratic", "ccc", "gwet_ac1", "gwet_ac2", "mcc"),
        *("alpha_nominal", "alpha_ordinal", "alpha_interval"),
    )
)
_NEEDS_SPREAD = frozenset({"pearson", "spearman", "kendall_tau_b", "loo_pearson", "mcc", "proportional_bias"})


@dataclass(frozen=True, slots=True)
class Sample:
    """What a statistic was computed from. `n_units`: clusters that hold the items; None where each is its own."""

    n_items: int
    n_ratings: int
    n_raters: int
    n_units: int | None = None

    @property
    def units(self) -> int:
        """Units that carry data: an interval has the degrees of freedom of these and not of the items."""
        return self.n_items if self.n_units is None else self.n_units

    @property
    def counts(self) -> Counts:
        """As keywords of a statistic."""
        return {"n_items": self.n_items, "n_ratings": self.n_ratings, "n_raters": self.n_raters}


@dataclass(frozen=True, slots=True)
class Teller:
    """Knows the level of intervals and whether units are clusters."""

    level: float
    clustered: bool

    def tell(
        self, name: str, replicate: Replicate, sample: Sample, *, why: Reason | None = None
    ) -> Statistic:
        """One statistic. `why` is the reason if it turns out to be undefined; default: from the sample."""
        if sample.n_items == 1 and name in BEYOND_CHANCE:
            return undefined(name, "n_below_min", **sample.counts)
        if not math.isfinite(replicate.point):
            return undefined(name, why or why_undefined(name, sample), **sample.counts)
        if short := _insufficient(name, replicate.point, sample):
            return short
        if name not in SHARES:
            return self._with_interval(name, replicate, sample, _SHAPES.get(name, "correlation"))
        ci = share_interval(
            replicate, sample.n_items, level=self.level, clustered=self.clustered, units=sample.units
        )
        return estimated(name, replicate.point, ci=ci, **sample.counts)

    def alone(
        self,
        name: str,
        value: float,
        sample: Sample,
        *,
        details: Mapping[str, object],
        notes: tuple[str, ...],
    ) -> Statistic:
        """A statistic that has no interval on any number of items, and `notes` say why; on few it is insufficient."""
        told = _insufficient(name, value, sample) or estimated(name, value, **sample.counts)
        return replace(told, details=details).noted(*notes)

    def difference(self, name: str, replicate: Replicate, sample: Sample) -> Statistic:
        """A difference of two statistics of this name on the same resamples: its scale is the plain one."""
        if not math.isfinite(replicate.point):
            return undefined(name, why_undefined(name, sample), **sample.counts)
        if short := _insufficient(name, replicate.point, sample):
            return short
        return self._with_interval(name, replicate, sample, "mean")

    def _with_interval(self, name: str, replicate: Replicate, sample: Sample, shape: Shape) -> Statistic:
        ci, notes, unstable = default_interval(replicate, level=self.level, shape=shape, units=sample.units)
        # On a scale of its own nothing is this small; in points it may be.
        nothing = shape in {"correlation", "share"} and abs(replicate.point) < NOTHING
        return estimated(
            name,
            0.0 if nothing else replicate.point,
            ci=ci,
            status="suppressed" if unstable else "ok",
            reason="unstable_resamples" if unstable else None,
            notes=notes,
            **sample.counts,
        )


def _insufficient(name: str, value: float, sample: Sample) -> Statistic | None:
    """The estimate alone, where there are too few items, or clusters of them, for an interval."""
    few = too_few_clusters(sample.units, sample.n_items)
    if not few and sample.n_items >= definition_of(name).min_n:
        return None
    notes = (f"an interval takes {MIN_CLUSTERS} clusters; here are {sample.units}",) if few else ()
    return estimated(name, value, status="insufficient", reason="n_below_min", notes=notes, **sample.counts)


def why_undefined(name: str, sample: Sample) -> Reason:
    """The reason that the sample itself gives, most telling first."""
    if sample.n_raters == 0 or sample.n_items == 0:
        return "no_overlap"
    if sample.n_items == 1 and name not in {"agreement", "exact"}:
        return "n_below_min"
    return "constant_input" if name in _NEEDS_SPREAD else "single_category"


def all_undefined(names: Iterable[str], reason: Reason, sample: Sample) -> Told:
    """Statistics that this scale or these raters do not have."""
    return {name: undefined(name, reason, **sample.counts) for name in names}


def plain(told: Mapping[str, Statistic]) -> dict[str, object]:
    """As plain data."""
    return {name: statistic.as_json() for name, statistic in told.items()}
