"""What every store must do, asked of each kind; the two Redis classes differ in that one of them is real."""

from __future__ import annotations

import asyncio
import time
import uuid
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import fakeredis
import pytest
from redis.asyncio import Redis

from judge_service.stores.memory import MemoryStore
from judge_service.stores.redis import RedisStore
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from judge_service.stores.base import Store

pytestmark = pytest.mark.clocked

PATIENT_S = 2.0  # a busy machine must not fail a test that is about something else


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class ValueContract(ABC):
    clock: FakeClock | None = None

    @pytest.fixture
    @abstractmethod
    async def store(self) -> AsyncIterator[Store]: ...

    async def pass_time(self, seconds: float) -> None:
        if self.clock is None:
            await asyncio.sleep(seconds)
        else:
            self.clock.now += seconds

    async def test_a_missing_key_has_no_value(self, store: Store) -> None:
        assert await store.get("k") is None

    @pytest.mark.parametrize("value", [b"", b"v", b"\x00\xff\r\n\x00", bytes(range(256)) * 4096])
    async def test_a_value_comes_back_byte_for_byte(self, store: Store, value: bytes) -> None:
        await store.put("k", value, 60)
        assert await store.get("k") == value

    async def test_the_last_write_stands(self, store: Store) -> None:
        await store.put("k", b"one", 60)
        await store.put("k", b"two", 60)
        assert await store.get("k") == b"two"

    @pytest.mark.parametrize("other", ["K", "k ", "k:v", "ключ", "l:k", "v:k", "k\x00"])
    async def test_keys_do_not_mingle(self, store: Store, other: str) -> None:
        await store.put("k", b"one", 60)
        assert await store.get(other) is None
        await store.put(other, b"two", 60)
        assert (await store.get("k"), await store.get(other)) == (b"one", b"two")

    async def test_a_deleted_value_is_gone_and_deleting_again_is_no_error(self, store: Store) -> None:
        await store.put("k", b"v", 60)
        await store.put("kept", b"w", 60)
        await store.delete("k")
        await store.delete("k")
        assert (await store.get("k"), await store.get("kept")) == (None, b"w")

    async def test_a_value_ends_with_its_time_and_not_before(self, store: Store) -> None:
        await store.put("short", b"v", 0.3)
        await store.put("long", b"w", 60)
        assert await store.get("short") == b"v"
        await self.pass_time(0.35)
        assert (await store.get("short"), await store.get("long")) == (None, b"w")

    async def test_a_rewrite_lengthens_the_time(self, store: Store) -> None:
        await store.put("k", b"v", 0.3)
        await store.put("k", b"v", 60)
        await self.pass_time(0.35)
        assert await store.get("k") == b"v"

    async def test_a_healthy_store_answers_a_ping(self, store: Store) -> None:
        await store.ping()

    async def test_one_of_many_leads(self, store: Store) -> None:
        asked = await asyncio.gather(*(store.lead("k", f"token {n}", 60) for n in range(20)))
        assert sum(asked) == 1

    async def test_leases_on_different_keys_are_independent_of_each_other_and_of_values(
        self, store: Store
    ) -> None:
        await store.put("a", b"v", 60)
        assert await store.lead("a", "mine", 60)
        assert await store.lead("b", "other", 60)
        assert await store.get("b") is None
        assert await store.get("a") == b"v"

    async def test_a_lease_that_is_over_is_free(self, store: Store) -> None:
        assert await store.lead("k", "dead", 0.3)
        assert not await store.lead("k", "next", 60)
        await self.pass_time(0.35)
        assert await store.lead("k", "next", 60)

    async def test_a_wait_ends_with_its_time(self, store: Store) -> None:
        await store.lead("k", "t", 60)
        began = time.monotonic()
        await store.awaited("k", 0.05)
        assert 0.04 <= time.monotonic() - began < PATIENT_S


class LeaseContract(ValueContract):
    async def test_renewing_keeps_a_lease_beyond_its_first_time(self, store: Store) -> None:
        await store.lead("k", "mine", 0.3)
        assert await store.renew("k", "mine", 60)
        await self.pass_time(0.35)
        assert not await store.lead("k", "next", 60)

    async def test_nobody_renews_the_lease_of_another(self, store: Store) -> None:
        await store.lead("k", "mine", 0.3)
        assert not await store.renew("k", "thief", 60)
        await self.pass_time(0.35)
        assert await store.lead("k", "next", 60)

    async def test_a_lost_lease_cannot_be_renewed(self, store: Store) -> None:
        assert not await store.renew("k", "mine", 60)
        await store.lead("k", "mine", 0.3)
        await self.pass_time(0.35)
        assert not await store.renew("k", "mine", 60)
        assert await store.lead("k", "next", 60)

    async def test_publishing_writes_and_lets_go(self, store: Store) -> None:
        await store.lead("k", "mine", 60)
        await store.publish("k", "mine", b"v", 60)
        assert await store.get("k") == b"v"
        assert await store.lead("k", "next", 60)

    async def test_a_published_value_ends_with_its_time(self, store: Store) -> None:
        await store.publish("k", "mine", b"v", 0.3)
        await self.pass_time(0.35)
        assert await store.get("k") is None

    async def test_publishing_nothing_writes_nothing_and_lets_go(self, store: Store) -> None:
        await store.put("kept", b"v", 60)
        await store.lead("k", "mine", 60)
        await store.lead("kept", "mine", 60)
        await store.publish("k", "mine", None, 60)
        await store.publish("kept", "mine", None, 60)
        assert (await store.get("k"), await store.get("kept")) == (None, b"v")
        assert await store.lead("k", "next", 60)

    async def test_an_empty_value_is_a_value(self, store: Store) -> None:
        await store.publish("k", "mine", b"", 60)
        assert await store.get("k") == b""

    async def test_a_late_leader_writes_but_does_not_take_the_lease_from_the_next(self, store: Store) -> None:
        await store.lead("k", "late", 0.3)
        await self.pass_time(0.35)
        assert await store.lead("k", "next", 60)
        await store.publish("k", "late", b"v", 60)
        assert await store.get("k") == b"v"
        assert await store.renew("k", "next", 60)

    @pytest.mark.parametrize("value", [b"v", None])
    async def test_publishing_wakes_those_who_wait_for_the_key(
        self, store: Store, value: bytes | None
    ) -> None:
        await store.lead("k", "mine", 60)
        waits = [asyncio.create_task(store.awaited("k", 30)) for _ in range(3)]
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENT_S):
            await store.publish("k", "mine", value, 60)
            await asyncio.gather(*waits)


class TestMemory(LeaseContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        self.clock = FakeClock()
        store = MemoryStore(clock=self.clock)
        yield store
        await store.aclose()


class TestFile(LeaseContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        self.clock = FakeClock()
        store = FileStore(tmp_path / "store.sqlite", call_s=PATIENT_S, clock=self.clock)
        yield store
        await store.aclose()


class TestFakeRedis(ValueContract):
    """Values and plain leases only: the imitation runs no scripts."""

    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = RedisStore(fakeredis.FakeAsyncRedis(), call_s=PATIENT_S)
        yield store
        await store.aclose()


class TestRedis(LeaseContract):
    @pytest.fixture
    def prefix(self) -> str:
        return f"test:{uuid.uuid4()}"

    @pytest.fixture
    async def store(self, redis_url: str, prefix: str) -> AsyncIterator[Store]:
        store = RedisStore.at(redis_url, prefix=prefix, call_s=PATIENT_S)
        yield store
        await store.aclose()

    async def test_a_wake_up_reaches_the_clients_of_others(
        self, store: Store, redis_url: str, prefix: str
    ) -> None:
        peer = RedisStore.at(redis_url, prefix=prefix, call_s=PATIENT_S)
        await peer.lead("k", "mine", 60)
        for key in ("other", "k"):
            wait = asyncio.create_task(store.awaited("k", 30))
            await asyncio.wait((wait,), timeout=0.1)
            assert not wait.done()
            await peer.publish(key, "mine", b"v", 60)
            await asyncio.wait((wait,), timeout=PATIENT_S if key == "k" else 0.1)
            assert wait.done() == (key == "k")
            wait.cancel()
        await peer.aclose()

    async def test_who_begins_to_wait_when_the_leader_is_done_does_not_wait(self, store: Store) -> None:
        for number in range(50):
            await store.lead(f"k{number}", "mine", 60)
            await store.publish(f"k{number}", "mine", None, 60)
            async with asyncio.timeout(PATIENT_S):
                await store.awaited(f"k{number}", 30)

    async def test_prefixes_part_two_services_on_one_server(self, store: Store, redis_url: str) -> None:
        await store.put("k", b"v", 60)
        other = RedisStore.at(redis_url, prefix=f"test:{uuid.uuid4()}")
        assert await other.get("k") is None
        await other.aclose()

    async def test_every_key_it_writes_ends_by_itself(
        self, store: Store, redis_url: str, prefix: str
    ) -> None:
        await store.put("a", b"v", 60)
        await store.publish("b", "mine", b"v", 60)
        await store.lead("c", "mine", 60)
        async with Redis.from_url(redis_url) as client:
            keys = [key async for key in client.scan_iter(match=f"{prefix}:*")]
            assert len(keys) == 3
            assert all([0 < await client.pttl(key) <= 60_000 for key in keys])
