"""Axes: from values to places, with ticks at round numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from judge_calibration.drawings.canvas import Canvas

_TICKS = 6  # about as many
_ROOM = 0.04  # of the width, at both ends


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from `low` to `high`, drawn from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands; values beyond the ends stand at the ends."""
        inside = min(self.high, max(self.low, value))
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """Round numbers within the axis: multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / _TICKS
        power = 10 ** math.floor(math.log10(rough))
        step = next((size * power for size in (1, 2, 5) if size * power >= rough), 10 * power)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(at * step, 10) for at in range(first, last + 1)]


def axis_over(values: Iterable[float | None], start: float, end: float) -> Axis:
    """An axis over all values that are there, with a little room at both ends."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if high - low < 1e-9:  # noqa: PLR2004  one value
        low, high = low - 0.5, high + 0.5
    room = (high - low) * _ROOM
    return Axis(low - room, high + room, start, end)


def tick_label(value: float) -> str:
    """A tick as text, with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def apart(places: Sequence[float], least: float) -> list[float]:
    """Places moved as little as it takes for neighbours to be `least` apart; their order is kept."""
    order = sorted(range(len(places)), key=places.__getitem__)
    groups: list[list[int]] = []
    centres: list[float] = []
    for at in order:
        groups.append([at])
        centres.append(places[at])
        while len(groups) > 1 and _first(centres[-1], groups[-1], least) < _last(
            centres[-2], groups[-2], least
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
            centres[-2:] = [sum(places[each] for each in groups[-1]) / len(groups[-1])]
    moved = list(places)
    for centre, group in zip(centres, groups, strict=True):
        for step, at in enumerate(group):
            moved[at] = centre + (step - (len(group) - 1) / 2) * least
    return moved


def _first(centre: float, group: Sequence[int], least: float) -> float:
    return centre - len(group) / 2 * least


def _last(centre: float, group: Sequence[int], least: float) -> float:
    return centre + len(group) / 2 * least


def bottom_axis(canvas: Canvas, axis: Axis, y: float, top: float, label: str) -> None:
    """Ticks, grid lines up to `top`, and what is measured."""
    for value in axis.ticks:
        x = axis.at(value)
        canvas.line(x, top, x, y, "grid")
        canvas.text(x, y + 16, tick_label(value), kind="tick", anchor="middle")
    canvas.line(axis.start, y, axis.end, y, "axis")
    canvas.text((axis.start + axis.end) / 2, y + 34, label, kind="label", anchor="middle")


def left_axis(canvas: Canvas, axis: Axis, x: float, right: float, label: str) -> None:
    """Ticks, grid lines to `right`, and what is measured, above the axis."""
    for value in axis.ticks:
        y = axis.at(value)
        canvas.line(x, y, right, y, "grid")
        canvas.text(x - 8, y + 4, tick_label(value), kind="tick", anchor="end")
    canvas.line(x, axis.start, x, axis.end, "axis")
    canvas.text(x - 34, min(axis.start, axis.end) - 12, label, kind="label")
