"""How jobs come into the tables: keys, orders, items; and how they are dropped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from judge_service.domain.job import KEY_CAP_S
from judge_service.jobs.base import Reservation
from judge_service.jobs.sqlite_tables import ITEM_BITS, lasting, number
from judge_service.jobs.sqlite_work import end_where_done, enter, serial_of, write_line
from judge_service.stores.sqlite_file import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from judge_service.domain.job import JobFault, JobOrder
    from judge_service.jobs.base import Line
    from judge_service.stores.records import Codec

_RESERVE = """
INSERT INTO keys (tenant, key, job, lease) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant, key) DO UPDATE SET job = excluded.job, lease = excluded.lease, digest = ''
WHERE lease <= ? OR (job = excluded.job AND digest = '')
"""
_SETTLE = "UPDATE keys SET digest = ?, lease = ? WHERE tenant = ? AND key = ? AND job = ?"
_BEGIN = """
INSERT INTO jobs (id, tenant, ord, expires, state, times, lease) VALUES (?, ?, ?, ?, 'validating', ?, ?)
"""
_ADD = "INSERT OR IGNORE INTO items (id, value) VALUES (?, ?)"
_OPEN = """
UPDATE jobs SET state = 'in_progress', items = ?, version = version + 1 WHERE serial = ? AND state = 'validating'
"""
_CANCELLED = "SELECT 1 FROM jobs WHERE serial = ? AND ending = 'cancelled'"


class Intake:
    """Writes what is handed over. Every call is a transaction; all are made by one thread."""

    def __init__(
        self, connected: Callable[[], sqlite3.Connection], codec: Codec, clock: Callable[[], float]
    ) -> None:
        self._connected = connected
        self._codec = codec
        self._clock = clock

    def reserve(self, tenant: str, key: str, job: str, lease_s: float) -> Reservation:
        connection, now = self._connected(), self._clock()
        with transaction(connection):
            if connection.execute(_RESERVE, (tenant, key, job, now + lease_s, now)).rowcount:
                return Reservation("new", job)
            found = "SELECT job, digest FROM keys WHERE tenant = ? AND key = ?"
            known, digest = connection.execute(found, (tenant, key)).fetchone()
        return Reservation("known" if digest else "receiving", known, digest)

    def unreserve(self, tenant: str, key: str, job: str) -> None:
        drop = "DELETE FROM keys WHERE tenant = ? AND key = ? AND job = ? AND digest = ''"
        self._connected().execute(drop, (tenant, key, job))

    def begin(self, order: JobOrder, lease_s: float) -> None:
        times = json.dumps({"validating": self._clock()})
        values = (order.id, order.tenant, order.model_dump_json(), order.expires_at, times)
        self._connected().execute(_BEGIN, (*values, self._clock() + lease_s))

    def add(
        self, job: str, first: int, items: Sequence[bytes], rejected: Sequence[Line], lease_s: float
    ) -> None:
        packed = [self._codec.compress(item) for item in items]
        connection = self._connected()
        with transaction(connection):
            serial = serial_of(connection, job, "validating")
            rows = [(number(serial, first + at), blob) for at, blob in enumerate(packed)]
            if rows and not connection.execute(_ADD, rows[0]).rowcount:
                return  # the block was added before, with the lines that are no items
            connection.executemany(_ADD, rows[1:])
            for line in rejected:
                write_line(connection, serial, line, self._codec)
            noted = (
                "UPDATE jobs SET rejected = rejected + ?, lease = ?, version = version + 1 WHERE serial = ?"
            )
            connection.execute(noted, (len(rejected), self._clock() + lease_s, serial))

    def open(self, job: str, items: int, key: tuple[str, str, str] | None) -> None:
        connection, now = self._connected(), self._clock()
        with lasting(connection), transaction(connection):
            serial = serial_of(connection, job, "validating")
            connection.execute(_OPEN, (items, serial))
            enter(connection, serial, "in_progress", now)
            if key is not None:
                tenant, name, digest = key
                until = now + KEY_CAP_S
                connection.execute(_SETTLE, (digest, until, tenant, name, job))
            if connection.execute(_CANCELLED, (serial,)).fetchone():
                enter(connection, serial, "cancelling", now)
            end_where_done(connection, serial, now)

    def fail(self, job: str, faults: Sequence[JobFault]) -> None:
        connection, now = self._connected(), self._clock()
        told = json.dumps([fault.model_dump(mode="json") for fault in faults])
        with transaction(connection):
            serial = serial_of(connection, job, "validating")
            connection.execute("UPDATE jobs SET faults = ? WHERE serial = ?", (told, serial))
            _drop_items(connection, serial)
            enter(connection, serial, "failed", now)

    def forget(self, job: str) -> None:
        connection = self._connected()
        with transaction(connection):
            row = connection.execute("SELECT serial FROM jobs WHERE id = ?", (job,)).fetchone()
            if row is None:
                return
            _drop_items(connection, row[0])
            for statement in (
                "DELETE FROM lines WHERE job = ?",
                "DELETE FROM outcomes WHERE job = ?",
                "DELETE FROM jobs WHERE serial = ?",
            ):
                connection.execute(statement, row)
            connection.execute("DELETE FROM keys WHERE job = ?", (job,))


def _drop_items(connection: sqlite3.Connection, serial: int) -> None:
    span = (serial << ITEM_BITS, (serial + 1) << ITEM_BITS)
    for table in ("items", "done", "running"):
        connection.execute(f"DELETE FROM {table} WHERE id >= ? AND id < ?", span)  # noqa: S608  names of ours
