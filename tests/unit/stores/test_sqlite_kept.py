"""What only a file that keeps records must stand: older code, a death midway, several processes, a lock."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from judge_service.errors import StoreError
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.clocked

PATIENT_S = 5.0

# As the first release laid a file out, word for word.
OLDER_CODE = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS entries (
    serial INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, expires REAL NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires);
CREATE TABLE IF NOT EXISTS leases (
    key TEXT PRIMARY KEY, token TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
PRAGMA application_id = 1246978934;
PRAGMA user_version = 1;
"""
OLDER_LAYOUT = 1

COUNTER = """
import asyncio, sys
from pathlib import Path
from judge_service.stores.sqlite import FileStore

async def main():
    store = FileStore(Path(sys.argv[1]), call_s=20)
    for _ in range(15):
        done = False
        while not done:
            before = await store.kept("count")
            done = await store.swap("count", before, b"%d" % (int(before or 0) + 1))
    await store.aclose()

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@asynccontextmanager
async def file_store(
    path: Path, *, kept_s: float = 10.0, clock: Callable[[], float] = time.time
) -> AsyncIterator[FileStore]:
    store = FileStore(path, call_s=PATIENT_S, kept_s=kept_s, clock=clock)
    try:
        yield store
    finally:
        await store.aclose()


def execute(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def parts(path: Path) -> int:
    ((count,),) = execute(path, "SELECT count(*) FROM kept_parts")
    assert isinstance(count, int)
    return count


async def test_a_file_of_the_first_release_keeps_its_values_and_takes_records(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLDER_CODE)
        connection.execute("INSERT INTO entries VALUES (1, 'k', x'76', 9e9)")
        connection.execute("INSERT INTO leases VALUES ('led', 'mine', 9e9)")
        connection.commit()
    async with file_store(path) as store:
        await store.open()
        assert await store.get("k") == b"v"
        assert not await store.lead("led", "next", 600)
        await store.keep("k", b"record")
        assert (await store.get("k"), await store.kept("k")) == (b"v", b"record")


async def test_code_of_the_first_release_takes_the_file_and_leaves_the_records(path: Path) -> None:
    async with file_store(path) as store:
        await store.keep("k", b"record")
        await store.put("k", b"v", 600)
    assert execute(path, "PRAGMA user_version") == [(OLDER_LAYOUT,)], "a higher number it would refuse"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLDER_CODE)
        assert connection.execute("SELECT value FROM entries").fetchall() == [(b"v",)]
        connection.execute("DELETE FROM entries")  # as its bound on the whole file may have it
        connection.commit()
    async with file_store(path) as store:
        assert (await store.get("k"), await store.kept("k")) == (None, b"record")


async def test_a_layout_that_begins_the_cache_anew_leaves_the_records(path: Path) -> None:
    async with file_store(path) as store:
        await store.keep("k", b"record")
        await store.put("k", b"v", 600)
    execute(path, "PRAGMA user_version = 0")
    async with file_store(path) as store:
        assert (await store.get("k"), await store.kept("k")) == (None, b"record")


async def test_nobody_is_told_to_delete_a_file_of_a_newer_version(path: Path) -> None:
    async with file_store(path) as store:
        await store.keep("k", b"record")
    execute(path, "PRAGMA user_version = 999")
    with pytest.raises(Exception, match="newer version") as caught:
        await FileStore(path).open()
    assert "delete" not in str(caught.value).removeprefix(str(path))


async def test_a_record_is_on_the_disk_before_it_is_acknowledged(path: Path) -> None:
    said: list[str] = []
    async with file_store(path) as store:
        await store.keep("k", b"before")
        writer = store._kept._writer
        writer._thread._thread.submit(writer.connection().set_trace_callback, said.append).result()
        await store.keep("k", bytes(2**20))
    at = said.index
    assert at("PRAGMA wal_checkpoint(PASSIVE)") < at("PRAGMA synchronous = FULL") < at("BEGIN IMMEDIATE")
    assert at("BEGIN IMMEDIATE") < at("COMMIT") < at("PRAGMA synchronous = NORMAL")
    assert [line.split()[2] for line in said if line.split()[0] == "INSERT"] == ["kept_parts"] * 2 + ["kept"]


async def test_no_reader_ever_sees_the_halves_of_two_records(path: Path) -> None:
    values = [bytes([number]) * 2**21 for number in range(4)]
    async with file_store(path) as writer, file_store(path) as reader:
        await writer.keep("k", values[0])

        async def write() -> None:
            for number in range(20):
                await writer.keep("k", values[number % 4])

        writing = asyncio.create_task(write())
        seen = set()
        while not writing.done():
            seen.add(await reader.kept("k"))
        await writing
    assert len(seen) > 1
    assert seen <= {*values}


async def test_a_read_does_not_wait_for_a_record_of_megabytes_to_be_written(path: Path) -> None:
    async with file_store(path) as store:
        await store.keep("pointer", b"v")
        writing = asyncio.create_task(store.keep("study", bytes(2**26)))
        reads = 0
        while not writing.done():
            assert await store.kept("pointer") == b"v"
            assert await store.kept_keys("p") == ["pointer"]
            reads += 1
        await writing
    assert reads > 5


async def test_what_was_replaced_released_or_refused_takes_no_room(path: Path) -> None:
    async with file_store(path) as store:
        for number in range(10):
            await store.keep("k", os.urandom(2**21))
            await store.keep(f"gone {number}", os.urandom(2**21))
            await store.release(f"gone {number}")
            assert not await store.swap("k", b"something else", os.urandom(2**21))
        assert parts(path) == 4
    assert path.stat().st_size < 4 * 2**21


async def test_parts_left_by_the_dead_are_cleared_away_and_those_of_the_living_are_not(path: Path) -> None:
    now = 1_000_000.0
    async with file_store(path, clock=lambda: now) as store:
        await store.keep("k", bytes(2**20))
    stage = "INSERT INTO kept_parts (lot, part, written, value) VALUES (?, ?, ?, x'00')"
    for part in range(3):
        execute(path, stage, b"dead", part, now)
        execute(path, stage, b"living", part, now + 5000)
    now += 6000
    async with file_store(path, clock=lambda: now) as store:
        await store.release("nothing")
        assert await store.kept("k") == bytes(2**20)
    lots = execute(path, "SELECT lot, count(*) FROM kept_parts GROUP BY lot ORDER BY count(*)")
    assert [count for _, count in lots] == [2, 3]
    assert (b"living", 3) in lots


async def test_a_writer_whose_parts_were_cleared_away_keeps_nothing(path: Path) -> None:
    calls = 0

    def clock() -> float:
        nonlocal calls
        calls += 1
        if calls == 3:  # the third part is about to be written
            execute(path, "DELETE FROM kept_parts WHERE lot NOT IN (SELECT lot FROM kept)")
        return 1_000_000.0

    async with file_store(path) as store:
        await store.keep("k", b"before")
    async with file_store(path, clock=clock) as store:
        await store.release("nothing")  # opens, and looks for what was left over
        calls = 0
        with pytest.raises(StoreError, match="failed to keep: LostParts"):
            await store.keep("k", bytes(2**21))
        assert await store.kept("k") == b"before"
    assert parts(path) == 1


async def test_a_record_that_lost_a_part_is_an_error_and_no_record(path: Path) -> None:
    async with file_store(path) as store:
        await store.keep("k", bytes(2**20))
        execute(path, "DELETE FROM kept_parts WHERE part = 1")
        with pytest.raises(StoreError, match="failed to read what is kept: LostParts"):
            await store.kept("k")
        await store.keep("k", b"anew")
        assert await store.kept("k") == b"anew"


def test_no_update_of_several_processes_is_lost(path: Path) -> None:
    arguments = [sys.executable, "-c", COUNTER, str(path)]
    counters = [subprocess.Popen(arguments) for _ in range(4)]
    assert [counter.wait(60) for counter in counters] == [0] * 4
    assert execute(path, "SELECT value FROM kept_parts") == [(b"60",)]


async def test_a_locked_file_is_given_up_in_time_and_read_all_the_same(path: Path) -> None:
    async with file_store(path, kept_s=0.5) as store:
        await store.keep("k", b"v")
        with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            assert await store.kept("k") == b"v"
            for change in (store.keep("k", b"patient-text"), store.swap("k", b"v", b"patient-text")):
                began = time.monotonic()
                with pytest.raises(StoreError, match="TimeoutError") as caught:
                    await change
                assert time.monotonic() - began < 0.5 + PATIENT_S / 2
                assert "patient" not in str(caught.value)
            assert await store.get("k") is None, "the cache's thread is not held up"
            blocker.execute("ROLLBACK")


async def test_what_cannot_be_a_key_is_a_store_error(path: Path) -> None:
    async with file_store(path) as store:
        for call in (store.keep("\ud800", b"v"), store.kept("\ud800"), store.kept_keys("\ud800")):
            with pytest.raises(StoreError, match="UnicodeEncodeError"):
                await call


async def test_a_foreign_file_is_a_store_error(path: Path) -> None:
    path.write_bytes(b"these are somebody's notes" * 100)
    async with file_store(path) as store:
        with pytest.raises(StoreError, match="NotOurFile"):
            await store.keep("k", b"v")
    assert path.read_bytes().startswith(b"these are")


async def test_a_closed_store_is_a_store_error(path: Path) -> None:
    async with file_store(path) as store:
        await store.keep("k", b"v")
    for call in (store.keep("k", b"v"), store.kept("k"), store.release("k"), store.kept_keys("")):
        with pytest.raises(StoreError, match="closed"):
            await call
