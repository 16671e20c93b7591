"""Small pieces of HTML: everything that a study brought is escaped here and nowhere else."""

from __future__ import annotations

import html
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
    head: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", numeric_from: int = 1
) -> str:
    """A table whose first column names the row; columns from `numeric_from` on are set as figures."""
    cells = "".join(
        f'<th scope="col"{_figure(at, numeric_from)}>{text(name)}</th>' for at, name in enumerate(head)
    )
    body = "\n".join(_row(row, numeric_from) for row in rows)
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{title}<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _row(row: Sequence[object], numeric_from: int) -> str:
    first = f'<th scope="row">{text(row[0])}</th>'
    rest = "".join(f"<td{_figure(at, numeric_from)}>{text(cell)}</td>" for at, cell in enumerate(row[1:], 1))
    return f"<tr>{first}{rest}</tr>"


def _figure(at: int, numeric_from: int) -> str:
    return ' class="figure"' if at >= numeric_from else ""


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


def estimate(statistic: Mapping[str, Any], digits: int = 2) -> str:
    """The figure of a statistic, or why it is undefined."""
    if statistic["estimate"] is None:
        return f"undefined: {str(statistic['reason']).replace('_', ' ')}"
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
    """Figures with intervals, methods and numbers of items; below, those that are undefined, by reason.

    Those that the scale does not have are left out.
    """
    shown = [told for told in statistics.values() if told["reason"] != NOT_OF_THIS_SCALE]
    rows = [
        (
            told["label"],
            estimate(told),
            interval(told),
            told["ci"]["method"].replace("_", " ") if told["ci"] else MISSING,
            told["n_items"] if told["n_items"] is not None else MISSING,
            "; ".join(told["notes"]) or MISSING,
        )
        for told in shown
        if told["estimate"] is not None
    ]
    missing: dict[str, list[str]] = {}
    for told in shown:
        if told["estimate"] is None:
            missing.setdefault(str(told["reason"]).replace("_", " "), []).append(told["label"])
    head = ("statistic", "estimate", "interval", "method", "items", "notes")
    below = [
        paragraph(f"{caption}, undefined ({reason}): {'; '.join(labels)}.", kind="empty")
        for reason, labels in missing.items()
    ]
    return "\n".join([*([table(head, rows, caption=caption)] if rows else []), *below])
