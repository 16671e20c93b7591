"""Figures of estimates with intervals: judge beside ceiling, forest, severity, coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_calibration.drawings.axes import Axis, axis_over, bottom_axis
from judge_calibration.drawings.canvas import WIDTH, Canvas, figure, nothing, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW, _TOP, _BOTTOM = 22, 26, 46
_SHAPES = ("dot", "diamond")
_WIDEST = 350.0  # of labels, which are cut beyond it


@dataclass(frozen=True, slots=True)
class Mark:
    """An estimate of one series; None where it is undefined, with the reason."""

    series: str
    estimate: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def told(self) -> str:
        """For hovering."""
        if self.estimate is None:
            return f"{self.series}: undefined, {self.reason}"
        limits = "" if self.low is None or self.high is None else f" [{self.low:.2f} to {self.high:.2f}]"
        return f"{self.series}: {self.estimate:.2f}{limits}"


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled line with its marks, and texts that stand to the right."""

    label: str
    marks: tuple[Mark, ...]
    columns: tuple[str, ...] = ()


def interval_rows(
    rows: Sequence[Row],
    *,
    name: str,
    title: str,
    caption: str,
    measure: str,
    series: Sequence[str],
    reference: float | None = None,
    heads: Sequence[str] = (),
) -> str:
    """Lines with dots and whiskers; the first series is drawn as circles, the second as diamonds.

    `reference` is a vertical line. `heads` name the texts to the right of each line.
    """
    if not rows:
        return nothing(name, title, "No figures.")
    lines = sum(max(1, len(row.marks)) for row in rows)
    canvas = Canvas(_TOP + lines * _ROW + len(rows) * 8 + _BOTTOM)
    left = min(_WIDEST, max(110.0, max(width_of(row.label) for row in rows) + 18))
    widths = [
        max([width_of(head), *(width_of(row.columns[at]) for row in rows if row.columns)]) + 14
        for at, head in enumerate(heads)
    ]
    right = WIDTH - 16 - sum(widths)
    values = [value for row in rows for mark in row.marks for value in (mark.estimate, mark.low, mark.high)]
    axis = axis_over([*values, reference], left, right)
    floor = canvas.height - _BOTTOM
    bottom_axis(canvas, axis, floor, _TOP - 6, measure)
    if reference is not None:
        canvas.line(axis.at(reference), _TOP - 6, axis.at(reference), floor, "reference")
    _legend(canvas, series, left)
    _heads(canvas, heads, widths, right)
    y = float(_TOP)
    for row in rows:
        y = _row(canvas, row, y, axis, left, series)
        if row.columns:
            _columns(canvas, row.columns, widths, right, y - _ROW * max(1, len(row.marks)) - 8)
    table = [
        (
            row.label,
            mark.series,
            mark.estimate if mark.estimate is not None else f"undefined: {mark.reason}",
            mark.low,
            mark.high,
            *row.columns,
        )
        for row in rows
        for mark in row.marks
    ]
    head = ("", "series", "estimate", "low", "high", *heads)
    return figure(canvas, name=name, title=title, caption=caption, head=head, rows=table)


def _row(canvas: Canvas, row: Row, y: float, axis: Axis, left: float, series: Sequence[str]) -> float:
    count = max(1, len(row.marks))
    canvas.text(left - 12, y + count * _ROW / 2 + 4, row.label, anchor="end", room=left - 14)
    for mark in row.marks:
        middle = y + _ROW / 2
        at = series.index(mark.series) if mark.series in series else 0
        _mark(canvas, mark, middle, axis, at)
        y += _ROW
    return y + 8


def _mark(canvas: Canvas, mark: Mark, y: float, axis: Axis, at: int) -> None:
    kind = f"s{at + 1}"
    if mark.estimate is None:
        canvas.text(axis.start + 8, y + 4, f"undefined: {mark.reason}", kind="tick")
        return
    if mark.low is not None and mark.high is not None:
        low, high = axis.at(mark.low), axis.at(mark.high)
        canvas.line(low, y, high, y, f"whisker {kind}-line")
        for x in (low, high):
            canvas.line(x, y - 4, x, y + 4, f"whisker {kind}-line")
    shape = canvas.diamond if _SHAPES[at % 2] == "diamond" else canvas.dot
    shape(axis.at(mark.estimate), y, kind, note=mark.told)


def _legend(canvas: Canvas, series: Sequence[str], left: float) -> None:
    if len(series) < 2:  # noqa: PLR2004  one needs no key
        return
    x = left
    for at, name in enumerate(series):
        shape = canvas.diamond if _SHAPES[at % 2] == "diamond" else canvas.dot
        shape(x + 5, 10, f"s{at + 1}")
        canvas.text(x + 15, 14, name, kind="key")
        x += 32 + width_of(name)


def _heads(canvas: Canvas, heads: Sequence[str], widths: Sequence[float], right: float) -> None:
    x = right + 14.0
    for head, wide in zip(heads, widths, strict=True):
        canvas.text(x, 14, head, kind="key")
        x += wide


def _columns(canvas: Canvas, columns: Sequence[str], widths: Sequence[float], right: float, y: float) -> None:
    x = right + 14.0
    for words, wide in zip(columns, widths, strict=True):
        canvas.text(x, y + _ROW / 2 + 4, words, kind="cell")
        x += wide


def coverage_bars(
    rows: Sequence[tuple[str, int, float]], *, target: float, name: str, title: str, caption: str
) -> str:
    """Share of items within their interval by group (label, n, share), beside the target."""
    if not rows:
        return nothing(name, title, "No figures.")
    canvas = Canvas(_TOP + len(rows) * _ROW + _BOTTOM)
    left = min(_WIDEST, max(110.0, max(width_of(label) for label, _, _ in rows) + 18))
    axis = Axis(0.0, 1.0, left, WIDTH - 90)
    floor = canvas.height - _BOTTOM
    bottom_axis(canvas, axis, floor, _TOP - 6, "share of items whose consensus lies in the interval")
    for at, (label, n, share) in enumerate(rows):
        y = _TOP + at * _ROW
        canvas.text(left - 12, y + _ROW / 2 + 4, label, anchor="end", room=left - 14)
        canvas.rect(left, y + 4, axis.at(share) - left, _ROW - 8, "bar", note=f"{label}: {share:.3f} of {n}")
        canvas.text(axis.end + 10, y + _ROW / 2 + 4, f"{share:.2f}, n {n}", kind="cell")
    canvas.line(axis.at(target), _TOP - 6, axis.at(target), floor, "reference")
    canvas.text(axis.at(target), 14, f"target {target:g}", kind="key", anchor="middle")
    return figure(
        canvas, name=name, title=title, caption=caption, head=("group", "items", "coverage"), rows=rows
    )
