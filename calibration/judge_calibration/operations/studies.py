"""Operations that look at a study as it is: the report, the alternative annotator test, comparison, audits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.counterfactual import paired_runs, repeatability
from judge_calibration.audits.dif import across_criteria, dif_audit
from judge_calibration.audits.family import family_audit
from judge_calibration.audits.verbosity import verbosity
from judge_calibration.comparison.judges import compare
from judge_calibration.errors import OptionRejected
from judge_calibration.operations.arguments import Arguments
from judge_calibration.reliability.icc import IccFamily
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.document import report
from judge_calibration.reporting.judge_section import judge_section
from judge_calibration.reporting.options import Options
from judge_calibration.reporting.rater_section import rater_section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.audits.dif import DifTable
    from judge_calibration.reporting.context import View
    from judge_calibration.study import Study

TOKENS = "answer_tokens"
FAMILY = "model_family"


def report_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """The report. Takes `options`."""
    with Arguments(given) as arguments:
        options = arguments.mapping("options")
    return report(study, options)


def alt_test_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """The alternative annotator test of every judge. Takes epsilon, q, test, criteria, judges, resamples, seed."""
    options = Options.of({_RENAMED.get(name, name): value for name, value in given.items()})
    context = Context.of(study, options)
    told: dict[str, object] = {}
    for criterion in context.criteria:
        view = context.view(criterion)
        raters = rater_section(context, view)
        judges = context.judges_of(criterion)
        sections = {judge: judge_section(context, criterion, judge, view, raters) for judge in judges}
        told[criterion] = {judge: _test_of(section.document) for judge, section in sections.items()}
    return {"study": study.digest, "options": options.as_json(), "criteria": told}


_RENAMED = {"test": "alt_test"}


def _test_of(document: Mapping[str, object]) -> dict[str, object]:
    statistics, per_rater = document["statistics"], document["per_rater"]
    if not isinstance(statistics, dict) or not isinstance(per_rater, list):
        raise TypeError("a judge's section has statistics and rows of raters")
    return {
        "omega": statistics["alt_test_omega"],
        "rho": statistics["alt_test_rho"],
        "test": document["alt_test"],
        "per_rater": [{"rater": row["rater"], **row["alt_test"]} for row in per_rater],
    }


def compare_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """Two judges on the same items. Takes judge_a, judge_b, options."""
    with Arguments(given) as arguments:
        first, second = arguments.text("judge_a"), arguments.text("judge_b")
        options = arguments.mapping("options")
    return compare(study, first, second, options)


def audit_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """Biases of one judge on every numeric criterion: length, family, subgroups, repeats, changed prompts.

    Takes judge, tokens (name of a covariate), family (name of a subgroup variable), own_families (judge →
    family), margin (for equivalence of subgroups, in points), changed (name under which the study holds the
    same judge with another order, format or wording) and threshold (from it on a score is a yes), options.
    """
    with Arguments(given) as arguments:
        judge = arguments.text("judge")
        tokens = arguments.text("tokens", default=TOKENS)
        family = arguments.text("family", default=FAMILY)
        own = arguments.mapping("own_families")
        margin = arguments.number_or_none("margin", least=0)
        changed, threshold = arguments.text_or_none("changed"), arguments.number_or_none("threshold")
        options = Options.of(arguments.mapping("options"))
    context = Context.of(study, options)
    numeric = [name for name in context.criteria if study.tables[name].scale.is_numeric]
    criteria = [name for name in numeric if judge in study.tables[name].judges]
    if not criteria:
        raise OptionRejected("judge", f"{judge[:60]!r} scored no numeric criterion of the study")
    if changed is not None and not any(changed in study.tables[name].judges for name in criteria):
        raise OptionRejected(
            "changed", f"{changed[:60]!r} scored none of the criteria that {judge[:60]!r} did"
        )
    tables: dict[str, dict[str, DifTable]] = {}
    told: dict[str, dict[str, object]] = {}
    for criterion in criteria:
        auditor = _Auditor(context, criterion, judge)
        told[criterion] = {
            "length": auditor.length(tokens, family),
            "family": auditor.family(family, own),
            "repeats": auditor.repeats(),
            "changed": auditor.changed(changed, threshold),
        }
        for variable, table in auditor.subgroups(margin).items():
            tables.setdefault(variable, {})[criterion] = table
    for variable, by_criterion in tables.items():
        for criterion, table in across_criteria(by_criterion).items():
            subgroups = told[criterion].setdefault("subgroups", {})
            if isinstance(subgroups, dict):
                subgroups[variable] = table.as_json()
    return {"study": study.digest, "judge": judge, "options": options.as_json(), "criteria": told}


class _Auditor:
    """One judge on one criterion."""

    def __init__(self, context: Context, criterion: str, judge: str) -> None:
        self._context = context
        self._criterion = criterion
        self._judge = judge
        self._view = context.view(criterion)
        self._scores = context.judged(criterion, judge)
        self._reliability = reliability_of(self._view)
        self._level = context.options.level

    def length(self, tokens: str, family: str) -> dict[str, object] | None:
        """Effect of an answer's length within model families; None when the study has no such covariate."""
        study, order = self._context.study, self._context.order
        if tokens not in study.covariates:
            return None
        labels = study.subgroups.get(family)
        return verbosity(
            self._scores,
            self._view.consensus,
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
            scores, self._view.consensus, families, mine, clusters=context.units.of_item, level=self._level
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
        """The judge against itself on changed prompts; None where there is no such run."""
        if name is None or name not in self._context.study.tables[self._criterion].judges:
            return None
        return paired_runs(
            self._scores,
            self._context.judged(self._criterion, name),
            clusters=self._context.units.of_item,
            threshold=threshold,
            level=self._level,
            seed=self._context.options.seed,
        ).as_json()

    def subgroups(self, margin: float | None) -> dict[str, DifTable]:
        """Differences between subgroups, by variable."""
        return {
            variable: dif_audit(
                self._scores,
                self._view.consensus,
                labels,
                clusters=self._context.units.of_item,
                reliability=self._reliability,
                margin=margin,
                level=self._level,
            )
            for variable, labels in self._context.subgroups.items()
        }


def reliability_of(view: View) -> float | None:
    """ICC(A,k) of the consensus, or None where it is undefined or not a share."""
    if len(view.raters) < 2 or not view.scale.is_numeric:  # noqa: PLR2004  others are needed
        return None
    family = IccFamily.of(view.ratings, view.units)
    values: FloatArray = family.evaluate(family.features.sum(axis=0))
    found = float(values[family.names.index("icc_ak")])
    return found if 0 < found <= 1 else None
