"""The bounded dictionary against a plain model of what it promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from judge_service.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

MAX_BYTES = 40
keys = st.sampled_from("abcdef")


def at_once(step: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that awaits nothing."""
    try:
        step.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError


class BoundedStore(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.store = MemoryStore(max_bytes=MAX_BYTES, clock=lambda: self.now)
        self.written: dict[str, tuple[bytes, float]] = {}
        self.recency: list[str] = []

    def used(self, key: str) -> None:
        self.recency = [other for other in self.recency if other != key] + [key]

    @rule(key=keys, value=st.binary(max_size=60), ttl=st.integers(1, 50))
    def put(self, key: str, value: bytes, ttl: int) -> None:
        at_once(self.store.put(key, value, ttl))
        self.written[key] = (value, self.now + ttl)
        self.used(key)
        while sum(1 + len(self.written[kept][0]) for kept in self.recency) > MAX_BYTES:
            del self.written[self.recency.pop(0)]

    @rule(key=keys)
    def get(self, key: str) -> None:
        value, expires = self.written.get(key, (None, 0.0))
        alive = expires > self.now
        assert at_once(self.store.get(key)) == (value if alive else None)
        if alive:
            self.used(key)
        elif self.written.pop(key, None):
            self.recency.remove(key)

    @rule(key=keys)
    def delete(self, key: str) -> None:
        at_once(self.store.delete(key))
        if self.written.pop(key, None):
            self.recency.remove(key)

    @rule(seconds=st.integers(1, 30))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def the_bound_holds(self) -> None:
        assert self.store.size == sum(1 + len(value) for value, _ in self.written.values()) <= MAX_BYTES


TestBoundedStore = BoundedStore.TestCase


async def test_the_least_recently_used_goes_first() -> None:
    store = MemoryStore(max_bytes=33)
    for key in "abc":
        await store.put(key, bytes(10), 60)
    await store.get("a")
    await store.put("d", bytes(10), 60)
    assert [key for key in "abcd" if await store.get(key) is not None] == ["a", "c", "d"]


async def test_leases_of_the_dead_are_cleared_away() -> None:
    now = 0.0
    store = MemoryStore(clock=lambda: now)
    for number in range(1500):
        await store.lead(f"dead {number}", "t", 1)
    await store.lead("alive", "t", 100)
    now = 50.0
    await store.lead("next", "t", 1)
    assert set(store._leases) == {"alive", "next"}


async def test_a_wait_leaves_nothing_behind() -> None:
    store = MemoryStore()
    await store.awaited("k", 0.001)
    cancelled = asyncio.create_task(store.awaited("k", 60))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait((cancelled,))
    assert not store._waiters._waiting
