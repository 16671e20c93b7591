"""Does the judge treat a subgroup differently (differential item functioning, DIF)? Three looks at each.

Constant shift: the difference test, and the shift at equal quality, which is another one where the judge
compresses the scale and groups differ in quality. Slope: the judge on quality, by group. The last two take
the error of the physicians' mean off. Cumulative logit: likelihood ratios and the change in pseudo-R², for
readers used to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.dif_ordinal import OrdinalDif, ordinal_dif, with_ordinal_q_values
from judge_calibration.audits.difference import group_difference
from judge_calibration.audits.effects import Effect, FdrMethod, effect_of, no_effect, with_q_values
from judge_calibration.audits.labels import Labels
from judge_calibration.audits.regression import errors_in_variables
from judge_calibration.engine.equivalence import two_one_sided_tests, untested
from judge_calibration.errors import OptionRejected
from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_calibration.arrays import BoolArray, FloatArray, IntArray
    from judge_calibration.engine.equivalence import Equivalence

_FDR: FdrMethod = "by"  # groups share the rest they are set against


@dataclass(frozen=True, slots=True)
class DifGroup:
    """One group against the rest."""

    group: str
    n_items: int
    uniform: Effect
    at_equal_quality: Effect
    non_uniform: Effect
    ordinal: OrdinalDif
    equivalence: Equivalence | None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "group": self.group,
            "n_items": self.n_items,
            "uniform": self.uniform.as_json(),
            "at_equal_quality": self.at_equal_quality.as_json(),
            "non_uniform": self.non_uniform.as_json(),
            "ordinal": self.ordinal.as_json(),
            "equivalence": self.equivalence.as_json() if self.equivalence else None,
        }


@dataclass(frozen=True, slots=True)
class DifTable:
    """Every group; q-values come with `across_criteria`."""

    groups: tuple[DifGroup, ...]
    n_unknown: int
    reliability: float | None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "groups": [group.as_json() for group in self.groups],
            "n_unknown": self.n_unknown,
            "reliability": rounded(self.reliability),
            "fdr": _FDR,
        }


def dif_audit(
    judge: FloatArray,
    consensus: FloatArray,
    groups: Sequence[str | None],
    *,
    clusters: IntArray,
    reliability: float | None = None,
    margin: float | None = None,
    level: float = 0.95,
) -> DifTable:
    """Audit of one criterion. Each group is set against all other items of known group.

    `consensus` (n,) is the plain mean of ratings and `reliability` its, over all items: 1 - error
    variance/variance, ICC(A,k). Without it quality counts as known exactly: slopes then flatten by the same
    factor in groups of equal spread only, and the cumulative logit raises false alarms wherever groups differ
    in quality.
    `margin`, in points, asks for the equivalence test of the shift.
    """
    if reliability is not None and not 0 < reliability <= 1:
        raise OptionRejected("reliability", "is above 0 and at most 1")
    if margin is not None and not margin > 0:
        raise OptionRejected("margin", "is above 0")
    labels = Labels.of(groups)
    known = labels.known & ~np.isnan(judge) & ~np.isnan(consensus)
    setting = _Setting(judge[known], consensus[known], clusters[known], reliability, margin, level)
    found = [setting.group(name, labels.members(name)[known]) for name in labels.names]
    return DifTable(tuple(found), int((~labels.known).sum()), reliability)


def across_criteria(tables: Mapping[str, DifTable]) -> dict[str, DifTable]:
    """The same tables with q-values over all groups of all criteria, separately for each kind of test."""
    rows = [(criterion, group) for criterion, table in tables.items() for group in table.groups]
    shifts = with_q_values([group.uniform for _, group in rows], _FDR)
    equals = with_q_values([group.at_equal_quality for _, group in rows], _FDR)
    slopes = with_q_values([group.non_uniform for _, group in rows], _FDR)
    ordinals = with_ordinal_q_values([group.ordinal for _, group in rows], _FDR)
    adjusted: dict[str, list[DifGroup]] = {criterion: [] for criterion in tables}
    for (criterion, group), shift, equal, slope, ordinal in zip(
        rows, shifts, equals, slopes, ordinals, strict=True
    ):
        adjusted[criterion].append(
            replace(group, uniform=shift, at_equal_quality=equal, non_uniform=slope, ordinal=ordinal)
        )
    return {
        criterion: replace(table, groups=tuple(adjusted[criterion])) for criterion, table in tables.items()
    }


@dataclass(frozen=True, slots=True)
class _Setting:
    """Complete rows of one criterion (n,), and what is asked of them."""

    judge: FloatArray
    consensus: FloatArray
    clusters: IntArray
    reliability: float | None
    margin: float | None
    level: float

    @property
    def error_variance(self) -> float:
        """Of the consensus."""
        unreliable = 0.0 if self.reliability is None else 1 - self.reliability
        return unreliable * float(self.consensus.var()) if len(self.consensus) else 0.0

    def group(self, name: str, member: BoolArray) -> DifGroup:
        """All tests of one group."""
        shift = group_difference(
            self.judge - self.consensus, member, self.clusters, name="dif_uniform", level=self.level
        )
        margin = self.margin
        return DifGroup(
            name,
            int(member.sum()),
            shift,
            self._at_equal_quality(member),
            self._slope(member),
            ordinal_dif(self.judge, self.consensus, member, self.clusters, self.error_variance),
            None if margin is None else equivalence(shift, margin, level=self.level),
        )

    def _at_equal_quality(self, member: BoolArray) -> Effect:
        """Coefficient of the group in J on group and quality."""
        name = "dif_uniform_adjusted"
        if self.reliability is None:
            return no_effect(
                name, "not_identified", "needs the reliability of the consensus", n_items=len(member)
            )
        quality, inner = self._quality(), member.astype(np.float64)
        columns = np.column_stack([quality, inner])
        direction = np.column_stack([np.ones(len(inner)), np.zeros(len(inner))])
        return self._regressed(name, member, columns, np.ones((len(inner), 1)), direction)

    def _slope(self, member: BoolArray) -> Effect:
        """Coefficient of group × quality; J and J - y share it."""
        quality, inner = self._quality(), member.astype(np.float64)
        ones = np.ones(len(inner))
        notes = () if self.reliability is not None else ("quality counts as known exactly",)
        return self._regressed(
            "dif_non_uniform",
            member,
            np.column_stack([quality, inner * quality]),
            np.column_stack([ones, inner]),
            np.column_stack([ones, inner]),
            notes,
        )

    def _quality(self) -> FloatArray:
        return np.asarray(self.consensus - self.consensus.mean() if len(self.consensus) else self.consensus)

    def _regressed(
        self,
        name: str,
        member: BoolArray,
        interest: FloatArray,
        nuisance: FloatArray,
        direction: FloatArray,
        notes: tuple[str, ...] = (),
    ) -> Effect:
        """The second coefficient of interest, in the judge's regression with errors in quality."""
        inside, outside = int(member.sum()), int((~member).sum())
        if not inside or not outside:
            return no_effect(name, "no_ratings", n_items=inside + outside)
        found = errors_in_variables(
            self.judge,
            interest,
            nuisance,
            direction=direction,
            error_variance=self.error_variance,
            clusters=self.clusters,
        )
        least, method = min(inside, outside), "errors_in_variables_t"
        return effect_of(name, found, 1, least=least, level=self.level, method=method, notes=notes)


def equivalence(shift: Effect, margin: float, *, level: float = 0.95) -> Equivalence:
    """Two one-sided tests at 1 - level of a shift against ± margin; none where the shift has no error."""
    if shift.estimate is None or shift.se is None or shift.df is None:
        return untested(margin, shift.statistic.reason or "constant_input")
    return two_one_sided_tests(shift.estimate, shift.se, shift.df, margin, alpha=1 - level, level=level)
