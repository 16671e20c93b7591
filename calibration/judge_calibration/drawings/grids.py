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
    left = min(220.0, max(90.0, max(width_of(who) for who, _ in shown) + 20))
    right = WIDTH - 70
    keys = _keys(values, left)
    top = keys[-1][1] + 28
    canvas = Canvas(top + len(shown) * 28 + 18)
    for at, (value, (x, y)) in enumerate(zip(values, keys, strict=True)):
        canvas.rect(x, y, 14, 12, "bar", fade=_depth(at, len(values)))
        canvas.text(x + 19, y + 10, value, kind="key", room=WIDTH - x - 19)
    for at, (who, counts) in enumerate(shown):
        y, whole, place = top + at * 28, sum(counts), left
        canvas.text(left - 12, y + 14, who, anchor="end", room=left - 16)
        for code, count in enumerate(counts):
            wide = (right - left) * count / whole
            note = f"{who}: {values[code]} {count} times, {count / whole:.0%}"
            depth = _depth(code, len(values))
            canvas.rect(place, y, wide - 1, 20, "bar", fade=depth, note=note)
            if wide > 34:  # noqa: PLR2004  room for a percentage
                tone = "on-dark" if depth > _DEEP else "on-light"
                canvas.text(place + wide / 2, y + 14, f"{count / whole:.0%}", kind=tone, anchor="middle")
            place += wide
        canvas.text(right + 8, y + 14, f"n {whole}", kind="tick")
    table = [(who, *counts) for who, counts in shown]
    return figure(canvas, name=name, title=title, caption=caption, head=("", *values), rows=table)


def _keys(values: Sequence[str], left: float) -> list[tuple[float, float]]:
    """Where the keys of values stand: in lines as wide as the figure."""
    places, x, y = [], left, 8.0
    for value in values:
        wide = 19 + width_of(value)
        if x > left and x + wide > WIDTH:
            x, y = left, y + 20
        places.append((x, y))
        x += wide + 15
    return places


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


def _depth(at: int, size: int) -> float:
    """Opacity of one hue, from the lowest value to the highest."""
    return 0.15 + 0.85 * (at / max(1, size - 1))


_DEEP = 0.72  # from here on ink is harder to read than paper
