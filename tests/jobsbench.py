"""Ledgers of jobs for tests: on a real Redis or in a file, with wall time that tests move; orders and lines."""

from __future__ import annotations

import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from judge_service.domain.job import JobOrder
from judge_service.jobs.base import JobBackend, Line, Spent
from judge_service.jobs.redis import RedisJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LEASE_S = 30.0
LEVELS = ("high", "normal", "low")


class Clock:
    """Wall time that tests move."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class RedisBench:
    """A ledger in Redis, and what tests may do to it and to its server."""

    def __init__(self, jobs: RedisJobs, server: Redis, prefix: str, clock: Clock) -> None:
        self.jobs = jobs
        self.server = server
        self.prefix = prefix
        self.clock = clock

    async def lapse(self) -> None:
        """Let every lease be over, without waiting: the server is told that its entries are idle."""
        self.clock.now += LEASE_S + 1
        for stream in map(self.stream, LEVELS):
            if await self.server.exists(stream) and await self.server.xinfo_groups(stream):
                for told in await self.server.xpending_range(stream, "workers", "-", "+", 10_000):
                    await self._age(stream, told)

    async def _age(self, stream: str, told: dict[str, Any]) -> None:
        idle = told["time_since_delivered"] + round(1000 * (LEASE_S + 1))
        entries, owner = [told["message_id"]], told["consumer"]
        await self.server.xclaim(stream, "workers", owner, 0, entries, idle=idle, justid=True)

    def stream(self, level: str) -> str:
        """The key of a stream."""
        return f"{self.prefix}:jobs:todo:{level}"

    async def waiting(self) -> int:
        """How many entries the streams hold."""
        return sum([int(await self.server.xlen(stream)) for stream in map(self.stream, LEVELS)])

    async def keys(self) -> set[str]:
        """Every key of the ledger, without the prefix."""
        begin = f"{self.prefix}:jobs:"
        return {key.decode().removeprefix(begin) async for key in self.server.scan_iter(f"{begin}*")}


@asynccontextmanager
async def redis_bench(url: str, lease_s: float = LEASE_S) -> AsyncIterator[RedisBench]:
    """A ledger of its own at an address."""
    clock, prefix = Clock(), f"test:{uuid.uuid4()}"
    jobs = RedisJobs(url, prefix=prefix, lease_s=lease_s, clock=clock)
    async with Redis.from_url(url) as server:
        yield RedisBench(jobs, server, prefix, clock)
    await jobs.aclose()


def an_order(name: str = "job_1", **overrides: Any) -> JobOrder:
    """An order that is good for an hour."""
    now = time.time()
    return JobOrder.model_validate({"id": name, "created_at": now, "expires_at": now + 3600, **overrides})


def a_line(
    text: str = "{}", kind: Any = "results", outcome: str = "scored", spent: Spent | None = None
) -> Line:
    """The end of an item."""
    return Line(kind, f"{text}\n".encode(), outcome, spent or Spent(10, 5, 300))


async def opened(jobs: JobBackend, items: int, **order: Any) -> str:
    """Hand over a job of so many items, and give its id."""
    one = an_order(**order)
    await jobs.begin(one, LEASE_S)
    if items:
        await jobs.add(one.id, 0, [f"item {n}".encode() for n in range(items)], [], LEASE_S)
    await jobs.open(one.id, items, None)
    return one.id


async def all_of(jobs: JobBackend, job: str, kind: Any, start: int = 0, end: int | None = None) -> bytes:
    """Read a file, or a part of it."""
    record = await jobs.get(job)
    assert record is not None
    size = record.results_bytes if kind == "results" else record.errors_bytes
    return b"".join([part async for part in jobs.read(job, kind, start, size if end is None else end)])
