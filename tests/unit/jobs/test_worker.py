"""A worker fills its slots, stops in order, bears a ledger that is away, and leaves jobs that end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from jobwork import (
    LEASE_S,
    Clock,
    Scorer,
    a_file_ledger,
    a_job_line,
    a_score,
    a_worker,
    at_work,
    ended,
    opened,
    told_lines,
    until,
)

from judge_service.errors import StoreError
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from judge_service.domain.score import Score
    from judge_service.jobs.base import JobBackend


@pytest.fixture
async def jobs() -> AsyncIterator[SqliteJobs]:
    ledger = SqliteJobs(None)
    yield ledger
    await ledger.aclose()


def some(count: int) -> list[bytes]:
    return [a_job_line(f"item-{n}") for n in range(count)]


async def at_once(_: float) -> None:
    await asyncio.sleep(0.001)


class Gated(Scorer):
    """Holds every call until it is let through."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.open = asyncio.Event()

    async def _wait(self, _: str) -> Score:
        await self.open.wait()
        return a_score()


class Moody:
    """A ledger whose named calls fail as often as told, before or after they are done."""

    def __init__(self, jobs: JobBackend, fails: dict[str, list[Exception]], *, after: bool = False) -> None:
        self.lease_s = jobs.lease_s
        self._jobs = jobs
        self._fails = fails
        self._after = after

    def pulse(self, worker: str) -> Callable[..., None]:
        return lambda _: None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*args: Any) -> Any:
            fault = self._fails[name].pop() if self._fails.get(name) else None
            if fault is not None and not self._after:
                raise fault
            done = await getattr(self._jobs, name)(*args)
            if fault is not None:
                raise fault
            return done

        return call


async def test_it_works_on_as_many_as_it_has_slots_and_holds_no_more(jobs: SqliteJobs) -> None:
    scorer = Gated()
    job = await opened(jobs, some(20))
    async with at_work(a_worker(jobs, scorer, slots=5)) as worker:
        await until(lambda: worker.working == 5)
        assert len(await jobs.claim("other", 100)) == 15
        scorer.open.set()
        await until(lambda: worker.working == 0)
    assert scorer.peak == 5
    record = await jobs.get(job)
    assert record is not None
    assert record.completed == 5


async def test_every_item_has_one_line(jobs: SqliteJobs) -> None:
    job = await opened(jobs, some(100))
    async with at_work(a_worker(jobs, Scorer())), at_work(a_worker(jobs, Scorer(), name="v")):
        assert await ended(jobs, job) == "completed"
    lines = await told_lines(jobs, job, "results")
    assert sorted(line["custom_id"] for line in lines) == sorted(f"item-{n}" for n in range(100))


async def test_it_looks_at_once_when_woken(jobs: SqliteJobs) -> None:
    async with at_work(a_worker(jobs, Scorer())) as worker:
        await asyncio.sleep(0.05)
        job = await opened(jobs, some(1))
        worker.wake()
        assert await ended(jobs, job, 0.2) == "completed"


async def test_a_drain_finishes_what_is_in_work_and_begins_no_more(jobs: SqliteJobs) -> None:
    scorer = Gated()
    job = await opened(jobs, some(10))
    async with at_work(a_worker(jobs, scorer, slots=4)) as worker:
        await until(lambda: worker.working == 4)
        draining = asyncio.create_task(worker.drain(5.0))
        await asyncio.sleep(0.05)
        scorer.open.set()
        await draining
        await asyncio.sleep(0.05)
    record = await jobs.get(job)
    assert record is not None
    assert (record.completed, len(scorer.asked)) == (4, 4)
    assert len(await jobs.claim("other", 10)) == 6


async def test_who_leaves_begins_no_more_by_itself(jobs: SqliteJobs) -> None:
    scorer, leaving = Gated(), False
    await opened(jobs, some(10))
    worker = a_worker(jobs, scorer, slots=4, leaving=lambda: leaving)
    run = asyncio.create_task(worker.run())
    await until(lambda: worker.working == 4)
    leaving = True
    worker.wake()
    scorer.open.set()
    await asyncio.wait_for(run, 2)
    assert len(scorer.asked) == 4


async def test_what_does_not_finish_in_time_is_handed_back(tmp_path: Path) -> None:
    async with a_file_ledger(tmp_path) as jobs:
        await opened(jobs, some(4))
        async with at_work(a_worker(jobs, Gated(), slots=4)) as worker:
            await until(lambda: worker.working == 4)
            await worker.drain(0.05)
        again = await jobs.claim("other", 4)
        assert [claim.deliveries for claim in again] == [1] * 4


@pytest.mark.parametrize("ending", ["cancelled", "expired", "forgotten"])
async def test_what_is_in_work_for_a_job_that_ends_is_ended(jobs: SqliteJobs, ending: Any) -> None:
    scorer = Gated()
    job = await opened(jobs, some(6))
    async with at_work(a_worker(jobs, scorer, slots=4, sleep=at_once)) as worker:
        await until(lambda: worker.working == 4)
        await (jobs.forget(job) if ending == "forgotten" else jobs.end(job, ending))
        await until(lambda: scorer.now == 0, 2)
        other = await opened(jobs, some(2), id="job_2")
        scorer.open.set()
        assert await ended(jobs, other) == "completed"
        await until(lambda: not worker._held)


@pytest.mark.parametrize("call", ["claim", "items", "get", "states"])
@pytest.mark.parametrize("fault", [StoreError("away"), KeyError("a surprise")], ids=["away", "surprise"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_ledger_that_fails_now_and_then_stops_nobody(
    tmp_path: Path, call: str, fault: Exception, *, after: bool
) -> None:
    clock = Clock()
    async with a_file_ledger(tmp_path, clock) as jobs:
        job = await opened(jobs, some(12))
        moody = Moody(jobs, {call: [fault] * 2}, after=after)

        async def sleep(_: float) -> None:
            clock.now += LEASE_S  # what was claimed and not begun comes back
            await asyncio.sleep(0.001)

        async with at_work(a_worker(cast("JobBackend", moody), Scorer(), sleep=sleep)):
            assert await ended(jobs, job) == "completed"
        record = await jobs.get(job)
        assert record is not None
        assert record.outcomes == {"scored": 12}


@pytest.mark.parametrize("call", ["items", "get"])
@pytest.mark.parametrize("back", [0, 6])
@pytest.mark.parametrize("after", [False, True])
async def test_what_was_claimed_and_not_begun_is_no_delivery_however_long_the_ledger_is_away(
    tmp_path: Path, call: str, back: int, *, after: bool
) -> None:
    clock = Clock()
    async with a_file_ledger(tmp_path, clock) as jobs:
        job = await opened(jobs, some(12))
        away: list[Exception] = [StoreError("away")]
        moody = Moody(jobs, {call: away * 6, "hand_back": away * back}, after=after)

        async def sleep(_: float) -> None:
            clock.now += LEASE_S
            await asyncio.sleep(0.001)

        async with at_work(a_worker(cast("JobBackend", moody), Scorer(), sleep=sleep)) as worker:
            assert await ended(jobs, job) == "completed"
            await until(lambda: not worker._held)
        record = await jobs.get(job)
        assert record is not None
        assert (record.outcomes, record.unpriced) == (
            {"scored": 12},
            0,
        )  # a second delivery's cost is not known


async def test_who_leaves_hands_back_what_was_never_begun(tmp_path: Path) -> None:
    async with a_file_ledger(tmp_path) as jobs:
        await opened(jobs, some(4))
        moody = Moody(jobs, {"items": [StoreError("away")], "hand_back": [StoreError("away")] * 2})
        async with at_work(a_worker(cast("JobBackend", moody), Scorer(), slots=4, sleep=at_once)) as worker:
            await until(lambda: len(worker._held) == 4)
            await worker.drain(0.05)
            moody._fails["hand_back"].clear()
        assert [claim.deliveries for claim in await jobs.claim("other", 9)] == [1] * 4


@pytest.mark.parametrize("after", [False, True])
async def test_an_answer_waits_until_the_ledger_is_back(jobs: SqliteJobs, *, after: bool) -> None:
    scorer = Scorer()
    job = await opened(jobs, some(3))
    moody = Moody(jobs, {"finish": [StoreError("away")] * 20}, after=after)
    async with at_work(a_worker(cast("JobBackend", moody), scorer, sleep=at_once)):
        assert await ended(jobs, job) == "completed"
    assert len(scorer.asked) == 3
    assert len(await told_lines(jobs, job, "results")) == 3


async def test_a_poisonous_item_is_not_begun(tmp_path: Path) -> None:
    clock, scorer = Clock(), Scorer()
    async with a_file_ledger(tmp_path, clock) as jobs:
        job = await opened(jobs, some(1))
        for _ in range(5):
            assert len(await jobs.claim("dies", 1)) == 1
            clock.now += LEASE_S + 1
        async with at_work(a_worker(jobs, scorer)):
            assert await ended(jobs, job) == "completed"
        (line,) = await told_lines(jobs, job, "errors")
    assert (line["error"]["code"], scorer.asked) == ("poison", [])
