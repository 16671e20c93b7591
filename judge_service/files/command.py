"""`judge-service score`: opens everything, scores the file, tells how it went."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from judge_service.domain.case import Case
from judge_service.domain.panel import concurrency
from judge_service.domain.request import ScoreRequest
from judge_service.domain.verdict import UnscoredOutcome
from judge_service.errors import ConfigurationError
from judge_service.files.ledger import Ledger
from judge_service.files.rows import count_rows, parse_map
from judge_service.files.run import Order, Tally, score_file
from judge_service.logs import set_up_logs
from judge_service.main import open_state
from judge_service.observation import Observation
from judge_service.rubric_store import load_rubrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from judge_service.judges import Door
    from judge_service.scoring.scorer import Scorer
    from judge_service.settings import Settings

UNFINISHED = 3
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Orders:
    """The command's arguments."""

    path: Path
    out: Path
    rubric: str
    judge: str
    maps: tuple[str, ...]
    settings: Mapping[str, object]
    concurrency: int | None
    restart: bool = False
    again: tuple[str, ...] = ()  # outcomes
    doors: Mapping[str, Door] = field(default_factory=dict)  # judges that this run loads itself
    max_cost_usd: float | None = None


def score_command(settings: Settings, orders: Orders) -> int:
    """Run to the end or to Ctrl-C; the exit code is 0, or 3 for rows not settled, or 130 when stopped."""
    set_up_logs("ERROR")
    order = _order(settings, orders)
    load_rubrics(settings.rubrics_dir).get(orders.rubric)
    total = count_rows(orders.path, order.columns)
    ledger = Ledger(orders.out, again=frozenset(orders.again))
    console, tally = Console(stderr=True), Tally()

    async def score(scorer: Scorer) -> None:
        ledger.open(restart=orders.restart)  # which takes something away, and so comes last
        if (last := max(ledger.settled, default=0)) > total:
            raise ConfigurationError(
                f"{orders.out.name} holds the score of row {last}, and {orders.path.name} has {total} rows; "
                "give another --out, or --restart to begin anew"
            )
        with _progress(console) as bar:
            task = bar.add_task("scoring", total=total, done="")

            def told() -> None:
                bar.update(task, completed=tally.seen, done=_short(tally))

            await score_file(scorer, order, ledger, tally, told)

    try:
        finished = asyncio.run(_interruptible(settings, orders.doors, score))
    finally:
        ledger.close()
    _tell(console, tally, orders, finished=finished)
    if not finished:
        return INTERRUPTED
    return UNFINISHED if tally.unsettled else 0


def _order(settings: Settings, orders: Orders) -> Order:
    if orders.out.exists() and orders.out.samefile(orders.path):
        raise ConfigurationError("--out is the input file; give another one")
    _check_outcomes(orders.again)
    if orders.judge not in settings.judges:
        known = ", ".join(sorted(settings.judges))
        raise ConfigurationError(f"no judge is configured under {orders.judge!r} (known: {known})")
    asked = {key: value for key, value in orders.settings.items() if value is not None}
    try:
        ScoreRequest.model_validate(
            {"rubric": orders.rubric, "judge": orders.judge, "case": Case(response=""), **asked}
        )
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_input=False)[0]
        raise ConfigurationError(f"--{str(fault['loc'][0]).replace('_', '-')}: {fault['msg']}") from exc
    return Order(
        path=orders.path,
        columns=parse_map(list(orders.maps)),
        rubric=orders.rubric,
        judge=orders.judge,
        settings=asked,
        concurrency=orders.concurrency or concurrency(settings.judges, orders.judge),
        max_cost_usd=orders.max_cost_usd,
    )


def _check_outcomes(named: tuple[str, ...]) -> None:
    outcomes = get_args(UnscoredOutcome)
    if unknown := set(named).difference(outcomes):
        listed = ", ".join(sorted(outcomes))
        raise ConfigurationError(f"--again: {min(unknown)!r} is no outcome (known: {listed})")


async def _interruptible(
    settings: Settings, doors: Mapping[str, Door], score: Callable[[Scorer], Awaitable[None]]
) -> bool:
    """Score until done or until the first SIGINT or SIGTERM; what is finished is in the file either way."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        raise RuntimeError("runs in a task")
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        async with open_state(settings, Observation(), doors) as state:
            for door in doors.values():
                await door.backend.ping()  # no row's time is spent on loading
            await score(state["scorer"])
    except asyncio.CancelledError:
        if not stopped:
            raise
    return not stopped


def _progress(console: Console) -> Progress:
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


def _tell(console: Console, tally: Tally, orders: Orders, *, finished: bool) -> None:
    table = Table("", "outcome", "rows", title=f"{orders.rubric}, judge {orders.judge}", title_justify="left")
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
    console.print(f"{cached} from the cache. " if cached else "", f"Scores: {orders.out}", sep="")
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
    if tally.capped:
        rows = _rows(tally.outcomes["cost_cap"], "has", "have")
        yield f"{rows} no answer, for the cap on cost: {tally.capped}. The same command with a higher cap goes on."
    if not finished:
        yield "Stopped. The same command goes on from here."


def _rows(count: int, one: str = "is", many: str = "are") -> str:
    return f"1 row {one}" if count == 1 else f"{count} rows {many}"
