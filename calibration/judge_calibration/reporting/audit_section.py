"""Biases of one judge, criterion by criterion: length, families, subgroups, repeats, changed prompts.

Against the physicians' mean, whatever consensus the report has: of a mean the error is known, by ICC(A,k).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.counterfactual import paired_runs, repeatability
from judge_calibration.audits.dif import across_criteria, dif_audit
from judge_calibration.audits.family import family_audit
from judge_calibration.audits.verbosity import verbosity
from judge_calibration.reliability.icc import IccFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.audits.dif import DifTable
    from judge_calibration.reporting.context import Context, View

TOKENS = "answer_tokens"
FAMILY = "model_family"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an audit looks at.

    tokens: name of the covariate with an answer's length. family: subgroup variable with its model's family.
    own: judge to family. margin: for equivalence of subgroups, in points. changed: name under which the study
    holds the same judge with another order, format or wording; threshold: from it on a score is a yes.
    """

    tokens: str = TOKENS
    family: str = FAMILY
    own: Mapping[str, object] = field(default_factory=dict)
    margin: float | None = None
    changed: str | None = None
    threshold: float | None = None


def audited_criteria(context: Context, judge: str) -> list[str]:
    """Numeric criteria that the judge scored."""
    tables = context.study.tables
    return [
        name for name in context.criteria if tables[name].scale.is_numeric and judge in tables[name].judges
    ]


def audit_section(context: Context, judge: str, asked: Asked) -> dict[str, dict[str, object]]:
    """By criterion; subgroups are corrected for all of them together."""
    tables: dict[str, dict[str, DifTable]] = {}
    told: dict[str, dict[str, object]] = {}
    for criterion in audited_criteria(context, judge):
        auditor = _Auditor(context, criterion, judge)
        told[criterion] = {
            "length": auditor.length(asked.tokens, asked.family),
            "family": auditor.family(asked.family, asked.own),
            "repeats": auditor.repeats(),
            "changed": auditor.changed(asked.changed, asked.threshold),
        }
        for variable, table in auditor.subgroups(asked.margin).items():
            tables.setdefault(variable, {})[criterion] = table
    groups: dict[str, dict[str, object]] = {criterion: {} for criterion in told}
    for variable, by_criterion in tables.items():
        for criterion, table in across_criteria(by_criterion).items():
            groups[criterion][variable] = table.as_json()
    return {criterion: found | {"subgroups": groups[criterion]} for criterion, found in told.items()}


class _Auditor:
    """One judge on one criterion."""

    def __init__(self, context: Context, criterion: str, judge: str) -> None:
        self._context = context
        self._criterion = criterion
        self._judge = judge
        self._mean = context.study.tables[criterion].consensus("mean")[context.order]
        self._scores = context.judged(criterion, judge)
        self._reliability = reliability_of(context.view(criterion))
        self._level = context.options.level

    def length(self, tokens: str, family: str) -> dict[str, object] | None:
        """Effect of an answer's length within model families; None when the study has no such covariate."""
        study, order = self._context.study, self._context.order
        if tokens not in study.covariates:
            return None
        labels = study.subgroups.get(family)
        return verbosity(
            self._scores,
            self._mean,
            study.covariates[tokens][order],
            clusters=self._context.units.of_item,
            families=None if labels is None else [labels[at] for at in order],
            reliability=self._reliability,
            level=self._level,
        ).as_json()

    def family(self, variable: str, own: Mapping[str, object]) -> dict[str, object] | None:
        """Preference of every judge for the families of models, its own among them."""
        study, context = self._context.study, self._context
        if variable not in study.subgroups:
            return None
        names = study.tables[self._criterion].judges
        families = [study.subgroups[variable][at] for at in context.order]
        mine = [str(own[name]) if own.get(name) is not None else None for name in names]
        scores = np.column_stack([context.judged(self._criterion, name) for name in names])
        told = family_audit(
            scores, self._mean, families, mine, clusters=context.units.of_item, level=self._level
        ).as_json()
        return {"judges_in_order": list(names), **told}

    def repeats(self) -> dict[str, object] | None:
        """The judge's own spread over repeated calls; None when it was asked once."""
        table = self._context.study.tables[self._criterion]
        if self._judge not in table.repeats:
            return None
        runs = table.repeats[self._judge][self._context.order]
        return repeatability(runs, clusters=self._context.units.of_item, level=self._level).as_json()

    def changed(self, name: str | None, threshold: float | None) -> dict[str, object] | None:
        """The judge against itself on changed prompts; None where there is no such run.

        Where the threshold is beyond the scale, all pass or none, and no decision is told.
        """
        if name is None or name not in self._context.study.tables[self._criterion].judges:
            return None
        scale = self._context.study.tables[self._criterion].scale
        return paired_runs(
            self._scores,
            self._context.judged(self._criterion, name),
            clusters=self._context.units.of_item,
            threshold=threshold if threshold is not None and scale.spans(threshold) else None,
            level=self._level,
            seed=self._context.options.seed,
        ).as_json()

    def subgroups(self, margin: float | None) -> dict[str, DifTable]:
        """Differences between subgroups, by variable."""
        return {
            variable: dif_audit(
                self._scores,
                self._mean,
                labels,
                clusters=self._context.units.of_item,
                reliability=self._reliability,
                margin=margin,
                level=self._level,
            )
            for variable, labels in self._context.subgroups.items()
        }


def reliability_of(view: View) -> float | None:
    """ICC(A,k) of the physicians' mean, or None where it is undefined or not a share."""
    if len(view.raters) < 2 or not view.scale.is_numeric:  # noqa: PLR2004  others are needed
        return None
    family = IccFamily.of(view.ratings, view.units)
    values: FloatArray = family.evaluate(family.features.sum(axis=0))
    found = float(values[family.names.index("icc_ak")])
    return found if 0 < found <= 1 else None
