"""`judge-service score`: opens everything, scores the file, tells how it went."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError
from rich.console import Console

from judge_service.domain.case import Case
from judge_service.domain.panel import concurrency
from judge_service.domain.request import ScoreRequest
from judge_service.domain.verdict import UnscoredOutcome
from judge_service.errors import ConfigurationError
from judge_service.files.asking import Asking, Order
from judge_service.files.ledger import Ledger
from judge_service.files.place import Place
from judge_service.files.ray_data import check_ray, score_on_ray
from judge_service.files.rows import count_rows, parse_map
from judge_service.files.run import check_the_frame, score_file
from judge_service.files.tally import Tally
from judge_service.files.telling import progress, tell
from judge_service.logs import set_up_logs
from judge_service.main import open_state
from judge_service.observation import Observation
from judge_service.probing import probed, unprobed
from judge_service.rubric_store import load_rubrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from judge_service.judges import Door
    from judge_service.scoring.scorer import Scorer
    from judge_service.settings import Settings

    # Opens the ledger and shows the progress; what it gives is called after each row.
    Begun = Callable[[], AbstractContextManager[Callable[[], None]]]

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
    spread: bool = False  # over the worker processes of a Ray


def score_command(settings: Settings, orders: Orders) -> int:
    """Run to the end or to Ctrl-C; the exit code is 0, or 3 for rows not settled, or 130 when stopped."""
    set_up_logs("ERROR")
    order, place = _order(settings, orders), Place.of(orders.out)
    if orders.spread:
        check_ray(order)
    load_rubrics(settings.rubrics_dir).get(orders.rubric)
    total = count_rows(orders.path, order.columns)
    ledger = Ledger(place.ledger, again=frozenset(orders.again))
    console, tally = Console(stderr=True), Tally()

    @contextmanager
    def begun() -> Iterator[Callable[[], None]]:
        place.make()
        ledger.open(restart=orders.restart)  # which takes something away, and so comes last
        if (last := max(ledger.settled, default=0)) > total:
            raise ConfigurationError(
                f"{orders.out.name} holds the score of row {last}, and {orders.path.name} has {total} rows; "
                "give another --out, or --restart to begin anew"
            )
        with progress(console, tally, total) as told:
            yield told

    async def score(scorer: Scorer) -> None:
        with begun() as told:
            await score_file(scorer, order, ledger, tally, told)

    try:
        if orders.spread:
            finished = _spread_out(settings, order, ledger, tally, begun)
        else:
            finished = asyncio.run(_interruptible(settings, orders.doors, score))
    finally:
        ledger.close()
    place.finish()
    tell(console, tally, f"{orders.rubric}, judge {orders.judge}", orders.out, finished=finished)
    if not finished:
        return INTERRUPTED
    return UNFINISHED if tally.unsettled else 0


def _spread_out(settings: Settings, order: Order, ledger: Ledger, tally: Tally, begun: Begun) -> bool:
    """Score on a Ray until done or until the first SIGINT or SIGTERM."""

    async def looked_into() -> tuple[Settings, Asking]:
        """Decide here, once, what the workers would have to find out, and find what is wrong."""
        decided = unprobed(await probed(settings))
        async with open_state(decided, Observation()) as state:
            return decided, Asking(state["scorer"], order)

    try:
        decided, asking = asyncio.run(looked_into())
        with begun() as told:
            check_the_frame(asking, order, ledger)
            score_on_ray(decided, asking, order, ledger, tally, told)
    except KeyboardInterrupt:
        return False
    return True


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
