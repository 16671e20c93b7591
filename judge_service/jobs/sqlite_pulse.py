"""Keeps a worker's leases in the file alive, from a thread of its own."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from judge_service.errors import StoreError
from judge_service.stores.sqlite_file import connect_again, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from judge_service.jobs.base import Claim

_BUSY_MS = 2000
_ALIVE = "INSERT OR REPLACE INTO workers (name, lease) VALUES (?, ?)"
_HELD = "UPDATE running SET lease = ? WHERE id = ? AND owner = ?"


class Pulse:
    """Called from one thread, which its connection belongs to."""

    def __init__(self, path: Path, worker: str, lease_s: float, clock: Callable[[], float]) -> None:
        self._path = path
        self._worker = worker
        self._lease_s = lease_s
        self._clock = clock
        self._connection: sqlite3.Connection | None = None

    def __call__(self, claims: Iterable[Claim]) -> None:
        """Lengthen the leases that are still the worker's, and drop the names of workers that are gone."""
        try:
            self._connection = self._connection or connect_again(self._path, busy_ms=_BUSY_MS)
            self._renew(self._connection, claims)
        except sqlite3.Error as exc:
            raise StoreError(f"the ledger of jobs failed to renew leases: {type(exc).__name__}") from exc

    def _renew(self, connection: sqlite3.Connection, claims: Iterable[Claim]) -> None:
        now = self._clock()
        lease = now + self._lease_s
        with transaction(connection):
            connection.execute("DELETE FROM workers WHERE lease <= ?", (now,))
            connection.execute(_ALIVE, (self._worker, lease))
            connection.executemany(_HELD, [(lease, int(claim.ticket), self._worker) for claim in claims])
