"""Tells people how a run goes, and how it went."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    from judge_service.files.tally import Tally

_NAMED = 20


@contextmanager
def progress(console: Console, tally: Tally, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar for so many rows; what is given is to be called whenever the tally has changed."""
    with _bar(console) as bar:
        task = bar.add_task("scoring", total=total, done="")
        yield lambda: bar.update(task, completed=tally.seen, done=_short(tally))


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[done]}"),
        console=console,
    )


def _short(tally: Tally) -> str:
    return " ".join(f"{outcome} {count}" for outcome, count in tally.outcomes.most_common(4))


def tell(console: Console, tally: Tally, title: str, out: Path, *, finished: bool) -> None:
    """Tell what came out, what it cost, and what is still to do."""
    table = Table("", "outcome", "rows", title=title, title_justify="left")
    if tally.resumed:
        table.add_row("rows", "kept from before", str(tally.resumed))
    for outcome, count in tally.outcomes.most_common():
        table.add_row("rows", outcome, str(count))
    if tally.uncached:
        table.add_row("rows", "not in the cache", str(tally.uncached))
    for criterion, levels in tally.levels.items():
        table.add_section()
        for level, count in sorted(levels.items()):
            table.add_row(criterion, level, str(count))
    console.print(table)
    cached = tally.cache["hit"]
    console.print(f"{cached} from the cache. " if cached else "", f"Scores: {out}", sep="")
    for line in (*tally.bill.lines(), *_left_over(tally, finished=finished)):
        console.print(line, highlight=False, markup=False)


def _left_over(tally: Tally, *, finished: bool) -> Iterator[str]:
    """What is still to do, a line for each kind."""
    yield from tally.unread
    if tally.unread:
        yield "Mend the table, and the same command goes on from there."
    if tally.uncached:
        yield f"{_rows(tally.uncached)} not in the cache; without --cache only the judge is asked."
    if tally.unanswered:
        rows = _rows(tally.unanswered, "has", "have")
        yield f"{rows} no answer from the judge; the same command asks again."
    if tally.fatal:
        listed = ", ".join(map(str, sorted(tally.fatal)[:_NAMED])) + (
            ", …" if len(tally.fatal) > _NAMED else ""
        )
        yield f"Rows that ended the process which scored them, each time they were tried: {listed}."
    if tally.capped:
        rows = _rows(tally.outcomes["cost_cap"], "has", "have")
        yield f"{rows} no answer, for the cap on cost: {tally.capped}. The same command with a higher cap goes on."
    if not finished:
        yield "Stopped. The same command goes on from here."


def _rows(count: int, one: str = "is", many: str = "are") -> str:
    return f"1 row {one}" if count == 1 else f"{count} rows {many}"
