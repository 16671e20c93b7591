"""The shelf of one machine: a SQLite file of its own, or the memory of one process.

Of its own, so that an upload takes no writer's turn from the workers' ledger.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from judge_service.errors import StoreError
from judge_service.jobs.shelf import BLOCK_BYTES, ShelvedFile
from judge_service.jobs.sqlite_opening import OneFile
from judge_service.jobs.sqlite_tables import lasting
from judge_service.stores.records import Codec
from judge_service.stores.sqlite_file import Layout, transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT, name TEXT, size INTEGER,
    created REAL, expires REAL NOT NULL, sealed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS files_by_tenant ON files (tenant, serial);
CREATE INDEX IF NOT EXISTS files_by_expiry ON files (expires);
CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
"""
_LAID_OUT = Layout(0x4A534669, 1, _TABLES)
_BLOCK_BITS = 20  # a block's number is its file's serial and its place in one integer
_FIELDS = "id, tenant, name, size, created, expires"
_RENEW = "UPDATE files SET expires = ? WHERE id = ? AND sealed = 0 AND expires > ? RETURNING serial"
_SEAL = """
UPDATE files SET tenant = ?, name = ?, size = ?, created = ?, expires = ?, sealed = 1
WHERE id = ? AND sealed = 0 AND expires > ?
"""
_BLOCK = f"""
SELECT value FROM blocks WHERE id = (SELECT serial FROM files WHERE id = ?) << {_BLOCK_BITS} | ?
"""  # noqa: S608  a number of ours


class SqliteShelf:
    """Every call is one transaction in one thread. `path` None: in memory. `clock` is wall time."""

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._codec = Codec(BLOCK_BYTES)
        self._file = OneFile(path, _LAID_OUT, thread="shelf", what="shelf of files")
        self._connected, self._call = self._file.connection, self._file.call

    async def open_file(self) -> None:
        """Make what is not there; `ConfigurationError` where that cannot be done."""
        await self._file.open()

    async def begin(self, file: str, lease_s: float) -> None:
        """Insert the file's row."""
        insert = "INSERT INTO files (id, expires) VALUES (?, ?)"
        await self._call(
            "begin", lambda: self._connected().execute(insert, (file, self._clock() + lease_s)).rowcount
        )

    async def append(self, file: str, number: int, block: bytes, lease_s: float) -> None:
        """Insert the block, compressed."""

        def write() -> None:
            packed, now = self._codec.compress(block), self._clock()
            connection = self._connected()
            with transaction(connection):
                row = connection.execute(_RENEW, (now + lease_s, file, now)).fetchone()
                if row is None:
                    raise _gone(file)
                values = (row[0] << _BLOCK_BITS | number, packed)
                connection.execute("INSERT OR IGNORE INTO blocks (id, value) VALUES (?, ?)", values)

        await self._call("append", write)

    async def seal(self, file: ShelvedFile) -> None:
        """Update the row; it is on the disk when this returns."""

        def write() -> None:
            told = (file.tenant, file.name, file.size, file.created_at, file.expires_at)
            connection = self._connected()
            with lasting(connection), transaction(connection):
                if not connection.execute(_SEAL, (*told, file.id, self._clock())).rowcount:
                    raise _gone(file.id)

        await self._call("seal", write)

    async def get(self, file: str) -> ShelvedFile | None:
        """Read one row."""
        found = await self._files("id = ?", file)
        return found[0] if found else None

    async def of_tenant(
        self, tenant: str, after: str | None, limit: int, *, oldest_first: bool = False
    ) -> list[ShelvedFile]:
        """Read rows by their serial."""
        way, order = (">", "ASC") if oldest_first else ("<", "DESC")
        place = "SELECT serial FROM files WHERE id = ? AND tenant = ?"  # another's file is no place to begin
        behind = f"AND serial {way} ({place})" if after else ""
        values = (tenant, after, tenant, limit) if after else (tenant, limit)
        return await self._files(f"tenant = ? {behind} ORDER BY serial {order} LIMIT ?", *values)

    async def read(self, file: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read a block at a time."""
        while start < end:
            number, skipped = divmod(start, BLOCK_BYTES)
            block = await self._call("read", partial(self._block, file, number))
            yield block[skipped : skipped + end - start]
            start += len(block) - skipped

    async def forget(self, file: str) -> None:
        """Delete the row and the blocks."""
        await self._call("forget", lambda: self._drop("id = ?", file))

    async def sweep(self) -> None:
        """Delete the rows whose time is over, and their blocks."""
        await self._call("sweep", self._sweep)

    async def aclose(self) -> None:
        """Close the file and end the thread."""
        await self._file.aclose()

    async def _files(self, where: str, *values: str | int) -> list[ShelvedFile]:
        query = f"SELECT {_FIELDS} FROM files WHERE sealed AND expires > ? AND {where}"  # noqa: S608  ours

        def look() -> list[ShelvedFile]:
            return [ShelvedFile(*row) for row in self._connected().execute(query, (self._clock(), *values))]

        return await self._call("look", look)

    def _block(self, file: str, number: int) -> bytes:
        row = self._connected().execute(_BLOCK, (file, number)).fetchone()
        if row is None:
            raise _gone(file)
        return self._codec.expand(row[0])

    def _sweep(self) -> None:
        now = self._clock()
        if self._connected().execute("SELECT 1 FROM files WHERE expires <= ? LIMIT 1", (now,)).fetchone():
            self._drop("expires <= ?", now)

    def _drop(self, where: str, value: str | float) -> None:
        connection = self._connected()
        with transaction(connection):
            query = f"DELETE FROM files WHERE {where} RETURNING serial"  # noqa: S608  ours
            for (serial,) in connection.execute(query, (value,)).fetchall():
                span = (serial << _BLOCK_BITS, (serial + 1) << _BLOCK_BITS)
                connection.execute("DELETE FROM blocks WHERE id >= ? AND id < ?", span)


def _gone(file: str) -> StoreError:
    return StoreError(f"the file {file} is no more")
