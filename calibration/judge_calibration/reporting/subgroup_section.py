"""The same judge by subgroup: each group's figures, its difference to the rest, and whether groups differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.audits.subgroups import subgroup_forest
from judge_calibration.engine.units import too_few_clusters
from judge_calibration.reporting.judge_section import judge_statistics
from judge_calibration.reporting.rater_section import group_statistics, units_of
from judge_calibration.reporting.telling import plain

if TYPE_CHECKING:
    from judge_calibration.arrays import FloatArray, IntArray
    from judge_calibration.reporting.context import Context, View
    from judge_calibration.reporting.telling import Told


@dataclass(frozen=True, slots=True)
class Group:
    """Items of one group: which (n,), the view of them, and the reliability of the physicians on them."""

    rows: IntArray
    view: View
    raters: Told


Groups = Mapping[str, Mapping[str, Group]]


def groups_of(context: Context, view: View) -> Groups:
    """By variable and label, what is the same for all judges."""
    return {
        variable: {
            label: _group(context, view, labels, label)
            for label in sorted({each for each in labels if each is not None})
        }
        for variable, labels in context.subgroups.items()
    }


def subgroup_section(context: Context, view: View, scores: FloatArray, groups: Groups) -> dict[str, object]:
    """By variable: groups with their statistics, and the forest of biases.

    None stands for the forest where scores are no numbers, or fewer than ten clusters of items carry both scores.
    """
    return {
        variable: {
            "groups": {label: _told(context, group, scores) for label, group in groups[variable].items()},
            "forest": _forest(context, view, scores, labels),
        }
        for variable, labels in context.subgroups.items()
    }


def _group(context: Context, view: View, labels: tuple[str | None, ...], label: str) -> Group:
    rows = np.flatnonzero([each == label for each in labels]).astype(np.int64)
    part = view.rows(rows, context.units)
    return Group(rows, part, group_statistics(context, part))


def _told(context: Context, group: Group, scores: FloatArray) -> dict[str, object]:
    told = judge_statistics(context, group.view, scores[group.rows])
    return {
        "n_items": len(group.rows),
        "statistics": plain(told),
        "raters": {"statistics": plain(group.raters)},
    }


def _forest(
    context: Context, view: View, scores: FloatArray, labels: tuple[str | None, ...]
) -> dict[str, object] | None:
    both = ~np.isnan(scores) & ~np.isnan(view.consensus)
    if not view.scale.is_numeric or too_few_clusters(units_of(view, both), int(both.sum())):
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
