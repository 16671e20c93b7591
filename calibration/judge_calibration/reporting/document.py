"""The report as plain data: the same study, options and seed give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest import study_from
from judge_calibration.reporting.context import Context
from judge_calibration.reporting.correction_section import correction_section
from judge_calibration.reporting.details import judge_details, outcomes_of
from judge_calibration.reporting.judge_section import judge_section
from judge_calibration.reporting.options import Options
from judge_calibration.reporting.rater_section import rater_section
from judge_calibration.reporting.severity_section import severity_section
from judge_calibration.reporting.subgroup_section import groups_of, subgroup_section
from judge_calibration.reporting.verdict import verdict
from judge_calibration.version import VERSION

if TYPE_CHECKING:
    from judge_calibration.study import Study

FORMAT = 1


def report(
    study: Study | Mapping[str, object], options: Mapping[str, object] | Options | None = None
) -> dict[str, Any]:
    """Everything the study says, by criterion: physicians among themselves, then each judge.

    A study that was read, or a document as `POST /v1/calibration/report` takes it, with `options` in it.
    Raises OptionRejected for an option out of range or a name that is not in the study, StudyRejected for rows.
    """
    if isinstance(study, Mapping):
        within = study.get("options")
        if within is not None and options is not None:
            raise OptionRejected("options", "are in the document, and given beside it")
        options = within if within is not None else options  # type: ignore[assignment]  # looked at below
        study = study_from({name: value for name, value in study.items() if name != "options"})
    if not isinstance(options, Mapping | Options | None):
        raise OptionRejected("options", "is an object")
    return report_of(Context.of(study, options if isinstance(options, Options) else Options.of(options)))


def report_of(context: Context) -> dict[str, Any]:
    """The same of a study that is ready, whose resamples others may share."""
    study = context.study
    return {
        "format": FORMAT,
        "library": VERSION,
        "study": study.profile(),
        "options": context.options.as_json(),
        "units": {"count": context.units.size, "are_items": context.units.are_items},
        "criteria": {criterion: _criterion(context, criterion) for criterion in context.criteria},
        "warnings": list(study.warnings),
    }


def _criterion(context: Context, criterion: str) -> dict[str, object]:
    table = context.study.tables[criterion]
    view = context.view(criterion)
    raters = rater_section(context, view)
    groups = groups_of(context, view) if context.judges_of(criterion) else {}
    judges: dict[str, object] = {}
    for judge in context.judges_of(criterion):
        scores = context.judged(criterion, judge)
        section = judge_section(context, criterion, judge, view, raters)
        primary = section.ceiling[0]["statistic"] if section.ceiling else "kappa_unweighted"
        judges[judge] = {
            "verdict": verdict(section, context.options),
            "outcomes": outcomes_of(table.outcomes.get(judge, {})),
            **section.document,
            "subgroups": subgroup_section(context, view, scores, groups),
            "details": judge_details(context, view, scores, section.replicates.get(str(primary))),
            "correction": correction_section(context, view, scores),
        }
    return {
        "scale": table.scale.as_json(),
        "raters": {**raters.document, "severity": severity_section(context, criterion, view)},
        "judges": judges,
    }
