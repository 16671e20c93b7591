"""The statistical pages that are tables: flow, physicians among themselves, ceiling, per-physician rows, subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.page.markup import (
    MISSING,
    NOT_OF_THIS_SCALE,
    estimate,
    number,
    p_value,
    paragraph,
    percent,
    section,
    statistics_table,
    table,
    with_interval,
)
from judge_calibration.reporting.ceiling import PAIRWISE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ROWS = 40
_SHORT = {
    "agreement": "same answer",
    "kappa_unweighted": "κ",
    "kappa_linear": "linear κ",
    "kappa_quadratic": "quadratic κ",
    "spearman": "Spearman's ρ",
    "pearson": "Pearson's r",
    "ccc": "Lin's concordance",
    "balanced_f1": "balanced F1",
}


def flow(report: Mapping[str, Any]) -> str:
    """Items, ratings, gaps, clusters, outcomes."""
    study = report["study"]
    rows = []
    for name, each in study["criteria"].items():
        gaps = ", ".join(f"{count} rated {n}×" for n, count in each["items_by_number_of_ratings"].items())
        rows.append(
            (
                name,
                each["n_items_rated"],
                each["n_items_judged"],
                each["n_ratings"],
                len(each["raters"]),
                gaps,
            )
        )
    parts = [
        table(
            (
                "criterion",
                "items rated",
                "items with a score of any judge",
                "ratings",
                "physicians",
                "ratings per item",
            ),
            rows,
            numeric=(1, 5),
        ),
        _outcomes(report),
        *(paragraph(f"Warning: {warning}", kind="warning") for warning in report["warnings"]),
    ]
    clusters = f"{study['n_items']} items in {study['n_clusters']} clusters." if study["clustered"] else ""
    return section("Flow and gaps", paragraph(clusters) if clusters else "", *parts, anchor="flow")


def _outcomes(report: Mapping[str, Any]) -> str:
    rows = [
        (f"{criterion}, {judge}", told["outcomes"]["rows"], outcome, count)
        for criterion, each in report["criteria"].items()
        for judge, told in each["judges"].items()
        for outcome, count in told["outcomes"]["counts"].items()
        if outcome != "scored"
    ]
    if not rows:
        return paragraph("Every answer of the judges has a score.")
    return table(
        ("criterion, judge", "rows", "outcome", "without a score"), rows, caption="Answers without a score"
    )


def raters(each: Mapping[str, Any]) -> str:
    """Physicians among themselves."""
    section_, names = each["raters"], PAIRWISE[each["scale"]["kind"]]
    pairs = [
        (
            f"{row['raters'][0]}, {row['raters'][1]}",
            row["n_items"],
            *(
                with_interval(row["statistics"][name]) if name in row["statistics"] else MISSING
                for name in names
            ),
        )
        for row in section_["pairs"][:MOST_ROWS]
    ]
    people = [
        (
            row["rater"],
            row["n_items"],
            number(row.get("mean")),
            number(row.get("sd")),
            number(row.get("offset_to_others")),
        )
        for row in section_["per_rater"][:MOST_ROWS]
    ]
    parts = [
        statistics_table(section_["statistics"], caption="Physicians among themselves"),
        table(
            ("pair", "items", *(_SHORT[name] for name in names)),
            pairs,
            caption=_some("Pairs of physicians", section_["pairs"]),
        )
        if pairs
        else "",
        table(
            ("physician", "items", "mean", "SD", "offset to the others"),
            people,
            caption=_some("Each physician", section_["per_rater"]),
        ),
    ]
    return "\n".join(part for part in parts if part)


def judge_statistics(told: Mapping[str, Any]) -> str:
    """Every figure of one judge."""
    return statistics_table(told["statistics"], caption="Judge against physicians and their consensus")


def ceiling(told: Mapping[str, Any]) -> str:
    """Judge beside physicians, and the difference."""
    rows = [
        (
            row["judge"]["label"],
            row["target"],
            with_interval(row["judge"]),
            with_interval(row["human"]),
            with_interval(row["difference"]),
        )
        for row in told["ceiling"]
    ]
    head = ("statistic", "against", "judge", "physicians", "judge − physicians")
    return table(head, rows, caption="The human ceiling, on the same items", numeric=(2, 99)) if rows else ""


def per_rater(told: Mapping[str, Any], kind: str) -> str:
    """Judge against each physician, with the test of each."""
    rows, names = [], _two(kind)
    for row in told["per_rater"][:MOST_ROWS]:
        statistics, test = row["statistics"], row["alt_test"]
        outcome = test["reason"] or ("stands in" if test["rejected"] else "does not stand in")
        rows.append(
            (
                row["rater"],
                row["n_items"],
                *(with_interval(statistics[name]) if name in statistics else MISSING for name in names),
                number(row.get("bias")),
                percent(test["advantage"]),
                p_value(test["p_adjusted"]),
                outcome,
            )
        )
    shown = [_SHORT[name] for name in names]
    head = ("physician", "items", *shown, "bias", "judge at least as close", "adjusted p", "test")
    caption = _some("Judge against each physician; the alternative annotator test", told["per_rater"])
    return table(head, rows, caption=caption, numeric=(1, 7))


def _some(caption: str, rows: Sequence[object]) -> str:
    """A caption that says so where not all rows are shown."""
    return f"{caption}, the first {MOST_ROWS} of {len(rows)}" if len(rows) > MOST_ROWS else caption


def _two(kind: str) -> tuple[str, str]:
    """The primary figure of a kind of scale, and the plainest one, for tables that have room for two."""
    first, *others = PAIRWISE[kind]
    return first, "agreement" if "agreement" in others else others[0]


def subgroups(told: Mapping[str, Any], kind: str) -> str:
    """Groups: agreement, error and the physicians' reliability in each."""
    parts, names = [], _two(kind)
    for variable, split in told["subgroups"].items():
        rows = []
        for group, found in split["groups"].items():
            statistics, people = found["statistics"], found["raters"]["statistics"]
            rows.append(
                (
                    group,
                    next((each["n_items"] for each in statistics.values()), found["n_items"]),
                    *(_cell(statistics, name) for name in ("bias", "mae", *names)),
                    _cell(people, "icc_a1"),
                )
            )
        shown = [_SHORT[name] for name in names]
        head = (variable, "items", "bias", "MAE", *shown, "ICC(A,1) of physicians")
        parts.append(table(head, rows, caption=f"By {variable}"))
    return "\n".join(parts)


def _cell(statistics: Mapping[str, Any], name: str) -> str:
    told = statistics.get(name)
    return MISSING if told is None or told["reason"] == NOT_OF_THIS_SCALE else with_interval(told)


def influence(told: Mapping[str, Any]) -> str:
    """Items without which the primary figure would move most."""
    rows = [
        (", ".join(row["items"]), number(row["change_without"], 4))
        for row in told["details"].get("influence", [])
    ]
    first = told["ceiling"][0]["judge"]["label"] if told["ceiling"] else "the primary figure"
    caption = f"Influence on {first}"
    return table(("items", "change without them"), rows, caption=caption) if rows else ""


def severity(fit: Mapping[str, Any] | None) -> str:
    """Severities in points and logits, with fit."""
    if fit is None:
        return ""
    rows = [
        (
            f"{row['name']} ({'judge' if key == 'judges' else 'physician'})",
            row["n_ratings"],
            with_interval(row["severity"]),
            with_interval(row["points"]),
            estimate(row["infit"]),
            estimate(row["outfit"]),
        )
        for key in ("raters", "judges")
        for row in fit[key]
    ]
    head = (
        "rater",
        "ratings",
        "severity, logits",
        "points given more than an average physician",
        "infit",
        "outfit",
    )
    notes = "".join(paragraph(note) for note in fit["notes"])
    return table(head, rows, caption="Severity (many-facet rating-scale model)") + notes
