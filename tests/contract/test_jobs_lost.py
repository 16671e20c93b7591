"""A Redis that has lost keys of a job: each of its items still ends as one line, and no other job waits for it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from jobsbench import LEASE_S, RedisBench, a_line, all_of, redis_bench
from jobsbench import opened as opened_plain
from jobwork import Scorer, a_job_line, a_worker, at_work, ended, opened, told_lines
from redis_server import redis_server

from judge_service.jobs.base import LOST, Claim
from judge_service.jobs.items import lost
from judge_service.jobs.tending import Tender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


@pytest.fixture
async def bench(redis_url: str) -> AsyncIterator[RedisBench]:
    async with redis_bench(redis_url) as one:
        yield one


def some(count: int) -> list[bytes]:
    return [a_job_line(f"item-{n}") for n in range(count)]


async def lose(bench: RedisBench, job: str, indexes: Iterable[int]) -> None:
    await bench.server.hdel(f"{bench.prefix}:jobs:j:{job}:in", *map(str, indexes))


async def codes(bench: RedisBench, job: str) -> Counter[str]:
    return Counter(line["error"]["code"] for line in await told_lines(bench.jobs, job, "errors"))


async def finish_all(bench: RedisBench) -> None:
    """Work as a worker does: what is missing ends as lost."""
    while claims := await bench.jobs.claim("w", 50):
        for claim, item in zip(claims, await bench.jobs.items(claims), strict=True):
            line = lost(claim) if item is None else a_line(str(claim.index))
            await bench.jobs.finish(claim, line)


async def test_lost_items_end_as_errors_and_stop_no_other_tenants_job(bench: RedisBench) -> None:
    job = await opened(bench.jobs, some(60), tenant="a")
    await lose(bench, job, range(20, 30))
    other = await opened(bench.jobs, some(1), id="job_2", tenant="b")
    async with at_work(a_worker(bench.jobs, Scorer(), slots=4)):
        assert await ended(bench.jobs, other) == await ended(bench.jobs, job) == "completed"
    record = await bench.jobs.get(job)
    assert record is not None
    assert record.outcomes == {"scored": 50, LOST: 10}
    assert (record.unpriced, record.uncounted) == (0, 0)
    lines = await told_lines(bench.jobs, job, "errors")
    assert {line["id"] for line in lines} == {f"{job}-{n}" for n in range(20, 30)}
    assert await bench.waiting() == 0


@pytest.mark.parametrize("ending", ["expired", "cancelled"])
async def test_a_job_that_ends_without_its_items_has_a_line_for_each(bench: RedisBench, ending: Any) -> None:
    job = await opened_plain(bench.jobs, 300)
    for claim in (await bench.jobs.claim("w", 9))[:5]:
        await bench.jobs.finish(claim, a_line())
    await bench.server.delete(f"{bench.prefix}:jobs:j:{job}:in")
    await bench.jobs.end(job, ending)
    await Tender(bench.jobs).tend()
    assert await bench.jobs.states([job]) == {job: ending}
    assert await codes(bench, job) == {ending: 295}


async def test_only_one_end_of_a_lost_item_is_written(bench: RedisBench) -> None:
    job = await opened_plain(bench.jobs, 2)
    held = await bench.jobs.claim("has read it", 2)
    await lose(bench, job, [0, 1])
    await bench.lapse()
    again = await bench.jobs.claim("finds nothing", 2)
    assert await bench.jobs.items(again) == [None, None]
    by_index = {claim.index: claim for claim in again}
    assert await bench.jobs.finish(by_index[0], lost(by_index[0]))
    assert not await bench.jobs.finish(held[0], a_line('"late"'))
    assert await bench.jobs.finish(held[1], a_line('"first"'))
    assert not await bench.jobs.finish(by_index[1], lost(by_index[1]))
    record = await bench.jobs.get(job)
    assert record is not None
    assert (record.state, record.outcomes) == ("completed", {"scored": 1, LOST: 1})
    assert not await bench.jobs.finish(held[0], a_line('"after the end"'))
    assert await bench.jobs.get(job) == record
    assert not {"j:job_1:in", "j:job_1:done"} & await bench.keys()


async def test_an_item_that_is_there_is_not_told_to_be_lost(bench: RedisBench) -> None:
    job = await opened_plain(bench.jobs, 1)
    (claim,) = await bench.jobs.claim("read from a server that is gone", 1)
    assert not await bench.jobs.finish(claim, lost(claim))
    await bench.lapse()
    (again,) = await bench.jobs.claim("w", 1)
    assert await bench.jobs.items([again]) == [b"item 0"]
    assert await bench.jobs.finish(again, a_line())
    assert await bench.jobs.states([job]) == {job: "completed"}


async def test_lost_marks_of_ends_double_no_line(bench: RedisBench) -> None:
    job = await opened_plain(bench.jobs, 20)
    for claim in (await bench.jobs.claim("w", 12))[:9]:
        await bench.jobs.finish(claim, a_line(str(claim.index)))
    await bench.server.delete(f"{bench.prefix}:jobs:j:{job}:done")
    await bench.lapse()
    assert await bench.jobs.mend() == 9
    await finish_all(bench)
    assert await bench.jobs.states([job]) == {job: "completed"}
    assert sorted(map(int, (await all_of(bench.jobs, job, "results")).split())) == list(range(20))
    assert await codes(bench, job) == {}


async def test_a_job_that_lost_both_has_as_many_lines_as_items(bench: RedisBench) -> None:
    job = await opened_plain(bench.jobs, 20)
    for claim in (await bench.jobs.claim("w", 12))[:9]:
        await bench.jobs.finish(claim, a_line(str(claim.index)))
    await bench.server.delete(*(f"{bench.prefix}:jobs:j:{job}:{what}" for what in ("in", "done")))
    await bench.lapse()
    await bench.jobs.mend()
    await finish_all(bench)
    record = await bench.jobs.get(job)
    assert record is not None
    assert (record.state, record.outcomes) == ("completed", {"scored": 9, LOST: 11})


async def test_a_damaged_item_ends_and_hinders_no_other(bench: RedisBench) -> None:
    job = await opened(bench.jobs, some(9))
    await bench.server.hset(f"{bench.prefix}:jobs:j:{job}:in", "4", "no frame")
    async with at_work(a_worker(bench.jobs, Scorer(), slots=3)):
        assert await ended(bench.jobs, job) == "completed"
    assert await codes(bench, job) == {"malformed-body": 1}


async def test_a_full_server_writes_the_ends_of_lost_items() -> None:
    with redis_server() as port:
        async with redis_bench(f"redis://127.0.0.1:{port}/0", lease_s=LEASE_S) as bench:
            job = await opened_plain(bench.jobs, 2)
            claims = await bench.jobs.claim("w", 2)
            await bench.server.delete(f"{bench.prefix}:jobs:j:{job}:in")
            await bench.server.config_set("maxmemory", "1")
            assert await bench.jobs.finish(claims[0], lost(claims[0]))
            await bench.jobs.end(job, "cancelled")
            ((left, item),) = await bench.jobs.unfinished(job, 9)
            assert (left, item) == (Claim(job, 1, 1, ""), b"")
            assert await bench.jobs.finish(left, a_line(kind="errors", outcome="cancelled"))
            assert await bench.jobs.states([job]) == {job: "cancelled"}
