"""Tables behind the figures: confusion, calibration curve, differences, use of the scale, influence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.engine.intervals import t_quantile
from judge_calibration.estimates import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_calibration.arrays import FloatArray
    from judge_calibration.engine.replicates import Replicate
    from judge_calibration.reporting.context import Context, View
    from judge_calibration.scales import Scale

MOST_POINTS = 400  # of a figure of differences; beyond it they are counted on a grid
MOST_BINS = 12
_INFLUENTIAL = 10


def judge_details(
    context: Context, view: View, scores: FloatArray, primary: Replicate | None
) -> dict[str, object]:
    """Everything a reader may want to see of one judge beyond figures."""
    found: dict[str, object] = {"use": [*_uses(view), _use(view.scale, "judge", scores)]}
    if view.scale.is_discrete:
        found["confusion"] = _confusion(view, scores)
    if view.scale.is_numeric:
        found["curve"] = calibration_curve(scores, view.consensus, level=context.options.level)
        found["differences"] = _differences(view, scores)
    if primary is not None:
        found["influence"] = _influence(context, primary)
    return found


def calibration_curve(scores: FloatArray, target: FloatArray, *, level: float) -> list[dict[str, object]]:
    """Mean target where the judge gives each score, with a t interval where it varies; many scores are binned."""
    both = ~np.isnan(scores) & ~np.isnan(target)
    x, y = scores[both], target[both]
    levels = np.unique(x)
    if len(levels) > MOST_BINS:
        edges = np.unique(np.quantile(x, np.linspace(0, 1, MOST_BINS + 1)))
        place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    else:
        place = np.searchsorted(levels, x)
    return [_curve_point(x[place == at], y[place == at], level) for at in np.unique(place)]


def _curve_point(x: FloatArray, y: FloatArray, level: float) -> dict[str, object]:
    n, mean = len(y), float(y.mean())
    half = None
    if n > 2 and np.ptp(y) > 0:  # noqa: PLR2004  two values give no interval worth drawing, and equal ones none
        half = t_quantile((1 + level) / 2, n - 1) * float(y.std(ddof=1)) / float(np.sqrt(n))
    return {
        "judge": rounded(float(x.mean())),
        "human": rounded(mean),
        "low": None if half is None else rounded(mean - half),
        "high": None if half is None else rounded(mean + half),
        "n": n,
    }


def _uses(view: View) -> list[dict[str, object]]:
    return [_use(view.scale, rater, view.ratings[:, j]) for j, rater in enumerate(view.raters)]


def _use(scale: Scale, who: str, scores: FloatArray) -> dict[str, object]:
    """How often each value of the scale was given; a continuous scale is cut into ten."""
    given = scores[~np.isnan(scores)]
    if scale.is_discrete:
        counts = [int((given == value).sum()) for value in scale.numeric]
        return {"who": who, "values": [scale.told(value) for value in scale.numeric], "counts": counts}
    low, high = scale.low or 0.0, scale.high if scale.high is not None else 1.0
    binned, edges = np.histogram(given, bins=10, range=(low, high))
    return {"who": who, "values": [rounded(float(edge)) for edge in edges[:-1]], "counts": binned.tolist()}


def _confusion(view: View, scores: FloatArray) -> dict[str, object]:
    """Judge (rows) by consensus (columns); a consensus between two values goes to the nearest, halves up."""
    values = view.scale.numeric
    both = ~np.isnan(scores) & ~np.isnan(view.consensus)
    judge = np.abs(scores[both][:, None] - values).argmin(1)
    distance = np.abs(view.consensus[both][:, None] - values[::-1])
    human = len(values) - 1 - np.round(distance, 9).argmin(1)
    table = np.zeros((len(values), len(values)), int)
    np.add.at(table, (judge, human), 1)
    return {"values": [view.scale.told(value) for value in values], "counts": table.tolist()}


def _differences(view: View, scores: FloatArray) -> list[dict[str, object]]:
    """Points of a Bland-Altman figure, (mean, difference, how many items), in order."""
    both = ~np.isnan(scores) & ~np.isnan(view.consensus)
    middle, difference = (scores[both] + view.consensus[both]) / 2, scores[both] - view.consensus[both]
    pairs = np.round(np.column_stack([middle, difference]), 6)
    points, counts = np.unique(pairs, axis=0, return_counts=True)
    if len(points) > MOST_POINTS:
        width = max(float(np.ptp(pairs[:, 0])), float(np.ptp(pairs[:, 1])), 1e-9) / 40
        points, counts = np.unique(np.round(pairs / width) * width, axis=0, return_counts=True)
    return [
        {"mean": rounded(float(m)), "difference": rounded(float(d)), "n": int(n)}
        for (m, d), n in zip(points, counts, strict=True)
    ]


def _influence(context: Context, primary: Replicate) -> list[dict[str, object]]:
    """The units without which the primary statistic would move most, and by how much."""
    moved = primary.jackknife - primary.point
    if not np.isfinite(moved).all() or not len(moved):
        return []
    most = np.argsort(-np.abs(moved), kind="stable")[:_INFLUENTIAL]
    return [
        {"items": _members(context, int(unit)), "change_without": rounded(float(moved[unit]))}
        for unit in most
        if moved[unit] != 0
    ]


def _members(context: Context, unit: int) -> list[str]:
    rows = np.flatnonzero(context.units.of_item == unit)
    return [context.study.items[context.order[row]] for row in rows[:20]]


def outcomes_of(counts: Mapping[str, int]) -> dict[str, object]:
    """How the judge's rows came out, with the share that have no score."""
    total = sum(counts.values())
    unscored = total - counts.get("scored", 0)
    return {
        "rows": total,
        "counts": dict(sorted(counts.items())),
        "unscored_share": rounded(unscored / total) if total else None,
    }
