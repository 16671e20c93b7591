"""The store of one machine: a single SQLite file, shared by its processes, that outlives them all."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.base import Waiters
from judge_service.stores.sqlite_file import OPEN_WITHIN_S, NotOurFile, OneConnection, connect, transaction
from judge_service.stores.sqlite_kept import KeptRows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BUSY_MS = 150
_SWEEP_EVERY_S = 60.0
_SWEEP_ROWS = 2000
_EVICT_ROWS = 64
_LOOK_AGAIN_S = 0.1  # another process cannot wake this one, so followers look often
_PUT = """
INSERT INTO entries (key, value, expires) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires
"""
_LEAD = """
INSERT INTO leases (key, token, expires) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET token = excluded.token, expires = excluded.expires WHERE leases.expires <= ?
"""


class FileStore:
    """Values and leases in one SQLite file in WAL mode, reached through one thread; kept records by two others.

    An acknowledged write survives the death of the process; a power cut may lose the last few values and
    nothing that is kept. When the file, less what is kept, outgrows `max_bytes` the oldest values go first.
    `clock` is wall time, for processes share it.
    """

    kind = "file"

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = 2**30,
        call_s: float = 0.2,
        kept_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._next_sweep = 0.0
        self._file = OneConnection("file-store", partial(connect, path, busy_ms=_BUSY_MS), within_s=call_s)
        self._connected, self._call = self._file.connection, self._file.call
        self._kept = KeptRows(path, within_s=kept_s, clock=clock)
        self._waiters = Waiters()

    async def open(self) -> None:
        """Make the folder and the file where there are none; raise `StoreError` where that cannot be done.

        A file that is not ours is a `ConfigurationError` and is left as it is.
        """
        try:
            await self._call("open", self._connected, within_s=2 * OPEN_WITHIN_S)
        except StoreError as exc:
            if isinstance(exc.__cause__, NotOurFile):
                self._file.end()
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

    async def keep(self, key: str, value: bytes) -> None:
        """Write the record; it is on the disk when this returns."""
        await self._opened()
        await self._kept.keep(key, value)

    async def kept(self, key: str) -> bytes | None:
        """Read the record."""
        await self._opened()
        return await self._kept.kept(key)

    async def release(self, key: str) -> None:
        """Drop the record."""
        await self._opened()
        await self._kept.release(key)

    async def kept_keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """List by a range of the key's bytes."""
        await self._opened()
        return await self._kept.kept_keys(prefix, after=after, limit=limit)

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        """Compare and write in one transaction, so one process wins."""
        await self._opened()
        return await self._kept.swap(key, expected, value)

    async def ping(self) -> None:
        """Read one row of the file."""
        await self._call("ping", lambda: self._run("SELECT 1 FROM entries LIMIT 1"))

    async def aclose(self) -> None:
        """Close the file and end the threads."""
        try:
            await self._kept.aclose()
        finally:
            await self._file.aclose()

    async def _opened(self) -> None:
        if not self._file.is_open:
            await self._call("open", self._connected, within_s=2 * OPEN_WITHIN_S)

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
        with transaction(self._connected()):
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
        if self._outgrown():
            oldest = (
                "DELETE FROM entries WHERE serial IN (SELECT serial FROM entries ORDER BY serial LIMIT ?)"
            )
            self._run(oldest, _EVICT_ROWS)

    def _outgrown(self) -> bool:
        used = self._used_bytes()
        if used <= self._max_bytes:
            return False
        query = "SELECT coalesce(sum(length(value)), 0) FROM kept_parts"  # lengths stand apart from the bytes
        return used - int(self._connected().execute(query).fetchone()[0]) > self._max_bytes

    def _used_bytes(self) -> int:
        pages, free, size = (self._pragma(name) for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def _pragma(self, name: str) -> int:
        return int(self._connected().execute(f"PRAGMA {name}").fetchone()[0])
