"""The breaker's pauses by a clock of the test's own, and the guard around it."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.errors import StoreError
from judge_service.stores.guard import Breaker, Guard

pytestmark = pytest.mark.clocked


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class PatchyStore:
    """Answers 1, or fails as often as it was told to."""

    def __init__(self, *, dead: bool) -> None:
        self.dead = dead
        self.calls = 0

    async def answer(self) -> int:
        self.calls += 1
        if self.dead:
            raise StoreError("gone")
        return 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_closed_breaker_admits_all(clock: Clock) -> None:
    breaker = Breaker(clock)
    assert all(breaker.admits() for _ in range(100))


def test_pauses_grow_to_the_longest_with_one_probe_each(clock: Clock) -> None:
    breaker = Breaker(clock)
    breaker.failed()
    for pause in (1.0, 2.0, 4.0, 5.0, 5.0):
        clock.now += pause - 0.01
        assert not breaker.admits()
        clock.now += 0.02
        assert breaker.admits()
        assert not breaker.admits()
        breaker.failed()


def test_a_probe_that_works_closes_it_and_pauses_begin_anew(clock: Clock) -> None:
    breaker = Breaker(clock)
    breaker.failed()
    clock.now += 1.1
    assert breaker.admits()
    breaker.worked()
    assert breaker.admits()
    assert breaker.admits()
    breaker.failed()
    clock.now += 1.1
    assert breaker.admits()


def test_stragglers_do_not_lengthen_a_pause(clock: Clock) -> None:
    breaker = Breaker(clock)
    for _ in range(50):
        breaker.failed()
    clock.now += 1.1
    assert breaker.admits()


def test_a_probe_that_is_never_answered_is_followed_by_another(clock: Clock) -> None:
    breaker = Breaker(clock)
    breaker.failed()
    clock.now += 1.1
    assert breaker.admits()
    clock.now += 1.1
    assert breaker.admits()


@given(st.lists(st.tuples(st.floats(0.01, 10), st.booleans()), max_size=60))
def test_a_store_that_is_back_is_used_within_the_longest_pause(history: list[tuple[float, bool]]) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for waited, works in history:
        clock.now += waited
        if breaker.admits():
            (breaker.worked if works else breaker.failed)()
    clock.now += 5.01
    assert breaker.admits()


async def test_a_dead_store_is_asked_once_per_pause(clock: Clock) -> None:
    store, guard = PatchyStore(dead=True), Guard(clock=clock)
    for _ in range(10):
        with pytest.raises(StoreError):
            await guard.ask(store.answer)
    assert store.calls == 1
    clock.now += 1.1
    store.dead = False
    assert [await guard.ask(store.answer) for _ in range(3)] == [1, 1, 1]
    assert store.calls == 4


async def test_one_warning_a_minute_and_no_key_in_it(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    store, guard = PatchyStore(dead=True), Guard(clock=clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(30):
            with pytest.raises(StoreError):
                await guard.ask(store.answer)
            clock.now += 6
    assert 3 <= len(caplog.records) <= 4
    assert store.calls == 30


async def test_other_errors_pass_and_do_not_open_it(clock: Clock) -> None:
    async def broken() -> NoReturn:
        raise ZeroDivisionError

    guard = Guard(clock=clock)
    with pytest.raises(ZeroDivisionError):
        await guard.ask(broken)
    assert await guard.ask(PatchyStore(dead=False).answer) == 1


async def test_a_burst_on_a_store_that_hangs_waits_once(clock: Clock) -> None:
    async def hang() -> NoReturn:
        await asyncio.sleep(0.1)
        raise StoreError("hung")

    guard = Guard(clock=clock)
    began = asyncio.get_running_loop().time()
    failures = await asyncio.gather(*(guard.ask(hang) for _ in range(500)), return_exceptions=True)
    assert all(isinstance(failure, StoreError) for failure in failures)
    assert asyncio.get_running_loop().time() - began < 0.25


async def test_a_burst_beyond_the_slots_is_refused_in_time_and_the_breaker_stays_closed(clock: Clock) -> None:
    release = asyncio.Event()

    async def slow() -> int:
        await release.wait()
        return 1

    guard = Guard(clock=clock)
    holders = [asyncio.create_task(guard.ask(slow)) for _ in range(24)]
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match="under way"):
        await guard.ask(PatchyStore(dead=False).answer)
    release.set()
    assert await asyncio.gather(*holders) == [1] * 24
    assert await guard.ask(PatchyStore(dead=False).answer) == 1
