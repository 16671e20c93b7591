"""What every shelf of files keeps to, whatever it is made of."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
import uuid
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis
from redis_server import free_port, redis_server

from judge_service.errors import ConfigurationError, FileNotKept, StoreError
from judge_service.jobs.file_desk import FileDesk
from judge_service.jobs.redis_shelf import RedisShelf
from judge_service.jobs.shelf import BLOCK_BYTES, FileShelf, ShelvedFile
from judge_service.jobs.sqlite_shelf import SqliteShelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LEASE_S = 30.0
KEPT_S = 3600.0

WRITER = """
import asyncio, sys
from pathlib import Path
from judge_service.jobs.shelf import ShelvedFile
from judge_service.jobs.sqlite_shelf import SqliteShelf

async def main():
    shelf = SqliteShelf(Path(sys.argv[1]))
    await shelf.begin("file-1", 60)
    await shelf.append("file-1", 0, b"acknowledged", 60)
    await shelf.seal(ShelvedFile("file-1", "t", "in.jsonl", 12, 0.0, 1e12))
    print("sealed", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


class Clock:
    """Wall time that tests move."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class ShelfContract:
    """Subclasses give `shelf`, empty, whose time is `clock`."""

    clock: Clock

    @pytest.fixture
    def shelf(self) -> FileShelf:
        raise NotImplementedError

    async def put(self, shelf: FileShelf, name: str, content: bytes = b"", tenant: str = "t") -> ShelvedFile:
        await shelf.begin(name, LEASE_S)
        for number in range(-(-len(content) // BLOCK_BYTES)):
            block = content[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
            await shelf.append(name, number, block, LEASE_S)
        now = self.clock.now
        told = ShelvedFile(name, tenant, f"{name} ключ.jsonl", len(content), now, now + KEPT_S)
        await shelf.seal(told)
        return told

    async def read(self, shelf: FileShelf, name: str, start: int, end: int) -> bytes:
        return b"".join([part async for part in shelf.read(name, start, end)])

    async def names(self, shelf: FileShelf, *asked: Any, tenant: str = "t", **how: Any) -> list[str]:
        return [file.id for file in await shelf.of_tenant(tenant, *asked, **how)]

    async def test_a_file_is_what_was_put_and_ranges_are_exact(self, shelf: FileShelf) -> None:
        content = random.Random(7).randbytes(2 * BLOCK_BYTES + 17)
        told = await self.put(shelf, "file-1", content)
        assert await shelf.get("file-1") == told
        size = len(content)
        edge = BLOCK_BYTES
        for start, end in (
            *((0, size), (0, 1), (size - 1, size), (5, 5)),
            *((edge - 1, edge + 1), (edge, edge + 1), (edge - 9, 2 * edge + 9)),
        ):
            assert await self.read(shelf, "file-1", start, end) == content[start:end]

    async def test_an_empty_file_is_one(self, shelf: FileShelf) -> None:
        told = await self.put(shelf, "file-1")
        assert await shelf.get("file-1") == told
        assert await self.read(shelf, "file-1", 0, 0) == b""

    async def test_nothing_is_found_before_it_is_sealed(self, shelf: FileShelf) -> None:
        await shelf.begin("file-1", LEASE_S)
        await shelf.append("file-1", 0, b"half", LEASE_S)
        assert await shelf.get("file-1") is None
        assert await self.names(shelf, None, 9) == []

    async def test_a_block_that_comes_again_changes_nothing(self, shelf: FileShelf) -> None:
        await shelf.begin("file-1", LEASE_S)
        for _ in range(2):
            await shelf.append("file-1", 0, b"once", LEASE_S)
        await shelf.seal(ShelvedFile("file-1", "t", "n", 4, 0, self.clock.now + KEPT_S))
        assert await self.read(shelf, "file-1", 0, 4) == b"once"

    async def test_what_is_sealed_takes_no_more(self, shelf: FileShelf) -> None:
        told = await self.put(shelf, "file-1", b"whole")
        with pytest.raises(StoreError):
            await shelf.append("file-1", 0, b"other", LEASE_S)
        with pytest.raises(StoreError):
            await shelf.seal(told)
        assert await self.read(shelf, "file-1", 0, 5) == b"whole"

    async def test_blocks_that_come_keep_an_upload_alive(self, shelf: FileShelf) -> None:
        await shelf.begin("file-1", LEASE_S)
        for number in range(3):
            self.clock.now += LEASE_S - 1
            await shelf.sweep()
            await shelf.append("file-1", number, b"x" * BLOCK_BYTES, LEASE_S)
        await shelf.seal(ShelvedFile("file-1", "t", "n", 3, 0, self.clock.now + KEPT_S))
        assert await shelf.get("file-1") is not None

    @pytest.mark.parametrize("swept", [False, True])
    async def test_an_upload_that_stopped_is_over(self, shelf: FileShelf, *, swept: bool) -> None:
        await shelf.begin("file-1", LEASE_S)
        await shelf.append("file-1", 0, b"x", LEASE_S)
        self.clock.now += LEASE_S + 1
        if swept:
            await shelf.sweep()
        with pytest.raises(StoreError):
            await shelf.append("file-1", 1, b"y", LEASE_S)
        with pytest.raises(StoreError):
            await shelf.seal(ShelvedFile("file-1", "t", "n", 1, 0, self.clock.now + KEPT_S))

    async def test_what_is_past_its_time_is_not_found_and_then_not_there(self, shelf: FileShelf) -> None:
        await self.put(shelf, "file-1", b"old")
        self.clock.now += KEPT_S - 1
        await self.put(shelf, "file-2", b"new")
        await shelf.sweep()
        assert await self.read(shelf, "file-1", 0, 3) == b"old"
        self.clock.now += 1
        assert await shelf.get("file-1") is None
        assert await self.names(shelf, None, 9) == ["file-2"]
        await shelf.sweep()
        with pytest.raises(StoreError):
            await self.read(shelf, "file-1", 0, 3)
        assert await self.read(shelf, "file-2", 0, 3) == b"new"

    async def test_what_is_forgotten_is_gone_sealed_or_not(self, shelf: FileShelf) -> None:
        await self.put(shelf, "file-1", b"x" * (BLOCK_BYTES + 1))
        await shelf.begin("file-2", LEASE_S)
        await shelf.append("file-2", 0, b"half", LEASE_S)
        for name in ("file-1", "file-2", "file-none"):
            await shelf.forget(name)
        assert await shelf.get("file-1") is None
        assert await self.names(shelf, None, 9) == []
        with pytest.raises(StoreError):
            await self.read(shelf, "file-1", BLOCK_BYTES, BLOCK_BYTES + 1)
        with pytest.raises(StoreError):
            await shelf.append("file-2", 1, b"more", LEASE_S)

    async def test_files_are_listed_by_age_and_by_tenant(self, shelf: FileShelf) -> None:
        for number in range(5):
            await self.put(shelf, f"file-{number}", tenant="other" if number == 2 else "t")
        assert await self.names(shelf, None, 2) == ["file-4", "file-3"]
        assert await self.names(shelf, "file-3", 9) == ["file-1", "file-0"]
        assert await self.names(shelf, None, 2, oldest_first=True) == ["file-0", "file-1"]
        assert await self.names(shelf, "file-1", 2, oldest_first=True) == ["file-3", "file-4"]
        for none_of_theirs in ("file-2", "file-none"):
            assert await self.names(shelf, none_of_theirs, 9) == []
            assert await self.names(shelf, none_of_theirs, 9, oldest_first=True) == []
        assert await self.names(shelf, None, 9, tenant="other") == ["file-2"]
        assert await self.names(shelf, None, 9, tenant="nobody") == []

    async def test_a_page_is_full_whoever_has_not_swept(self, shelf: FileShelf) -> None:
        await self.put(shelf, "file-0")
        for number in range(1, 4):
            self.clock.now -= KEPT_S - 1
            await self.put(shelf, f"file-{number}")
            self.clock.now += KEPT_S - 1
        self.clock.now += 2
        assert await self.names(shelf, None, 2) == ["file-0"]


class TestFile(ShelfContract):
    @pytest.fixture
    async def shelf(self, tmp_path: Path) -> AsyncIterator[FileShelf]:
        self.clock = Clock()
        shelf = SqliteShelf(tmp_path / "files.sqlite", clock=self.clock)
        await shelf.open_file()
        yield shelf
        await shelf.aclose()

    async def test_what_was_acknowledged_is_there_after_a_kill(self, tmp_path: Path) -> None:
        path = tmp_path / "killed.sqlite"
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"sealed\n"
            writer.send_signal(signal.SIGKILL)
        shelf = SqliteShelf(path)
        assert await self.read(shelf, "file-1", 0, 12) == b"acknowledged"
        await shelf.aclose()

    async def test_room_is_used_again(self, shelf: FileShelf, tmp_path: Path) -> None:
        content = random.Random(1).randbytes(3 * BLOCK_BYTES)
        for number in range(4):
            await self.put(shelf, f"file-{number}", content)
            await shelf.forget(f"file-{number}")
        assert (tmp_path / "files.sqlite").stat().st_size < 2 * len(content)

    async def test_another_programs_file_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "notes.sqlite").write_text("not ours")
        shelf = SqliteShelf(tmp_path / "notes.sqlite")
        with pytest.raises(ConfigurationError, match="another program"):
            await shelf.open_file()
        assert (tmp_path / "notes.sqlite").read_text() == "not ours"

    async def test_a_place_that_cannot_be_had_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("")
        shelf = SqliteShelf(tmp_path / "taken" / "files.sqlite")
        with pytest.raises(ConfigurationError, match="shelf of files"):
            await shelf.open_file()


class TestMemory(ShelfContract):
    @pytest.fixture
    async def shelf(self) -> AsyncIterator[FileShelf]:
        self.clock = Clock()
        shelf = SqliteShelf(None, clock=self.clock)
        yield shelf
        await shelf.aclose()


def shelf_at(url: str, clock: Clock) -> RedisShelf:
    return RedisShelf(url, prefix=f"test:{uuid.uuid4()}", clock=clock)


@asynccontextmanager
async def alone(clock: Clock) -> AsyncIterator[tuple[RedisShelf, Redis]]:
    """A shelf on a server of its own, and a client to look at it."""
    with redis_server() as port:
        url = f"redis://127.0.0.1:{port}/0"
        async with Redis.from_url(url) as client, aclosing(shelf_at(url, clock)) as shelf:
            yield shelf, client


class TestRedis(ShelfContract):
    @pytest.fixture
    async def shelf(self, redis_url: str) -> AsyncIterator[FileShelf]:
        self.clock = Clock()
        async with aclosing(shelf_at(redis_url, self.clock)) as shelf:
            yield shelf

    async def test_an_id_with_a_suffix_names_no_block(self, shelf: FileShelf) -> None:
        await self.put(shelf, "file-1", b"x" * (2 * BLOCK_BYTES))
        desk = FileDesk(shelf)
        assert (await desk.get("t", "file-1")).size == 2 * BLOCK_BYTES
        for call in (desk.get, desk.delete):
            with pytest.raises(FileNotKept):
                await call("t", "file-1:1")

    async def test_nothing_is_left_of_what_is_forgotten_and_nothing_has_an_end_of_its_own(self) -> None:
        self.clock = Clock()
        async with alone(self.clock) as (shelf, client):
            await self.put(shelf, "file-1", b"x" * (2 * BLOCK_BYTES))
            await shelf.begin("file-2", LEASE_S)
            await shelf.append("file-2", 0, b"half", LEASE_S)
            keys = await client.keys("*")
            assert len(keys) > 5
            assert {await client.ttl(key) for key in keys} == {-1}
            self.clock.now += KEPT_S + 1
            await shelf.sweep()
            left: list[Any] = await client.keys("*")
            assert [key.rpartition(b":")[2] for key in left] == [b"serial"]

    async def test_a_server_that_drops_what_has_no_end_is_refused(self) -> None:
        async with alone(Clock()) as (shelf, client):
            await client.config_set("maxmemory", "100mb")
            await client.config_set("maxmemory-policy", "allkeys-lru")
            with pytest.raises(StoreError, match="volatile-lru"):
                await shelf.begin("file-1", LEASE_S)

    async def test_a_full_server_refuses_and_still_forgets(self) -> None:
        self.clock = Clock()
        async with alone(self.clock) as (shelf, client):
            told = await self.put(shelf, "file-1", random.Random(3).randbytes(BLOCK_BYTES))
            await client.config_set("maxmemory", "1mb")
            with pytest.raises(StoreError, match="begin"):
                await shelf.begin("file-2", LEASE_S)
            assert await shelf.get("file-1") == told
            await shelf.forget("file-1")
            assert await shelf.get("file-1") is None

    async def test_a_server_that_is_away_is_a_store_error(self) -> None:
        shelf = shelf_at(f"redis://127.0.0.1:{free_port()}/0", Clock())
        for call in (shelf.get("file-1"), shelf.begin("file-1", LEASE_S), shelf.sweep()):
            with pytest.raises(StoreError):
                await call
        await shelf.aclose()
