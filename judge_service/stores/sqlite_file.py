"""The SQLite file: its mark, its layout, its journal, and the one thread that uses a connection to it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from judge_service.errors import StoreError
from judge_service.stores.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

OPEN_WITHIN_S = 5.0

# The number is that of the cache's tables; a file with a lower one begins them anew. The tables of what is
# kept came later and changed it not: older code leaves alone the tables it does not know, but a file with a
# higher number it refuses, with the advice to delete it. What is kept is dropped by no layout.
_LAYOUT = 1
_APPLICATION = 0x4A536376  # our mark in a file's head; without it a file is not ours to change
_MAGIC = b"SQLite format 3\0"
_MARK_AT = slice(68, 72)
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    serial INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, expires REAL NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires);
CREATE TABLE IF NOT EXISTS leases (
    key TEXT PRIMARY KEY, token TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    key BLOB PRIMARY KEY, lot BLOB NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept_parts (
    serial INTEGER PRIMARY KEY, lot BLOB NOT NULL, part INTEGER NOT NULL, written REAL NOT NULL,
    value BLOB NOT NULL, UNIQUE (lot, part));
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file is laid out as: the mark in its head, the number of its tables, and their statements."""

    application: int
    number: int
    tables: str
    dropped: tuple[str, ...] = ()  # tables that a file with a lower number begins anew


CACHE = Layout(_APPLICATION, _LAYOUT, _TABLES, ("entries", "leases"))


class NotOurFile(sqlite3.DatabaseError):
    """What is there was not made by this store, or by a later one; it was not touched."""


class FileThread:
    """The one thread that uses a connection. Whatever fails in it is a `StoreError`, and in time."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def call(self, name: str, work: Callable[[], T], *, within_s: float) -> T:
        """Do the work there and give what it gives; what has begun there goes on when its time is over."""
        loop = asyncio.get_running_loop()
        try:
            async with Patience(within_s):
                return await loop.run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError, TimeoutError, UnicodeError) as exc:
            # The error's own words may quote a statement; its class is enough.
            message = f"the file store failed to {name}: {type(exc).__name__}"
            raise StoreError(message) from exc
        except RuntimeError as exc:
            message = f"the file store failed to {name}: it is closed"
            raise StoreError(message) from exc

    def end(self) -> None:
        """Take no more work; what was begun is finished."""
        self._thread.shutdown(wait=False)


class OneConnection:
    """A connection, opened when it is first needed, and the one thread that uses it; `opened` is called there then."""

    def __init__(
        self,
        name: str,
        opening: Callable[[], sqlite3.Connection],
        *,
        within_s: float,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        self._opening = opening
        self._opened = opened
        self._within_s = within_s
        self._thread = FileThread(name)
        self._held: sqlite3.Connection | None = None

    async def call(self, name: str, work: Callable[[], T], *, within_s: float | None = None) -> T:
        """Do the work in the thread, within the usual time or another; a failure is a `StoreError`."""
        return await self._thread.call(name, work, within_s=within_s or self._within_s)

    @property
    def is_open(self) -> bool:
        """Whether it has been needed."""
        return self._held is not None

    def connection(self) -> sqlite3.Connection:
        """The connection; for work in the thread alone."""
        if self._held is None:
            self._held = self._opening()
            self._opened()
        return self._held

    async def aclose(self) -> None:
        """Close the connection and end the thread."""
        try:
            await self.call("close", self._close, within_s=OPEN_WITHIN_S)
        finally:
            self.end()

    def end(self) -> None:
        """End the thread."""
        self._thread.end()

    def _close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and the only writer from the first moment."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(path: Path, *, busy_ms: int, layout: Layout = CACHE) -> sqlite3.Connection:
    """Open the file, made first where there is none; `NotOurFile` where it is not ours."""
    if _mark_of(path) not in {None, layout.application}:
        raise _not_ours(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=OPEN_WITHIN_S, isolation_level=None)
    try:
        _prepare(connection, path, layout)
        _tune(connection, busy_ms)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_again(path: Path, *, busy_ms: int) -> sqlite3.Connection:
    """Open once more a file that this process has open; by SQLite alone.

    Were the file opened and closed in any other way, the first connection would lose its locks.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=OPEN_WITHIN_S, isolation_level=None)
    try:
        _tune(connection, busy_ms)
    except BaseException:
        connection.close()
        raise
    return connection


def _tune(connection: sqlite3.Connection, busy_ms: int) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 16777216")
    connection.execute(f"PRAGMA busy_timeout = {busy_ms}")


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


def _prepare(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    # The mark comes before WAL, so that it stands in the file itself from the first moment.
    with transaction(connection):
        lay_out(connection, path, layout)
    _enter_wal(connection, until=time.monotonic() + OPEN_WITHIN_S)


def lay_out(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    """Make the tables that are not there; `NotOurFile` where others are."""
    mark, number, tables = (
        connection.execute(query).fetchone()[0]
        for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if tables and mark != layout.application:  # another program was faster by a moment
        raise _not_ours(path)
    if number > layout.number:
        raise NotOurFile(
            f"{path} was made by a newer version and may hold what is to be kept; go on with that version, "
            "or set JUDGE_SERVICE_STORE_URL to another place"
        )
    if number < layout.number:
        for table in layout.dropped:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in layout.tables.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {layout.application}")
    connection.execute(f"PRAGMA user_version = {layout.number}")


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
