"""How items are given out, finished and given back in the tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from judge_service.domain.job import FINAL, JobOrder
from judge_service.domain.price import MEGA
from judge_service.errors import StoreError
from judge_service.jobs.base import Claim
from judge_service.jobs.frames import unpacked
from judge_service.jobs.sharing import Standing, rate_due, rate_room, shares
from judge_service.jobs.sqlite_tables import ITEM_BITS, index_of, number
from judge_service.stores.sqlite_file import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from judge_service.domain.job import Ending
    from judge_service.jobs.base import Line
    from judge_service.stores.records import Codec

_LAPSED = """
SELECT running.id, jobs.id, deliveries FROM running JOIN jobs ON jobs.serial = running.id >> 17
WHERE running.lease <= ? AND state = 'in_progress' ORDER BY running.lease LIMIT ?
"""
_STANDINGS = """
SELECT serial, ord, items - next, due,
    (SELECT count(*) FROM running WHERE running.id >= serial << 17 AND running.id < (serial + 1) << 17)
FROM jobs WHERE state = 'in_progress' AND (next < items OR EXISTS
    (SELECT 1 FROM running WHERE running.id >= serial << 17 AND running.id < (serial + 1) << 17))
ORDER BY serial
"""
_GIVE = "INSERT INTO running (id, owner, lease, deliveries) VALUES (?, ?, ?, 1)"
_GIVE_AGAIN = "UPDATE running SET owner = ?, lease = ?, deliveries = deliveries + 1 WHERE id = ?"
_COUNT = """
UPDATE jobs SET version = version + 1, completed = completed + ?, failed = failed + ?,
    input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, microusd = microusd + ?,
    uncounted = uncounted + ?, unpriced = unpriced + ?, results_bytes = results_bytes + ?,
    errors_bytes = errors_bytes + ? WHERE serial = ? RETURNING results_bytes, errors_bytes
"""
_OUTCOME = """
INSERT INTO outcomes (job, outcome, n) VALUES (?, ?, 1)
ON CONFLICT (job, outcome) DO UPDATE SET n = n + 1
"""
_UNFINISHED = """
SELECT items.id, value, running.id IS NOT NULL FROM items LEFT JOIN running ON running.id = items.id
WHERE items.id >= ? AND items.id < ? AND items.id NOT IN (SELECT id FROM done) ORDER BY items.id LIMIT ?
"""


class Work:
    """Gives items out and writes their ends down. Every call is a transaction; all are made by one thread."""

    def __init__(
        self,
        connected: Callable[[], sqlite3.Connection],
        codec: Codec,
        clock: Callable[[], float],
        lease_s: float,
    ) -> None:
        self._connected = connected
        self._codec = codec
        self._clock = clock
        self._lease_s = lease_s

    def claim(self, worker: str, most: int) -> list[Claim]:
        connection, now = self._connected(), self._clock()
        if not self._anything(now):  # to look costs no writer's turn
            return []
        with transaction(connection):
            given = self._again(worker, most, now)
            return [*given, *self._anew(worker, most - len(given), now)]

    def _anything(self, now: float) -> bool:
        lapsed = "SELECT 1 FROM running WHERE lease <= ? LIMIT 1"
        new = "SELECT 1 FROM jobs WHERE state = 'in_progress' AND next < items LIMIT 1"
        look = self._connected().execute
        return (look(lapsed, (now,)).fetchone() or look(new).fetchone()) is not None

    def _again(self, worker: str, most: int, now: float) -> list[Claim]:
        found = self._connected().execute(_LAPSED, (now, most)).fetchall()
        lease = now + self._lease_s
        self._connected().executemany(_GIVE_AGAIN, [(worker, lease, item) for item, _, _ in found])
        return [Claim(job, index_of(item), times + 1, str(item)) for item, job, times in found]

    def _anew(self, worker: str, most: int, now: float) -> Iterator[Claim]:
        if most <= 0:
            return
        rows = {JobOrder.model_validate_json(row[1]).id: row for row in self._connected().execute(_STANDINGS)}
        orders = {job: JobOrder.model_validate_json(row[1]) for job, row in rows.items()}
        dealt = shares([_standing(orders[job], row, now) for job, row in rows.items()], most)
        for job, places in dealt.items():
            serial, _, _, due, _ = rows[job]
            (after,) = self._connected().execute(
                "UPDATE jobs SET next = next + ? WHERE serial = ? RETURNING next", (places, serial)
            ).fetchone()  # fmt: skip
            if (rate := orders[job].per_minute) is not None:
                moved = (rate_due(rate, due, now, places), serial)
                self._connected().execute("UPDATE jobs SET due = ? WHERE serial = ?", moved)
            for index in range(after - places, after):
                item = number(serial, index)
                self._connected().execute(_GIVE, (item, worker, now + self._lease_s))
                yield Claim(job, index, 1, str(item))

    def items(self, claims: Sequence[Claim]) -> list[bytes | None]:
        found = []
        for claim in claims:
            query = "SELECT value FROM items WHERE id = ? AND id NOT IN (SELECT id FROM done)"
            row = self._connected().execute(query, (int(claim.ticket),)).fetchone()
            found.append(None if row is None else unpacked(self._codec, row[0]))
        return found

    def finish(self, claim: Claim, line: Line) -> bool:
        connection, item = self._connected(), int(claim.ticket)
        serial = item >> ITEM_BITS
        with transaction(connection):
            connection.execute("DELETE FROM running WHERE id = ?", (item,))
            row = connection.execute("SELECT state FROM jobs WHERE serial = ?", (serial,)).fetchone()
            if row is None or row[0] in FINAL:
                return False
            if not connection.execute("INSERT OR IGNORE INTO done (id) VALUES (?)", (item,)).rowcount:
                return False
            connection.execute("DELETE FROM items WHERE id = ?", (item,))
            write_line(connection, serial, line, self._codec)
            end_where_done(connection, serial, self._clock())
        return True

    def hand_back(self, worker: str, claims: Sequence[Claim]) -> None:
        back = "UPDATE running SET owner = '', lease = 0, deliveries = ? WHERE id = ? AND owner = ?"
        rows = [(claim.deliveries - 1, int(claim.ticket), worker) for claim in claims]
        with transaction(self._connected()):
            self._connected().executemany(back, rows)

    def draw(self, job: str, need: int, most: int) -> int:
        connection = self._connected()
        with transaction(connection):
            row = connection.execute("SELECT ord, drawn FROM jobs WHERE id = ?", (job,)).fetchone()
            if row is None:
                return 0
            cap = JobOrder.model_validate_json(row[0]).max_cost_usd
            left = 0 if cap is None else round(cap * MEGA) - row[1]
            drawn = min(most, left) if need <= left else 0
            connection.execute("UPDATE jobs SET drawn = drawn + ? WHERE id = ?", (drawn, job))
        return drawn

    def end(self, job: str, ending: Ending) -> None:
        connection, now = self._connected(), self._clock()
        with transaction(connection):
            row = connection.execute("SELECT serial, state FROM jobs WHERE id = ?", (job,)).fetchone()
            if row is None or row[1] not in {"validating", "in_progress"}:
                return
            noted = "UPDATE jobs SET ending = ?, version = version + 1 WHERE serial = ?"
            connection.execute(noted, (ending, row[0]))
            if row[1] == "validating":
                return
            enter(connection, row[0], "cancelling" if ending == "cancelled" else "finalizing", now)
            end_where_done(connection, row[0], now)

    def unfinished(self, job: str, limit: int) -> list[tuple[Claim, bytes]]:
        row = self._connected().execute("SELECT serial FROM jobs WHERE id = ?", (job,)).fetchone()
        if row is None:
            return []
        span = (row[0] << ITEM_BITS, (row[0] + 1) << ITEM_BITS, limit)
        return [
            (Claim(job, index_of(item), begun, str(item)), unpacked(self._codec, value))
            for item, value, begun in self._connected().execute(_UNFINISHED, span)
        ]


def _standing(order: JobOrder, row: tuple[int, str, int, float, int], now: float) -> Standing:
    _, _, waiting, due, running = row
    room = waiting if order.concurrency is None else order.concurrency - running
    rate = rate_room(order.per_minute, due, now)
    return Standing(
        order.id, order.tenant, order.priority, waiting, running, room if rate is None else min(room, rate)
    )


def serial_of(connection: sqlite3.Connection, job: str, state: str) -> int:
    """The serial of a job that is in a state; `StoreError` where it is not."""
    row = connection.execute("SELECT serial FROM jobs WHERE id = ? AND state = ?", (job, state)).fetchone()
    if row is None:
        raise StoreError(f"job {job} is not {state} any more")
    return int(row[0])


def write_line(connection: sqlite3.Connection, serial: int, line: Line, codec: Codec) -> None:
    """Append a line to one of a job's files and count it."""
    spent, size, good = line.spent, len(line.text), line.kind == "results"
    counted = spent.input_tokens is not None and spent.output_tokens is not None
    values = (
        *(int(good), int(not good)),
        *(spent.input_tokens or 0, spent.output_tokens or 0, spent.microusd or 0),
        *(int(not counted), int(spent.microusd is None)),
        *(size if good else 0, 0 if good else size, serial),
    )
    results, errors = connection.execute(_COUNT, values).fetchone()
    start = (results if good else errors) - size
    append = "INSERT INTO lines (job, kind, start, size, value) VALUES (?, ?, ?, ?, ?)"
    connection.execute(append, (serial, line.kind, start, size, codec.compress(line.text)))
    connection.execute(_OUTCOME, (serial, line.outcome))


def end_where_done(connection: sqlite3.Connection, serial: int, now: float) -> None:
    """Let a job end whose last item is finished."""
    look = "SELECT state, ending, completed + failed >= items + rejected FROM jobs WHERE serial = ?"
    state, ending, done = connection.execute(look, (serial,)).fetchone()
    if done and state not in FINAL and state != "validating":
        if state == "in_progress":
            enter(connection, serial, "finalizing", now)
        enter(connection, serial, ending, now)


def enter(connection: sqlite3.Connection, serial: int, state: str, now: float) -> None:
    """Let a job enter a state, and note when; a final one also begins the time that it is kept for."""
    look = "SELECT times, ord FROM jobs WHERE serial = ?"
    times, order = connection.execute(look, (serial,)).fetchone()
    kept_until = now + JobOrder.model_validate_json(order).kept_s if state in FINAL else None
    move = "UPDATE jobs SET state = ?, times = ?, kept_until = ?, version = version + 1 WHERE serial = ?"
    connection.execute(move, (state, json.dumps({**json.loads(times), state: now}), kept_until, serial))
