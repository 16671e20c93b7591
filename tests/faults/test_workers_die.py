"""Workers that are killed, frozen or poisoned lose nothing, double nothing and stop nobody."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from faults.fleet import LEASE_S, Engine, Fleet, Stub, killed, ready
from jobclient import finished, hand_over, job_ended, job_of, nothing_lost_or_doubled, when
from jobwork import a_job_line, job_lines
from serving import Process, speaking_to

if TYPE_CHECKING:
    from collections.abc import Callable

SLOTS = 16
KILLS = 20
ITEMS = 2000
SEED = 11
# Work is left at the last kill because few items are begun in a second, and not because each takes long: were
# a worker killed as often as an item takes to be answered, nobody could tell good items from poison.
CALL_S = 0.3
PACE = "?per_minute=960"
FEW_SLOTS = 8


async def test_x1_twenty_random_kills(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    chance = random.Random(SEED)
    stub.mood(latency_s=CALL_S)
    fleet.sets(engine, stub.judges(max_concurrency=FEW_SLOTS), job_slots=FEW_SLOTS)
    server, workers = fleet.server(), [fleet.worker(), fleet.worker()]
    ready(server, *workers)
    async with speaking_to(server.url) as client:
        job = (await hand_over(client, job_lines(ITEMS), options=PACE)).body["id"]
        began, deaths = time.monotonic(), []
        for _ in range(KILLS):
            victim = chance.randrange(2)
            await asyncio.to_thread(ready, workers[victim])
            await asyncio.sleep(chance.uniform(0.0, 1.2))
            deaths.append(killed(workers[victim]))
            workers[victim] = fleet.worker()
        left = ITEMS - finished(await job_of(client, job))
        await job_ended(client, job, 180)
        took = time.monotonic() - began
        await nothing_lost_or_doubled(client, job, ITEMS)
    told = stub.told()
    resumed = resumes(told["asked"], deaths)
    report(
        kills=KILLS,
        items=ITEMS,
        left_at_the_last_kill=left,
        calls=told["count"],
        calls_allowed=ITEMS + KILLS * FEW_SLOTS,
        longest_resume_s=max(resumed, default=0.0),
        seconds=took,
    )
    assert left > 0, "the job was over before the last kill"
    assert ITEMS < told["count"] <= ITEMS + KILLS * FEW_SLOTS
    assert max(resumed) <= LEASE_S + 5


def resumes(asked: list[tuple[float, str]], deaths: list[float]) -> list[float]:
    """Of items asked about again: how long after the death that came before."""
    seen: set[str] = set()
    found = []
    for at, item in asked:
        if item in seen:
            found.append(at - max(death for death in deaths if death <= at))
        seen.add(item)
    return found


async def test_x2_everything_is_killed_and_started_again(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    stub.mood(latency_s=0.5)
    fleet.sets(engine, stub.judges(max_concurrency=SLOTS))
    server, workers = fleet.server(), [fleet.worker(), fleet.worker()]
    ready(server, *workers)
    async with speaking_to(server.url) as client:
        job = (await hand_over(client, job_lines(400))).body["id"]
        await when(client, job, lambda told: finished(told) >= 100, 60)
        for each in (server, *workers):
            died = killed(each)
        again = [fleet.server(port=int(server.url.rpartition(":")[2])), fleet.worker(), fleet.worker()]
        before = finished(await job_of(client, job))
        await job_ended(client, job, 120)
        took = time.monotonic() - died
        await nothing_lost_or_doubled(client, job, 400)
        ready(*again)
    calls = stub.told()["count"]
    report(items=400, finished_at_the_death=before, calls=calls, completed_after_s=took)
    assert calls <= 400 + 2 * SLOTS


async def test_x11_a_worker_frozen_for_two_leases(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    stub.mood(latency_s=0.5)
    fleet.sets(engine, stub.judges(max_concurrency=SLOTS))
    server, workers = fleet.server(), [fleet.worker(), fleet.worker()]
    ready(server, *workers)
    async with speaking_to(server.url) as client:
        job = (await hand_over(client, job_lines(600))).body["id"]
        for turn in range(4):
            await when(client, job, lambda told, least=60 * (turn + 1): finished(told) >= least, 60)  # type: ignore[misc]  # a default binds
            frozen = workers[turn % 2].popen
            frozen.send_signal(signal.SIGSTOP)
            await asyncio.sleep(2 * LEASE_S)
            frozen.send_signal(signal.SIGCONT)
        told = await job_ended(client, job, 120)
        await nothing_lost_or_doubled(client, job, 600)
    calls = stub.told()["count"]
    # What the calls of a worker that was taken over from have used nobody knows, and the job says so.
    taken_over = told["usage"]["input_tokens"] is None
    report(items=600, freezes=4, calls=calls, asked_again=calls - 600, taken_over=taken_over)
    assert calls <= 600 + 4 * SLOTS
    assert all(each.popen.poll() is None for each in workers)


LAUNCHER = Path(__file__).parent / "mortal_worker.py"


async def test_x12_an_item_that_kills_its_worker(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None], tmp_path: Path
) -> None:
    stub.mood(latency_s=0.2)
    fleet.sets(engine, stub.judges(max_concurrency=SLOTS))
    starts = tmp_path / "starts"
    starts.touch()
    server = fleet.server()
    workers = [_mortal(fleet, starts) for _ in range(2)]
    ready(server, *workers)
    lines = [
        a_job_line(f"item-{n}", f"item-{n} {'DEADLY' if n == 50 else 'is well'}") + b"\n" for n in range(101)
    ]
    async with speaking_to(server.url) as client:
        job = (await hand_over(client, b"".join(lines))).body["id"]
        keeping = asyncio.create_task(_keep_up(fleet, workers, starts))
        told = await job_ended(client, job, 180)
        keeping.cancel()
        await nothing_lost_or_doubled(client, job, 101, errors=1)
        errors = await client.get(f"/v1/jobs/{job}/errors")
    begun = len(starts.read_text().splitlines())
    again = Counter(item for _, item in stub.told()["asked"])
    report(
        outcomes=told["outcomes"], starts_of_the_poison=begun, most_calls_for_a_neighbour=max(again.values())
    )
    assert told["outcomes"] == {"scored": 100, "poison": 1}
    assert b'"item-50"' in errors.raw
    assert begun <= 5


def _mortal(fleet: Fleet, starts: Path) -> Process:
    process: Process = fleet.worker(launcher=LAUNCHER, env={"STARTS": str(starts)})
    return process


async def _keep_up(fleet: Fleet, workers: list[Any], starts: Path) -> None:
    """A supervisor: who died is started again."""
    while True:
        for n, worker in enumerate(workers):
            if worker.popen.poll() is not None:
                workers[n] = _mortal(fleet, starts)
        await asyncio.sleep(0.1)


@pytest.fixture(autouse=True)
def _nobody_complains(fleet: Fleet) -> Any:
    yield
    for process in fleet.processes:
        assert "Traceback" not in process.log.read_text("utf-8"), process.log
