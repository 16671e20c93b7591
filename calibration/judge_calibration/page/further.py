"""Parts that a report holds on request: judges beside each other, bias audits, means of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.drawings.intervals import Row, interval_rows
from judge_calibration.page.figures import mark
from judge_calibration.page.markup import (
    MISSING,
    NOT_OF_THIS_SCALE,
    number,
    p_value,
    paragraph,
    reason_of,
    section,
    table,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHOWN = (  # of a comparison, in this order, where the scale has it
    *("bias", "mae", "within_1", "gross_error"),
    *("agreement", "kappa_unweighted", "kappa_quadratic", "balanced_f1", "spearman", "ccc"),
)
_OF_AGREEMENT = ("agreement", "kappa_unweighted", "kappa_quadratic", "spearman", "ccc", "balanced_f1")
_TESTS = {
    "williams": "correlation with the consensus (Williams)",
    "sign_flip_errors": "distance from the consensus (sign flips)",
    "sign_flip_scores": "scores themselves (sign flips)",
}


def further(report: Mapping[str, Any]) -> list[str]:
    """Their sections; none for a part that the report does not hold."""
    return [
        *([_comparisons(report["comparisons"])] if "comparisons" in report else []),
        *([_audits(report["audits"])] if "audits" in report else []),
        *([_means(report["means"])] if "means" in report else []),
    ]


def anchors(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Anchors of these sections with their titles."""
    named = (("comparisons", "Judges compared"), ("audits", "Bias audits"), ("means", "Means of models"))
    return [(anchor, title) for anchor, title in named if anchor in report]


def _comparisons(found: Mapping[str, Any]) -> str:
    parts = [
        _compared(criterion, pair["judges"], each)
        for pair in found["pairs"]
        for criterion, each in pair["criteria"].items()
    ]
    if not parts:
        parts = [paragraph("No two judges scored the same items.", kind="empty")]
    if found["not_compared"]:
        parts.append(
            paragraph(f"Not compared, for there are many judges: {', '.join(found['not_compared'])}.")
        )
    lead = "Both judges on the items that both scored, on the same resamples; second minus first."
    return section("Judges compared", paragraph(lead), *parts, anchor="comparisons")


def _compared(criterion: str, judges: Sequence[str], each: Mapping[str, Any]) -> str:
    first, second = judges
    statistics = {
        name: each["statistics"][name]
        for name in SHOWN
        if name in each["statistics"] and each["statistics"][name]["first"]["reason"] != NOT_OF_THIS_SCALE
    }
    rows = [
        (row["first"]["label"], *(with_interval(row[part]) for part in ("first", "second", "difference")))
        for row in statistics.values()
    ]
    tests = [
        (
            _TESTS.get(test["name"], test["name"]),
            number(test["statistic"]) if test["reason"] is None else f"undefined: {reason_of(test)}",
            p_value(test["p"]),
            p_value(test["q"]),
        )
        for test in each["tests"]
    ]
    figure = interval_rows(
        [
            Row(row["first"]["label"], (mark(first, row["first"]), mark(second, row["second"])))
            for name, row in statistics.items()
            if name in _OF_AGREEMENT
        ],
        name=f"{criterion}-{first}-{second}-compared",
        title="Agreement of both judges with physicians",
        caption="Each judge against single physicians; whiskers are intervals of each, not of the difference.",
        measure="agreement",
        series=(first, second),
    )
    return section(
        f"{criterion}: {first} and {second}",
        figure,
        table(
            ("statistic", first, second, "difference"), rows, caption=f"{each['n_rated']} items with a rating"
        ),
        table(
            ("test of the difference in", "statistic", "p", "q over all criteria"),
            tests,
            caption="Paired tests",
        ),
        level=3,
    )


def _audits(found: Mapping[str, Any]) -> str:
    parts = [
        section(f"Judge {judge}", *_audited(judge, criteria), level=3) for judge, criteria in found.items()
    ]
    lead = (
        "Is a judge's error tied to what is no part of an answer's quality? Differences are judge minus "
        "the physicians' mean, in points."
    )
    return section(
        "Bias audits", paragraph(lead), *(parts or [paragraph("No numeric criterion.")]), anchor="audits"
    )


def _audited(judge: str, criteria: Mapping[str, Any]) -> Iterator[str]:
    yield _lengths(criteria)
    yield _repeats(criteria)
    for criterion, each in criteria.items():
        yield _families(judge, criterion, each["family"])
        yield _groups(criterion, each["subgroups"])


def _lengths(criteria: Mapping[str, Any]) -> str:
    rows = [
        (
            criterion,
            with_interval(each["length"]["per_doubling"]),
            with_interval(each["length"]["adjusted"]),
            with_interval(each["length"]["rank_correlation"]),
        )
        for criterion, each in criteria.items()
        if each["length"] is not None
    ]
    head = ("criterion", "points per doubling", "the same at equal quality", "rank correlation")
    if not rows:
        return paragraph("Length: the study has no covariate with the lengths of answers.", kind="empty")
    return table(head, rows, caption="Length of the answer, within families of models")


def _repeats(criteria: Mapping[str, Any]) -> str:
    rows = [
        (
            criterion,
            each["repeats"]["n_runs"],
            with_interval(each["repeats"]["sd"]),
            number(each["repeats"]["limit"]),
            with_interval(each["repeats"]["icc"]),
        )
        for criterion, each in criteria.items()
        if each["repeats"] is not None
    ]
    head = (
        "criterion",
        "calls",
        "SD within an item, points",
        "95 % of two calls differ by less",
        "ICC of calls",
    )
    return table(head, rows, caption="The same question asked again") if rows else ""


def _families(judge: str, criterion: str, found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    at = found["judges_in_order"].index(judge)
    rows = [
        Row(
            f"{cell['family']}{', own' if cell['is_own'] else ''}",
            (mark("judge minus physicians", cell["effect"]),),
        )
        for cell in found["cells"]
        if cell["judge"] == at
    ]
    return interval_rows(
        rows,
        name=f"{criterion}-{judge}-families",
        title=f"{criterion}: error by family of models",
        caption="Mean difference on the answers of each family.",
        measure="points",
        series=("judge minus physicians",),
        reference=0.0,
    )


def _groups(criterion: str, by_variable: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{variable}: {row['group']}",
            row["n_items"],
            with_interval(row["uniform"]),
            with_interval(row["at_equal_quality"]),
            with_interval(row["non_uniform"]),
            p_value(row["ordinal"]["q"]) if row["ordinal"] else MISSING,
        )
        for variable, found in by_variable.items()
        for row in found["groups"]
    ]
    head = ("group against the rest", "items", "difference", "at equal quality", "slope", "ordinal model, q")
    return table(head, rows, caption=f"{criterion}: subgroups") if rows else ""


def _means(found: Mapping[str, Any]) -> str:
    parts = [
        _mean_of(criterion, judge, each)
        for criterion, judges in found.items()
        for judge, each in judges.items()
    ]
    lead = (
        "The mean that physicians would give each model, from all of a judge's scores and the items that were "
        "labelled (prediction-powered), beside what either tells alone. Labels must be a random sample of the items."
    )
    return section("Means of models", paragraph(lead), *parts, anchor="means")


def _mean_of(criterion: str, judge: str, each: Mapping[str, Any]) -> str:
    series = ("judge alone", "labels and judge")
    marks = [
        Row(row["model"], (mark(series[1], row["mean"]), mark(series[0], row["judge_only"])))
        for row in each["models"]
    ]
    rows = [
        (
            row["model"],
            f"{row['n_labelled']} + {row['n_unlabelled']}",
            with_interval(row["mean"]),
            with_interval(row["labels_only"]),
            with_interval(row["judge_only"]),
            _rank(row["rank"]),
        )
        for row in each["models"]
    ]
    if all(row["n_unlabelled"] == 0 for row in each["models"]):
        remark = "Every item is labelled: labels and judge is labels alone, and the judge adds nothing here."
        return section(f"{criterion}, {judge}", paragraph(remark), _table_of(criterion, judge, rows), level=3)
    return section(
        f"{criterion}, {judge}",
        interval_rows(
            marks,
            name=f"{criterion}-{judge}-means",
            title="Means of models",
            caption="Whiskers are intervals of each mean; of ranks, the interval holds for all models at once.",
            measure="points",
            series=series,
        ),
        _table_of(criterion, judge, rows),
        level=3,
    )


def _table_of(criterion: str, judge: str, rows: Sequence[Sequence[object]]) -> str:
    head = ("model", "labelled + other items", *("labels and judge", "labels alone", "judge alone"), "rank")
    return table(head, rows, caption=f"{criterion}, judge {judge}")


def _rank(rank: Mapping[str, Any] | None) -> str:
    if rank is None:
        return MISSING
    return f"{rank['by_estimate']} [{rank['best']} to {rank['worst']}]"
