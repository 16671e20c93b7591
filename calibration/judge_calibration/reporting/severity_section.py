"""How severe each physician and each judge is, by the many-facet model on ordered scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.agreement.tables import positions
from judge_calibration.severity.model import severity_model

if TYPE_CHECKING:
    from judge_calibration.reporting.context import Context, View

FEWEST = 20  # items rated at least twice; below, severities are noise


def severity_section(context: Context, criterion: str, view: View) -> dict[str, object] | None:
    """The fit as plain data, with names; None where the scale has no order of countable steps, or too few items."""
    if view.scale.kind not in {"ordinal", "binary"} or len(view.raters) < 2:  # noqa: PLR2004  others are needed
        return None
    if int((view.rated > 1).sum()) < FEWEST:
        return None
    judges = context.judges_of(criterion)
    values = view.scale.numeric
    codes = _coded(np.where(np.isnan(view.ratings), np.nan, view.codes))
    scores = [positions(context.judged(criterion, judge), values) for judge in judges]
    judged = _coded(np.column_stack(scores)) if scores else None
    clusters = None if context.units.are_items else context.units.of_item
    fit = severity_model(
        codes,
        categories=view.scale.size,
        judges=judged,
        values=values,
        clusters=clusters,
        level=context.options.level,
    ).as_json()
    for key, names in (("raters", view.raters), ("judges", judges)):
        fit[key] = [{"name": names[int(row["index"])], **row} for row in fit[key]]  # type: ignore[attr-defined]  # rows
    return fit


def _coded(
    codes: np.ndarray[tuple[int, ...], np.dtype[np.float64 | np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Positions as floats, NaN where missing."""
    return np.where(codes < 0, np.nan, codes.astype(np.float64))
