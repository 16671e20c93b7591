"""Small pieces of HTML: everything that a study brought is escaped here and nowhere else."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MISSING = "–"
NOT_OF_THIS_SCALE = "not_for_this_scale"  # the reason of figures that a page leaves out


def text(value: object) -> str:
    """Any value as text that is safe in an element or an attribute."""
    return html.escape(str(value), quote=True)


def paragraph(words: str, *, kind: str = "") -> str:
    """A paragraph of plain words."""
    return f"<p{_class(kind)}>{text(words)}</p>"


def section(title: str, *parts: str, level: int = 2, anchor: str = "", kind: str = "") -> str:
    """A titled section; empty parts leave no trace."""
    body = "\n".join(part for part in parts if part)
    mark = f' id="{text(anchor)}"' if anchor else ""
    return f"<section{mark}{_class(kind)}>\n<h{level}>{text(title)}</h{level}>\n{body}\n</section>"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    numeric: tuple[int, int] = (1, 99),
) -> str:
    """A table whose first column names the row; columns within `numeric` are set as figures, the others as words.

    A column in which no row has anything is left out.
    """
    lines = [tuple(row) for row in rows]
    shown = [at for at in range(len(head)) if not at or any(row[at] != MISSING for row in lines)]
    figures = [numeric[0] <= at < numeric[1] for at in shown]
    cells = "".join(
        f'<th scope="col"{_figure(is_figure)}>{text(head[at])}</th>'
        for at, is_figure in zip(shown, figures, strict=True)
    )
    body = "\n".join(_row([row[at] for at in shown], figures) for row in lines)
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{title}<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _row(row: Sequence[object], figures: Sequence[bool]) -> str:
    first = f'<th scope="row">{text(row[0])}</th>'
    rest = "".join(
        f"<td{_figure(is_figure)}>{text(cell)}</td>"
        for cell, is_figure in zip(row[1:], figures[1:], strict=True)
    )
    return f"<tr>{first}{rest}</tr>"


def _figure(is_figure: bool) -> str:
    return ' class="figure"' if is_figure else ""


def _class(kind: str) -> str:
    return f' class="{text(kind)}"' if kind else ""


def listing(items: Iterable[str], *, kind: str = "") -> str:
    """A list of plain lines; nothing for none."""
    rows = "".join(f"<li>{text(item)}</li>" for item in items)
    return f"<ul{_class(kind)}>{rows}</ul>" if rows else ""


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Terms and what they are."""
    rows = "".join(f"<div><dt>{text(term)}</dt><dd>{text(value)}</dd></div>" for term, value in pairs)
    return f'<dl class="facts">{rows}</dl>'


def told_scale(scale: Mapping[str, Any]) -> str:
    """A declared scale in words: its kind, and its ends or all of its values."""
    if scale["kind"] == "interval":
        return f"{scale['kind']}, from {scale['low']:g} to {scale['high']:g}"
    return f"{scale['kind']}, {', '.join(map(str, scale['values']))}"


def with_minus(words: str) -> str:
    """Words in which a hyphen before a figure is a true minus sign."""
    return re.sub(r"(?<![\w-])-(?=\d)", "−", words)


def number(value: float | None, digits: int = 2) -> str:
    """A figure with a true minus sign, or a dash where there is none."""
    if value is None:
        return MISSING
    shown = f"{value:.{digits}f}"
    if float(shown) == 0:
        shown = shown.lstrip("-")
    return shown.replace("-", "−")


def percent(value: float | None, digits: int = 0) -> str:
    """A share as a percentage."""
    return MISSING if value is None else f"{number(100 * value, digits)} %"


def p_value(value: float | None) -> str:
    """A p-value, never as zero."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else number(value, 3)  # noqa: PLR2004  as journals print it


def interval(statistic: Mapping[str, Any], digits: int = 2) -> str:
    """The interval of a statistic, or why it has none."""
    ci = statistic["ci"]
    if ci is not None:
        return f"{number(ci['low'], digits)} to {number(ci['high'], digits)}"
    return {"insufficient": "too few items", "suppressed": "unstable"}.get(statistic["status"], MISSING)


def reason_of(told: Mapping[str, Any]) -> str:
    """Why a figure or a test is undefined, in words."""
    return str(told["reason"]).replace("_", " ")


def estimate(statistic: Mapping[str, Any], digits: int = 2) -> str:
    """The figure of a statistic, or why it is undefined."""
    if statistic["estimate"] is None:
        return f"undefined: {reason_of(statistic)}"
    return number(statistic["estimate"], digits)


def with_interval(statistic: Mapping[str, Any], digits: int = 2) -> str:
    """Both, for a line of text."""
    ci = statistic["ci"]
    if ci is None or statistic["estimate"] is None:
        return estimate(statistic, digits)
    return f"{estimate(statistic, digits)} [{interval(statistic, digits)}]"


def share_with_interval(statistic: Mapping[str, Any]) -> str:
    """A share as percentages."""
    value, ci = statistic["estimate"], statistic["ci"]
    if value is None:
        return estimate(statistic)
    limits = f" [{percent(ci['low'])} to {percent(ci['high'])}]" if ci else ""
    return percent(value) + limits


def statistics_table(statistics: Mapping[str, Mapping[str, Any]], *, caption: str) -> str:
    """Figures with intervals, methods and numbers of items; below, notes by number and what is undefined, by reason.

    Those that the scale does not have are left out.
    """
    shown = [told for told in statistics.values() if told["reason"] != NOT_OF_THIS_SCALE]
    numbers: dict[str, int] = {}
    missing: dict[str, list[str]] = {}
    rows = []
    for told in shown:
        if told["estimate"] is None:
            missing.setdefault(reason_of(told), []).append(told["label"])
            continue
        marks = [str(numbers.setdefault(note, len(numbers) + 1)) for note in told["notes"]]
        method = told["ci"]["method"].replace("_", " ") if told["ci"] else MISSING
        count = MISSING if told["n_items"] is None else told["n_items"]
        rows.append(
            (told["label"], estimate(told), interval(told), method, count, ", ".join(marks) or MISSING)
        )
    head = ("statistic", "estimate", "interval", "method", "items", "note")
    below = [f"{caption}, note {at}: {note}." for note, at in numbers.items()]
    below += [f"{caption}, undefined ({why}): {'; '.join(labels)}." for why, labels in missing.items()]
    parts = [table(head, rows, caption=caption)] if rows else []
    return "\n".join([*parts, *(paragraph(words, kind="empty") for words in below)])
