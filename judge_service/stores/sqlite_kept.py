"""What the file store keeps for good: records of megabytes, written so that no call of the cache waits."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from judge_service.stores.sqlite_file import OneConnection, connect_again, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

# The file has one writer at a time, and a cache call waits for it 150 ms. One transaction with 24 MB holds it
# for as long. So a record is written in parts, each its own short transaction, with pauses in which others
# write; no reader sees them until one last small transaction points the key to them.
_PART_BYTES = 2**19
_PAUSE_S = 0.004
_BUSY_MS = 5000
_LEFT_OVER_S = 3600.0  # parts without a key for so long were left by a process that died
_BEYOND = b"\xff"  # above every byte of UTF-8
_KEYS_FROM = "SELECT key FROM kept WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
_KEYS_BEHIND = "SELECT key FROM kept WHERE key > ? AND key < ? ORDER BY key LIMIT ?"

_STAGE = "INSERT INTO kept_parts (lot, part, written, value) VALUES (?, ?, ?, ?)"
_POINT = """
INSERT INTO kept (key, lot, size, digest) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET lot = excluded.lot, size = excluded.size, digest = excluded.digest
"""
_READ = """
SELECT kept.size, kept_parts.value FROM kept LEFT JOIN kept_parts ON kept_parts.lot = kept.lot
WHERE kept.key = ? ORDER BY kept_parts.part
"""
_CLEAR_ONE_OF = "DELETE FROM kept_parts WHERE serial = (SELECT max(serial) FROM kept_parts WHERE lot = ?)"
_CLEAR_ONE_LEFT_OVER = """
DELETE FROM kept_parts WHERE serial =
    (SELECT serial FROM kept_parts WHERE written < ? AND lot NOT IN (SELECT lot FROM kept) LIMIT 1)
"""


class LostParts(sqlite3.DatabaseError):
    """A record whose parts are not all there."""


class KeptRows:
    """The kept records of a file that is already open: one thread writes, and another reads beside it.

    A record of megabytes takes seconds to write, and every score waits for a read of a few bytes.
    """

    def __init__(self, path: Path, *, within_s: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        again = partial(connect_again, path, busy_ms=_BUSY_MS)
        clear = self._clear_left_over
        self._writer = OneConnection("file-store-kept", again, within_s=within_s, opened=clear)
        self._reader = OneConnection("file-store-read", again, within_s=within_s)

    async def keep(self, key: str, value: bytes) -> None:
        """Write, whatever was there."""
        await self._writer.call("keep", lambda: self._exchange(key, value, lambda _: True))

    async def kept(self, key: str) -> bytes | None:
        """Read; one statement, so it is one record and not the halves of two."""
        return await self._reader.call("read what is kept", lambda: self._read(key))

    async def release(self, key: str) -> None:
        """Drop."""
        await self._writer.call("release", lambda: self._release(key))

    async def kept_keys(self, prefix: str, *, after: str, limit: int) -> list[str]:
        """List in the order of the keys' bytes, which is that of their characters."""
        return await self._reader.call("list what is kept", lambda: self._keys(prefix, after, limit))

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        """Write where the digest is that of the expected value."""
        return await self._writer.call("swap", lambda: self._swap(key, expected, value))

    async def aclose(self) -> None:
        """Close the connections and end the threads."""
        try:
            await self._writer.aclose()
        finally:
            await self._reader.aclose()

    def _swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        wanted = None if expected is None else sha256(expected).digest()
        return self._exchange(key, value, lambda found: found == wanted)

    def _exchange(self, key: str, value: bytes, admits: Callable[[bytes | None], bool]) -> bool:
        if not admits(self._found(key)[1]):
            return False
        lot, digest = secrets.token_bytes(16), sha256(value).digest()
        unused: bytes | None = lot
        try:
            parts = self._stage(lot, value)
            with self._durably() as connection:
                before, found = self._found(key)
                if not admits(found):
                    return False
                self._check_staged(lot, parts)
                connection.execute(_POINT, (key.encode(), lot, len(value), digest))
            unused = before
            return True
        finally:
            self._clear(unused)

    def _found(self, key: str) -> tuple[bytes | None, bytes | None]:
        """Give the lot and the digest of the record."""
        query = "SELECT lot, digest FROM kept WHERE key = ?"
        row = self._writer.connection().execute(query, (key.encode(),)).fetchone()
        return (None, None) if row is None else (row[0], row[1])

    def _stage(self, lot: bytes, value: bytes) -> int:
        """Write the parts under a lot that no key points to, and give their number."""
        starts = range(0, len(value), _PART_BYTES)
        for part, start in enumerate(starts):
            if part:
                time.sleep(_PAUSE_S)
            row = (lot, part, self._clock(), memoryview(value)[start : start + _PART_BYTES])
            self._writer.connection().execute(_STAGE, row)
        return len(starts)

    def _check_staged(self, lot: bytes, parts: int) -> None:
        # Another process may have taken them for left over, if this one was held up for very long.
        count = (
            self._writer.connection()
            .execute("SELECT count(*) FROM kept_parts WHERE lot = ?", (lot,))
            .fetchone()
        )
        if count[0] != parts:
            raise LostParts

    @contextmanager
    def _durably(self) -> Iterator[sqlite3.Connection]:
        """One transaction that is on the disk when it ends, and with it all that was written before it."""
        connection = self._writer.connection()
        # It brings the parts to the disk while nobody waits, so that the transaction is soon over.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        connection.execute("PRAGMA synchronous = FULL")
        try:
            with transaction(connection):
                yield connection
        finally:
            connection.execute("PRAGMA synchronous = NORMAL")

    def _read(self, key: str) -> bytes | None:
        rows = self._reader.connection().execute(_READ, (key.encode(),)).fetchall()
        if not rows:
            return None
        value = b"".join(part for _, part in rows if part is not None)
        if len(value) != rows[0][0]:
            raise LostParts
        return value

    def _release(self, key: str) -> None:
        lot, _ = self._found(key)
        if lot is None:
            return
        with self._durably() as connection:
            lot, _ = self._found(key)
            connection.execute("DELETE FROM kept WHERE key = ?", (key.encode(),))
        self._clear(lot)

    def _keys(self, prefix: str, after: str, limit: int) -> list[str]:
        least = prefix.encode()
        begin, query = (after.encode(), _KEYS_BEHIND) if after and after >= prefix else (least, _KEYS_FROM)
        rows = self._reader.connection().execute(query, (begin, least + _BEYOND, limit))
        return [key.decode() for (key,) in rows]

    def _clear(self, lot: bytes | None) -> None:
        """Drop the parts of a lot that no key points to; what fails here is left over, and no failure."""
        if lot is not None:
            with suppress(sqlite3.Error):
                self._one_by_one(_CLEAR_ONE_OF, lot)

    def _one_by_one(self, statement: str, value: bytes | float) -> None:
        while self._writer.connection().execute(statement, (value,)).rowcount:
            time.sleep(_PAUSE_S)

    def _clear_left_over(self) -> None:
        self._one_by_one(_CLEAR_ONE_LEFT_OVER, self._clock() - _LEFT_OVER_S)
