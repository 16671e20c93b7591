"""The GRRAS checklist (Kottner et al. 2011), filled in from the study where the study says something.

The wording of the items is ours; their numbers are those of the guideline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.page.markup import section, table

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_PROVIDED = "not provided"


def checklist(report: Mapping[str, Any]) -> str:
    """One row for each of the fifteen items."""
    filled = _filled(report)
    rows = [(number, topic, filled.get(number, NOT_PROVIDED)) for number, topic in _ITEMS]
    return section(
        "Reporting checklist (GRRAS)",
        table(("item", "topic", "in this study"), rows, numeric=(9, 9)),
        anchor="checklist",
    )


def _filled(report: Mapping[str, Any]) -> dict[str, str]:
    criteria, options = report["criteria"], report["options"]
    raters = sorted({row["rater"] for each in criteria.values() for row in each["raters"]["per_rater"]})
    judges = sorted({judge for each in criteria.values() for judge in each["judges"]})
    items = report["study"]["n_items"]
    ratings = ", ".join(
        f"{each['n_ratings']} of {name}" for name, each in report["study"]["criteria"].items()
    )
    unit = "items" if report["units"]["are_items"] else f"items in {report['units']['count']} clusters"
    return {
        "1": "agreement of a language-model judge with physicians, and of physicians among themselves",
        "2": f"judges: {', '.join(judges) or 'none'}; scales as declared: {'; '.join(criteria)}",
        "6": f"{items} {unit}, {len(raters)} physicians; reason for the number: {NOT_PROVIDED}",
        "8": f"ratings as submitted; {report['study']['n_rows']} rows",
        "10": f"see Methods; level {options['level']:g}, seed {options['seed']}",
        "11": f"{items} items, {len(raters)} physicians, {len(judges)} judges; ratings: {ratings}",
        "13": "estimates with intervals in every table",
        "14": "see verdict and limits of use on the first page",
        "15": "per physician, per pair and per subgroup tables; the data behind every figure are below it",
    }


_ITEMS = (
    ("1", "title or abstract says that agreement or reliability was studied"),
    ("2", "name and description of the instrument"),
    ("3", "population of interest"),
    ("4", "population of raters"),
    ("5", "what is known already, and why the study"),
    ("6", "how the numbers of items, raters and ratings were chosen"),
    ("7", "how items and raters were sampled"),
    ("8", "the rating process"),
    ("9", "whether ratings were independent"),
    ("10", "the statistical analysis"),
    ("11", "numbers of raters, items and ratings"),
    ("12", "characteristics of raters and items"),
    ("13", "estimates with measures of uncertainty"),
    ("14", "practical relevance of the results"),
    ("15", "detailed results, if possible"),
)
