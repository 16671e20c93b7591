"""Whatever three workers do, and whatever becomes of the streams: no item is lost, none has two ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jobsbench import LEASE_S, LEVELS, Clock, RedisBench, a_line, all_of, an_order, redis_bench

from judge_service.domain.job import FINAL
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from judge_service.jobs.base import Claim, JobBackend

Item = tuple[str, int]

WORKERS = ("one", "two", "three")
CALLS = (
    "claim",
    "claim",
    "claim",
    "finish",
    "finish",
    "finish",
    "hand_back",
    "beat",
    "lapse",
    "mend",
    "end",
    "harm",
)

steps = st.lists(
    st.tuples(st.sampled_from(CALLS), st.sampled_from(WORKERS), st.integers(0, 5)), min_size=10, max_size=60
)
orders = st.lists(
    st.fixed_dictionaries(
        {"items": st.integers(0, 12), "bad": st.integers(0, 2), "tenant": st.sampled_from("ab")},
        optional={"concurrency": st.integers(1, 3), "priority": st.sampled_from(LEVELS)},
    ),
    min_size=1,
    max_size=3,
)


@dataclass
class Play:
    """A run of calls, and what must be true of them."""

    jobs: JobBackend
    pass_lease: Callable[[], Awaitable[None]]
    harm: Callable[[int], Awaitable[None]]
    orders: list[dict[str, Any]]
    held: dict[str, list[Claim]] = field(default_factory=lambda: {name: [] for name in WORKERS})
    owners: dict[Item, str] = field(default_factory=dict)
    lapsed: set[Item] = field(default_factory=set)
    done: set[Item] = field(default_factory=set)
    harmed: bool = False

    async def open_all(self) -> None:
        for n, told in enumerate(self.orders):
            rest = {key: value for key, value in told.items() if key not in {"items", "bad"}}
            order = an_order(f"job_{n}", **rest)
            await self.jobs.begin(order, LEASE_S)
            bad = [a_line('"bad"', kind="errors", outcome="bad_line")] * told["bad"]
            await self.jobs.add(order.id, 0, [b"item"] * told["items"], bad, LEASE_S)
            await self.jobs.open(order.id, told["items"], None)

    async def claim(self, worker: str, n: int) -> None:
        claims = await self.jobs.claim(worker, n)
        assert len(claims) <= n
        for claim in claims:
            item = (claim.job, claim.index)
            assert item not in self.done
            assert self.harmed or item not in self.owners or item in self.lapsed
            self.owners[item] = worker
            self.lapsed.discard(item)
        self.held[worker] += claims

    async def finish(self, worker: str, n: int) -> None:
        if self.held[worker]:
            claim = self.held[worker].pop(n % len(self.held[worker]))
            await self.finish_one(claim, good=n != 0)

    async def finish_one(self, claim: Claim, *, good: bool) -> None:
        item = (claim.job, claim.index)
        text = json.dumps({"i": claim.index})
        line = a_line(text) if good else a_line(text, kind="errors", outcome="timeout")
        assert await self.jobs.finish(claim, line) == (item not in self.done)
        self.done.add(item)
        self.owners.pop(item, None)
        assert await self.jobs.items([claim]) == [None]

    async def hand_back(self, worker: str, n: int) -> None:
        given, self.held[worker] = self.held[worker][:n], self.held[worker][n:]
        await self.jobs.hand_back(worker, given)
        for claim in given:
            if self.owners.get((claim.job, claim.index)) == worker:
                del self.owners[claim.job, claim.index]

    async def beat(self, worker: str, _: int) -> None:
        await asyncio.to_thread(self.jobs.pulse(worker), self.held[worker])
        for claim in self.held[worker]:
            if self.owners.get((claim.job, claim.index)) == worker:
                self.lapsed.discard((claim.job, claim.index))

    async def lapse(self, *_: object) -> None:
        await self.pass_lease()
        self.lapsed |= set(self.owners)

    async def mend(self, *_: object) -> None:
        added = await self.jobs.mend()
        assert self.harmed or not added

    async def end(self, _: str, n: int) -> None:
        await self.jobs.end(f"job_{n}", "cancelled" if n % 2 else "expired")

    async def do_harm(self, _: str, n: int) -> None:
        self.harmed = True
        await self.harm(n)

    async def drain(self) -> None:
        """What a worker does that is alone and lives, and who sees to jobs that are due."""
        await self.lapse()
        await self.mend()
        while claims := await self.jobs.claim("last", 7):
            for claim in claims:
                await self.finish_one(claim, good=True)
        for record in await self.jobs.due():
            while left := await self.jobs.unfinished(record.order.id, 5):
                for claim, item in left:
                    assert item == b"item"
                    await self.finish_one(claim, good=False)

    async def check(self) -> None:
        for n, told in enumerate(self.orders):
            record = await self.jobs.get(f"job_{n}")
            assert record is not None
            assert record.state in FINAL
            results = (await all_of(self.jobs, f"job_{n}", "results")).splitlines()
            errors = (await all_of(self.jobs, f"job_{n}", "errors")).splitlines()
            ends = [json.loads(line) for line in results + errors]
            assert sorted(e["i"] for e in ends if e != "bad") == list(range(told["items"]))
            assert ends.count("bad") == told["bad"]
            assert (record.completed, record.failed) == (len(results), len(errors))
            assert sum(record.outcomes.values()) == record.total == told["items"] + told["bad"]
            assert record.input_tokens == 10 * record.total


async def play(one: Play, calls: list[tuple[str, str, int]]) -> None:
    await one.open_all()
    for call, worker, n in calls:
        await getattr(one, "do_harm" if call == "harm" else call)(worker, n)
    await one.drain()
    await one.check()


@asynccontextmanager
async def in_file() -> AsyncIterator[tuple[JobBackend, Callable[[], Awaitable[None]]]]:
    clock = Clock()

    async def lapse() -> None:
        clock.now += LEASE_S + 1

    with TemporaryDirectory() as folder:
        jobs = SqliteJobs(Path(folder) / "jobs.sqlite", lease_s=LEASE_S, clock=clock)
        await jobs.open_file()
        yield jobs, lapse
        await jobs.aclose()


async def lose(bench: RedisBench, n: int) -> None:
    """Let a stream go, or only its group, or some of its entries."""
    stream = bench.stream(LEVELS[n % 3])
    if n < 3:
        await bench.server.delete(stream)
    elif await bench.server.exists(stream):
        await bench.server.xgroup_destroy(stream, "workers")


@settings(max_examples=60, deadline=None)
@given(orders, steps)
def test_nothing_is_lost_or_doubled_in_redis(
    redis_url: str, orders: list[dict[str, Any]], calls: list[tuple[str, str, int]]
) -> None:
    async def run() -> None:
        async with redis_bench(redis_url) as bench:
            await play(Play(bench.jobs, bench.lapse, lambda n: lose(bench, n), orders), calls)
            assert await bench.waiting() == 0

    asyncio.run(run())


@settings(max_examples=30, deadline=None)
@given(orders, steps)
def test_nothing_is_lost_or_doubled_in_a_file(
    orders: list[dict[str, Any]], calls: list[tuple[str, str, int]]
) -> None:
    async def no_harm(_: int) -> None:
        """A file is its own queue: there is no other that could lose anything."""

    async def run() -> None:
        async with in_file() as (jobs, lapse):
            await play(Play(jobs, lapse, no_harm, orders), calls)

    asyncio.run(run())
