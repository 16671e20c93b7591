"""Whoever comes and goes, in whatever order: one computation at a time, and nothing is left behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flightdeck import read, soon
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_service.errors import BackendTimeout
from judge_service.stores.flights import Flights
from judge_service.stores.memory import MemoryStore

if TYPE_CHECKING:
    from judge_service.stores.landing import Landing


@dataclass(frozen=True)
class Caller:
    replica: int
    comes: int  # in turns of the event loop
    stays: int | None  # turns until it is cancelled, None for as long as it takes


@dataclass
class OneAtATime:
    """A judge that notices when it is asked twice at once."""

    fails: bool
    computing: int = 0

    async def compute(self, landing: Landing) -> tuple[bytes, bytes | None]:
        self.computing += 1
        assert self.computing == 1
        try:
            await turns(5)
        finally:
            self.computing -= 1
        if self.fails:
            raise BackendTimeout("slow judge")
        return b"answer", b"answer"


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def outcome(caller: Caller, flights: Flights, judge: OneAtATime) -> object:
    await turns(caller.comes)
    task = asyncio.create_task(flights.fetch("k", judge.compute, read, deadline=soon()))
    if caller.stays is not None:
        await turns(caller.stays)
        task.cancel()
    await asyncio.wait((task,))
    return "left" if task.cancelled() else task.exception() or task.result().value


callers = st.builds(Caller, st.integers(0, 1), st.integers(0, 8), st.none() | st.integers(1, 12))


@settings(max_examples=150, deadline=None)
@given(st.lists(callers, min_size=1, max_size=12), st.booleans())
async def test_any_coming_and_going(crowd: list[Caller], fails: bool) -> None:
    store, judge = MemoryStore(), OneAtATime(fails)
    fleet = [Flights(store, poll_s=0.001) for _ in range(2)]
    outcomes = await asyncio.gather(*(outcome(caller, fleet[caller.replica], judge) for caller in crowd))
    for caller, each in zip(crowd, outcomes, strict=True):
        served = isinstance(each, BackendTimeout) if fails else each == b"answer"
        assert served or (caller.stays is not None and each == "left")
    for flights in fleet:
        await asyncio.gather(*flights._tasks.values(), return_exceptions=True)
        assert not flights._tasks
        assert not flights._aloft
    assert not store._leases
    assert not store._waiters._waiting
