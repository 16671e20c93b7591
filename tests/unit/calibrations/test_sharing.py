"""Reads that are shared, and are never older than the question."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtualtime import now, virtual

from judge_service.calibrations.sharing import SharedReads
from judge_service.errors import StoreError


class Clock:
    """A store whose record is the moment in which the read began; each read takes a second."""

    def __init__(self) -> None:
        self.reads = 0

    async def read(self, key: str) -> float:
        self.reads += 1
        began = now()
        await asyncio.sleep(1)
        return began


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 4, allow_nan=False), min_size=1, max_size=12))
def test_no_answer_is_older_than_its_question_and_reads_do_not_pile_up(moments: list[float]) -> None:
    clock = Clock()

    async def ask(shared: SharedReads[float], moment: float) -> None:
        await asyncio.sleep(moment)
        asked = now()
        assert await shared.get("k") >= asked
        assert now() - asked <= 2.001

    @virtual
    async def everybody() -> None:
        shared = SharedReads(clock.read)
        await asyncio.gather(*(ask(shared, moment) for moment in moments))

    everybody()
    assert clock.reads <= min(len(moments), 6)


def test_keys_are_read_by_themselves_and_a_failure_is_shared_but_not_kept() -> None:
    asked: list[str] = []

    async def read(key: str) -> str:
        asked.append(key)
        await asyncio.sleep(1)
        if len(asked) == 2:
            raise StoreError("away")
        return key

    @virtual
    async def everybody() -> None:
        shared = SharedReads(read)
        assert await shared.get("a") == "a"
        failures = await asyncio.gather(shared.get("a"), return_exceptions=True)
        assert isinstance(failures[0], StoreError)
        assert list(await asyncio.gather(shared.get("a"), shared.get("b"))) == ["a", "b"]

    everybody()
    assert asked == ["a", "a", "a", "b"]


def test_who_leaves_takes_nothing_from_the_others() -> None:
    clock = Clock()

    @virtual
    async def everybody() -> None:
        shared = SharedReads(clock.read)
        leaving, staying = [asyncio.create_task(shared.get("k")) for _ in range(2)]
        await asyncio.sleep(0.5)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await staying

    everybody()
