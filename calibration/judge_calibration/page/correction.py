"""The part on maps: which was chosen, how wrong each is out of fold, how wide the interval of one score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from judge_calibration.drawings.intervals import coverage_bars
from judge_calibration.drawings.scatter import risk_coverage
from judge_calibration.page.markup import MISSING, number, paragraph, percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping


def correction_part(correction: Mapping[str, Any] | None) -> str:
    """Words and a table; nothing where no map was tried."""
    if correction is None:
        return ""
    conformal = correction["conformal"]
    half = conformal["half_width"]
    pooled = conformal["pooled"]
    words = (
        f"Map: {correction['method'].replace('_', ' ')} ({_because(correction['chosen_because'])}). The "
        f"{percent(1 - conformal['alpha'])} interval of a single corrected score is {_wide(half)}, cut to the scale."
    )
    if conformal["by"] is not None:
        widths = {group: each for group, each in conformal["quantiles"].items() if group}
        told = ", ".join(f"{group} {_wide(each)}" for group, each in widths.items())
        words += f" By {conformal['by'].replace('_', ' ')} it is {told}."
    if pooled:
        words += f" Groups too small for an interval of their own: {', '.join(pooled)}."
    rows = [
        (
            each["method"].replace("_", " "),
            number(each.get("rmse"), 3),
            number(each.get("mae"), 3),
            number(each.get("bias"), 3),
            number(each.get("slope")),
            number(each.get("calibration_error"), 3),
            each["left_out"] or MISSING,
        )
        for each in correction["candidates"]
    ]
    head = ("map", "RMSE", "MAE", "bias", "slope", "calibration error", "left out because")
    return paragraph(words) + table(
        head, rows, caption="Maps, errors on items they were not fitted on", numeric=(1, 6)
    )


def _wide(half: float | None) -> str:
    return "the whole scale" if half is None else f"± {number(half)} points"


def _because(words: str) -> str:
    """Why a map was chosen, in words and with figures as short as elsewhere."""
    return re.sub(r"\d+\.\d+", lambda found: number(float(found[0]), 3), words.replace("_", " "))


def coverage(key: str, correction: Mapping[str, Any] | None) -> str:
    """Conformal coverage by subgroup, out of fold."""
    if correction is None:
        return ""
    rows = [
        (group or "all", each["n"], each["coverage"])
        for group, each in correction["out_of_fold"].items()
        if each["coverage"] is not None
    ]
    alpha, by = correction["conformal"]["alpha"], correction["conformal"]["by"]
    return coverage_bars(
        rows,
        target=1 - alpha,
        name=f"{key}-coverage",
        title="Does the interval of a single score hold?",
        caption="Share of items whose consensus lies within the conformal interval, made without them"
        f"{f', by {by}' if by else ''}.",
    )


def _kept(found: Mapping[str, Any]) -> str:
    if found["kept_share"] is None:
        return f"No share can be kept: {found['reason']}."
    sure, errors = percent(1 - found["delta"]), percent(found["alpha"])
    return f"With confidence {sure} at most {errors} of those kept are errors; it holds for {found['holds_for']}."


def escalation(key: str, correction: Mapping[str, Any] | None) -> str:
    """Risk against coverage."""
    found = correction.get("escalation") if correction else None
    if not found:
        return ""
    return risk_coverage(
        [(a, b) for a, b in found["curve"]],
        alpha=found["alpha"],
        kept=found["kept_share"],
        name=f"{key}-risk",
        title="Which scores to hand to a physician",
        caption=f"Scores are kept from the most certain on. Error: {found['risk']}. {_kept(found)}",
    )
