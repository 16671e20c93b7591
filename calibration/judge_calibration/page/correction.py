"""The part on maps: which was chosen, how wrong each is out of fold, how wide the interval of one score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

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
