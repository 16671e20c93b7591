"""A key is held while lines come, and let go where none do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from jobwork import Clock, an_order, until

from judge_service.errors import StoreError
from judge_service.jobs.holding import HELD_S, RECEIVING_S, Hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.jobs.base import JobBackend, Reservation
    from judge_service.jobs.sqlite import SqliteJobs


async def nothing() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


class Shaky:
    """A ledger that is away for some calls, and counts them."""

    def __init__(self, jobs: SqliteJobs, away: int = 0) -> None:
        self._jobs = jobs
        self._away = away
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    async def reserve(self, *asked: Any) -> Reservation:
        self.calls += 1
        if self.calls <= self._away:
            raise StoreError("away")
        return await self._jobs.reserve(*asked)


async def test_a_stream_in_which_nothing_comes_holds_no_key_for_long(jobs: SqliteJobs, clock: Clock) -> None:
    silent = Clock()
    hold = Hold(jobs, an_order(), "key", renew_s=0.01, clock=silent)
    assert (await hold.take()).state == "new"
    async with hold.while_it_comes(nothing()):
        clock.now += HELD_S - 1
        await asyncio.sleep(0.1)
        clock.now += HELD_S - 1
        assert (await jobs.reserve("default", "key", "job_2", HELD_S)).state == "receiving"
        silent.now += RECEIVING_S
        await asyncio.sleep(0.1)
        clock.now += HELD_S
        assert (await jobs.reserve("default", "key", "job_2", HELD_S)).state == "new"


async def test_a_ledger_that_is_away_for_a_moment_costs_no_key(jobs: SqliteJobs) -> None:
    shaky = Shaky(jobs, away=3)
    hold = Hold(cast("JobBackend", shaky), an_order(), "key", renew_s=0.01)
    async with hold.while_it_comes(nothing()):
        await until(lambda: shaky.calls >= 5)
    assert (await jobs.reserve("default", "key", "job_2", HELD_S)).state == "receiving"


async def test_a_key_that_another_has_is_left_to_it(jobs: SqliteJobs) -> None:
    await jobs.reserve("default", "key", "job_2", HELD_S)
    shaky = Shaky(jobs)
    async with Hold(cast("JobBackend", shaky), an_order(), "key", renew_s=0.01).while_it_comes(nothing()):
        await asyncio.sleep(0.1)
    assert shaky.calls == 1
