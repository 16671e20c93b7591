"""Figures as SVG: a row a group, a point with its interval, and the published models as strokes behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge_client.run.page.markup import text
from judge_client.run.tabling import number

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDE, _LEFT, _RIGHT, _ROW, _TOP = 860, 230, 150, 26, 26
_GLYPH = 6.4


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a figure. `whole`: it sums up the others; `others`: published figures; `count`: items behind it."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    count: str = ""
    whole: bool = False
    other: bool = False
    others: Sequence[float] = field(default_factory=tuple)


def intervals(rows: Sequence[Row], title: str, caption: str) -> str:
    """A figure from 0 to 100; nothing where there is nothing to draw."""
    if not rows:
        return ""
    high = _TOP + _ROW * len(rows) + 6
    parts = [
        *_axis(high - 6),
        *(part for at, row in enumerate(rows) for part in _row(row, _TOP + _ROW * at)),
    ]
    if any(row.others for row in rows):
        high += 26
        parts += _key(high - 6)
    svg = (
        f'<svg role="img" aria-label="{text(title)}" viewBox="0 0 {_WIDE} {high}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{text(title)}</title>{''.join(parts)}</svg>"
    )
    return f"<figure>{svg}<figcaption><b>{text(title)}.</b> {text(caption)}</figcaption></figure>"


def _x(value: float) -> float:
    return round(_LEFT + (_WIDE - _LEFT - _RIGHT) * value / 100, 2)


def _axis(bottom: float) -> list[str]:
    parts = []
    for tick in range(0, 101, 20):
        at = _x(tick)
        parts.append(f'<line class="grid" x1="{at}" y1="{_TOP - 6}" x2="{at}" y2="{bottom}"/>')
        parts.append(f'<text class="soft" x="{at}" y="{_TOP - 12}" text-anchor="middle">{tick}</text>')
    parts.append(f'<line class="axis" x1="{_x(0)}" y1="{_TOP - 6}" x2="{_x(100)}" y2="{_TOP - 6}"/>')
    return parts


def _row(row: Row, top: float) -> list[str]:
    middle = top + _ROW / 2
    strong = ' class="strong"' if row.whole else ""
    parts = [
        f'<text{strong} x="{_LEFT - 12}" y="{middle + 4}" text-anchor="end">{text(_cut(row.label))}</text>'
    ]
    parts += [
        f'<line class="other-tick" x1="{_x(each)}" y1="{middle - 8}" x2="{_x(each)}" y2="{middle + 8}"/>'
        for each in row.others
    ]
    if row.low is not None and row.high is not None:
        parts.append(
            f'<line class="whisker" x1="{_x(row.low)}" y1="{middle}" x2="{_x(row.high)}" y2="{middle}"/>'
        )
    told = "no figure"
    if row.value is not None:
        kind = "other-dot" if row.other else "whole-dot" if row.whole else "ours-dot"
        parts.append(
            f'<circle class="{kind}" cx="{_x(row.value)}" cy="{middle}" r="{4.5 if row.other else 5.5}"/>'
        )
        told = number(row.value)
    parts.append(f'<text x="{_WIDE - _RIGHT + 50}" y="{middle + 4}" text-anchor="end">{text(told)}</text>')
    parts.append(f'<text class="soft" x="{_WIDE - _RIGHT + 62}" y="{middle + 4}">{text(row.count)}</text>')
    return parts


def _key(bottom: float) -> list[str]:
    return [
        f'<circle class="ours-dot" cx="{_LEFT + 6}" cy="{bottom - 4}" r="5"/>',
        f'<text class="soft" x="{_LEFT + 18}" y="{bottom}">this run, 95 % interval</text>',
        f'<line class="other-tick" x1="{_LEFT + 170}" y1="{bottom - 11}" x2="{_LEFT + 170}" y2="{bottom + 3}"/>',
        f'<text class="soft" x="{_LEFT + 178}" y="{bottom}">published models, one stroke each</text>',
    ]


def _cut(label: str) -> str:
    most = int((_LEFT - 16) / _GLYPH)
    return label if len(label) <= most else f"{label[: most - 1]}…"
