"""Storms, stampedes, callers who leave and callers who ask a thousand times."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from faults.fleet import Engine, Fleet, Stub, killed, ready
from jobclient import hand_over, job_ended, nothing_lost_or_doubled, timed, when
from jobwork import a_job_line, job_lines
from serving import Client, speaking_to

if TYPE_CHECKING:
    from collections.abc import Callable

RATE_PER_S = 50
CALL_S = 1.5
LONG_CALL_S = 10.0
EQUALS = 600


@pytest.mark.parametrize("count", [1, 2])
async def test_x6_a_storm_of_429_through_a_job(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None], count: int
) -> None:
    stub.mood(latency_s=0.2, rate_per_s=RATE_PER_S)
    fleet.sets(engine, stub.judges(), job_slots=64)
    server, workers = fleet.server(), [fleet.worker() for _ in range(count)]
    ready(server, *workers)
    async with speaking_to(server.url) as client:
        took, job = await timed(_worked_off(client, EQUALS, 180))
        await nothing_lost_or_doubled(client, job["id"], EQUALS)
    told = stub.told()
    report(
        items=EQUALS, calls=told["count"], wasted=told["limited"], seconds=took, ideal_s=EQUALS / RATE_PER_S
    )
    assert job["outcomes"] == {"scored": EQUALS}
    assert told["limited"] <= EQUALS / 10


async def _worked_off(client: Client, items: int, within_s: float) -> dict[str, Any]:
    job = (await hand_over(client, job_lines(items))).body["id"]
    return await job_ended(client, job, within_s)


async def test_x8_equal_requests_on_three_replicas(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    stub.mood(latency_s=CALL_S)
    fleet.sets(engine, stub.judges(max_concurrency=64))
    servers = [fleet.server() for _ in range(3)]
    ready(*servers)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(speaking_to(each.url)) for each in servers]
        took, replies = await timed(asyncio.gather(*(clients[n % 3].score("Equal.") for n in range(EQUALS))))
        calls = stub.told()["count"]
        assert Counter(reply.body["outcome"] for reply in replies) == {"scored": EQUALS}
        assert len({reply.body["score"] for reply in replies}) == 1
        stub.mood(latency_s=LONG_CALL_S)
        # Then the one that leads dies, and the others' callers are to be answered all the same.
        leading = asyncio.create_task(clients[0].score("Equal, too."))
        await _until(lambda: stub.told()["count"] > calls)
        waiting = [asyncio.create_task(clients[1 + n % 2].score("Equal, too.")) for n in range(400)]
        await asyncio.sleep(2.0)
        died = killed(servers[0])
        answered = await asyncio.gather(*waiting)
        waited = time.monotonic() - died
        with suppress(aiohttp.ClientError):
            await leading
    again = stub.told()["count"] - calls
    report(
        requests=EQUALS, calls=calls, seconds=took, calls_when_the_leader_died=again, longest_wait_s=waited
    )
    assert calls == 1
    assert again <= 2
    assert Counter(reply.body["outcome"] for reply in answered) == {"scored": 400}
    assert waited <= 30 + LONG_CALL_S + 1


async def test_x9_callers_leave_and_jobs_are_cancelled(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    chance = random.Random(3)
    stub.mood(latency_s=0.3)
    fleet.sets(engine, stub.judges(max_concurrency=64), job_slots=16)
    server, workers = fleet.server(), [fleet.worker(), fleet.worker()]
    ready(server, *workers)
    async with speaking_to(server.url) as client:
        await asyncio.gather(*(_leaves(server.url, n, chance.uniform(0.0, 1.0)) for n in range(200)))
        left_s = await _until_idle(stub)
        stub.mood(latency_s=60)
        ends = {}
        for how in ("cancel", "delete"):
            lines = b"".join(a_job_line(f"item-{n}", f"item-{n} {how}") + b"\n" for n in range(100))
            job = (await hand_over(client, lines)).body["id"]
            await _until(lambda: stub.told()["in_flight"] == 32)
            ask = (
                client.send("POST", f"/v1/jobs/{job}/cancel")
                if how == "cancel"
                else client.send("DELETE", f"/v1/jobs/{job}")
            )
            reply = await ask
            assert reply.status in {200, 204}
            ends[how] = await _until_idle(stub)
            if how == "cancel":
                told = await job_ended(client, job, 10)
                assert (told["state"], told["counts"]["failed"]) == ("cancelled", 100)
    report(
        left=200,
        calls_over_s=left_s,
        cancelled_calls_over_s=ends["cancel"],
        deleted_calls_over_s=ends["delete"],
    )
    assert left_s <= 1.0
    assert ends["cancel"] <= 1.0
    assert ends["delete"] <= 1.0


async def _leaves(url: str, number: int, after_s: float) -> None:
    async with speaking_to(url) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await client.score(f"Number {number} leaves.", cache="off")


async def _until_idle(stub: Stub) -> float:
    began = time.monotonic()
    await _until(lambda: stub.told()["in_flight"] == 0)
    return time.monotonic() - began


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 (another process is watched)
            await asyncio.sleep(0.01)


async def test_d7_a_thousand_posts_under_one_key(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    fleet.sets(engine, stub.judges())
    servers = [fleet.server(), fleet.server()]
    ready(*servers)
    body = job_lines(300)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(speaking_to(each.url)) for each in servers]
        first = await _all_post(clients, body, 1000)
        await asyncio.to_thread(killed, servers[0])
        servers[0] = fleet.server(port=int(servers[0].url.rpartition(":")[2]))
        ready(servers[0])
        after = await _all_post(clients, body, 1000)
        other = await hand_over(clients[0], job_lines(299), "one key")
        option = await hand_over(clients[1], body, "one key", options="?priority=high")
        jobs = (await clients[0].get("/v1/jobs?limit=100")).body["data"]
        assert len(jobs) == 1
        assert set(after) == {200}
        assert first[202] == 1
        assert set(first) <= {200, 202, 409}
        assert (other.status, option.status) == (422, 422)
    report(
        first=dict(first),
        after_a_crash=dict(after),
        jobs=len(jobs),
        other_lines=other.status,
        other_options=option.status,
    )


async def _all_post(clients: list[Client], body: bytes, times: int) -> Counter[int]:
    """Some at a time, for a machine has so many sockets."""
    turns = asyncio.Semaphore(100)

    async def one(number: int) -> int:
        async with turns:
            return (await hand_over(clients[number % 2], body, "one key")).status

    return Counter(await asyncio.gather(*(one(n) for n in range(times))))


async def test_d7_a_server_dies_while_it_receives(
    engine: Engine, fleet: Fleet, stub: Stub, report: Callable[..., None]
) -> None:
    fleet.sets(engine, stub.judges())
    servers = [fleet.server(), fleet.server()]
    ready(*servers)
    begun = asyncio.Event()

    async def half() -> Any:
        yield job_lines(400)  # more than a block: some of it is on record
        begun.set()
        await asyncio.sleep(3600)

    async with AsyncExitStack() as stack:
        dying, living = [await stack.enter_async_context(speaking_to(each.url)) for each in servers]
        posting = asyncio.create_task(hand_over(dying, half(), "a key"))
        await begun.wait()
        await asyncio.sleep(1.0)
        assert (await hand_over(living, job_lines(400), "a key")).status == 409
        await asyncio.to_thread(killed, servers[0])
        died = time.monotonic()
        with suppress(aiohttp.ClientError):
            await posting
        while (reply := await hand_over(living, job_lines(400), "a key")).status == 409:
            assert "Retry-After" in reply.headers
            await asyncio.sleep(1.0)
        freed_s = time.monotonic() - died
        assert reply.status == 202
        jobs = (await living.get("/v1/jobs?limit=100")).body["data"]
        (cut,) = [one["id"] for one in jobs if one["id"] != reply.body["id"]]
        told = await when(living, cut, lambda one: one["state"] == "failed", 60)
        assert told["faults"][0]["code"] == "cut"
    report(key_free_after_s=freed_s, cut_job=told["state"])
    assert freed_s <= 18
