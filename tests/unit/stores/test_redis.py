"""How Redis may fail, and that each way is a `StoreError` within a moment and mends by itself."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError
from redis_server import free_port, redis_server

from judge_service.errors import StoreError
from judge_service.stores.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faultproxy import FaultProxy, Mode

pytestmark = pytest.mark.clocked

PROMISED_S = 0.25
SLACK_S = 0.15  # a busy machine's share


@asynccontextmanager
async def redis_store(port: int, prefix: str = "") -> AsyncIterator[RedisStore]:
    store = RedisStore.at(f"redis://127.0.0.1:{port}/0", prefix=prefix or f"test:{uuid.uuid4()}")
    try:
        yield store
    finally:
        await store.aclose()


async def every_call(store: RedisStore) -> None:
    for call in (
        store.get("k"),
        store.put("k", b"v", 60),
        store.delete("k"),
        store.lead("k", "t", 60),
        store.renew("k", "t", 60),
        store.publish("k", "t", b"v", 60),
        store.ping(),
    ):
        began = time.monotonic()
        with pytest.raises(StoreError):
            await call
        assert time.monotonic() - began < PROMISED_S + SLACK_S


async def until_well(store: RedisStore, within_s: float = 3.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await store.ping()
            except StoreError:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("mode", ["blackhole", "reset", "latency"])
@pytest.mark.parametrize("warm", [False, True])
async def test_each_call_fails_in_time_and_works_again(proxy: FaultProxy, mode: Mode, *, warm: bool) -> None:
    async with redis_store(proxy.port) as store:
        if warm:
            await until_well(store)
        proxy.turn(mode)
        await every_call(store)
        proxy.turn("ok")
        await until_well(store)
        await store.put("k", b"v", 60)
        assert await store.get("k") == b"v"


async def test_nobody_listening_fails_in_time() -> None:
    async with redis_store(free_port()) as store:
        await every_call(store)


async def test_a_server_that_comes_back_is_used_again() -> None:
    with redis_server() as port:
        pass
    async with redis_store(port) as store:
        with pytest.raises(StoreError):
            await store.ping()
        with redis_server(port):
            await until_well(store)
            await store.publish("k", "t", b"v", 60)
            assert await store.get("k") == b"v"


async def test_wake_ups_are_heard_again_after_the_connection_was_torn(proxy: FaultProxy) -> None:
    async with redis_store(proxy.port) as store:
        await heard(store)
        proxy.turn("reset")
        proxy.turn("ok")
        await heard(store)


async def heard(store: RedisStore) -> None:
    async with asyncio.timeout(5):
        await until_well(store)
        await store.lead("k", "t", 60)
        wait = asyncio.create_task(store.awaited("k", 60))
        while not wait.done():
            await asyncio.wait((wait,), timeout=0.05)
            try:
                await store.publish("k", "t", None, 60)
            except StoreError:
                continue


async def test_a_listener_whose_line_went_dead_makes_a_new_one(proxy: FaultProxy) -> None:
    store = RedisStore.at(f"redis://127.0.0.1:{proxy.port}/0", heartbeat_s=0.1)
    await heard(store)
    await asyncio.sleep(0.35)
    before = proxy.connections
    proxy.turn("blackhole")
    async with asyncio.timeout(5):
        while proxy.connections == before:  # noqa: ASYNC110 (a count is watched)
            await asyncio.sleep(0.02)
    await store.aclose()


async def test_a_living_line_is_kept(proxy: FaultProxy) -> None:
    store = RedisStore.at(f"redis://127.0.0.1:{proxy.port}/0", heartbeat_s=0.05)
    await heard(store)
    before = proxy.connections
    await asyncio.sleep(0.5)
    assert proxy.connections == before
    await store.aclose()


async def test_a_burst_stays_within_the_pool(proxy: FaultProxy) -> None:
    async with redis_store(proxy.port) as store:
        await asyncio.gather(*(store.get(f"k{n}") for n in range(31)))
        assert proxy.connections <= 32


async def test_a_cancelled_call_never_leaves_its_answer_to_another(proxy: FaultProxy) -> None:
    chance = random.Random(7)
    async with redis_store(proxy.port) as store:
        for number in range(20):
            await store.put(f"k{number}", b"value %d" % number, 60)

        async def ask(number: int) -> None:
            task = asyncio.create_task(store.get(f"k{number}"))
            done, _ = await asyncio.wait((task,), timeout=chance.choice([0, 0.0002, 0.0005, 0.001, 0.15]))
            if not done:
                task.cancel()
                await asyncio.wait((task,))
            if not task.cancelled():
                assert await task == b"value %d" % number

        for _ in range(20):
            await asyncio.gather(*(ask(number) for number in range(20)))
        assert await store.get("k3") == b"value 3"


async def test_a_full_server_refuses_the_value_but_frees_the_lease() -> None:
    with redis_server() as port:
        async with Redis(port=port) as admin, redis_store(port) as store:
            assert await store.lead("k", "mine", 60)
            await admin.config_set("maxmemory-policy", "noeviction")
            await admin.config_set("maxmemory", "1")
            with pytest.raises(StoreError, match="OutOfMemory"):
                await store.publish("k", "mine", b"v", 60)
            await admin.config_set("maxmemory", "0")
            assert await store.get("k") is None
            assert await store.lead("k", "next", 60)


async def test_after_a_failover_new_connections_are_made() -> None:
    class Replica(fakeredis.FakeAsyncRedis):
        dropped = 0

        async def set(self, *args: Any, **kwargs: Any) -> Any:
            raise ReadOnlyError("You can't write against a read only replica.")

    client = Replica()
    store = RedisStore(client)
    await store.ping()
    before = client.connection_pool._available_connections[:]
    assert before[0].is_connected
    with pytest.raises(StoreError, match="ReadOnlyError"):
        await store.put("k", b"v", 60)
    assert not before[0].is_connected
    await store.aclose()


async def test_a_failure_tells_neither_key_nor_value() -> None:
    async with redis_store(free_port()) as store:
        with pytest.raises(StoreError) as caught:
            await store.put("clinic-key", b"patient-text", 60)
    assert "clinic" not in str(caught.value)
    assert "patient" not in str(caught.value)


async def test_closing_ends_the_listener(proxy: FaultProxy) -> None:
    async with redis_store(proxy.port) as store:
        await heard(store)
        assert "store-wake-ups" in {task.get_name() for task in asyncio.all_tasks()}
    assert "store-wake-ups" not in {task.get_name() for task in asyncio.all_tasks()}
