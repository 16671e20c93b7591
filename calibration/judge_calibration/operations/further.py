"""What a report holds on request: judges beside each other, their biases, and means of the models they scored."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from judge_calibration.comparison.judges import compare_in
from judge_calibration.errors import NotEnough, OptionRejected
from judge_calibration.inference.model_means import MOST_MODELS
from judge_calibration.reporting.audit_section import FAMILY, Asked, audit_section
from judge_calibration.reporting.means_section import Design, means_section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.reporting.context import Context

PARTS = ("comparisons", "audits", "means")
MOST_COMPARED = 4  # judges: six pairs, each as much work as a judge's own section


def further(context: Context, parts: Sequence[str]) -> dict[str, Any]:
    """The parts asked for, each under its name, on the resamples of the report; OptionRejected for an unknown one.

    comparisons: every pair of the first four judges that share an item. audits: by judge. means: by criterion and
    judge, of models named by the variable model_family or, without it, of all answers together; none where it
    names more models than can be compared.
    """
    if unknown := set(parts) - set(PARTS):
        raise OptionRejected("include", f"{min(unknown)[:60]!r} is not known (known: {', '.join(PARTS)})")
    made = {"comparisons": _comparisons, "audits": _audits, "means": _means}
    return {part: made[part](context) for part in PARTS if part in parts}


def _judges(context: Context) -> list[str]:
    return sorted({judge for criterion in context.criteria for judge in context.judges_of(criterion)})


def _comparisons(context: Context) -> dict[str, Any]:
    judges = _judges(context)
    pairs = []
    for first, second in combinations(judges[:MOST_COMPARED], 2):
        try:
            criteria = compare_in(context, first, second)
        except NotEnough:
            continue
        pairs.append({"judges": [first, second], "criteria": criteria})
    return {"pairs": pairs, "not_compared": judges[MOST_COMPARED:]}


def _audits(context: Context) -> dict[str, Any]:
    sections = {judge: audit_section(context, judge, Asked()) for judge in _judges(context)}
    return {judge: section for judge, section in sections.items() if section}


def _means(context: Context) -> dict[str, Any]:
    design = Design(FAMILY if FAMILY in context.study.subgroups else None)
    if len(set(context.study.subgroups.get(FAMILY, ()))) > MOST_MODELS:
        return {}
    return {
        criterion: {
            judge: means_section(context, criterion, judge, design) for judge in context.judges_of(criterion)
        }
        for criterion in context.criteria
        if context.study.tables[criterion].scale.is_numeric
    }
