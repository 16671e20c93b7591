"""A drawing surface that writes SVG: plain shapes, real text, numbers in one short form."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 760  # of every figure, in user units; the page scales it
_GLYPH = 6.6  # widest usual glyph at 12 px: labels are measured on the safe side
ELLIPSIS = "…"


def short(value: float) -> str:
    """A coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def cut(label: str, room: float) -> str:
    """A label cut in the middle to the room it has, in user units: names are told apart by both their ends."""
    most = max(1, int(room / _GLYPH))
    if len(label) <= most:
        return label
    end = (most - 1) // 2
    return label[: most - 1 - end] + ELLIPSIS + label[len(label) - end :]


def width_of(label: str) -> float:
    """Room that a label needs, on the safe side."""
    return len(label) * _GLYPH


@dataclass(slots=True)
class Canvas:
    """Collects shapes; `figure` wraps them with title, description and data."""

    height: float
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line of a class of the style sheet."""
        ends = " ".join(
            f'{name}="{short(v)}"' for name, v in (("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2))
        )
        self.parts.append(f'<line class="{kind}" {ends}/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Straight pieces through points; nothing for fewer than two."""
        if len(points) > 1:
            steps = " L".join(f"{short(x)} {short(y)}" for x, y in points)
            self.parts.append(f'<path class="{kind}" d="M{steps}"/>')

    def rect(
        self, x: float, y: float, wide: float, high: float, kind: str, *, note: str = "", fade: float = 1
    ) -> None:
        """A rectangle; `note` is told on hovering, `fade` is its opacity."""
        veil = "" if fade >= 1 else f' fill-opacity="{short(fade)}"'
        box = f'x="{short(x)}" y="{short(y)}" width="{short(max(0, wide))}" height="{short(max(0, high))}"'
        self.parts.append(f'<rect class="{kind}" {box}{veil}>{_title(note)}</rect>')

    def dot(self, x: float, y: float, kind: str, *, radius: float = 4.5, note: str = "") -> None:
        """A point."""
        place = f'cx="{short(x)}" cy="{short(y)}" r="{short(radius)}"'
        self.parts.append(f'<circle class="{kind}" {place}>{_title(note)}</circle>')

    def diamond(self, x: float, y: float, kind: str, *, radius: float = 5.5, note: str = "") -> None:
        """A point of another shape, for readers who do not see the colour."""
        corners = ((x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y))
        points = " ".join(f"{short(a)},{short(b)}" for a, b in corners)
        self.parts.append(f'<polygon class="{kind}" points="{points}">{_title(note)}</polygon>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        kind: str = "",
        anchor: str = "start",
        room: float | None = None,
    ) -> None:
        """Words at a baseline, cut to their room; the whole of a cut label is told on hovering."""
        shown = words if room is None else cut(words, room)
        note = _title(words) if shown != words else ""
        style = f' class="{kind}"' if kind else ""
        end = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(
            f'<text{style} x="{short(x)}" y="{short(y)}"{end}>{html.escape(shown)}{note}</text>'
        )


def _title(note: str) -> str:
    return f"<title>{html.escape(note)}</title>" if note else ""


def figure(
    canvas: Canvas,
    *,
    name: str,
    title: str,
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> str:
    """A figure: the drawing with a title and a description for those who do not see it, caption, and its data."""
    key = html.escape(name, quote=True)
    body = "".join(canvas.parts)
    size = f'viewBox="0 0 {WIDTH} {short(canvas.height)}"'
    drawing = (
        f'<svg role="img" aria-labelledby="{key}-t {key}-d" {size} xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{key}-t">{html.escape(title)}</title><desc id="{key}-d">{html.escape(caption)}</desc>{body}</svg>'
    )
    stop = "" if title.endswith("?") else "."
    return (
        f'<figure id="{key}"><div class="drawing">{drawing}</div><figcaption><b>{html.escape(title)}{stop}</b> '
        f"{html.escape(caption)}</figcaption>{data_table(head, rows)}</figure>"
    )


def data_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The figures behind a drawing, folded away."""
    names = "".join(f'<th scope="col">{html.escape(str(each))}</th>' for each in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<details class="data"><summary>Data</summary><div class="scroll"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div></details>"
    )


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}".replace("-", "−") if isinstance(value, float) else str(value)


def nothing(name: str, title: str, why: str) -> str:
    """In place of a figure that has nothing to show."""
    return f'<p class="empty" id="{html.escape(name, quote=True)}"><b>{html.escape(title)}.</b> {html.escape(why)}</p>'
