"""How Redis may fail what is to be kept: by its rules, for want of room, by silence: a `StoreError`."""

from __future__ import annotations

import asyncio
import os
import random
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from redis_server import free_port, redis_server

from judge_service.errors import StoreError
from judge_service.stores.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faultproxy import FaultProxy, Mode

pytestmark = pytest.mark.clocked

PROMISED_S = 0.3
SLACK_S = 0.3  # a busy machine's share
PATIENT_S = 5.0


@asynccontextmanager
async def redis_store(port: int, *, kept_s: float = 10.0) -> AsyncIterator[RedisStore]:
    url, prefix = f"redis://127.0.0.1:{port}/0", f"test:{uuid.uuid4()}"
    store = RedisStore.at(url, prefix=prefix, call_s=PATIENT_S, kept_s=kept_s)
    try:
        yield store
    finally:
        await store.aclose()


async def every_call(store: RedisStore) -> None:
    for call in (
        store.keep("clinic-key", b"patient-text"),
        store.kept("clinic-key"),
        store.release("clinic-key"),
        store.kept_keys("clinic"),
        store.swap("clinic-key", b"patient", b"patient-text"),
    ):
        began = time.monotonic()
        with pytest.raises(StoreError) as caught:
            await call
        assert time.monotonic() - began < PROMISED_S + SLACK_S
        assert "clinic" not in str(caught.value)
        assert "patient" not in str(caught.value)


@pytest.mark.parametrize("mode", ["blackhole", "reset", "latency"])
async def test_each_call_fails_in_time_and_works_again(proxy: FaultProxy, mode: Mode) -> None:
    async with redis_store(proxy.port, kept_s=PROMISED_S) as store:
        proxy.turn(mode)
        await every_call(store)
        proxy.turn("ok")
        await store.keep("k", b"v")
        assert await store.swap("k", b"v", b"w")
        assert await store.kept("k") == b"w"


async def test_nobody_listening_is_a_store_error() -> None:
    async with redis_store(free_port(), kept_s=PROMISED_S) as store:
        await every_call(store)


async def test_what_cannot_be_a_key_is_a_store_error(proxy: FaultProxy) -> None:
    async with redis_store(proxy.port) as store:
        for call in (store.keep("\ud800", b"v"), store.kept("\ud800"), store.kept_keys("\ud800")):
            with pytest.raises(StoreError, match="UnicodeEncodeError"):
                await call
        await store.keep("k", b"v")
        assert await store.kept("k") == b"v"


async def test_calls_that_hang_hold_no_connection_of_the_cache(proxy: FaultProxy) -> None:
    async with redis_store(proxy.port) as store:
        proxy.turn("blackhole")
        reads = [asyncio.create_task(store.kept("k")) for _ in range(40)]
        await asyncio.sleep(0.1)
        assert proxy.connections == 4
        proxy.turn("ok")
        assert await asyncio.gather(*(store.get("k") for _ in range(31))) == [None] * 31
        assert not any(read.done() for read in reads)
        for read in reads:
            read.cancel()
        await asyncio.wait(reads)


async def test_a_cancelled_call_never_leaves_its_answer_to_another(proxy: FaultProxy) -> None:
    chance = random.Random(7)
    async with redis_store(proxy.port) as store:
        for number in range(20):
            await store.keep(f"k{number}", b"value %d" % number)

        async def ask(number: int) -> None:
            call = store.kept(f"k{number}") if number % 2 else store.swap("k0", b"no", b"value 0")
            task: asyncio.Task[object] = asyncio.ensure_future(call)
            done, _ = await asyncio.wait((task,), timeout=chance.choice([0, 0.0005, 0.001, 0.005, 1]))
            if not done:
                task.cancel()
                await asyncio.wait((task,))
            if not task.cancelled():
                assert task.result() == (b"value %d" % number if number % 2 else False)

        for _ in range(20):
            await asyncio.gather(*(ask(number) for number in range(20)))
        assert await store.kept("k3") == b"value 3"


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
async def test_a_server_that_would_drop_records_is_given_none(policy: str) -> None:
    with redis_server() as port:
        async with Redis(port=port) as admin, redis_store(port) as store:
            await admin.config_set("maxmemory-policy", policy)
            await store.keep("k", b"v")  # without a bound nothing is dropped
            await admin.config_set("maxmemory", "100mb")
            for call in (store.keep("k", b"w"), store.swap("k", b"v", b"w")):
                with pytest.raises(StoreError, match="set its maxmemory-policy to volatile-lru"):
                    await call
            assert await store.kept("k") == b"v", "what is there can be read"
            await admin.config_set("maxmemory-policy", "volatile-lru")
            assert await store.swap("k", b"v", b"w")


async def test_a_server_that_does_not_tell_its_rules_is_believed() -> None:
    with redis_server() as port:
        async with Redis(port=port) as admin:
            await admin.acl_setuser("default", enabled=True, commands=["-info"])
            async with redis_store(port) as store:
                await store.keep("k", b"v")
                assert await store.kept("k") == b"v"


async def test_a_cache_that_overflows_the_server_drops_no_record() -> None:
    with redis_server() as port:
        async with Redis(port=port) as admin, redis_store(port) as store:
            await admin.config_set("maxmemory-policy", "volatile-lru")
            await admin.config_set("maxmemory", "20mb")
            records = {f"k{number}": os.urandom(2**20) for number in range(5)}
            for key, value in records.items():
                await store.keep(key, value)
            for number in range(400):
                await store.put(f"c{number}", os.urandom(100_000), 600)
            # Which ones go is drawn: Redis takes the oldest of a sample.
            left = [number for number in range(400) if await store.get(f"c{number}") is not None]
            assert len(left) < 400, "the cache was the one to give way"
            assert {key: await store.kept(key) for key in records} == records
            assert await store.kept_keys("") == sorted(records)


async def test_a_full_server_keeps_neither_half_of_a_record() -> None:
    with redis_server() as port:
        async with Redis(port=port) as admin, redis_store(port) as store:
            await store.keep("old", b"v")
            await admin.config_set("maxmemory-policy", "noeviction")
            await admin.config_set("maxmemory", "1")
            for call in (store.keep("new", b"v"), store.swap("new", None, b"v"), store.keep("old", b"w")):
                with pytest.raises(StoreError):
                    await call
            assert await store.kept("new") is None
            assert (await store.kept("old"), await store.kept_keys("")) == (b"v", ["old"])
            await store.release("old")
            assert await store.kept_keys("") == []
