"""An item that ends its worker takes no other along: suspects run alone, one at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from jobwork import (
    LEASE_S,
    Clock,
    Mortal,
    Scorer,
    a_job_line,
    a_score,
    a_worker,
    at_work,
    ended,
    no_answer,
    opened,
    told_lines,
    until,
)

from judge_service.api.problems import end_of_item
from judge_service.jobs.base import ALONE_FROM, POISON_AFTER
from judge_service.jobs.items import Items
from judge_service.jobs.worker import Worker, company

if TYPE_CHECKING:
    from judge_service.domain.score import Score
    from judge_service.jobs.base import JobBackend
    from judge_service.jobs.sqlite import SqliteJobs


class Deadly(Scorer):
    """Kills its worker with every response that says so, when it and all that was begun with it are in work."""

    def __init__(self) -> None:
        super().__init__(self._one)
        self.in_work: list[str] = []
        self.beside: list[list[str]] = []  # who was in work at each death
        self.killed = asyncio.Event()

    async def _one(self, response: str) -> Score:
        self.in_work.append(response)
        try:
            if "poison" in response:
                await asyncio.sleep(0.01)  # the others are in work by now, and none has ended
                self.beside.append([one for one in self.in_work if one != response])
                self.killed.set()
                await asyncio.sleep(3600)
            await asyncio.sleep(0.03)
            return a_score()
        finally:
            self.in_work.remove(response)


async def work_and_die(jobs: SqliteJobs, scorer: Deadly, job: str, slots: int) -> bool:
    """Let a worker work until it is killed, or until the job has ended; says whether it was killed."""
    scorer.killed.clear()
    ledger = Mortal(jobs)
    async with at_work(a_worker(cast("JobBackend", ledger), scorer, slots=slots)):
        killed = asyncio.create_task(scorer.killed.wait())
        done = asyncio.create_task(ended(jobs, job))
        await asyncio.wait({killed, done}, return_when=asyncio.FIRST_COMPLETED)
        ledger.dead = True
        died = killed.done()
        for task in (killed, done):
            task.cancel()
    return died


@pytest.mark.parametrize("at", [7, 39])
async def test_neighbours_of_a_poisonous_item_are_unharmed(jobs: SqliteJobs, clock: Clock, at: int) -> None:
    lines = [a_job_line(f"item-{n}", "poison" if n == at else f"good {n}") for n in range(40)]
    job, scorer = await opened(jobs, lines), Deadly()
    deaths = 0
    while await work_and_die(jobs, scorer, job, slots=16):
        deaths += 1
        assert deaths <= POISON_AFTER
        clock.now += LEASE_S + 1
    assert scorer.asked.count("poison") == deaths == POISON_AFTER
    assert len(scorer.beside[0]) >= 7
    assert len(scorer.beside[1]) < company(16, 2)
    assert len(scorer.beside[2]) < company(16, 3)
    assert scorer.beside[3:] == [[], []]
    record = await jobs.get(job)
    assert record is not None
    assert (record.state, record.outcomes) == ("completed", {"scored": 39, "poison": 1})
    (poisoned,) = await told_lines(jobs, job, "errors")
    assert (poisoned["custom_id"], poisoned["error"]["code"]) == (f"item-{at}", "poison")
    assert f"{POISON_AFTER} times" in poisoned["error"]["message"]


@pytest.mark.parametrize(("ends", "together"), [(1, 9), (2, 3), (3, 1), (4, 1)])
async def test_the_more_workers_ended_with_an_item_the_fewer_are_beside_it(
    jobs: SqliteJobs, clock: Clock, ends: int, together: int
) -> None:
    await opened(jobs, [a_job_line(f"item-{n}") for n in range(27)])
    for _ in range(ends):
        assert len(await jobs.claim("dies", 27)) == 27
        clock.now += LEASE_S + 1
    scorer = Scorer()
    async with at_work(a_worker(jobs, scorer, slots=27)):
        assert await ended(jobs, "job_1") == "completed"
    assert scorer.peak == together
    assert len(scorer.asked) == 27


@pytest.mark.parametrize(
    ("slots", "rooms"),
    [(64, [64, 16, 4, 1, 1]), (16, [16, 6, 3, 1, 1]), (8, [8, 4, 2, 1, 1]), (1, [1, 1, 1, 1, 1])],
)
def test_the_company_shrinks_by_equal_ratios(slots: int, rooms: list[int]) -> None:
    assert [company(slots, deliveries) for deliveries in range(1, POISON_AFTER + 1)] == rooms
    assert company(slots, POISON_AFTER + 1) == 1


async def test_others_go_on_when_the_judge_of_a_suspect_is_away(jobs: SqliteJobs, clock: Clock) -> None:
    job, passed = await opened(jobs, [a_job_line("item-0", "away")]), 0.0
    for _ in range(ALONE_FROM - 1):
        await jobs.claim("dies", 1)
        clock.now += LEASE_S + 1
    other = await opened(jobs, [a_job_line(f"item-{n}") for n in range(12)], id="job_2")
    begun: list[float] = []

    async def says(response: str) -> Score:
        if response == "away":
            return no_answer()
        begun.append(passed)
        return a_score()

    async def sleep(seconds: float) -> None:
        nonlocal passed
        passed += seconds
        await asyncio.sleep(0)

    items = Items(Scorer(says), end_of_item, sleep=sleep, clock=lambda: clock.now + passed)
    async with at_work(Worker(jobs, items, name="w", slots=6)):
        assert await ended(jobs, job) == await ended(jobs, other) == "completed"
    assert 0 < max(begun) < 60  # s: its own patience would be a quarter of an hour
    (line,) = await told_lines(jobs, job, "errors")
    assert line["error"]["code"] == "unavailable"


async def test_after_the_suspects_every_place_is_used_again(jobs: SqliteJobs, clock: Clock) -> None:
    await opened(jobs, [a_job_line(f"item-{n}") for n in range(3)])
    for _ in range(3):
        await jobs.claim("dies", 3)
        clock.now += LEASE_S + 1
    other = await opened(jobs, [a_job_line(f"item-{n}") for n in range(12)], id="job_2")
    scorer = Scorer()
    async with at_work(a_worker(jobs, scorer, slots=6)):
        assert await ended(jobs, "job_1") == await ended(jobs, other) == "completed"
    assert scorer.peak >= 5


async def test_who_is_busy_leaves_suspects_to_others_and_takes_no_more(
    jobs: SqliteJobs, clock: Clock
) -> None:
    await opened(jobs, [a_job_line(f"item-{n}") for n in range(4)])
    for _ in range(3):
        assert len(await jobs.claim("dies", 4)) == 4
        clock.now += LEASE_S + 1
    suspects = await jobs.claim("holds them", 4)
    done = asyncio.Event()

    async def says(_: str) -> Score:
        await done.wait()
        return a_score()

    other = await opened(jobs, [a_job_line(f"item-{n}") for n in range(4)], id="job_2")
    async with at_work(a_worker(jobs, Scorer(says), slots=6)) as worker:
        await until(lambda: worker.working == 4)
        await jobs.hand_back("holds them", suspects)
        worker.wake()
        await asyncio.sleep(0.05)
        assert worker.working == 4
        again = await jobs.claim("other", 9)
        assert [(one.job, one.deliveries) for one in again] == [("job_1", 4)] * 4
        await jobs.hand_back("other", again)
        done.set()
        assert await ended(jobs, "job_1") == await ended(jobs, other) == "completed"
