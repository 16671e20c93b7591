"""`judge-service score`: opens everything, scores the file, tells how it went."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from judge_service.domain.case import Case
from judge_service.domain.request import ScoreRequest
from judge_service.errors import ConfigurationError
from judge_service.files.ledger import Ledger
from judge_service.files.rows import count_rows, parse_map
from judge_service.files.run import Order, Tally, score_file
from judge_service.logs import set_up_logs
from judge_service.main import open_state
from judge_service.observation import Observation
from judge_service.rubric_store import load_rubrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from judge_service.files.run import Told
    from judge_service.settings import Settings

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


def score_command(settings: Settings, orders: Orders) -> int:
    """Run to the end or to Ctrl-C; the exit code is 0, or 130 when it was stopped."""
    set_up_logs("ERROR")
    console = Console(stderr=True)
    order = _order(settings, orders)
    load_rubrics(settings.rubrics_dir).get(orders.rubric)
    total = count_rows(orders.path, order.columns)
    if orders.restart:
        orders.out.unlink(missing_ok=True)
    ledger = Ledger(orders.out)
    ledger.resume()
    latest = Tally()
    try:
        with _progress(console) as bar:
            task = bar.add_task("scoring", total=total, done="")

            def told(tally: Tally) -> None:
                nonlocal latest
                latest = tally
                bar.update(task, completed=tally.resumed + tally.outcomes.total(), done=_short(tally))

            finished = asyncio.run(_interruptible(settings, order, ledger, told))
    finally:
        ledger.close()
    _tell(console, latest, orders, finished=finished)
    return 0 if finished else INTERRUPTED


def _order(settings: Settings, orders: Orders) -> Order:
    if orders.out.resolve() == orders.path.resolve():
        raise ConfigurationError("--out is the input file; give another one")
    spec = settings.judges.get(orders.judge)
    if spec is None:
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
        concurrency=orders.concurrency or spec.max_concurrency,
    )


async def _interruptible(settings: Settings, order: Order, ledger: Ledger, told: Told) -> bool:
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
        async with open_state(settings, Observation()) as state:
            await score_file(state["scorer"], order, ledger, told)
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
    for criterion, levels in tally.levels.items():
        table.add_section()
        for level, count in sorted(levels.items()):
            table.add_row(criterion, level, str(count))
    console.print(table)
    cached = tally.cache["hit"]
    console.print(f"{cached} from the cache. " if cached else "", f"Scores: {orders.out}", sep="")
    if not finished:
        console.print("Stopped. The same command goes on from here.")
