"""The summary as a table in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.table import Table

MISSING = "–"


def tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """A table for each kind of question that there is."""
    if summary["mcq"]:
        yield _mcq(summary["mcq"])
    if summary["open"]:
        yield _open(summary["open"])


def _mcq(track: Mapping[str, Any]) -> Table:
    table = _table("Multiple choice: accuracy in %, an invalid reply counts as wrong")
    for heading in ("items", "scored", "accuracy", "95 % interval", "invalid", "unscored"):
        table.add_column(heading, justify="right")
    for name, cell in _cells(track):
        accuracy = cell["accuracy_micro"]
        table.add_row(
            name,
            str(cell["items"]),
            str(cell["scored"]),
            number(accuracy["estimate"]),
            span(accuracy),
            percent(cell["invalid_rate"]),
            percent(cell["unscored_rate"]),
        )
    macro = track["all"]["accuracy_macro"]
    table.add_row(_macro(macro), "", "", number(macro["estimate"]), span(macro), "", "")
    return table


def _open(track: Mapping[str, Any]) -> Table:
    names = list(track["all"]["criteria"])
    table = _table("Open-ended: points from 0 to 100; what is unscored is in no mean, its share in brackets")
    for heading in (
        "items",
        "scored",
        *(name.replace("_", " ") for name in names),
        "score",
        "95 % interval",
        "unscored",
    ):
        table.add_column(heading, justify="right")
    for name, cell in _cells(track):
        means = [_with_share(cell["criteria"].get(each)) for each in names]
        score = cell["score_micro"]
        table.add_row(
            name,
            str(cell["items"]),
            str(cell["scored"]),
            *means,
            number(score["estimate"]),
            span(score),
            percent(cell["unscored_rate"]),
        )
    whole = track["all"]
    means = [number(whole["criteria"][each]["macro"]["estimate"]) for each in names]
    score = whole["score_macro"]
    table.add_row(_macro(score), "", "", *means, number(score["estimate"]), span(score), "")
    return table


def _with_share(told: Mapping[str, Any] | None) -> str:
    """A criterion's mean, and the share of items without a value for it; a narrow cell breaks between the two."""
    if told is None:
        return MISSING
    share = percent(told["unscored_rate"]).replace(" ", "\u00a0")
    return f"{number(told['micro']['estimate'])} ({share})"


def _macro(told: Mapping[str, Any]) -> str:
    """The name of the row, with what the mean is without."""
    if told["estimate"] is None:
        return f"no macro mean: {told['method']}"
    lacking = told["without_dimension"]
    return "macro (mean of dimensions)" + (f", {lacking} items without one left out" if lacking else "")


def _cells(track: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "all (micro: mean of items)", track["all"]
    for value, cell in track["cuts"].get("dimension", {}).items():
        yield f"  {value}", cell


def _table(title: str) -> Table:
    from rich import box  # noqa: PLC0415  paid when used
    from rich.table import Table  # noqa: PLC0415  the same

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("")
    return table


def number(value: float | None, digits: int = 1) -> str:
    """A figure, or a dash where there is none."""
    if value is None:
        return MISSING
    shown = f"{value:.{digits}f}"
    return (shown.lstrip("-") if float(shown) == 0 else shown).replace("-", "−")


def percent(value: float | None) -> str:
    """A rate that is in percent already."""
    return MISSING if value is None else f"{number(value)} %"


def span(estimate: Mapping[str, Any]) -> str:
    """An interval, or a dash."""
    if estimate["low"] is None:
        return MISSING
    return f"{number(estimate['low'])} to {number(estimate['high'])}"


def comparison(told: Mapping[str, Any]) -> Table:
    """Two runs beside each other: B minus A."""
    table = _table(
        f"A: {told['a']['model']} ({told['a']['folder']}), B: {told['b']['model']} ({told['b']['folder']})"
    )
    for heading in ("pairs", "A", "B", "B − A", "95 % interval", "unscored in A, B, both"):
        table.add_column(heading, justify="right")
    rows = {"accuracy, %": told["mcq"]["accuracy"]} if told["mcq"] else {}
    rows |= {name.replace("_", " "): each for name, each in (told["open"] or {}).items()}
    for name, each in rows.items():
        missing = ", ".join(str(each[f"unscored_in_{where}"]) for where in ("a_only", "b_only", "both"))
        difference = each["difference"]
        table.add_row(
            name,
            str(each["pairs"]),
            number(each["a"]),
            number(each["b"]),
            number(difference["estimate"]),
            span(difference),
            missing,
        )
    return table
