"""A job's cap on cost holds for all workers together, whatever each of them has drawn."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from jobwork import a_job_line, an_order, opened

from judge_service.domain.price import Price
from judge_service.errors import CostCapReached
from judge_service.jobs.purses import JobPurse, purse_of
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CAP = 10_000
PRICE = Price(1, 1)


@pytest.fixture
async def jobs() -> AsyncIterator[SqliteJobs]:
    ledger = SqliteJobs(None)
    await opened(ledger, [a_job_line("a")], max_cost_usd=CAP / 1e6)
    yield ledger
    await ledger.aclose()


async def spends(purse: JobPurse, chance: random.Random, calls: int) -> int:
    spent = 0
    for _ in range(calls):
        bound = chance.randrange(1, 400)
        try:
            await purse.take(PRICE, bound)
        except CostCapReached:
            continue
        await asyncio.sleep(0)
        cost = chance.choice([None, 0, bound // 2, bound])
        purse.settle(bound, cost)
        spent += bound if cost is None else cost
    return spent


@pytest.mark.parametrize("seed", range(5))
async def test_two_workers_never_spend_more_than_the_cap(jobs: SqliteJobs, seed: int) -> None:
    purses = [JobPurse(jobs, "job_1", CAP) for _ in range(2)]
    shares = [spends(purses[n % 2], random.Random(f"{seed} {n}"), 30) for n in range(8)]
    spent = sum(await asyncio.gather(*shares))
    assert CAP * 0.8 < spent <= CAP
    for purse in purses:
        await purse.give_back()
    assert await jobs.draw("job_1", CAP - spent + 1, CAP) == 0
    assert await jobs.draw("job_1", CAP - spent, CAP) == CAP - spent


async def test_what_a_dead_worker_had_drawn_counts_as_spent(jobs: SqliteJobs) -> None:
    dead = JobPurse(jobs, "job_1", CAP)
    await dead.take(PRICE, 6000)
    alive = JobPurse(jobs, "job_1", CAP)
    with pytest.raises(CostCapReached):
        await alive.take(PRICE, 5000)
    await alive.take(PRICE, 4000)


async def test_a_call_that_lost_what_it_counted_on_draws_again(jobs: SqliteJobs) -> None:
    purse = JobPurse(jobs, "job_1", CAP)
    await purse.take(PRICE, 1000)
    purse.settle(1000, 0)
    dear = asyncio.create_task(purse.take(PRICE, 2000))
    await asyncio.sleep(0)  # it draws what is missing beside the 1000, which another call takes meanwhile
    await purse.take(PRICE, 1000)
    purse.settle(1000, 1000)
    await dear


async def test_without_a_price_nothing_is_drawn(jobs: SqliteJobs) -> None:
    with pytest.raises(CostCapReached, match="unknown"):
        await JobPurse(jobs, "job_1", CAP).take(None, 1)
    assert await jobs.draw("job_1", CAP, CAP) == CAP


def test_a_job_without_a_cap_has_no_purse(jobs: SqliteJobs) -> None:
    assert purse_of(jobs, an_order()) is None
    with_cap = purse_of(jobs, an_order(max_cost_usd=0.01))
    assert with_cap is not None
    assert (with_cap.cap, with_cap.left) == (CAP, 0)
