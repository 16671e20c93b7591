"""Whatever happens to the leader or to the store, everybody is answered, and soon."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from faultproxy import FaultProxy, Mode
from flightdeck import SLACK_S, Judge, fetch, read, replicas, soon, until
from redis.asyncio import Redis
from redis_server import free_port, redis_server

from judge_service.errors import StoreError
from judge_service.stores.flights import Flights, Flown
from judge_service.stores.memory import MemoryStore
from judge_service.stores.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from judge_service.stores.landing import Landing

pytestmark = pytest.mark.clocked


LEADER = """
import asyncio, sys
from judge_service.stores.flights import Flights
from judge_service.stores.redis import RedisStore

async def compute(landing):
    print("computing", flush=True)
    await asyncio.sleep(3600)

async def main():
    flights = Flights(RedisStore.at(sys.argv[1], prefix=sys.argv[2]), lease_s=float(sys.argv[3]))
    deadline = asyncio.get_running_loop().time() + 3600
    await flights.fetch("k", compute, bytes, deadline=deadline)

asyncio.run(main())
"""


@pytest.fixture
def prefix() -> str:
    return f"test:{uuid.uuid4()}"


@pytest.fixture
def redis_port(redis_url: str) -> int:
    return int(redis_url.rpartition(":")[2].partition("/")[0])


async def test_a_leader_that_falls_silent_is_replaced(redis_url: str, prefix: str) -> None:
    judge, lease_s = Judge(seconds=0.3), 1.0
    async with replicas([redis_url] * 3, prefix, lease_s=lease_s) as fleet:
        dead = RedisStore.at(redis_url, prefix=prefix)
        assert await dead.lead("k", "dead", lease_s)
        await dead.aclose()
        began = time.monotonic()
        flown = await asyncio.gather(*(fetch(fleet[n % 3], judge) for n in range(90)))
        took = time.monotonic() - began
    assert judge.calls == 1
    assert len(flown) == 90
    assert lease_s * 0.9 < took < lease_s + 0.3 + 1.0


async def test_a_leader_killed_in_the_middle_costs_one_more_call(redis_url: str, prefix: str) -> None:
    judge, lease_s = Judge(seconds=0.3), 1.5
    arguments = [sys.executable, "-c", LEADER, redis_url, prefix, str(lease_s)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as leader:
        assert leader.stdout is not None
        assert await asyncio.to_thread(leader.stdout.readline) == "computing\n"
        async with replicas([redis_url] * 2, prefix, lease_s=lease_s) as fleet:
            callers = [asyncio.create_task(fetch(fleet[n % 2], judge)) for n in range(60)]
            await asyncio.sleep(2 * lease_s)
            assert judge.calls == 0, "a living leader keeps its lease beyond its first time"
            leader.send_signal(signal.SIGKILL)
            began = time.monotonic()
            flown = await asyncio.gather(*callers)
            took = time.monotonic() - began
    assert leader.returncode == -signal.SIGKILL
    assert judge.calls == 1, "with the dead leader's own this makes two"
    assert {each.value for each in flown} == {b"answer 1"}
    assert took < lease_s + 0.3 + 1.0


async def test_takeovers_are_told() -> None:
    events: list[str] = []
    store = MemoryStore()
    await store.lead("k", "dead", 0.1)
    await fetch(Flights(store, poll_s=0.02, on_event=events.append), Judge())
    assert events == ["follow", "takeover", "miss"]


async def test_a_value_that_came_between_look_and_lead_is_not_computed_again() -> None:
    class Slow(MemoryStore):
        async def lead(self, key: str, token: str, lease_s: float) -> bool:
            await self.put("k", b"answer of another", 60)
            return await super().lead(key, token, lease_s)

    store, judge = Slow(), Judge()
    assert await fetch(Flights(store), judge) == Flown(b"answer of another", "hit")
    assert judge.calls == 0
    assert not store._leases


@pytest.mark.parametrize("mode", ["blackhole", "reset", "latency"])
@pytest.mark.parametrize("warm", [False, True])
async def test_a_failing_redis_fails_nobody_and_costs_a_moment(
    redis_port: int, prefix: str, mode: Mode, *, warm: bool
) -> None:
    judge = Judge(seconds=0.1)
    async with FaultProxy(redis_port, delay_s=0.2) as proxy, replicas([address(proxy)] * 3, prefix) as fleet:
        if warm:
            await asyncio.gather(*(flights.peek("k", read) for flights in fleet))
        proxy.turn(mode)
        waits = await asyncio.gather(*(timed(fetch(fleet[n % 3], judge)) for n in range(90)))
        again = await asyncio.gather(*(timed(fetch(fleet[n % 3], judge)) for n in range(3)))
    assert judge.calls == 6
    assert max(waits) < 0.1 + 0.25 + SLACK_S / 2
    assert max(again) < 0.1 + SLACK_S / 2, "the store is left alone for a while"


def address(proxy: FaultProxy) -> str:
    return f"redis://127.0.0.1:{proxy.port}/0"


async def timed(asked: Awaitable[object]) -> float:
    began = time.monotonic()
    await asked
    return time.monotonic() - began


async def test_a_redis_killed_while_one_computes_and_others_wait_fails_nobody(prefix: str) -> None:
    judge = Judge(seconds=1.0)
    with ExitStack() as server:
        port = server.enter_context(redis_server())
        async with replicas([f"redis://127.0.0.1:{port}/0"] * 3, prefix) as fleet:
            callers = [asyncio.create_task(timed(fetch(fleet[n % 3], judge))) for n in range(90)]
            await until(lambda: judge.now_computing == 1)
            await asyncio.sleep(0.2)
            server.close()
            waits = await asyncio.gather(*callers)
    assert judge.calls <= 3, "each replica is on its own now"
    assert max(waits) < 0.2 + 0.65 + 0.25 + 1.0 + SLACK_S


async def test_a_redis_that_forgets_everything_fails_nobody(redis_url: str, prefix: str) -> None:
    judge = Judge(seconds=0.5)
    async with replicas([redis_url] * 3, prefix) as fleet, Redis.from_url(redis_url) as admin:
        callers = [asyncio.create_task(fetch(fleet[n % 3], judge)) for n in range(90)]
        await until(lambda: judge.now_computing == 1)
        await admin.delete(f"{prefix}:l:k")
        flown = await asyncio.gather(*callers)
        assert judge.calls <= 2
        assert len({each.value for each in flown}) <= 2
        await admin.delete(f"{prefix}:v:k")
        assert (await fetch(fleet[0], judge)).source == "miss"


async def test_no_redis_at_all_fails_nobody() -> None:
    events: list[str] = []
    store = RedisStore.at(f"redis://127.0.0.1:{free_port()}/0")
    flights, judge = Flights(store, on_event=events.append), Judge()
    assert await fetch(flights, judge) == Flown(b"answer 1", "miss")
    assert await flights.peek("k", read) is None
    assert events == ["error", "miss", "error", "error"]
    await flights.aclose()
    await store.aclose()


async def test_a_redis_that_comes_back_is_used_again(redis_port: int, prefix: str) -> None:
    judge = Judge()
    async with FaultProxy(redis_port, mode="reset") as proxy, replicas([address(proxy)], prefix) as [flights]:
        await fetch(flights, judge)
        proxy.turn("ok")
        async with asyncio.timeout(7):
            while (await fetch(flights, judge)).source != "hit":  # noqa: ASYNC110 (there is no event to wait for)
                await asyncio.sleep(0.1)


class BreaksAt(MemoryStore):
    """Fails one kind of call; a lease is taken all the same, only its answer is lost."""

    def __init__(self, broken: str) -> None:
        super().__init__()
        self.broken = broken

    async def _lose(self, name: str) -> None:
        if self.broken == name:
            raise StoreError("lost")

    async def get(self, key: str) -> bytes | None:
        await self._lose("get")
        return await super().get(key)

    async def lead(self, key: str, token: str, lease_s: float) -> bool:
        led = await super().lead(key, token, lease_s)
        await self._lose("lead")
        return led

    async def renew(self, key: str, token: str, lease_s: float) -> bool:
        await self._lose("renew")
        return await super().renew(key, token, lease_s)

    async def publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        await self._lose("publish")
        await super().publish(key, token, value, ttl_s)

    async def delete(self, key: str) -> None:
        await self._lose("delete")
        await super().delete(key)


@pytest.mark.parametrize("broken", ["get", "lead", "renew", "publish", "delete"])
async def test_whichever_call_breaks_the_answer_comes(broken: str) -> None:
    store, judge = BreaksAt(broken), Judge(seconds=0.05)
    await store.put("k", b"rubbish", 60)
    flights = Flights(store, lease_s=0.03)
    flown = await asyncio.gather(*(fetch(flights, judge) for _ in range(10)))
    assert {each.value for each in flown} == {b"answer 1"}
    assert judge.calls == 1


class SlowToPublish(BreaksAt):
    """Takes its time before it publishes."""

    async def publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        await asyncio.sleep(0.2)
        await super().publish(key, token, value, ttl_s)


async def test_nobody_waits_a_second_time_for_a_store_that_failed_them() -> None:
    now = 0.0
    store = SlowToPublish("get")
    flights = Flights(store, clock=lambda: now)

    async def compute(landing: Landing) -> tuple[bytes, bytes | None]:
        nonlocal now
        store.broken, now = "", now + 2
        return b"answer", b"answer"

    assert await timed(flights.fetch("k", compute, read, deadline=soon())) < 0.15
    await asyncio.gather(*flights._tasks.values())
    assert await store.get("k") == b"answer", "but it is written"


async def test_a_lease_is_let_go_even_when_the_last_caller_leaves_during_that() -> None:
    store, judge = SlowToPublish("nothing"), Judge(seconds=60)
    flights = Flights(store)
    caller = asyncio.create_task(fetch(flights, judge))
    await until(lambda: judge.now_computing == 1)
    closing = asyncio.create_task(flights.aclose())
    await until(lambda: judge.cancelled == 1)
    caller.cancel()
    await asyncio.wait((caller, closing))
    assert not store._leases


async def test_a_lease_whose_answer_was_lost_is_let_go_once_the_store_is_back() -> None:
    now = 0.0
    store = BreaksAt("lead")
    flights = Flights(store, clock=lambda: now)

    async def compute(landing: Landing) -> tuple[bytes, bytes | None]:
        nonlocal now
        assert store._leases
        store.broken, now = "", now + 2
        return b"answer", b"answer"

    await flights.fetch("k", compute, read, deadline=soon())
    await asyncio.gather(*flights._tasks.values())
    assert not store._leases
    assert await flights.peek("k", read) == b"answer"
