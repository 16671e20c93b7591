"""Operations that look at a study as it is: the report, the alternative annotator test, comparison, audits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_calibration.comparison.judges import compare
from judge_calibration.errors import OptionRejected
from judge_calibration.operations.arguments import Arguments
from judge_calibration.operations.further import further
from judge_calibration.reporting.alt_test_section import alt_test_section
from judge_calibration.reporting.audit_section import FAMILY, TOKENS, Asked, audit_section, audited_criteria
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.document import report_of
from judge_calibration.reporting.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.reporting.alt_test_section import AltTestSection
    from judge_calibration.reporting.context import View
    from judge_calibration.study import Study


def report_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """The report. Takes `options`, and in `include` what it holds besides: comparisons, audits, means."""
    with Arguments(given) as arguments:
        options, parts = arguments.mapping("options"), arguments.texts("include") or ()
    context = Context.of(study, Options.of(options))
    more = further(context, parts)
    return report_of(context) | more


def alt_test_operation(study: Study, given: Mapping[str, object]) -> dict[str, object]:
    """The alternative annotator test of every judge.

    Takes the options of a report, under `options` or beside it; beside it `alt_test` is called `test`, too.
    """
    with Arguments(given) as arguments:
        taken = {name: arguments.raw(name) for name in (*Options.names(), _TEST)}
        nested = arguments.mapping("options")
    options = _options({name: value for name, value in taken.items() if name in given}, nested)
    context = Context.of(study, options)
    told: dict[str, object] = {}
    for criterion in context.criteria:
        view = context.view(criterion)
        told[criterion] = {
            judge: _test_of(view, alt_test_section(context, view, context.judged(criterion, judge)))
            for judge in context.judges_of(criterion)
        }
    return {"study": study.digest, "options": options.as_json(), "criteria": told}


_TEST, _OF_A_REPORT = "test", "alt_test"


def _options(flat: Mapping[str, object], nested: Mapping[str, object]) -> Options:
    chosen = dict(nested)
    for name, value in flat.items():
        option = _OF_A_REPORT if name == _TEST else name
        if option in chosen:
            raise OptionRejected(name, "is given twice")
        chosen[option] = value
    try:
        return Options.of(chosen)
    except OptionRejected as exc:
        if exc.option == _OF_A_REPORT and _TEST in flat:
            raise OptionRejected(_TEST, exc.detail) from exc
        raise


def _test_of(view: View, section: AltTestSection) -> dict[str, object]:
    rows = zip(view.raters, section.per_rater, strict=True)
    return {
        "omega": section.statistics["alt_test_omega"].as_json(),
        "rho": section.statistics["alt_test_rho"].as_json(),
        "test": section.document,
        "per_rater": [{"rater": rater, **row} for rater, row in rows],
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
    criteria = audited_criteria(context, judge)
    if not criteria:
        raise OptionRejected("judge", f"{judge[:60]!r} scored no numeric criterion of the study")
    if changed is not None and not any(changed in study.tables[name].judges for name in criteria):
        raise OptionRejected(
            "changed", f"{changed[:60]!r} scored none of the criteria that {judge[:60]!r} did"
        )
    if threshold is not None and not any(study.tables[name].scale.spans(threshold) for name in criteria):
        raise OptionRejected("threshold", f"{threshold:g} is beyond the scale of every criterion")
    told = audit_section(context, judge, Asked(tokens, family, own, margin, changed, threshold))
    return {"study": study.digest, "judge": judge, "options": options.as_json(), "criteria": told}
