"""Whose time has come is seen to: cut receptions, expiry, cancelled items, what was kept long enough."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from jobwork import LEASE_S, Clock, a_job_line, an_order, opened, told_lines, until

from judge_service.domain.job import FINAL
from judge_service.errors import StoreError
from judge_service.jobs.base import Line
from judge_service.jobs.tending import MEND_S, Tender

if TYPE_CHECKING:
    from judge_service.jobs.base import Claim, JobBackend, JobRecord
    from judge_service.jobs.sqlite import SqliteJobs

LINE = Line("results", b"{}\n", "scored")


async def state_of(jobs: SqliteJobs, job: str = "job_1") -> str | None:
    record = await jobs.get(job)
    return None if record is None else record.state


def some(count: int) -> list[bytes]:
    return [a_job_line(f"item-{n}") for n in range(count)]


async def test_a_reception_that_stopped_is_a_failed_job_that_keeps_nothing(
    jobs: SqliteJobs, clock: Clock
) -> None:
    await jobs.begin(an_order(), LEASE_S)
    await jobs.add("job_1", 0, some(2), [], LEASE_S)
    await Tender(jobs).tend()
    assert await state_of(jobs) == "validating"
    clock.now += LEASE_S + 1
    await Tender(jobs).tend()
    record = await jobs.get("job_1")
    assert record is not None
    assert (record.state, record.faults[0].code, record.total) == ("failed", "cut", 0)


@pytest.mark.parametrize(("ending", "code"), [("cancelled", "cancelled"), ("expired", "expired")])
async def test_items_that_the_end_of_a_job_came_before_have_a_line_too(
    jobs: SqliteJobs, clock: Clock, ending: Any, code: str
) -> None:
    job = await opened(jobs, some(600))
    done, in_work = await jobs.claim("w", 2)
    await jobs.finish(done, LINE)
    if ending == "cancelled":
        await jobs.end(job, "cancelled")
    else:
        clock.now += 3601
        await Tender(jobs).tend()
        assert await state_of(jobs) == "finalizing"
    await Tender(jobs).tend()
    assert await state_of(jobs) == ending
    assert not await jobs.finish(in_work, LINE)
    lines = await told_lines(jobs, job, "errors")
    assert {line["error"]["code"] for line in lines} == {code}
    assert len({line["custom_id"] for line in lines}) == 599


async def test_what_was_kept_long_enough_is_forgotten(jobs: SqliteJobs, clock: Clock) -> None:
    await opened(jobs, some(1), kept_s=60.0)
    (claim,) = await jobs.claim("w", 1)
    await jobs.finish(claim, LINE)
    clock.now += 59
    await Tender(jobs).tend()
    assert await state_of(jobs) == "completed"
    clock.now += 2
    await Tender(jobs).tend()
    assert await state_of(jobs) is None


async def test_two_who_tend_do_no_harm(jobs: SqliteJobs) -> None:
    job = await opened(jobs, some(300))
    await jobs.end(job, "cancelled")
    await asyncio.gather(Tender(jobs).tend(), Tender(jobs).tend())
    record = await jobs.get(job)
    assert record is not None
    assert (record.state, record.failed, len(await told_lines(jobs, job, "errors"))) == (
        "cancelled",
        300,
        300,
    )


class Crowded:
    """A ledger in which time goes on with every item that is swept."""

    def __init__(self, jobs: SqliteJobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock
        self.ended: dict[str, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    async def finish(self, claim: Claim, line: Line) -> bool:
        self._clock.now += 0.01
        written = await self._jobs.finish(claim, line)
        if await state_of(self._jobs, claim.job) in FINAL:
            self.ended[claim.job] = self._clock.now
        return written


@pytest.mark.parametrize("others", [1, 5])
async def test_a_job_expires_in_time_though_large_ones_are_being_swept(
    jobs: SqliteJobs, clock: Clock, others: int
) -> None:
    for n in range(others):
        await jobs.end(await opened(jobs, some(1200), id=f"large_{n}"), "cancelled")
    expires = clock.now + 2.0
    await opened(jobs, some(20), id="small", tenant="another", expires_at=expires)
    crowded = Crowded(jobs, clock)
    tender = Tender(cast("JobBackend", crowded), clock=clock)
    await tender.tend()
    assert await state_of(jobs, "small") == "expired"
    await tender.tend()
    await tender.tend()
    assert crowded.ended["small"] - expires <= 6.0
    assert crowded.ended.keys() == {"small", *(f"large_{n}" for n in range(others))}


class Broken:
    """A ledger in which one job cannot be seen to, and which is away now and then."""

    def __init__(self, jobs: SqliteJobs, fault: Exception) -> None:
        self._jobs = jobs
        self._fault = fault
        self.looks = 0
        self.mended = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    async def due(self) -> list[JobRecord]:
        self.looks += 1
        if self.looks == 2:
            raise StoreError("away")
        return await self._jobs.due()

    async def unfinished(self, job: str, limit: int) -> Any:
        if job == "job_1":
            raise self._fault
        return await self._jobs.unfinished(job, limit)

    async def mend(self) -> int:
        self.mended += 1
        return 3


async def test_one_job_that_cannot_be_seen_to_keeps_no_other_waiting(jobs: SqliteJobs) -> None:
    for name in ("job_1", "job_2"):
        await jobs.end(await opened(jobs, some(1), id=name), "cancelled")
    broken = Broken(jobs, KeyError("a surprise"))
    tender = Tender(cast("JobBackend", broken), sleep=lambda _: asyncio.sleep(0.001))
    task = asyncio.create_task(tender.run())
    await until(lambda: broken.looks >= 5)
    task.cancel()
    await asyncio.wait({task})
    assert (await state_of(jobs, "job_1"), await state_of(jobs, "job_2")) == ("cancelling", "cancelled")


async def test_the_ledger_is_mended_now_and_then(jobs: SqliteJobs) -> None:
    broken, now = Broken(jobs, StoreError("away")), time.monotonic()
    tender = Tender(cast("JobBackend", broken), clock=lambda: now)
    await tender.tend()
    assert broken.mended == 0
    now += MEND_S
    broken.looks = 2
    await tender.tend()
    await tender.tend()
    assert broken.mended == 1
