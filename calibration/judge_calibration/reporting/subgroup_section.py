"""The same judge by subgroup: each group's figures, its difference to the rest, and whether groups differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.subgroups import subgroup_forest
from judge_calibration.reporting.judge_section import judge_statistics
from judge_calibration.reporting.rater_section import group_statistics
from judge_calibration.reporting.telling import plain

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray
    from judge_calibration.reporting.context import Context, View


def subgroup_section(context: Context, view: View, scores: FloatArray) -> dict[str, object]:
    """By variable: groups with their statistics, and the forest of biases where scores are numbers."""
    return {
        variable: {
            "groups": {
                group: _group(context, view, scores, labels, group)
                for group in sorted({label for label in labels if label is not None})
            },
            "forest": _forest(context, view, scores, labels),
        }
        for variable, labels in context.subgroups.items()
    }


def _group(
    context: Context, view: View, scores: FloatArray, labels: tuple[str | None, ...], group: str
) -> dict[str, object]:
    rows = np.flatnonzero([label == group for label in labels])
    part = view.rows(rows, context.units)
    told, _ = judge_statistics(context, part, scores[rows])
    return {
        "n_items": len(rows),
        "statistics": plain(told),
        "raters": {"statistics": plain(group_statistics(context, part))},
    }


def _forest(
    context: Context, view: View, scores: FloatArray, labels: tuple[str | None, ...]
) -> dict[str, object] | None:
    if not view.scale.is_numeric:
        return None
    forest = subgroup_forest(
        scores,
        view.consensus,
        labels,
        clusters=context.units.of_item,
        level=context.options.level,
        seed=context.options.seed,
    )
    return forest.as_json()
