"""What every store must do with what it keeps for good, asked of each kind."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import fakeredis
import pytest
from redis.asyncio import Redis

from judge_service.errors import StoreError
from judge_service.stores.memory import MemoryStore
from judge_service.stores.redis import RedisStore
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from judge_service.stores.base import Store

PATIENT_S = 5.0  # a busy machine must not fail a test that is about something else
CACHE_BYTES = 2**20
TWENTY_MB = 20 * 2**20
TEN_YEARS_S = 10 * 365 * 86400.0

ODD = [
    "",
    "*",
    "?",
    "[ab]",
    "a",
    "a*",
    "a:",
    "a:*",
    "a:b",
    "a:b:c",
    "a\\*",
    "a\x00b",
    "a\nb",
    "A",
    "a'b",
    "a%",
    "a_",
    "ab",
    "k:a",
    "v:a",
    "kept-keys",
    "ключ",
    "ключ:1",
    "clé",
    "\ud7ff",
    "\uffff",
    "\U0001f9ea",
    "\U0010ffff",
    "\U0010ffff\U0010ffff",
    "long " + 295 * "x",
    "long " + 294 * "x" + "y",
    "длинный " + 292 * "ж",
]

WRITER = """
import asyncio, random, sys
from pathlib import Path
from judge_service.stores.sqlite import FileStore

async def main():
    store = FileStore(Path(sys.argv[1]), call_s=5)
    number = 0
    while True:
        await store.keep(f"k{number}", random.Random(number).randbytes(700_000))
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


class KeptContract(ABC):
    now = 1_000_000.0

    @pytest.fixture
    @abstractmethod
    async def store(self) -> AsyncIterator[Store]: ...

    async def test_a_missing_key_has_no_record(self, store: Store) -> None:
        assert await store.kept("k") is None
        assert await store.kept_keys("") == []

    @pytest.mark.parametrize("value", [b"", b"v", b"\x00\xff\r\n\x00", bytes(range(256)) * 4096])
    async def test_a_record_comes_back_byte_for_byte(self, store: Store, value: bytes) -> None:
        await store.keep("k", value)
        assert await store.kept("k") == value

    async def test_the_last_write_stands(self, store: Store) -> None:
        for value in (b"one", bytes(3 * 2**20), b"", b"four"):
            await store.keep("k", value)
            assert await store.kept("k") == value
        assert await store.kept_keys("") == ["k"]

    async def test_records_values_and_leases_of_one_key_are_apart(self, store: Store) -> None:
        await store.put("k", b"value", 60)
        await store.lead("k", "mine", 60)
        assert await store.kept("k") is None
        await store.keep("k", b"record")
        assert await store.get("k") == b"value"
        await store.delete("k")
        assert await store.kept("k") == b"record"
        assert not await store.lead("k", "next", 60)

    async def test_odd_keys_do_not_mingle(self, store: Store) -> None:
        for number, key in enumerate(ODD):
            await store.keep(key, str(number).encode())
        found = [await store.kept(key) for key in ODD]
        assert found == [str(number).encode() for number in range(len(ODD))]
        assert await store.kept_keys("") == sorted(ODD)

    @pytest.mark.parametrize("prefix", [*ODD, "lo", "дл", "zz"])
    async def test_a_listing_is_exact_and_sorted(self, store: Store, prefix: str) -> None:
        for key in random.Random(prefix).sample(ODD, len(ODD)):
            await store.keep(key, b"v")
        await store.put(prefix + "cached", b"v", 60)
        wanted = sorted(key for key in ODD if key.startswith(prefix))
        assert await store.kept_keys(prefix) == wanted
        assert await store.kept_keys(prefix, limit=2) == wanted[:2]

    @pytest.mark.parametrize("prefix", [*ODD, "lo", "дл", "zz"])
    async def test_a_listing_goes_on_behind_any_key(self, store: Store, prefix: str) -> None:
        for key in random.Random(prefix).sample(ODD, len(ODD)):
            await store.keep(key, b"v")
        wanted = sorted(key for key in ODD if key.startswith(prefix))
        for after in (*ODD, "дл", "a", prefix):
            behind = [key for key in wanted if not after or key > after]
            assert await store.kept_keys(prefix, after=after) == behind
            assert await store.kept_keys(prefix, after=after, limit=1) == behind[:1]

    async def test_a_record_does_not_end(self, store: Store) -> None:
        await store.keep("k", b"v")
        self.now += TEN_YEARS_S
        await store.put("later", b"w", 60)  # a store may sweep now
        assert await store.kept("k") == b"v"

    async def test_a_cache_that_overflows_drops_no_record_and_records_take_no_room_from_it(
        self, store: Store
    ) -> None:
        records = {f"k{number}": os.urandom(CACHE_BYTES) for number in range(4)}
        for key, value in records.items():
            await store.keep(key, value)
        for number in range(400):
            await store.put(f"c{number}", os.urandom(8000), 600)
        assert {key: await store.kept(key) for key in records} == records
        assert sum([await store.get(f"c{number}") is not None for number in range(400)]) > 40

    @pytest.mark.clocked
    async def test_twenty_megabytes_come_back_in_time(self, store: Store) -> None:
        value = os.urandom(TWENTY_MB)
        began = time.monotonic()
        await store.keep("k", value)
        assert await store.kept("k") == value
        assert time.monotonic() - began < 2 * PATIENT_S

    async def test_cache_calls_go_on_while_megabytes_are_kept(self, store: Store) -> None:
        value = os.urandom(3 * TWENTY_MB)
        keeping = asyncio.gather(store.keep("a", value), store.keep("b", value))
        while not keeping.done():
            await store.put("c", b"v", 60)
            await store.lead("c", "mine", 60)
            assert await store.get("c") == b"v"
            await asyncio.sleep(0)
        await keeping


class ChangeContract(KeptContract):
    async def test_a_released_record_is_gone_and_releasing_again_is_no_error(self, store: Store) -> None:
        for key in ODD:
            await store.keep(key, key.encode())
        await store.release("a*")
        await store.release("a*")
        await store.release("none")
        left = sorted({*ODD} - {"a*"})
        assert await store.kept_keys("") == left
        assert [await store.kept(key) for key in left] == [key.encode() for key in left]
        assert await store.kept("a*") is None

    async def test_releasing_drops_neither_the_value_nor_the_lease(self, store: Store) -> None:
        await store.put("k", b"value", 60)
        await store.lead("k", "mine", 60)
        await store.keep("k", b"record")
        await store.release("k")
        assert await store.get("k") == b"value"
        assert not await store.lead("k", "next", 60)

    async def test_none_expects_that_there_is_no_record(self, store: Store) -> None:
        assert await store.swap("k", None, b"")
        assert not await store.swap("k", None, b"two")
        assert await store.kept("k") == b""
        assert await store.kept_keys("") == ["k"]

    async def test_a_record_is_swapped_for_the_expected_one_only(self, store: Store) -> None:
        assert not await store.swap("k", b"one", b"two")
        assert not await store.swap("k", b"", b"two")
        assert await store.kept("k") is None
        await store.keep("k", b"one")
        assert not await store.swap("k", b"two", b"three")
        assert not await store.swap("k", b"", b"three")
        assert await store.kept("k") == b"one"
        assert await store.swap("k", b"one", b"two")
        assert await store.swap("k", b"two", b"two")
        assert await store.kept("k") == b"two"

    async def test_a_released_record_is_expected_as_none(self, store: Store) -> None:
        await store.keep("k", b"one")
        await store.release("k")
        assert not await store.swap("k", b"one", b"two")
        assert await store.swap("k", None, b"two")

    @pytest.mark.clocked
    async def test_megabytes_are_swapped_in_time(self, store: Store) -> None:
        old, new = os.urandom(TWENTY_MB), os.urandom(TWENTY_MB)
        await store.keep("k", old)
        began = time.monotonic()
        assert not await store.swap("k", old[:-1] + bytes([old[-1] ^ 1]), b"")
        assert await store.swap("k", old, new)
        assert time.monotonic() - began < 2 * PATIENT_S
        assert await store.kept("k") == new

    @pytest.mark.parametrize("expected", [None, b"old"])
    async def test_of_swaps_at_once_one_wins(self, store: Store, expected: bytes | None) -> None:
        if expected is not None:
            await store.keep("k", expected)
        won = await asyncio.gather(*(store.swap("k", expected, b"%d" % n) for n in range(20)))
        assert sum(won) == 1
        assert await store.kept("k") == b"%d" % won.index(True)

    async def test_no_update_is_lost(self, store: Store) -> None:
        await asyncio.gather(*(count_up(store, 5) for _ in range(6)))
        assert await store.kept("count") == b"30"


async def count_up(store: Store, times: int) -> None:
    for _ in range(times):
        done = False
        while not done:
            before = await store.kept("count")
            done = await store.swap("count", before, b"%d" % (int(before or 0) + 1))


class TestMemory(ChangeContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = MemoryStore(max_bytes=CACHE_BYTES, clock=lambda: self.now)
        yield store
        await store.aclose()

    async def test_a_full_store_refuses_and_drops_nothing(self) -> None:
        store = MemoryStore(max_kept_bytes=100)
        await store.keep("a", bytes(49))
        await store.keep("b", bytes(49))
        for refused in (store.keep("c", b""), store.keep("a", bytes(50)), store.swap("c", None, b"v")):
            with pytest.raises(StoreError, match="no more"):
                await refused
        assert [await store.kept(key) for key in "abc"] == [bytes(49), bytes(49), None]
        await store.keep("a", bytes(48))
        await store.release("b")
        await store.keep("c", bytes(50))
        assert await store.kept_keys("") == ["a", "c"]


class TestFile(ChangeContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "store.sqlite"

    @pytest.fixture
    async def store(self, path: Path) -> AsyncIterator[Store]:
        store = FileStore(path, max_bytes=CACHE_BYTES, call_s=PATIENT_S, clock=lambda: self.now)
        yield store
        await store.aclose()

    async def test_records_outlive_the_store(self, path: Path) -> None:
        store, value = FileStore(path, call_s=PATIENT_S), os.urandom(2**21)
        await store.keep("k", value)
        await store.keep("gone", b"v")
        await store.release("gone")
        await store.aclose()
        again = FileStore(path, call_s=PATIENT_S)
        assert await again.kept("k") == value
        assert await again.kept_keys("") == ["k"]
        await again.aclose()

    async def test_every_acknowledged_record_outlives_a_kill(self, path: Path) -> None:
        arguments = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            seen = [writer.stdout.readline() for _ in range(10)]
            writer.send_signal(signal.SIGKILL)
            seen += writer.stdout.readlines()
        assert writer.returncode == -signal.SIGKILL
        acknowledged = len([line for line in seen if line.endswith("\n")])
        store = FileStore(path, call_s=PATIENT_S)
        listed = await store.kept_keys("k")
        assert len(listed) - acknowledged in {0, 1}, "the last may have been on its way"
        for number in range(len(listed)):
            assert await store.kept(f"k{number}") == random.Random(number).randbytes(700_000)
        await store.aclose()
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


class TestFakeRedis(KeptContract):
    """Neither release nor swap: the imitation runs no scripts."""

    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = RedisStore(fakeredis.FakeAsyncRedis(), call_s=PATIENT_S)
        yield store
        await store.aclose()


class TestRedis(ChangeContract):
    @pytest.fixture
    def prefix(self) -> str:
        return f"test:{uuid.uuid4()}"

    @pytest.fixture
    async def store(self, redis_url: str, prefix: str) -> AsyncIterator[Store]:
        store = RedisStore.at(redis_url, prefix=prefix, call_s=PATIENT_S)
        yield store
        async with Redis.from_url(redis_url) as client:
            for key in [key async for key in client.scan_iter(match=f"{prefix}:*")]:
                await client.unlink(key)
        await store.aclose()

    async def test_another_replica_sees_the_records_and_swaps_them(
        self, store: Store, redis_url: str, prefix: str
    ) -> None:
        peer = RedisStore.at(redis_url, prefix=prefix, call_s=PATIENT_S)
        await store.keep("k", b"v")
        assert await peer.kept("k") == b"v"
        assert await peer.kept_keys("") == ["k"]
        await asyncio.gather(*(count_up(each, 10) for each in (store, peer, store, peer)))
        assert await peer.kept("count") == b"40"
        await peer.aclose()

    async def test_prefixes_part_two_services_on_one_server(self, store: Store, redis_url: str) -> None:
        await store.keep("k", b"v")
        other = RedisStore.at(redis_url, prefix=f"test:{uuid.uuid4()}", call_s=PATIENT_S)
        assert await other.kept("k") is None
        assert await other.kept_keys("") == []
        await other.aclose()

    async def test_nothing_that_is_kept_ends_by_itself(
        self, store: Store, redis_url: str, prefix: str
    ) -> None:
        await store.keep("a", b"v")
        await store.swap("a", b"v", b"w")
        await store.swap("b", None, b"v")
        async with Redis.from_url(redis_url) as client:
            keys = [key async for key in client.scan_iter(match=f"{prefix}:*")]
            assert len(keys) == 3
            assert [await client.pttl(key) for key in keys] == [-1, -1, -1]
