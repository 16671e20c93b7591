"""Scores a file's rows with the scorer that serves requests: concurrent, resumable, interruptible."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from judge_service.backends.purse import Tab, purse_of
from judge_service.files.asking import Answer, Asking
from judge_service.files.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from judge_service.files.asking import Order
    from judge_service.files.ledger import Ledger
    from judge_service.files.rows import Row
    from judge_service.files.tally import Tally
    from judge_service.scoring.scorer import Scorer


async def score_file(
    scorer: Scorer, order: Order, ledger: Ledger, tally: Tally, told: Callable[[], None]
) -> None:
    """Score every row that the ledger does not hold yet and count it; `told` is called after each."""
    asking = Asking(scorer, order)
    check_the_frame(asking, order, ledger)
    rows, purse = (
        read_rows(order.path, order.columns),
        purse_of(order.max_cost_usd, sum(ledger.spent.values())),
    )

    async def work(rows: Iterator[Row]) -> None:
        for row in rows:
            asked, tab = asking.asked(row), None if purse is None else Tab(purse)
            if ledger.holds(row.number, asked):
                answer = Answer(row.number, asked, "held")
            else:
                answer = await asking.answer(row, asked, tab)
            if answer.kind == "capped" and purse is not None:
                purse.close()  # no further judge is asked; what is in the cache is still told
            tally.keep(answer, ledger, tab)
            told()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(order.concurrency):
                group.create_task(work(rows))
    except ExceptionGroup as group_failed:
        raise group_failed.exceptions[0] from None  # those that follow it tell nothing more


def check_the_frame(asking: Asking, order: Order, ledger: Ledger) -> None:
    """Refuse to add answers under one rubric, judge or setting to a file of answers under another."""
    if ledger.settled:
        first = min(ledger.settled)
        for row in read_rows(order.path, order.columns):
            if row.number == first:
                ledger.holds(row.number, asking.asked(row))
                break
