"""Figures on two axes: Bland-Altman, calibration curve, ε sweep, risk and coverage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_calibration.drawings.axes import Axis, apart, axis_over, bottom_axis, left_axis
from judge_calibration.drawings.canvas import WIDTH, Canvas, figure, nothing, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEFT, _TOP, _BOTTOM, _RIGHT = 64.0, 34.0, 48.0, 150.0
_LEAST, _SINGLE, _LARGEST = (
    1.8,
    3.2,
    12.0,
)  # radii: of what is seen, of one item if it can be, of the largest bubble
_HEIGHT, _LOW = 360.0, 300.0  # of plots of points, and of curves


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its label, and the band of its interval."""

    value: float
    label: str
    low: float | None = None
    high: float | None = None


def bland_altman(
    points: Sequence[tuple[float, float, int]],
    levels: Sequence[Level],
    *,
    slope: float | None,
    centre: float,
    name: str,
    title: str,
    caption: str,
) -> str:
    """Difference against mean; the area of a bubble is the number of items there. `slope`: proportional bias."""
    if not points:
        return nothing(name, title, "No items with judge score and consensus.")
    x = axis_over([p[0] for p in points], _LEFT, WIDTH - _RIGHT)
    lines = [value for level in levels for value in (level.value, level.low, level.high)]
    y = axis_over([*(p[1] for p in points), *lines, 0.0], _HEIGHT - _BOTTOM, _TOP)
    canvas = _plot(x, y, "mean of judge and consensus", "judge − consensus")
    canvas.line(_LEFT, y.at(0), x.end, y.at(0), "axis")
    for level in levels:
        if level.low is not None and level.high is not None:
            top = y.at(level.high)
            canvas.rect(_LEFT, top, x.end - _LEFT, y.at(level.low) - top, "band")
        canvas.line(_LEFT, y.at(level.value), x.end, y.at(level.value), "level")
    _labels(canvas, x, [(y.at(level.value), level.label) for level in levels])
    single = min(_SINGLE, _LARGEST / math.sqrt(max(n for _, _, n in points)))
    for mean, gap, n in points:
        radius = max(_LEAST, single * math.sqrt(n))
        canvas.dot(
            x.at(mean),
            y.at(gap),
            "bubble",
            radius=radius,
            note=f"{n} items: mean {mean:g}, difference {gap:+g}",
        )
    if slope is not None:
        middle = levels[0].value if levels else 0.0
        ends = [(x.at(v), y.at(middle + slope * (v - centre))) for v in (x.low, x.high)]
        canvas.path(ends, "trend")
    return figure(
        canvas, name=name, title=title, caption=caption, head=("mean", "difference", "items"), rows=points
    )


def calibration_curve(
    points: Sequence[tuple[float, float, float | None, float | None, int]],
    chosen: Sequence[tuple[float, float]],
    *,
    low: float,
    high: float,
    method: str,
    name: str,
    title: str,
    caption: str,
) -> str:
    """Mean of physicians where the judge gives each score (judge, human, low, high, n), identity, chosen map."""
    if not points:
        return nothing(name, title, "No items with judge score and consensus.")
    x = axis_over((low, high), _LEFT, WIDTH - _RIGHT - 120)
    y = axis_over((low, high), _HEIGHT - _BOTTOM, _TOP)
    canvas = _plot(x, y, "judge", "physicians")
    canvas.path([(x.at(low), y.at(low)), (x.at(high), y.at(high))], "identity")
    canvas.path([(x.at(a), y.at(b)) for a, b in chosen], "trend")
    for judge, human, a, b, n in points:
        if a is not None and b is not None:
            canvas.line(x.at(judge), y.at(a), x.at(judge), y.at(b), "whisker s1-line")
        canvas.dot(x.at(judge), y.at(human), "s1", note=f"judge {judge:g}: physicians {human:.2f}, {n} items")
    _counts(canvas, [(x.at(judge), y.at(human), n) for judge, human, _, _, n in points])
    _keys(
        canvas,
        x.end + 16,
        [("identity", "both say the same"), ("trend", f"chosen map: {method}")],
        "s1",
        "mean of physicians, n",
    )
    head = ("judge", "physicians", "low", "high", "items")
    return figure(canvas, name=name, title=title, caption=caption, head=head, rows=points)


def epsilon_sweep(
    points: Sequence[tuple[float, float]],
    *,
    chosen: float,
    flip: float | None,
    rho: float | None,
    name: str,
    title: str,
    caption: str,
) -> str:
    """ω against ε as steps, the pass line at one half, the ε that was used and the one at which the verdict turns."""
    if not points:
        return nothing(name, title, "The test was not made: too few items a physician, or one physician.")
    x = axis_over([*(p[0] for p in points), chosen], _LEFT, WIDTH - _RIGHT)
    y = Axis(-0.04, 1.04, _LOW - _BOTTOM, _TOP)
    canvas = _plot(x, y, "ε, the tolerated loss", "share")
    canvas.line(_LEFT, y.at(0.5), x.end, y.at(0.5), "reference")
    steps: list[tuple[float, float]] = []
    for at, (epsilon, omega) in enumerate(points):
        if at:
            steps.append((x.at(epsilon), y.at(points[at - 1][1])))
        steps.append((x.at(epsilon), y.at(omega)))
    canvas.path(steps, "trend")
    for epsilon, omega in points:
        canvas.dot(x.at(epsilon), y.at(omega), "s1", radius=3.5, note=f"ε {epsilon:g}: ω {omega:.2f}")
    _upright(canvas, x, y, chosen, f"ε used {chosen:g}")
    labels = [(y.at(0.5), "pass at ½")]
    if flip is not None and x.low <= flip <= x.high:
        canvas.diamond(x.at(flip), y.at(0.5), "s2", note=f"the verdict turns at ε {flip:.3f}")
        labels[0] = (y.at(0.5), f"pass at ½: ε {flip:.3f}")
    if rho is not None:
        canvas.line(_LEFT, y.at(rho), x.end, y.at(rho), "identity")
        labels.append((y.at(rho), f"ρ {rho:.2f}"))
    _labels(canvas, x, labels)
    return figure(canvas, name=name, title=title, caption=caption, head=("ε", "ω"), rows=points)


def risk_coverage(
    points: Sequence[tuple[float, float]],
    *,
    alpha: float,
    kept: float | None,
    name: str,
    title: str,
    caption: str,
) -> str:
    """Share of errors among the scores that are kept, as more are kept; the share that is guaranteed."""
    if not points:
        return nothing(name, title, "No items.")
    x = Axis(0.0, 1.0, _LEFT, WIDTH - _RIGHT)
    y = axis_over([*(p[1] for p in points), 0.0, alpha], _LOW - _BOTTOM, _TOP)
    canvas = _plot(x, y, "share of scores kept", "share of errors among them")
    canvas.line(_LEFT, y.at(alpha), x.end, y.at(alpha), "reference")
    canvas.text(x.end + 8, y.at(alpha) + 4, f"allowed: {alpha:g}", kind="key")
    canvas.path([(x.at(a), y.at(b)) for a, b in points], "trend")
    if kept is not None:
        _upright(canvas, x, y, kept, f"{kept:.0%} can be kept")
    return figure(
        canvas, name=name, title=title, caption=caption, head=("kept", "errors among them"), rows=points
    )


def _plot(x: Axis, y: Axis, below: str, beside: str) -> Canvas:
    """A canvas with both axes and the names of what they measure."""
    canvas = Canvas(y.start + _BOTTOM)
    bottom_axis(canvas, x, y.start, y.end, below)
    left_axis(canvas, y, x.start, x.end, beside)
    return canvas


def _labels(canvas: Canvas, x: Axis, lines: Sequence[tuple[float, str]]) -> None:
    """Names of level lines, to the right of the plot, moved apart where lines are close."""
    places = apart([place for place, _ in lines], 15)
    for place, (_, label) in zip(places, lines, strict=True):
        canvas.text(x.end + 8, place + 4, label, kind="key", room=_RIGHT - 10)


def _counts(canvas: Canvas, points: Sequence[tuple[float, float, int]]) -> None:
    """Numbers of items beside points, where they meet neither each other nor another point."""
    taken = [(x, y) for x, y, _ in points]
    for x, y, n in points:
        place = (x + 8 + width_of(str(n)) / 2, y - 11)
        if all(abs(place[0] - a) > _CLEAR or abs(place[1] - b) > _CLEAR / 2 for a, b in taken):
            canvas.text(place[0], place[1] + 4, str(n), kind="tick over", anchor="middle")
            taken.append(place)


_CLEAR = 18.0  # between a number and what is beside it


def _upright(canvas: Canvas, x: Axis, y: Axis, value: float, label: str) -> None:
    """A line across the plot with its label on the side that has more room."""
    place = x.at(value)
    canvas.line(place, y.end, place, y.start, "level")
    right = place > (x.start + x.end) / 2
    canvas.text(
        place - 5 if right else place + 5,
        _TOP + 12,
        label,
        kind="key over",
        anchor="end" if right else "start",
    )


def _keys(canvas: Canvas, x: float, lines: Sequence[tuple[str, str]], dot: str, words: str) -> None:
    y = _TOP + 10
    canvas.dot(x + 10, y - 4, dot)
    canvas.text(x + 28, y, words, kind="key")
    for kind, label in lines:
        y += 22
        canvas.line(x, y - 4, x + 20, y - 4, kind)
        canvas.text(x + 28, y, label, kind="key", room=max(width_of(label), 40))
