"""Small pieces of HTML: everything that a data set, a model or a judge said is escaped here."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from judge_client.run.tabling import MISSING, number, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_MANY = 10  # columns: such a table is set closer


def text(value: object) -> str:
    """Any value as text that is safe in an element or an attribute."""
    return html.escape(str(value), quote=True)


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph of plain words."""
    return f"<p{_class(kind)}>{text(words)}</p>"


def section(title: str, *parts: str, anchor: str) -> str:
    """A titled section; empty parts leave no trace."""
    body = "\n".join(part for part in parts if part)
    return f'<section id="{text(anchor)}">\n<h2>{text(title)}</h2>\n{body}\n</section>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", words: Sequence[int] = ()
) -> str:
    """A table whose first column names the row; the columns in `words` are set as text, the others as figures.

    A column in which no row says anything is left out.
    """
    lines = [tuple(row) for row in rows]
    shown = [at for at in range(len(head)) if not at or any(line[at] not in {MISSING, ""} for line in lines)]
    heads = "".join(
        f'<th scope="col"{"" if at in (0, *words) else _class("figure")}>{text(head[at])}</th>'
        for at in shown
    )
    body = "\n".join(_row(line, shown, words) for line in lines)
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    kind = _class("many" if len(shown) > _MANY else "")
    inner = f"{title}<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    return f'<div class="scroll"><table{kind}>{inner}</table></div>'


def _row(line: Sequence[object], shown: Sequence[int], words: Sequence[int]) -> str:
    first = line[0]
    ours = isinstance(first, Ours)
    cells = "".join(
        f"<td{_class('words' if at in words else 'figure')}>{text(line[at])}</td>" for at in shown[1:]
    )
    return f'<tr{_class("ours" if ours else "")}><th scope="row">{text(first)}</th>{cells}</tr>'


class Ours(str):
    """The name of the row that is this run's."""

    __slots__ = ()


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Terms and what they are."""
    rows = "".join(f"<div><dt>{text(term)}</dt><dd>{text(value)}</dd></div>" for term, value in pairs)
    return f'<dl class="facts">{rows}</dl>'


def estimate(told: Mapping[str, Any]) -> str:
    """A figure with its interval, or a dash."""
    if told["estimate"] is None:
        return MISSING
    # A narrow cell breaks before an interval and not within it.
    limits = "" if told["low"] is None else f" [{number(told['low'])},\u00a0{number(told['high'])}]"
    return number(told["estimate"]) + limits


def counted(count: int, rate: float | None) -> str:
    """A count with its rate."""
    return f"{count} ({unbroken(percent(rate))})" if rate is not None else str(count)


def unbroken(words: str) -> str:
    """Words that stay on one line."""
    return words.replace(" ", "\u00a0")


def money(value: float | None, at_least: float | None = None) -> str:
    """US dollars; `at_least`: what is known of an unknown sum."""
    if value is None:
        return "unknown" if at_least is None else f"at least $ {at_least:.6g}"
    return f"$ {value:.6g}"


def sum_of(value: int | None) -> str:
    """A sum that may be unknown."""
    return "unknown" if value is None else str(value)


def _class(kind: str) -> str:
    return f' class="{text(kind)}"' if kind else ""
