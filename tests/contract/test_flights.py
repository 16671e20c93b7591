"""One computation per key, whoever asks, wherever, and whoever leaves."""

from __future__ import annotations

import asyncio
import gc
import time
import uuid
from typing import TYPE_CHECKING

import pytest
from flightdeck import SLACK_S, Judge, fetch, read, replicas, soon, until

from judge_service.errors import BackendTimeout
from judge_service.stores.flights import Flights, Flown
from judge_service.stores.memory import MemoryStore
from judge_service.stores.redis import RedisStore
from judge_service.stores.sqlite import FileStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from judge_service.stores.base import Store
    from judge_service.stores.landing import Landing

pytestmark = pytest.mark.clocked


@pytest.fixture
def prefix() -> str:
    return f"test:{uuid.uuid4()}"


@pytest.fixture(params=["memory", "file", "redis"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, prefix: str
) -> AsyncIterator[Store]:
    kinds: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "file": lambda: FileStore(tmp_path / "store.sqlite", call_s=2),
        "redis": lambda: RedisStore.at(redis_url, prefix=prefix, call_s=2),
    }
    store = kinds[request.param]()
    yield store
    await store.aclose()


async def test_a_miss_is_computed_and_then_a_hit(store: Store) -> None:
    flights, judge = Flights(store), Judge()
    assert await fetch(flights, judge) == Flown(b"answer 1", "miss")
    assert await fetch(flights, judge) == Flown(b"answer 1", "hit")
    assert await flights.peek("k", read) == b"answer 1"
    assert judge.calls == 1


async def test_callers_of_one_process_share_one_computation(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=0.1)
    flown = await asyncio.gather(*(fetch(flights, judge) for _ in range(50)))
    assert judge.calls == 1
    assert [each.source for each in flown] == ["miss"] + ["joined"] * 49
    assert {each.value for each in flown} == {b"answer 1"}


async def test_replicas_share_one_computation(store: Store) -> None:
    events: list[str] = []
    judge = Judge(seconds=0.3)
    fleet = [Flights(store, on_event=events.append) for _ in range(3)]
    flown = await asyncio.gather(*(fetch(flights, judge) for flights in fleet))
    assert judge.calls == 1
    assert sorted(each.source for each in flown) == ["joined", "joined", "miss"]
    assert sorted(events) == ["follow", "follow", "hit", "hit", "lead", "miss"]


async def test_what_must_not_be_stored_is_shared_in_the_process_and_computed_anew_elsewhere(
    store: Store,
) -> None:
    judge = Judge(seconds=0.1, stores=False)
    one, other = Flights(store), Flights(store)
    flown = await asyncio.gather(fetch(one, judge), fetch(one, judge), fetch(other, judge))
    assert judge.calls == 2
    assert judge.most_at_once == 1
    assert flown[0].value == flown[1].value
    assert await one.peek("k", read) is None
    began = time.monotonic()
    await fetch(one, judge)
    assert time.monotonic() - began < 0.1 + SLACK_S


async def test_a_refresh_reads_nothing_writes_and_is_shared(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=0.1)
    await fetch(flights, judge)
    fresh = await asyncio.gather(*(fetch(flights, judge, refresh=True) for _ in range(5)))
    assert judge.calls == 2
    assert {each.value for each in fresh} == {b"answer 2"}
    assert await fetch(flights, judge) == Flown(b"answer 2", "hit")
    assert await store.lead("k", "next", 1)


async def test_a_refresh_does_not_wait_for_the_leader_elsewhere(store: Store) -> None:
    await store.lead("k", "elsewhere", 600)
    assert (await fetch(Flights(store), Judge(), refresh=True)).source == "miss"
    assert not await store.lead("k", "next", 1), "and takes the lease from nobody"


async def test_an_entry_that_cannot_be_read_is_a_miss_whatever_the_reader_raises() -> None:
    def stumble(blob: bytes) -> bytes | None:
        raise ValueError("not the shape of today")

    events: list[str] = []
    store, judge = MemoryStore(), Judge()
    flights = Flights(store, on_event=events.append)
    await store.put("k", b"answer of yesterday", 60)
    assert await flights.fetch("k", judge.compute, stumble, deadline=soon()) == Flown(b"answer 1", "miss")
    assert events == ["unsound", "lead", "miss"]


async def test_peek_computes_nothing_and_deletes_what_is_unsound(store: Store) -> None:
    flights = Flights(store)
    assert await flights.peek("k", read) is None
    await store.put("k", b"rubbish", 60)
    assert await flights.peek("k", read) is None
    assert await store.get("k") is None


async def test_different_keys_do_not_wait_for_each_other(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=0.2)
    began = time.monotonic()
    await asyncio.gather(*(flights.fetch(f"k{n}", judge.compute, read, deadline=soon()) for n in range(20)))
    assert (judge.calls, judge.most_at_once) == (20, 20)
    assert time.monotonic() - began < 0.2 + SLACK_S


async def test_600_equal_cold_requests_on_three_replicas_are_one_computation(
    redis_url: str, prefix: str
) -> None:
    judge = Judge(seconds=0.4)
    async with replicas([redis_url] * 3, prefix) as fleet:
        began = time.monotonic()
        flown = await asyncio.gather(*(fetch(fleet[n % 3], judge) for n in range(600)))
        took = time.monotonic() - began
    assert judge.calls == 1
    assert {each.value for each in flown} == {b"answer 1"}
    assert took < 0.4 + 1.0


async def test_a_failure_reaches_all_is_not_stored_and_frees_the_lease(store: Store) -> None:
    async def fail(landing: Landing) -> tuple[bytes, bytes | None]:
        await asyncio.sleep(0.05)
        raise BackendTimeout("slow judge")

    flights = Flights(store)
    asked = [flights.fetch("k", fail, read, deadline=soon()) for _ in range(5)]
    failures = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(failure) for failure in failures] == [BackendTimeout] * 5
    assert await store.get("k") is None
    assert await fetch(flights, Judge()) == Flown(b"answer 1", "miss")


async def test_a_failure_nobody_waits_for_is_no_complaint() -> None:
    complaints: list[dict[str, object]] = []
    started = asyncio.Event()

    async def fail_when_cancelled(landing: Landing) -> tuple[bytes, bytes | None]:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as exc:
            raise BackendTimeout("torn") from exc
        raise AssertionError

    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    flights = Flights(MemoryStore())
    caller = asyncio.create_task(flights.fetch("k", fail_when_cancelled, read, deadline=soon()))
    await started.wait()
    caller.cancel()
    await asyncio.wait((caller,))
    await asyncio.gather(*flights._tasks.values(), return_exceptions=True)
    del caller
    gc.collect()
    await asyncio.sleep(0)
    assert not complaints
    assert not flights._tasks
    assert not flights._aloft


async def test_a_caller_whose_time_is_over_leaves_the_others_alone(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=0.4)
    hasty, patient = await asyncio.gather(
        fetch(flights, judge, within=0.1), fetch(flights, judge), return_exceptions=True
    )
    assert isinstance(hasty, TimeoutError)
    assert patient == Flown(b"answer 1", "joined")
    assert (judge.calls, judge.cancelled) == (1, 0)


async def test_when_the_last_caller_leaves_computing_stops_and_the_lease_is_free(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=60)
    callers = [asyncio.create_task(fetch(flights, judge)) for _ in range(3)]
    await until(lambda: judge.now_computing == 1)
    callers[0].cancel()
    await asyncio.sleep(0.05)
    assert judge.cancelled == 0
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await asyncio.gather(*flights._tasks.values(), return_exceptions=True)
    assert (judge.calls, judge.cancelled) == (1, 1)
    assert await store.lead("k", "next", 60)


async def test_one_who_comes_right_after_the_last_has_left_is_served(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=0.2)
    caller = asyncio.create_task(fetch(flights, judge))
    await until(lambda: judge.now_computing == 1)
    caller.cancel()
    await asyncio.wait((caller,))
    began = time.monotonic()
    assert (await fetch(flights, judge)).value == b"answer 2"
    assert time.monotonic() - began < 0.2 + SLACK_S


async def test_a_deadline_that_is_over_starts_nothing(store: Store) -> None:
    flights, judge = Flights(store), Judge()
    with pytest.raises(TimeoutError):
        await fetch(flights, judge, within=-1)
    await asyncio.gather(*flights._tasks.values(), return_exceptions=True)
    assert judge.calls == 0
    assert await store.lead("k", "next", 60)


async def test_the_computation_knows_the_latest_deadline_of_those_present() -> None:
    flights, seen, go = Flights(MemoryStore()), list[float](), asyncio.Event()

    async def compute(landing: Landing) -> tuple[bytes, bytes | None]:
        for _ in range(3):
            await go.wait()
            go.clear()
            seen.append(landing.deadline)
        return b"answer", None

    async def look() -> None:
        await asyncio.sleep(0)
        go.set()
        await asyncio.sleep(0.01)

    base = soon(0)
    first = asyncio.create_task(flights.fetch("k", compute, read, deadline=base + 20))
    await look()
    late = asyncio.create_task(flights.fetch("k", compute, read, deadline=base + 50))
    await look()
    late.cancel()
    await asyncio.wait((late,))
    await look()
    await first
    assert seen == [base + 20, base + 50, base + 20]


async def test_closing_cancels_what_is_under_way_and_frees_its_leases(store: Store) -> None:
    flights, judge = Flights(store), Judge(seconds=60)
    caller = asyncio.create_task(fetch(flights, judge))
    await until(lambda: judge.now_computing == 1)
    closing = asyncio.create_task(flights.aclose())
    await until(lambda: judge.cancelled == 1)
    caller.cancel()  # it leaves while its lease is being let go
    await closing
    await asyncio.wait((caller,))
    assert caller.cancelled()
    assert await store.lead("k", "next", 60)
