"""X10: servers and workers are restarted one after the other, and nobody notices."""

from __future__ import annotations

import asyncio
import itertools
import signal
from typing import TYPE_CHECKING, Any

import aiohttp
from faults.fleet import Engine, Fleet, Stub, is_ready, ready
from jobclient import hand_over, job_ended, nothing_lost_or_doubled
from jobwork import job_lines
from serving import Process, order, speaking_to

if TYPE_CHECKING:
    from collections.abc import Callable

RESTARTS = 20
ITEMS = 3000
LOOK_S = 0.1


class RoundRobin:
    """Sends each request to the next replica that says it is ready; never sends one twice."""

    def __init__(self, servers: list[Process]) -> None:
        self.servers = servers
        self.ready: list[str] = [each.url for each in servers]
        self.served = 0
        self.failed: list[str] = []

    async def look(self) -> None:
        """Ask all of them now and then, as whoever spreads requests does."""
        while True:
            urls = [each.url for each in self.servers]
            told = await asyncio.gather(*(asyncio.to_thread(is_ready, url) for url in urls))
            self.ready = [url for url, good in zip(urls, told, strict=True) if good]
            await asyncio.sleep(LOOK_S)

    async def ask(self) -> None:
        """Ask for scores all the time."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for number in itertools.count():
                if self.ready:
                    group.create_task(self._one(session, self.ready[number % len(self.ready)], number))
                await asyncio.sleep(0.05)

    async def _one(self, session: aiohttp.ClientSession, url: str, number: int) -> None:
        try:
            async with session.post(f"{url}/v1/scores", json=order(f"Asked {number}.")) as reply:
                told: dict[str, Any] = await reply.json(content_type=None)
                if reply.status == 200 and told["outcome"] == "scored":
                    self.served += 1
                else:
                    self.failed.append(f"{reply.status} {told}")
        except (aiohttp.ClientError, ValueError) as exc:
            self.failed.append(f"{type(exc).__name__} {exc} at {url}")


async def _restarts(fleet: Fleet, processes: list[Process], *, serve: bool, times: int) -> list[int]:
    """SIGTERM one after the other; gives the exit codes."""
    codes = []
    for turn in range(times):
        at = turn % len(processes)
        old = processes[at]
        old.popen.send_signal(signal.SIGTERM)
        codes.append(await asyncio.to_thread(old.popen.wait, 30))
        processes[at] = fleet.server() if serve else fleet.worker()
        await asyncio.to_thread(ready, processes[at])
    return codes


async def test_x10_twenty_rolling_restarts_under_load(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    stub.mood(latency_s=0.5)
    fleet.sets(engine, stub.judges(max_concurrency=64), job_slots=4)
    servers, workers = [fleet.server() for _ in range(3)], [fleet.worker() for _ in range(2)]
    ready(*servers, *workers)
    clients = RoundRobin(servers)
    looking, asking = asyncio.create_task(clients.look()), asyncio.create_task(clients.ask())
    async with speaking_to(servers[0].url) as client:
        job = (await hand_over(client, job_lines(ITEMS))).body["id"]
    of_servers, of_workers = await asyncio.gather(
        _restarts(fleet, servers, serve=True, times=RESTARTS),
        _restarts(fleet, workers, serve=False, times=RESTARTS),
    )
    asking.cancel()
    await asyncio.wait({asking})
    looking.cancel()
    async with speaking_to(servers[0].url) as client:
        await job_ended(client, job, 300)
        await nothing_lost_or_doubled(client, job, ITEMS)
    calls = sum(1 for _, item in stub.told()["asked"] if item)
    report(
        restarts=f"{len(of_servers)} servers, {len(of_workers)} workers",
        served=clients.served,
        failed=len(clients.failed),
        items=ITEMS,
        calls=calls,
    )
    assert clients.failed == []
    assert calls == ITEMS, "a worker that stops in order finishes what it has"
    assert set(of_servers) | set(of_workers) <= {0, -signal.SIGTERM}
