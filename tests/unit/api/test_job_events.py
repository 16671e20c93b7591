"""Progress is told when it is made, goes on behind what was seen, and ends with the job or with us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from jobwork import a_job_line, opened
from virtualtime import virtual

from judge_service.api.job_events import events
from judge_service.errors import JobNotFound, StoreError
from judge_service.jobs.base import Line
from judge_service.jobs.desk import JobDesk
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.domain.job import Job


class Looked:
    """A desk that is looked at: what it says of each look, in order, the last for ever."""

    def __init__(self, *says: tuple[str, int] | Exception) -> None:
        self._says = list(says)

    async def version(self, tenant: str, job: str) -> tuple[str, int]:
        said = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        if isinstance(said, Exception):
            raise said
        return said

    async def get(self, tenant: str, job: str) -> Job:
        return cast("Job", Told())


class Told:
    def model_dump_json(self) -> str:
        return "{}"


async def told(*says: Any, seen: int = 0, most: int = 10_000, draining: Any = lambda: False) -> list[str]:
    desk = cast("JobDesk", Looked(*says))
    found = []
    async for event in events(desk, "t", "job_1", seen, draining):
        found.append(event.strip())
        if len(found) >= most:
            break
    return found[1:]  # the first says how soon to come again


def event(number: int, kind: str = "progress") -> str:
    return f"id: {number}\nevent: {kind}\ndata: {{}}"


RUNS = "in_progress"


@virtual
async def test_what_changed_is_told_once() -> None:
    looks = [(RUNS, 1), (RUNS, 1), (RUNS, 4), (RUNS, 4), ("completed", 9)]
    assert await told(*looks) == [event(1), event(4), event(9, "end")]


@virtual
async def test_it_goes_on_behind_what_was_seen_and_the_end_is_always_told() -> None:
    assert await told((RUNS, 4), (RUNS, 5), ("completed", 9), seen=4) == [event(5), event(9, "end")]
    assert await told(("cancelled", 9), seen=9) == [event(9, "end")]
    assert await told(("failed", 9), seen=10**9) == [event(9, "end")]


@virtual
async def test_a_number_that_was_never_given_silences_nothing() -> None:
    looks = [(RUNS, 4), (RUNS, 4), (RUNS, 5), ("completed", 9)]
    assert await told(*looks, seen=10**9) == [event(4), event(5), event(9, "end")]


@virtual
async def test_a_job_that_is_forgotten_ends_the_stream() -> None:
    assert await told((RUNS, 1), JobNotFound("gone")) == [event(1)]


@virtual
async def test_a_ledger_that_is_away_does_not() -> None:
    assert await told((RUNS, 1), StoreError("away"), ("completed", 2)) == [
        event(1),
        ": the ledger is away",
        event(2, "end"),
    ]


@virtual
async def test_a_server_that_stops_ends_the_stream() -> None:
    left = [False, False, True]
    assert await told((RUNS, 1), draining=lambda: left.pop(0)) == [event(1)]


@pytest.fixture
async def jobs() -> AsyncIterator[SqliteJobs]:
    ledger = SqliteJobs(None)
    yield ledger
    await ledger.aclose()


async def test_with_a_ledger(jobs: SqliteJobs) -> None:
    job = await opened(jobs, [a_job_line("a")])
    (claim,) = await jobs.claim("w", 1)
    await jobs.finish(claim, Line("results", b"{}\n", "scored"))
    found = [event async for event in events(JobDesk(jobs), "default", job, 0, lambda: False)]
    assert found[0] == "retry: 1000\n\n"
    assert len(found) == 2
    assert '"state":"completed"' in found[1]
