"""The jobs' ledger of one machine: a SQLite file shared by its processes, or the memory of one process."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING

from judge_service.domain.job import BYTES_CAP
from judge_service.errors import StoreError
from judge_service.jobs.base import LEASE_S
from judge_service.jobs.sqlite_intake import Intake
from judge_service.jobs.sqlite_opening import OneFile
from judge_service.jobs.sqlite_pulse import Pulse
from judge_service.jobs.sqlite_tables import APPLICATION, FIELDS, LAYOUT, TABLES, record
from judge_service.jobs.sqlite_work import Work
from judge_service.stores.records import Codec
from judge_service.stores.sqlite_file import Layout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

    from judge_service.domain.job import Ending, JobFault, JobOrder, JobState
    from judge_service.jobs.base import Claim, JobRecord, Kind, Line, Reservation

_LAID_OUT = Layout(APPLICATION, LAYOUT, TABLES)
_LINES_AT_ONCE = 256
_BEHIND = "AND serial < (SELECT serial FROM jobs WHERE id = ? AND tenant = ?)"
_LINES = """
SELECT start, value FROM lines WHERE job = (SELECT serial FROM jobs WHERE id = ?) AND kind = ?
AND start >= (SELECT coalesce(max(start), 0) FROM lines WHERE
    job = (SELECT serial FROM jobs WHERE id = ?) AND kind = ? AND start <= ?) AND start < ?
ORDER BY start LIMIT ?
"""
_DUE = f"""
SELECT {FIELDS} FROM jobs WHERE state IN ('cancelling', 'finalizing') OR kept_until <= ?1
OR (state = 'validating' AND lease <= ?1) OR (state = 'in_progress' AND expires <= ?1)
"""  # noqa: S608  the names of our columns


class SqliteJobs:
    """Every call is one transaction in one thread. `path` None: in memory, where leases never lapse.

    `clock` is wall time, for processes share it.
    """

    def __init__(
        self, path: Path | None, *, lease_s: float = LEASE_S, clock: Callable[[], float] = time.time
    ) -> None:
        self.kind = "memory" if path is None else "file"
        self.lease_s = math.inf if path is None else lease_s
        self._clock = clock
        self._codec = Codec(BYTES_CAP)
        self._path = path
        self._file = OneFile(path, _LAID_OUT, thread="jobs-ledger", what="ledger of jobs")
        self._connected, self._call = self._file.connection, self._file.call
        self._alive: set[str] = set()
        self._intake = Intake(self._connected, self._codec, clock)
        self._work = Work(self._connected, self._codec, clock, self.lease_s)

    async def open_file(self) -> None:
        """Make what is not there; `ConfigurationError` where that cannot be done."""
        await self._file.open()

    async def reserve(self, tenant: str, key: str, job: str, lease_s: float) -> Reservation:
        """One INSERT that gives way to a key in force."""
        return await self._call("reserve", lambda: self._intake.reserve(tenant, key, job, lease_s))

    async def unreserve(self, tenant: str, key: str, job: str) -> None:
        """Drop the key where no job stands behind it."""
        await self._call("unreserve", lambda: self._intake.unreserve(tenant, key, job))

    async def begin(self, order: JobOrder, lease_s: float) -> None:
        """Insert the job's row."""
        await self._call("begin", lambda: self._intake.begin(order, lease_s))

    async def add(
        self, job: str, first: int, items: Sequence[bytes], rejected: Sequence[Line], lease_s: float
    ) -> None:
        """Insert the items, compressed."""
        await self._call("add", lambda: self._intake.add(job, first, items, rejected, lease_s))

    async def open(self, job: str, items: int, key: tuple[str, str, str] | None) -> None:
        """Change the state; it is on the disk when this returns."""
        await self._call("open", lambda: self._intake.open(job, items, key))

    async def fail(self, job: str, faults: Sequence[JobFault]) -> None:
        """Change the state and drop the items."""
        await self._call("fail", lambda: self._intake.fail(job, faults))

    async def get(self, job: str) -> JobRecord | None:
        """Read one row."""
        found = await self._records("WHERE id = ?", job)
        return found[0] if found else None

    async def of_tenant(self, tenant: str, after: str | None, limit: int) -> list[JobRecord]:
        """Read rows by their serial."""
        behind, values = (_BEHIND, (tenant, after, tenant, limit)) if after else ("", (tenant, limit))
        return await self._records(f"WHERE tenant = ? {behind} ORDER BY serial DESC LIMIT ?", *values)

    async def read(self, job: str, kind: Kind, start: int, end: int) -> AsyncIterator[bytes]:
        """Read lines by where they begin, some hundred at a time."""
        at = start
        while at < end:
            lines = await self._call(
                "read", partial(self._lines, (job, kind, job, kind, at, end, _LINES_AT_ONCE))
            )
            if not lines:
                raise StoreError(f"the {kind} of job {job} are no more")
            for begins, text in lines:
                yield text[max(0, at - begins) : end - begins]
            at = min(end, lines[-1][0] + len(lines[-1][1]))

    async def workers(self) -> int:
        """Count the rows whose lease is not over; in memory, those who ever came."""
        if self._path is None:
            return len(self._alive)
        query = "SELECT count(*) FROM workers WHERE lease > ?"
        return await self._call(
            "count workers", lambda: int(self._connected().execute(query, (self._clock(),)).fetchone()[0])
        )

    async def claim(self, worker: str, most: int) -> list[Claim]:
        """Take lapsed rows of `running`, then move the jobs' `next` on."""
        return await self._call("claim", lambda: self._work.claim(worker, most))

    def pulse(self, worker: str) -> Callable[[Iterable[Claim]], None]:
        """Renew over a connection of the caller's thread; in memory there is nothing that lapses."""
        if self._path is None:
            return lambda _: self._alive.add(worker)
        return Pulse(self._path, worker, self.lease_s, self._clock)

    async def items(self, claims: Sequence[Claim]) -> list[bytes | None]:
        """Read the rows that are not done."""
        return await self._call("read items", lambda: self._work.items(claims))

    async def finish(self, claim: Claim, line: Line) -> bool:
        """Insert the mark that only the first insert can make, and with it all that follows from it."""
        return await self._call("finish", lambda: self._work.finish(claim, line))

    async def hand_back(self, worker: str, claims: Sequence[Claim]) -> None:
        """Let the leases lapse now."""
        await self._call("hand back", lambda: self._work.hand_back(worker, claims))

    async def states(self, jobs: Sequence[str]) -> dict[str, JobState]:
        """Read one column."""
        marks = ", ".join("?" * len(jobs))
        query = f"SELECT id, state FROM jobs WHERE id IN ({marks})"  # noqa: S608  question marks
        return await self._call(
            "read states", lambda: dict(self._connected().execute(query, tuple(jobs)).fetchall())
        )

    async def draw(self, job: str, need: int, most: int) -> int:
        """Move what is drawn up or down."""
        return await self._call("draw", lambda: self._work.draw(job, need, most))

    async def end(self, job: str, ending: Ending) -> None:
        """Change the state."""
        await self._call("end", lambda: self._work.end(job, ending))

    async def unfinished(self, job: str, limit: int) -> list[tuple[Claim, bytes]]:
        """Read items that have no mark."""
        return await self._call("read unfinished", lambda: self._work.unfinished(job, limit))

    async def due(self) -> list[JobRecord]:
        """Read the rows whose time has come."""
        now = self._clock()
        return await self._call(
            "look",
            lambda: [record(self._connected(), row) for row in self._connected().execute(_DUE, (now,))],
        )

    async def forget(self, job: str) -> None:
        """Delete from every table."""
        await self._call("forget", lambda: self._intake.forget(job))

    async def mend(self) -> int:
        """Nothing can be amiss: the ledger is the queue."""
        return 0

    async def aclose(self) -> None:
        """Close the file and end the thread."""
        await self._file.aclose()

    async def _records(self, where: str, *values: str | int) -> list[JobRecord]:
        query = f"SELECT {FIELDS} FROM jobs {where}"  # noqa: S608  the conditions are ours

        def look() -> list[JobRecord]:
            rows = self._connected().execute(query, values).fetchall()
            return [record(self._connected(), row) for row in rows]

        return await self._call("read jobs", look)

    def _lines(self, values: tuple[str | int, ...]) -> list[tuple[int, bytes]]:
        rows = self._connected().execute(_LINES, values)
        return [(start, self._codec.expand(value)) for start, value in rows]
