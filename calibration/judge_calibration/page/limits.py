"""Where the intervals of a report come from: how many resamples were drawn, and which method gave which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judge_calibration.engine.intervals import LEAST_IN_TAIL, SMALL
from judge_calibration.page.markup import paragraph, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_METHODS = {
    "jackknife_arctanh": "jackknife on the arctanh scale, Student's t",
    "jackknife_t": "jackknife, Student's t",
    "jackknife_log": "jackknife on the logarithmic scale, Student's t",
    "jackknife_logit": "jackknife on the logit scale, Student's t",
    "bootstrap_bca": "bias-corrected and accelerated bootstrap (Efron 1987)",
    "wilson": "score interval (Wilson 1927)",
    "wilson_design_effect": "score interval (Wilson 1927), items divided by the design effect of their clusters",
    "F": "F distribution (McGraw and Wong 1996); speaks for other physicians like these",
    "wald": "normal, errors from the information matrix",
    "wald_log": "normal on the logarithmic scale",
    "sandwich": "normal, sandwich errors over clusters",
    "cr2_t": "CR2 cluster-robust errors, Student's t with Satterthwaite's degrees of freedom",
    "normal": "normal, errors of the random-effects model (DerSimonian and Laird 1986)",
    "q_profile": "Q-profile",
    "simultaneous_max_t": "simultaneous over all pairs of groups, by the greatest t",
    "errors_in_variables_t": "errors in variables (the consensus' reliability), Student's t",
    "prediction_powered_t": "prediction-powered (Angelopoulos, Duchi and Zrnic 2023), Student's t",
    "prediction_powered_cluster_t": "prediction-powered (Angelopoulos, Duchi and Zrnic 2023), t over clusters",
    "student_t": "Student's t",
    "student_cluster_t": "Student's t over clusters",
}


def limits(report: Mapping[str, Any]) -> str:
    """A paragraph on resampling, and a table of the methods that really gave limits."""
    used = _used(report)
    rows = [
        (_METHODS.get(method, method.replace("_", " ")), "; ".join(used[method])) for method in sorted(used)
    ]
    told = (
        table(("limits from", "of"), rows, caption="Origin of the intervals", numeric=(2, 2)) if rows else ""
    )
    return paragraph(_resampling(report, drawn="bootstrap_bca" in used)) + told


def _resampling(report: Mapping[str, Any], *, drawn: bool) -> str:
    options, units = report["options"], report["units"]
    unit = "items" if units["are_items"] else "clusters of items"
    count, level = options["resamples"], options["level"]
    said = (
        f"Intervals have level {100 * level:g} % and are taken over {units['count']} {unit}, which were drawn or "
        "left out whole. "
    )
    if not count:
        return (
            said + "No bootstrap was drawn (resamples: 0): limits come from the jackknife or from a formula."
        )
    said += f"{count} bootstrap resamples were drawn once and shared by all statistics. "
    if count * (1 - level) / 2 < LEAST_IN_TAIL:
        return said + (
            f"Fewer than {LEAST_IN_TAIL:g} of them are to be expected beyond a limit of this level, too few for "
            "limits from the bootstrap: those of the jackknife stand."
        )
    said += (
        "Of coefficients, means and pooled shares the bootstrap's limits stand where more than "
        f"{SMALL} {unit} carry data, or where the jackknife has none; else those of the jackknife stand."
    )
    return said if drawn else said + " Here the bootstrap's stood nowhere."


def _used(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """Labels of figures by the method of their limits, each once, in the order of the alphabet."""
    found: dict[str, set[str]] = {}
    for part, difference in _PARTS.items():
        for method, label in _labels(report.get(part), "", difference):
            found.setdefault(method, set()).add(label)
    return {method: sorted(labels, key=str.lower) for method, labels in found.items()}


_PARTS = {
    "criteria": "judge − physicians",
    "comparisons": "one judge − another",
    "audits": "",
    "means": "",
}  # with the name of what they call a difference, whose own label is that of what it is a difference of


def _labels(told: object, key: str, difference: str) -> Iterator[tuple[str, str]]:
    """(method, label) of every figure with limits."""
    if isinstance(told, list):
        for each in told:
            yield from _labels(each, key, difference)
    elif isinstance(told, dict):
        if isinstance(told.get("ci"), dict) and "label" in told:
            own = key != "difference" or not difference
            yield told["ci"]["method"], str(told["label"]) if own else difference
        for name, each in told.items():
            yield from _labels(each, name, difference)
