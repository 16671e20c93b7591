"""The store of one machine: a single SQLite file, shared by its processes, that outlives them all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.base import Waiters
from judge_service.stores.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

_LAYOUT = 1
_APPLICATION = 0x4A536376  # our mark in a file's head; without it a file is not ours to change
_MAGIC = b"SQLite format 3\0"
_MARK_AT = slice(68, 72)
_OPEN_WITHIN_S = 5.0
_BUSY_MS = 150
_SWEEP_EVERY_S = 60.0
_SWEEP_ROWS = 2000
_EVICT_ROWS = 64
_LOOK_AGAIN_S = 0.1  # another process cannot wake this one, so followers look often
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    serial INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, expires REAL NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires);
CREATE TABLE IF NOT EXISTS leases (
    key TEXT PRIMARY KEY, token TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
"""
_PUT = """
INSERT INTO entries (key, value, expires) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires
"""
_LEAD = """
INSERT INTO leases (key, token, expires) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET token = excluded.token, expires = excluded.expires WHERE leases.expires <= ?
"""


class NotOurFile(sqlite3.DatabaseError):
    """What is there was not made by this store, or by a later one; it was not touched."""


class FileStore:
    """Values and leases in one SQLite file in WAL mode, reached through one thread.

    An acknowledged write survives the death of the process; a power cut may lose the last few, never the
    file. When the file outgrows `max_bytes` the oldest values go first. `clock` is wall time, for processes
    share it.
    """

    kind = "file"

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = 2**30,
        call_s: float = 0.2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._call_s = call_s
        self._clock = clock
        self._next_sweep = 0.0
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="file-store")
        self._waiters = Waiters()

    async def open(self) -> None:
        """Make the folder and the file where there are none; raise `StoreError` where that cannot be done.

        A file that is not ours is a `ConfigurationError` and is left as it is.
        """
        try:
            await self._call("open", self._connected, within_s=2 * _OPEN_WITHIN_S)
        except StoreError as exc:
            if isinstance(exc.__cause__, NotOurFile):
                self._thread.shutdown(wait=False)
                raise ConfigurationError(str(exc.__cause__)) from exc
            raise

    async def get(self, key: str) -> bytes | None:
        """Give the value if its time is not over."""
        return await self._call("get", lambda: self._get(key))

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Write the value, and now and then clear away what is over."""
        await self._call("put", lambda: self._put(key, value, ttl_s))

    async def delete(self, key: str) -> None:
        """Drop the value."""
        await self._call("delete", lambda: self._run("DELETE FROM entries WHERE key = ?", key))

    async def lead(self, key: str, token: str, lease_s: float) -> bool:
        """Take the lease if it is free or over; one statement, so one process wins."""
        return await self._call("lead", lambda: self._lead(key, token, lease_s))

    async def renew(self, key: str, token: str, lease_s: float) -> bool:
        """Lengthen a lease that is still ours."""
        return await self._call("renew", lambda: self._renew(key, token, lease_s))

    async def publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        """Write and let go in one transaction, then wake the followers of this process."""
        await self._call("publish", lambda: self._publish(key, token, value, ttl_s))
        self._waiters.wake(key)

    async def awaited(self, key: str, timeout_s: float) -> None:
        """Wait for `publish` in this process, and at most a moment, for other processes cannot be heard."""
        await self._waiters.wait(key, min(timeout_s, _LOOK_AGAIN_S))

    async def ping(self) -> None:
        """Read one row of the file."""
        await self._call("ping", lambda: self._run("SELECT 1 FROM entries LIMIT 1"))

    async def aclose(self) -> None:
        """Close the file and end the thread."""
        try:
            await self._call("close", self._close, within_s=_OPEN_WITHIN_S)
        finally:
            self._thread.shutdown(wait=False)

    async def _call(self, name: str, work: Callable[[], T], *, within_s: float | None = None) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with Patience(within_s or self._call_s):
                return await loop.run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError, TimeoutError) as exc:
            # The error's own words may quote a statement; its class is enough.
            message = f"the file store failed to {name}: {type(exc).__name__}"
            raise StoreError(message) from exc
        except RuntimeError as exc:
            message = f"the file store failed to {name}: it is closed"
            raise StoreError(message) from exc

    def _get(self, key: str) -> bytes | None:
        query = "SELECT value FROM entries WHERE key = ? AND expires > ?"
        row = self._connected().execute(query, (key, self._clock())).fetchone()
        return None if row is None else bytes(row[0])

    def _put(self, key: str, value: bytes, ttl_s: float) -> None:
        self._run(_PUT, key, value, self._clock() + ttl_s)
        self._sweep()

    def _lead(self, key: str, token: str, lease_s: float) -> bool:
        now = self._clock()
        return self._run(_LEAD, key, token, now + lease_s, now) == 1

    def _renew(self, key: str, token: str, lease_s: float) -> bool:
        now = self._clock()
        update = "UPDATE leases SET expires = ? WHERE key = ? AND token = ? AND expires > ?"
        return self._run(update, now + lease_s, key, token, now) == 1

    def _publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        with _transaction(self._connected()):
            if value is not None:
                self._run(_PUT, key, value, self._clock() + ttl_s)
            self._run("DELETE FROM leases WHERE key = ? AND token = ?", key, token)
        self._sweep()

    def _run(self, statement: str, *values: str | float | bytes) -> int:
        return self._connected().execute(statement, values).rowcount

    def _sweep(self) -> None:
        now = self._clock()
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_EVERY_S
            expired = (
                "DELETE FROM entries WHERE serial IN (SELECT serial FROM entries WHERE expires <= ? LIMIT ?)"
            )
            self._run(expired, now, _SWEEP_ROWS)
            self._run("DELETE FROM leases WHERE expires <= ?", now)
        if self._used_bytes() > self._max_bytes:
            oldest = (
                "DELETE FROM entries WHERE serial IN (SELECT serial FROM entries ORDER BY serial LIMIT ?)"
            )
            self._run(oldest, _EVICT_ROWS)

    def _used_bytes(self) -> int:
        pages, free, size = (self._pragma(name) for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def _pragma(self, name: str) -> int:
        return int(self._connected().execute(f"PRAGMA {name}").fetchone()[0])

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connect(self._path)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    if _mark_of(path) not in {None, _APPLICATION}:
        raise _not_ours(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=_OPEN_WITHIN_S, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _mark_of(path: Path) -> int | None:
    """Read the mark in a file's head, with no help of SQLite, which may write; None where nothing is yet."""
    try:
        with path.open("rb") as file:
            head = file.read(_MARK_AT.stop)
    except FileNotFoundError:
        return None
    if not head:
        return None
    return int.from_bytes(head[_MARK_AT]) if head.startswith(_MAGIC) else 0


def _not_ours(path: Path) -> NotOurFile:
    return NotOurFile(
        f"{path} is another program's file, or of a version before the first release; it was left as it is. "
        "If nobody needs it, delete it; or set JUDGE_SERVICE_STORE_URL to another place"
    )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # The mark comes before WAL, so that it stands in the file itself from the first moment.
    with _transaction(connection):
        _lay_out(connection, path)
    _enter_wal(connection, until=time.monotonic() + _OPEN_WITHIN_S)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 16777216")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    mark, layout, tables = (
        connection.execute(query).fetchone()[0]
        for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if tables and mark != _APPLICATION:  # another program was faster by a moment
        raise _not_ours(path)
    if layout > _LAYOUT:
        raise NotOurFile(f"{path} was made by a newer version; delete it, or set JUDGE_SERVICE_STORE_URL")
    if layout < _LAYOUT:
        for table in ("entries", "leases"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_LAYOUT}")


def _enter_wal(connection: sqlite3.Connection, *, until: float) -> None:
    # SQLite does not wait for a lock to change the journal mode, and several processes may start at once.
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
