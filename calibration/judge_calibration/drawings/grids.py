"""Figures that are grids: confusion, overlap, use of the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_calibration.drawings.canvas import WIDTH, Canvas, figure, nothing, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELL_HIGH = 34.0
_TOP = 56.0


def confusion_heatmap(
    values: Sequence[str], counts: Sequence[Sequence[int]], *, name: str, title: str, caption: str
) -> str:
    """Judge (rows) by consensus (columns): counts, and the share of the row; the deeper, the larger the share."""
    total = sum(map(sum, counts))
    if not total:
        return nothing(name, title, "No items with judge score and consensus.")
    canvas = Canvas(_TOP + len(values) * _CELL_HIGH + 20)
    left = min(200.0, max(70.0, max(map(width_of, values)) + 24))
    wide = min(92.0, (WIDTH - left - 90) / len(values))
    canvas.text(left, 16, "consensus of physicians →", kind="label")
    canvas.text(12, _TOP - 12, "judge ↓", kind="label")
    for at, value in enumerate(values):
        canvas.text(left + (at + 0.5) * wide, _TOP - 12, value, kind="tick", anchor="middle", room=wide)
    for at, row in enumerate(counts):
        y, whole = _TOP + at * _CELL_HIGH, sum(row)
        canvas.text(left - 12, y + 21, values[at], kind="tick", anchor="end", room=left - 20)
        for column, count in enumerate(row):
            share = count / whole if whole else 0.0
            x = left + column * wide
            note = f"judge {values[at]}, consensus {values[column]}: {count} items, {share:.0%} of the row"
            canvas.rect(x, y, wide - 2, _CELL_HIGH - 2, "heat", fade=0.04 + 0.56 * share, note=note)
            if count:
                place = "cell strong" if at == column else "cell"
                canvas.text(x + wide / 2 - 1, y + 14, str(count), kind=place, anchor="middle")
                canvas.text(x + wide / 2 - 1, y + 27, f"{share:.0%}", kind="small", anchor="middle")
        canvas.text(left + len(values) * wide + 8, y + 21, f"n {whole}", kind="tick")
    rows = [(values[at], *row) for at, row in enumerate(counts)]
    return figure(
        canvas, name=name, title=title, caption=caption, head=("judge \\ consensus", *values), rows=rows
    )


def score_use(
    values: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]], *, name: str, title: str, caption: str
) -> str:
    """Shares of the scale's values by rater, one bar each, from the lowest value to the highest."""
    shown = [(who, counts) for who, counts in rows if sum(counts)]
    if not shown:
        return nothing(name, title, "No scores.")
    canvas = Canvas(40.0 + len(shown) * 28 + 14)
    left = min(220.0, max(90.0, max(width_of(who) for who, _ in shown) + 20))
    right = WIDTH - 70
    x = left
    for at, value in enumerate(values):
        canvas.rect(x, 8, 14, 12, _ramp(at, len(values)))
        canvas.text(x + 19, 18, value, kind="key")
        x += 34 + width_of(value)
    for at, (who, counts) in enumerate(shown):
        y, whole, place = 36.0 + at * 28, sum(counts), left
        canvas.text(left - 12, y + 14, who, anchor="end", room=left - 16)
        for code, count in enumerate(counts):
            wide = (right - left) * count / whole
            note = f"{who}: {values[code]} {count} times, {count / whole:.0%}"
            canvas.rect(place, y, max(0.0, wide - 1), 20, _ramp(code, len(values)), note=note)
            if wide > 34:  # noqa: PLR2004  room for a percentage
                tone = "on-dark" if code >= len(values) / 2 else "on-light"
                canvas.text(place + wide / 2, y + 14, f"{count / whole:.0%}", kind=tone, anchor="middle")
            place += wide
        canvas.text(right + 8, y + 14, f"n {whole}", kind="tick")
    table = [(who, *counts) for who, counts in shown]
    return figure(canvas, name=name, title=title, caption=caption, head=("", *values), rows=table)


def overlap_matrix(
    raters: Sequence[str], counts: Sequence[Sequence[int]], *, name: str, title: str, caption: str
) -> str:
    """How many items each pair of physicians rated both; the diagonal is what each rated."""
    if not raters:
        return nothing(name, title, "No ratings.")
    canvas = Canvas(_TOP + len(raters) * _CELL_HIGH * 0.8 + 16)
    left = min(220.0, max(80.0, max(map(width_of, raters)) + 20))
    wide = min(84.0, (WIDTH - left - 20) / len(raters))
    high = _CELL_HIGH * 0.8
    most = max(max(row) for row in counts) or 1
    for at, rater in enumerate(raters):
        canvas.text(left + (at + 0.5) * wide, _TOP - 12, rater, kind="tick", anchor="middle", room=wide - 4)
        canvas.text(left - 12, _TOP + (at + 0.5) * high + 4, rater, kind="tick", anchor="end", room=left - 16)
        for column, count in enumerate(counts[at]):
            x, y = left + column * wide, _TOP + at * high
            note = f"{rater} and {raters[column]}: {count} items"
            canvas.rect(x, y, wide - 2, high - 2, "heat", fade=0.04 + 0.5 * count / most, note=note)
            canvas.text(x + wide / 2 - 1, y + high / 2 + 3, str(count), kind="cell", anchor="middle")
    table = [(rater, *counts[at]) for at, rater in enumerate(raters)]
    return figure(canvas, name=name, title=title, caption=caption, head=("", *raters), rows=table)


def _ramp(at: int, size: int) -> str:
    """One of six steps of the one-hue ramp."""
    return f"ramp{round(at * 5 / max(1, size - 1))}"
