"""A Redis that dies takes no score along, and jobs go on when it is back, even with the end of its record lost."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from faults.fleet import Engine, Fleet, RedisServer, Stub, ready
from jobclient import finished, hand_over, job_ended, job_of, nothing_lost_or_doubled, when
from jobwork import job_lines
from serving import Client, speaking_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

ITEMS = 1500
RESUMES_WITHIN_S = 10.0
FAILS_OVER_WITHIN_S = 15.0


@dataclass
class Online:
    """What a client saw who asks for scores all the time."""

    served: int = 0
    failed: list[str] = field(default_factory=list)
    longest_s: float = 0.0


@asynccontextmanager
async def asking_all_the_time(client: Client) -> AsyncIterator[Online]:
    seen = Online()

    async def one(number: int) -> None:
        began = time.monotonic()
        reply = await client.score(f"Pneumonia on the right, asked {number}.")
        seen.longest_s = max(seen.longest_s, time.monotonic() - began)
        if reply.status == 200 and reply.body["outcome"] == "scored":
            seen.served += 1
        else:
            seen.failed.append(f"{reply.status} {reply.raw[:200]!r}")

    async def ask() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(100_000):
                group.create_task(one(number))
                await asyncio.sleep(0.1)
                if stopped.is_set():
                    return

    stopped = asyncio.Event()
    task = asyncio.create_task(ask())
    yield seen
    stopped.set()
    await task


@pytest.mark.parametrize(("away_s", "cut"), [(2.0, 0), (30.0, 0), (2.0, 20_000)])
async def test_x3_redis_is_killed(
    redis: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None], away_s: float, cut: int
) -> None:
    assert redis.server is not None
    stub.mood(latency_s=0.5)
    fleet.sets(redis, stub.judges())
    server, workers = fleet.server(), [fleet.worker(), fleet.worker()]
    ready(server, *workers)
    async with speaking_to(server.url) as client, asking_all_the_time(client) as online:
        job = (await hand_over(client, job_lines(ITEMS))).body["id"]
        await when(client, job, lambda told: finished(told) >= 200, 60)
        redis.server.kill()
        whole = redis.server.cut_tail(cut) if cut else 0
        await asyncio.sleep(away_s)
        loading_s = await asyncio.to_thread(redis.server.start)
        back, before = time.monotonic(), finished(await job_of(client, job))
        await when(client, job, lambda told: finished(told) > before, 60, 0.05)
        resumed_s = time.monotonic() - back
        await job_ended(client, job, 180)
        await nothing_lost_or_doubled(client, job, ITEMS)
    calls = sum(1 for _, item in stub.told()["asked"] if item)
    report(
        cut_bytes=f"{cut} of {whole}",
        loading_s=loading_s,
        jobs_resumed_s=resumed_s,
        items=ITEMS,
        calls=calls,
        online_served=online.served,
        online_failed=len(online.failed),
        online_longest_s=online.longest_s,
    )
    assert online.failed == []
    assert resumed_s <= RESUMES_WITHIN_S
    assert all(worker.popen.poll() is None for worker in workers)


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[tuple[Engine, RedisServer]]:
    """A master, its replica and a sentinel that watches them; gives the address and the master."""
    with ExitStack() as stack:
        master = RedisServer(tmp_path / "master")
        stack.callback(master.kill)
        master.start()
        replica = RedisServer(tmp_path / "replica", ("--replicaof", "127.0.0.1", str(master.port)))
        stack.callback(replica.kill)
        replica.start()
        watch = tmp_path / "watch"
        watch.mkdir()
        conf = watch / "sentinel.conf"
        conf.write_text(
            f"sentinel monitor judges 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds judges 1000\nsentinel failover-timeout judges 10000\n"
        )
        sentinel = RedisServer(watch, words=(str(conf), "--sentinel"))
        stack.callback(sentinel.kill)
        sentinel.start()
        until = time.monotonic() + 30
        while "num-slaves" not in (told := sentinel.ask("SENTINEL", "MASTER", "judges", whole=True)) or (
            told.split("num-slaves")[1].split()[1] == "0"
        ):
            assert time.monotonic() < until, "the sentinel knows no replica"
            time.sleep(0.2)
        yield Engine(f"redis+sentinel://127.0.0.1:{sentinel.port}/judges/0"), master


async def test_x4_a_failover(
    sentinels: tuple[Engine, RedisServer], fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    engine, master = sentinels
    stub.mood(latency_s=0.5)
    fleet.sets(engine, stub.judges())
    server, workers = fleet.server(), [fleet.worker(), fleet.worker()]
    ready(server, *workers)
    async with speaking_to(server.url) as client, asking_all_the_time(client) as online:
        job = (await hand_over(client, job_lines(ITEMS))).body["id"]
        before = finished(await when(client, job, lambda told: finished(told) >= 200, 60))
        master.kill()
        died = time.monotonic()
        await when(client, job, lambda told: finished(told) > before + 64, 60, 0.05)
        resumed_s = time.monotonic() - died
        await job_ended(client, job, 180)
        await nothing_lost_or_doubled(client, job, ITEMS)
    report(
        jobs_resumed_s=resumed_s,
        items=ITEMS,
        calls=sum(1 for _, item in stub.told()["asked"] if item),
        online_served=online.served,
        online_failed=len(online.failed),
        online_longest_s=online.longest_s,
    )
    assert online.failed == []
    assert resumed_s <= FAILS_OVER_WITHIN_S
