"""What only a file must stand: several processes, a kill, a full file, a broken one."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING

import pytest

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.clocked

PATIENT_S = 5.0

WRITER = """
import asyncio, sys
from pathlib import Path
from judge_service.stores.sqlite import FileStore

async def main():
    store = FileStore(Path(sys.argv[1]), call_s=5)
    number = 0
    while True:
        await store.publish(f"k{number}", "t", str(number).encode() * 200, 600)
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""

RACER = """
import asyncio, sys
from pathlib import Path
from judge_service.stores.sqlite import FileStore

async def main():
    store = FileStore(Path(sys.argv[1]), call_s=20)
    await store.open()
    led = [n for n in range(200) if await store.lead(f"k{n}", sys.argv[2], 600)]
    for n in led:
        await store.put(f"k{n}", sys.argv[2].encode(), 600)
    print(*led)

asyncio.run(main())
"""


@asynccontextmanager
async def file_store(path: Path, *, max_bytes: int = 2**30) -> AsyncIterator[FileStore]:
    store = FileStore(path, max_bytes=max_bytes, call_s=PATIENT_S)
    try:
        yield store
    finally:
        await store.aclose()


def first_lines(stream: IO[str], count: int) -> list[str]:
    return [stream.readline() for _ in range(count)]


async def test_values_and_leases_outlive_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with file_store(path) as store:
        await store.put("k", b"v", 600)
        await store.lead("led", "mine", 600)
    async with file_store(path) as store:
        assert await store.get("k") == b"v"
        assert not await store.lead("led", "next", 600)
        assert await store.renew("led", "mine", 600)


async def test_every_acknowledged_write_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    arguments = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        seen = first_lines(writer.stdout, 200)
        writer.send_signal(signal.SIGKILL)
        seen += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    acknowledged = [int(line) for line in seen if line.endswith("\n")]
    async with file_store(path) as store:
        for number in acknowledged:
            assert await store.get(f"k{number}") == str(number).encode() * 200
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_processes_that_start_at_once_share_the_file_and_each_lease_has_one_leader(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.sqlite"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(path), f"racer {n}"], stdout=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    led = [[int(word) for word in racer.communicate()[0].split()] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 4
    assert sorted(n for mine in led for n in mine) == list(range(200))
    async with file_store(path) as store:
        for racer, mine in enumerate(led):
            for n in mine:
                assert await store.get(f"k{n}") == f"racer {racer}".encode()


async def test_stores_that_open_a_new_file_at_the_same_moment_all_get_it(tmp_path: Path) -> None:
    for number in range(20):
        stores = [FileStore(tmp_path / f"{number}.sqlite", call_s=PATIENT_S) for _ in range(8)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(store.aclose() for store in stores))


async def test_two_stores_on_one_file_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with file_store(path) as one, file_store(path) as other:
        assert await one.lead("k", "mine", 600)
        assert not await other.lead("k", "theirs", 600)
        await one.publish("k", "mine", b"v", 600)
        assert await other.get("k") == b"v"
        assert await other.lead("k", "theirs", 600)


async def test_folder_and_file_are_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "store.sqlite"
    before = os.umask(0)
    try:
        async with file_store(path) as store:
            await store.put("k", b"v", 60)
            modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == {"store.sqlite": 0o600, "store.sqlite-wal": 0o600, "store.sqlite-shm": 0o600}


async def test_a_file_that_was_open_to_others_is_so_no_more(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.touch()
    path.chmod(0o666)
    async with file_store(path) as store:
        await store.ping()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_file_stays_within_its_bound_and_the_oldest_go_first(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with file_store(path, max_bytes=2**20) as store:
        for number in range(600):
            await store.put(f"k{number}", os.urandom(8000), 600)
        kept = [number for number in range(600) if await store.get(f"k{number}") is not None]
    assert path.stat().st_size < 1.2 * 2**20
    assert kept == list(range(kept[0], 600))
    assert len(kept) > 40


async def test_what_is_over_is_swept_from_the_file(tmp_path: Path) -> None:
    path, now = tmp_path / "store.sqlite", 1000.0
    store = FileStore(path, call_s=PATIENT_S, clock=lambda: now)
    for number in range(50):
        await store.put(f"short {number}", b"v", 10)
        await store.lead(f"short {number}", "t", 10)
    await store.put("long", b"v", 10_000)
    now += 120
    await store.put("next", b"v", 10)
    await store.aclose()
    connection = sqlite3.connect(path)
    assert [key for (key,) in connection.execute("SELECT key FROM entries ORDER BY key")] == ["long", "next"]
    assert connection.execute("SELECT count(*) FROM leases").fetchone() == (0,)
    connection.close()


def marked(path: Path, *, layout: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {layout}")
    connection.close()


async def test_a_file_of_our_own_older_layout_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with file_store(path) as store:
        await store.put("k", b"v", 60)
    marked(path, layout=0)
    async with file_store(path) as store:
        await store.open()
        assert await store.get("k") is None
        await store.put("k", b"w", 60)
        assert await store.get("k") == b"w"


async def test_a_file_of_our_own_newer_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with file_store(path) as store:
        await store.put("k", b"v", 60)
    marked(path, layout=999)
    with pytest.raises(ConfigurationError, match=r"store\.sqlite was made by a newer version"):
        await FileStore(path).open()
    marked(path, layout=1)
    async with file_store(path) as store:
        assert await store.get("k") == b"v"


def a_database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


FOREIGN = {
    "notes": None,
    "tables of the same names": ("CREATE TABLE entries (something TEXT)", "CREATE TABLE leases (id TEXT)"),
    "another layout number": ("CREATE TABLE entries (something TEXT)", "PRAGMA user_version = 999"),
    "our layout number": ("CREATE TABLE entries (something TEXT)", "PRAGMA user_version = 1"),
    "another program's mark": ("PRAGMA application_id = 7", "CREATE TABLE t (a)"),
    "a journal of its own": ("PRAGMA journal_mode = WAL", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"),
    "no tables": ("PRAGMA user_version = 1",),
}


@pytest.mark.parametrize("what", FOREIGN)
async def test_a_foreign_file_is_left_as_it_is(tmp_path: Path, what: str) -> None:
    path, statements = tmp_path / "notes.db", FOREIGN[what]
    if statements is None:
        path.write_bytes(b"these are somebody's notes" * 100)
    else:
        a_database(path, *statements)
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"notes\.db is another program's") as caught:
        await FileStore(path).open()
    assert "delete it" in str(caught.value)
    assert "JUDGE_SERVICE_STORE_URL" in str(caught.value)
    assert "somebody" not in str(caught.value)
    async with file_store(path) as store:
        with pytest.raises(StoreError, match="failed to get: NotOurFile"):
            await store.get("k")
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.db"]


async def test_a_refused_file_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"notes")
    store = FileStore(path)
    with pytest.raises(ConfigurationError):
        await store.open()
    with pytest.raises(StoreError, match="closed"):
        await store.get("k")


async def test_a_file_bears_our_mark_before_its_first_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with file_store(path) as store:
        await store.open()
        shutil.copy(path, tmp_path / "copy.sqlite")  # as a kill would leave it
    async with file_store(tmp_path / "copy.sqlite") as store:
        await store.open()


async def test_a_file_that_another_program_fills_at_the_same_moment_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE entries (something TEXT)")
    opening = asyncio.ensure_future(FileStore(path).open())
    while stat.S_IMODE(path.stat().st_mode) != 0o600:  # noqa: ASYNC110  a file's mode wakes nobody
        await asyncio.sleep(0.001)  # then it has found an empty file, and waits for the lock
    other.execute("COMMIT")
    with pytest.raises(ConfigurationError, match="another program's"):
        await opening
    assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["entries"]
    other.close()


async def test_a_locked_file_is_given_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = FileStore(path)
    await store.open()
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StoreError):
        await store.put("k", b"v", 60)
    assert time.monotonic() - began < 0.4
    assert await store.get("k") is None, "readers are not held up"
    blocker.execute("ROLLBACK")
    blocker.close()
    await store.put("k", b"v", 60)
    await store.aclose()


async def test_a_closed_store_is_a_store_error(tmp_path: Path) -> None:
    async with file_store(tmp_path / "store.sqlite") as store:
        await store.put("k", b"v", 60)
    with pytest.raises(StoreError, match="closed"):
        await store.get("k")


async def test_many_tasks_at_once(tmp_path: Path) -> None:
    async with file_store(tmp_path / "store.sqlite") as store:
        await asyncio.gather(*(store.put(f"k{n}", str(n).encode(), 60) for n in range(300)))
        values = await asyncio.gather(*(store.get(f"k{n}") for n in range(300)))
    assert values == [str(n).encode() for n in range(300)]
