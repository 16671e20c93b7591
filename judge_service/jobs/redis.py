"""The jobs' ledger of many machines: Redis, whose streams are the queue between it and the workers."""

from __future__ import annotations

import time
from bisect import bisect_right
from functools import partial
from typing import TYPE_CHECKING, Any

from judge_service.domain.job import BYTES_CAP
from judge_service.errors import StoreError
from judge_service.jobs.base import LEASE_S
from judge_service.jobs.redis_calls import BLOBS, CALL_S, Calls
from judge_service.jobs.redis_feed import Feed
from judge_service.jobs.redis_intake import Intake
from judge_service.jobs.redis_pulse import Pulse
from judge_service.jobs.redis_scripts import MARK_EVERY
from judge_service.jobs.redis_work import Work
from judge_service.stores.records import Codec
from judge_service.stores.redis_door import async_client, close

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from judge_service.domain.job import Ending, JobFault, JobOrder, JobState
    from judge_service.jobs.base import Claim, JobRecord, Kind, Line, Reservation

_CONNECTIONS = 16
_LINES_AT_ONCE = 256


class RedisJobs:
    """Every change is one script, so that what was acknowledged is whole, also after a failover.

    Leases of items are the server's idle times. `clock` is wall time, for what processes tell each other.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "js",
        lease_s: float = LEASE_S,
        call_s: float = CALL_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare a ledger without calling the server; a bad address is a ValueError or a TypeError."""
        self.kind = "redis"
        self.lease_s = lease_s
        self._url = url
        self._clock = clock
        self._codec = Codec(BYTES_CAP)
        self._client = async_client(url, _CONNECTIONS, 2 * BLOBS * call_s)
        self._calls = Calls(self._client, prefix, call_s)
        self._intake = Intake(self._calls, self._codec, clock)
        self._feed = Feed(self._calls, clock, lease_s)
        self._work = Work(self._calls, self._codec, clock)

    async def reserve(self, tenant: str, key: str, job: str, lease_s: float) -> Reservation:
        """Write the key where none is in force."""
        return await self._intake.reserve(tenant, key, job, lease_s)

    async def unreserve(self, tenant: str, key: str, job: str) -> None:
        """Drop the key where no job stands behind it."""
        await self._intake.unreserve(tenant, key, job)

    async def begin(self, order: JobOrder, lease_s: float) -> None:
        """Write the job's hash, unless the server drops what has no end."""
        await self._intake.begin(order, lease_s)

    async def add(
        self, job: str, first: int, items: Sequence[bytes], rejected: Sequence[Line], lease_s: float
    ) -> None:
        """Write the items, compressed."""
        await self._intake.add(job, first, items, rejected, lease_s)

    async def open(self, job: str, items: int, key: tuple[str, str, str] | None) -> None:
        """Change the state; replicas, where there are some, have it when this returns, or soon."""
        await self._intake.open(job, items, key)

    async def fail(self, job: str, faults: Sequence[JobFault]) -> None:
        """Change the state and drop the items."""
        await self._intake.fail(job, faults)

    async def get(self, job: str) -> JobRecord | None:
        """Read the job's hashes in one step."""
        return await self._calls.record(job)

    async def of_tenant(self, tenant: str, after: str | None, limit: int) -> list[JobRecord]:
        """Read the index of a tenant's jobs, then each."""
        index = f"{self._calls.prefix}t:{tenant}"
        newest = "+inf"
        if after is not None:
            serial = await self._calls.ask("list jobs", lambda c: c.zscore(index, after))
            if serial is None:
                return []
            newest = f"({int(serial)}"
        found = await self._calls.ask(
            "list jobs", lambda c: c.zrevrangebyscore(index, newest, "-inf", start=0, num=limit)
        )
        return await self._records(found)

    async def read(self, job: str, kind: Kind, start: int, end: int) -> AsyncIterator[bytes]:
        """Read lines from the marked one before `start`, some hundred at a time."""
        file, at = f"{self._calls.job(job)}:{kind}", 0
        marks = [int(one) for one in await self._range(f"{file}:marks", 0, -1)] if start < end else []
        line = max(0, bisect_right(marks, start) - 1) * MARK_EVERY
        at = marks[line // MARK_EVERY] if marks else 0
        while at < end and start < end:
            frames = await self._range(file, line, line + _LINES_AT_ONCE - 1)
            if not frames:
                raise StoreError(f"the {kind} of job {job} are no more")
            for text in map(self._codec.expand, frames):
                if piece := text[max(0, start - at) : max(0, end - at)]:
                    yield piece
                at += len(text)
            line += len(frames)

    async def workers(self) -> int:
        """Count the names whose lease is not over."""
        alive = f"({self._clock()!r}"
        key = f"{self._calls.prefix}workers"
        return int(await self._calls.ask("count workers", lambda c: c.zcount(key, alive, "+inf")))

    async def claim(self, worker: str, most: int) -> list[Claim]:
        """Take lapsed entries, deal new ones to the streams, then read those."""
        return await self._feed.claim(worker, most)

    def pulse(self, worker: str) -> Callable[[Iterable[Claim]], None]:
        """Renew over a connection of the caller's thread."""
        return Pulse(self._url, worker, prefix=self._calls.prefix, lease_s=self.lease_s, clock=self._clock)

    async def items(self, claims: Sequence[Claim]) -> list[bytes | None]:
        """Read the fields that are there."""
        return await self._work.items(claims)

    async def finish(self, claim: Claim, line: Line) -> bool:
        """Set the item's bit, which only the first can, and with it write all that follows from it."""
        return await self._work.finish(claim, line)

    async def hand_back(self, worker: str, claims: Sequence[Claim]) -> None:
        """Let the entries seem idle for long."""
        await self._work.hand_back(worker, claims)

    async def states(self, jobs: Sequence[str]) -> dict[str, JobState]:
        """Read one field of each."""
        found = await self._calls.ask_each(
            "read states", [("HGET", self._calls.job(job), "state") for job in jobs]
        )
        return {job: state.decode() for job, state in zip(jobs, found, strict=True) if state is not None}

    async def draw(self, job: str, need: int, most: int) -> int:
        """Move what is drawn up or down."""
        record = await self._calls.record(job)
        return 0 if record is None else await self._work.draw(record.order, need, most)

    async def end(self, job: str, ending: Ending) -> None:
        """Change the state; entries of the job are dropped where they are met."""
        await self._work.end(job, ending)

    async def unfinished(self, job: str, limit: int) -> list[tuple[Claim, bytes]]:
        """Read items whose bit is not set."""
        return await self._work.unfinished(job, limit)

    async def due(self) -> list[JobRecord]:
        """Read the index of what has its time, then each."""
        key, now = f"{self._calls.prefix}due", self._clock()
        return await self._records(await self._calls.ask("look", lambda c: c.zrangebyscore(key, "-inf", now)))

    async def forget(self, job: str) -> None:
        """Unlink its keys and their places in the indices."""
        await self._intake.forget(job)

    async def mend(self) -> int:
        """Give out again what a failover took from the streams, and drop consumers that are gone."""
        return await self._feed.mend()

    async def aclose(self) -> None:
        """Close the connections."""
        await close(self._client)

    async def _records(self, jobs: Sequence[bytes]) -> list[JobRecord]:
        found = [await self._calls.record(job.decode()) for job in jobs]
        return [one for one in found if one is not None]

    async def _range(self, key: str, first: int, last: int) -> list[bytes]:
        command: Callable[[Any], Any] = partial(_lrange, key, first, last)
        return list(await self._calls.ask("read", command, self._calls.blob_s))


async def _lrange(key: str, first: int, last: int, client: Any) -> Any:
    return await client.lrange(key, first, last)
