"""What the ledger in Redis does where a file would not be asked: streams that lose things, a server that is full."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from faultproxy import FaultProxy
from jobsbench import LEASE_S, RedisBench, a_line, all_of, an_order, opened, redis_bench
from redis_server import redis_server

from judge_service.errors import ConfigurationError, StoreError
from judge_service.jobs.base import POISON, Claim
from judge_service.jobs.opening import open_jobs
from judge_service.jobs.redis import RedisJobs
from judge_service.jobs.redis_calls import Calls
from judge_service.jobs.redis_feed import Feed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faultproxy import Mode


@pytest.fixture
async def bench(redis_url: str) -> AsyncIterator[RedisBench]:
    async with redis_bench(redis_url) as one:
        yield one


async def finish(bench: RedisBench, claims: list[Claim]) -> list[bool]:
    return [await bench.jobs.finish(claim, a_line(str(claim.index))) for claim in claims]


async def state_of(bench: RedisBench, job: str) -> str | None:
    return (await bench.jobs.states([job])).get(job)


@pytest.mark.clocked
async def test_a_lease_is_real_time_and_a_beat_begins_it_anew(redis_url: str) -> None:
    async with redis_bench(redis_url, lease_s=0.4) as bench:
        await opened(bench.jobs, 2)
        (kept,) = await bench.jobs.claim("beats", 1)
        (lost,) = await bench.jobs.claim("silent", 1)
        beat = bench.jobs.pulse("beats")
        for _ in range(4):
            await asyncio.sleep(0.15)
            await asyncio.to_thread(beat, [kept])
        assert [(c.index, c.deliveries) for c in await bench.jobs.claim("third", 9)] == [(lost.index, 2)]


async def test_who_was_silent_for_too_long_takes_nothing_back(bench: RedisBench) -> None:
    await opened(bench.jobs, 1)
    claims = await bench.jobs.claim("stale", 1)
    await bench.lapse()
    assert len(await bench.jobs.claim("new", 1)) == 1
    bench.jobs.pulse("stale")(claims)
    await bench.jobs.hand_back("stale", claims)
    assert await bench.jobs.claim("third", 1) == []
    (held,) = await bench.server.xpending_range(bench.stream("normal"), "workers", "-", "+", 9)
    assert held["consumer"] == b"new"


async def test_what_nobody_wants_any_more_does_not_hide_what_came_back(bench: RedisBench) -> None:
    ended = await opened(bench.jobs, 9, id="job_ended")
    assert len(await bench.jobs.claim("dies", 9)) == 9
    wanted = await opened(bench.jobs, 1, id="job_wanted")
    assert len(await bench.jobs.claim("dies", 1)) == 1
    await bench.jobs.end(ended, "cancelled")
    await bench.lapse()
    assert [(c.job, c.deliveries) for c in await bench.jobs.claim("lives", 3)] == [(wanted, 2)]


async def test_a_stale_owner_may_finish_first_and_nothing_is_left_in_the_streams(bench: RedisBench) -> None:
    job = await opened(bench.jobs, 1)
    first = await bench.jobs.claim("stale", 1)
    await bench.lapse()
    second = await bench.jobs.claim("new", 1)
    assert await finish(bench, first) == [True]
    assert await finish(bench, second) == [False]
    assert await bench.waiting() == 0
    assert await state_of(bench, job) == "completed"


async def test_what_lapsed_comes_back_where_nothing_new_follows_also_for_the_last_item(
    bench: RedisBench,
) -> None:
    job = await opened(bench.jobs, 3)
    await bench.jobs.claim("dies", 3)
    for deliveries in range(2, 7):
        await bench.lapse()
        assert {c.deliveries for c in await bench.jobs.claim(f"dies {deliveries}", 3)} == {deliveries}
    await bench.lapse()
    assert await finish(bench, await bench.jobs.claim("lives", 3)) == [True] * 3
    assert await state_of(bench, job) == "completed"


@pytest.mark.parametrize("harm", ["streams", "groups"])
async def test_lost_streams_and_groups_are_mended(bench: RedisBench, harm: str) -> None:
    job = await opened(bench.jobs, 100)
    held = await bench.jobs.claim("w", 10)
    await finish(bench, held[:5])
    for level in ("high", "normal", "low"):
        if harm == "streams":
            await bench.server.delete(bench.stream(level))
        else:
            await bench.server.xgroup_destroy(bench.stream(level), "workers")
    bench.jobs.pulse("w")(held)
    await bench.jobs.hand_back("w", held[9:])
    assert await finish(bench, held[5:6]) == [True]
    assert await bench.jobs.mend() == (68 if harm == "streams" else 0)  # 74 were dealt, and 6 are done
    assert await bench.jobs.mend() == 0
    while claims := await bench.jobs.claim("w", 50):
        await finish(bench, claims)
    record = await bench.jobs.get(job)
    assert record is not None
    assert (record.state, record.completed, await bench.waiting()) == ("completed", 100, 0)
    lines = (await all_of(bench.jobs, job, "results")).split()
    assert sorted(map(int, lines)) == list(range(100))


async def test_a_second_entry_of_an_item_that_is_done_is_passed_over(bench: RedisBench) -> None:
    await opened(bench.jobs, 2)
    claims = await bench.jobs.claim("w", 2)
    await bench.server.delete(bench.stream("normal"))
    assert await bench.jobs.mend() == 2
    assert len(await bench.jobs.claim("again", 1)) == 1
    await finish(bench, claims[1:])
    assert await bench.jobs.claim("again", 1) == []
    await finish(bench, claims[:1])
    await bench.lapse()
    assert await bench.jobs.claim("again", 2) == []
    assert await bench.waiting() == 0


async def test_nothing_is_mended_that_is_well_and_one_looks_at_a_time(bench: RedisBench) -> None:
    await opened(bench.jobs, 30)
    await finish(bench, (await bench.jobs.claim("w", 9))[:4])
    assert await bench.jobs.mend() == 0
    await bench.server.delete(bench.stream("normal"))
    await bench.server.set(f"{bench.prefix}:jobs:mending", "another")
    assert await bench.jobs.mend() == 0
    await bench.server.delete(f"{bench.prefix}:jobs:mending")
    assert await bench.jobs.mend() == 26


class Slow(Calls):
    """Mends for longer than its lock lasts: meanwhile another has taken that."""

    async def run(self, name: str, script: str, *args: Any, within_s: float | None = None) -> Any:
        if name == "tidy":
            await self.ask("take the lock", lambda c: c.set(f"{self.prefix}mending", "another"))
        return await super().run(name, script, *args, within_s=within_s)


async def test_who_mends_for_too_long_leaves_the_lock_of_another(bench: RedisBench) -> None:
    slow = Feed(Slow(bench.server, bench.prefix, 5.0), bench.clock, LEASE_S)
    assert await slow.mend() == 0
    assert await bench.server.get(f"{bench.prefix}:jobs:mending") == b"another"
    await bench.server.delete(f"{bench.prefix}:jobs:mending")
    assert await bench.jobs.mend() == 0
    assert await bench.server.get(f"{bench.prefix}:jobs:mending") is None


async def test_consumers_that_are_gone_are_dropped_and_those_that_hold_or_live_are_not(
    bench: RedisBench,
) -> None:
    await opened(bench.jobs, 3)
    for name in ("done", "holds", "lives"):
        claims = await bench.jobs.claim(name, 1)
        if name != "holds":
            await finish(bench, claims)
    bench.jobs.pulse("lives")([])
    await bench.jobs.mend()
    consumers = await bench.server.xinfo_consumers(bench.stream("normal"), "workers")
    assert {one["name"] for one in consumers} == {b"holds", b"lives"}


async def test_the_streams_stay_short_and_show_a_backlog(bench: RedisBench) -> None:
    await opened(bench.jobs, 1000)
    for _ in range(5):
        await bench.jobs.claim("w", 20)
        (group,) = await bench.server.xinfo_groups(bench.stream("normal"))
        assert 0 < group["lag"] <= 64 + 20
        assert group["lag"] + group["pending"] == await bench.waiting()


async def test_who_comes_later_is_dealt_fairly_and_the_urgent_go_first(bench: RedisBench) -> None:
    await opened(bench.jobs, 1000, id="job_a", tenant="a", priority="low")
    await bench.jobs.claim("w", 10)
    await opened(bench.jobs, 100, id="job_b", tenant="b", priority="low")
    given = []
    for _ in range(20):
        claims = await bench.jobs.claim("w", 10)
        given += [claim.job for claim in claims]
        await finish(bench, claims)
    assert "job_b" not in given[:64]  # those were queued when it came
    assert 32 <= given[64:128].count("job_b") < 45
    assert 32 <= given[128:192].count("job_b") < 45
    await opened(bench.jobs, 5, id="job_c", tenant="a", priority="high")
    assert [c.job for c in await bench.jobs.claim("w", 10)][:5] == ["job_c"] * 5


async def test_who_claims_at_once_gets_other_items(bench: RedisBench) -> None:
    await opened(bench.jobs, 300, concurrency=250)
    claims = await asyncio.gather(*(bench.jobs.claim(f"w {n}", 20) for n in range(12)))
    assert {len(some) for some in claims} == {20}
    given = [claim.index for some in claims for claim in some]
    given += [claim.index for claim in await bench.jobs.claim("w", 100)]
    assert sorted(given) == list(range(250))


async def test_entries_of_a_job_that_ended_are_passed_over(bench: RedisBench) -> None:
    await opened(bench.jobs, 40, id="job_a")
    await bench.jobs.claim("w", 1)
    await opened(bench.jobs, 3, id="job_b")
    await bench.jobs.end("job_a", "cancelled")
    assert [c.job for c in await bench.jobs.claim("w", 9)] == ["job_b"] * 3


async def test_poison_is_a_dead_letter(bench: RedisBench) -> None:
    job = await opened(bench.jobs, 2)
    first, second = await bench.jobs.claim("w", 2)
    await bench.jobs.finish(first, a_line(kind="errors", outcome=POISON))
    await bench.jobs.finish(second, a_line())
    letters: Any = await bench.server.xrange(f"{bench.prefix}:jobs:dead")
    ((_, told),) = letters
    assert (told[b"j"].decode(), told[b"i"]) == (job, b"0")


async def test_no_key_has_an_end_and_a_forgotten_job_leaves_none(bench: RedisBench) -> None:
    await bench.jobs.reserve("t", "key", "job_1", LEASE_S)
    await bench.jobs.begin(an_order(tenant="t"), LEASE_S)
    bad = a_line(kind="errors", outcome="bad_line")
    await bench.jobs.add("job_1", 0, [b"a", b"b"], [bad], LEASE_S)
    await bench.jobs.open("job_1", 2, ("t", "key", "sha"))
    await finish(bench, (await bench.jobs.claim("w", 2))[:1])
    keys = await bench.keys()
    assert {"j:job_1:in", "j:job_1:done", "j:job_1:results:marks", "j:job_1:errors", "open", "keys"} <= keys
    assert {await bench.server.ttl(f"{bench.prefix}:jobs:{key}") for key in keys} == {-1}
    await bench.jobs.forget("job_1")
    assert await bench.keys() == {"serial", "todo:high", "todo:normal", "todo:low"}


async def test_items_that_were_lost_while_received_do_not_become_a_job_that_never_ends(
    bench: RedisBench,
) -> None:
    await bench.jobs.begin(an_order(), LEASE_S)
    await bench.jobs.add("job_1", 0, [b"a", b"b"], [], LEASE_S)
    await bench.server.hdel(f"{bench.prefix}:jobs:j:job_1:in", "1")
    with pytest.raises(StoreError, match="lost"):
        await bench.jobs.open("job_1", 2, None)
    assert await state_of(bench, "job_1") == "validating"


async def test_adding_again_adds_neither_items_nor_bad_lines_twice(bench: RedisBench) -> None:
    await bench.jobs.begin(an_order(), LEASE_S)
    for _ in range(2):
        await bench.jobs.add("job_1", 0, [b"a"], [a_line(kind="errors", outcome="bad_line")], LEASE_S)
    with pytest.raises(StoreError):
        await bench.jobs.begin(an_order(), LEASE_S)
    await bench.jobs.open("job_1", 1, None)
    record = await bench.jobs.get("job_1")
    assert record is not None
    assert (record.total, record.failed) == (2, 1)


async def test_reservations_that_lapsed_do_not_pile_up(bench: RedisBench) -> None:
    for n in range(10):
        await bench.jobs.reserve("t", f"key {n}", "job", LEASE_S)
    await bench.lapse()
    await bench.jobs.reserve("t", "key", "job", LEASE_S)
    assert await bench.server.hlen(f"{bench.prefix}:jobs:keys") == 1


@pytest.fixture
async def own() -> AsyncIterator[RedisBench]:
    """A ledger on a server that the test may do anything to."""
    with redis_server() as port:
        async with redis_bench(f"redis://127.0.0.1:{port}/0") as one:
            yield one


async def test_a_server_that_would_drop_jobs_is_given_none(own: RedisBench) -> None:
    await own.server.config_set("maxmemory", "100mb")
    await own.server.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(StoreError, match="volatile"):
        await own.jobs.begin(an_order(), LEASE_S)


async def test_a_full_server_takes_no_job_and_finishes_what_it_has(own: RedisBench) -> None:
    job, ending = await opened(own.jobs, 3, id="job_a"), await opened(own.jobs, 1, id="job_b")
    claims = await own.jobs.claim("w", 9)
    await own.server.config_set("maxmemory", "1")
    with pytest.raises(StoreError):
        await own.jobs.begin(an_order("job_c"), LEASE_S)
    own.jobs.pulse("w")([])
    assert await finish(own, [claim for claim in claims if claim.job == job]) == [True] * 3
    await own.jobs.end(ending, "cancelled")
    assert (await own.jobs.states([job, ending])) == {job: "completed", ending: "cancelling"}
    await own.jobs.forget(ending)
    assert await own.jobs.get(ending) is None


async def test_a_full_server_goes_on_with_what_lapsed(own: RedisBench) -> None:
    job = await opened(own.jobs, 200)
    assert len(await own.jobs.claim("dies", 10)) == 10
    await own.lapse()
    await own.server.config_set("maxmemory", "1")
    again = await own.jobs.claim("lives", 100)  # more than is queued: the rest would have to be dealt
    assert [(claim.index, claim.deliveries) for claim in again] == [(n, 2) for n in range(10)]
    assert await finish(own, again) == [True] * 10
    with pytest.raises(StoreError):
        await own.jobs.claim("lives", 100)
    await own.server.config_set("maxmemory", "0")
    while claims := await own.jobs.claim("lives", 100):
        assert {claim.deliveries for claim in claims} == {1}
        await finish(own, claims)
    assert await state_of(own, job) == "completed"


async def test_a_server_that_has_become_a_replica_is_a_store_error_until_it_is_master_again(
    own: RedisBench,
) -> None:
    await opened(own.jobs, 3)
    beat = own.jobs.pulse("w")
    beat([])
    await own.server.replicaof("127.0.0.1", "1")
    with pytest.raises(StoreError):
        await own.jobs.claim("w", 1)
    with pytest.raises(StoreError):
        beat([])
    await own.server.replicaof("NO", "ONE")
    assert len(await own.jobs.claim("w", 1)) == 1
    beat([])


@pytest.mark.clocked
async def test_a_server_that_is_away_is_a_store_error_soon_and_no_worse_afterwards() -> None:
    with redis_server() as port:
        url = f"redis://127.0.0.1:{port}/0"
        async with open_jobs(url) as jobs:
            await opened(jobs, 1)
    async with open_jobs(url) as jobs:
        calls: list[Any] = [jobs.claim("w", 1), jobs.get("job_1"), jobs.due(), jobs.mend(), jobs.workers()]
        for call in calls:
            began = time.monotonic()
            with pytest.raises(StoreError):
                await call
            assert time.monotonic() - began < 1
        with redis_server(port):
            assert await jobs.claim("w", 1) == []


@pytest.mark.clocked
@pytest.mark.parametrize("mode", ["blackhole", "reset"])
async def test_a_server_that_is_silent_is_a_store_error_in_time(redis_url: str, mode: Mode) -> None:
    port = urlsplit(redis_url).port or 6379
    async with FaultProxy(port) as proxy:
        await in_time(proxy, mode)


async def in_time(proxy: FaultProxy, mode: Mode) -> None:
    jobs = RedisJobs(f"redis://127.0.0.1:{proxy.port}/0", prefix=f"test:{uuid.uuid4()}", call_s=0.3)
    await opened(jobs, 2)
    (claim,) = await jobs.claim("w", 1)
    proxy.turn(mode)
    calls: list[tuple[Any, float]] = [
        (jobs.claim("w", 1), 0.3),
        (jobs.states(["job_1"]), 0.3),
        (jobs.items([claim]), 0.6),
        (jobs.finish(claim, a_line()), 0.6),
    ]
    for call, limit_s in calls:
        began = time.monotonic()
        with pytest.raises(StoreError):
            await call
        assert time.monotonic() - began < limit_s + 0.3
    proxy.turn("ok")
    assert await jobs.items([claim]) == [b"item 0"]
    await jobs.aclose()


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1/0?nonsense=1", "redis+sentinel://127.0.0.1", "redis+sentinel://:1/m", "redis://:x"],
)
async def test_a_bad_address_is_said_when_it_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        async with open_jobs(url):
            pass
