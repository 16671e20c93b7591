"""How a job is handed over, looked at and ended."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from jobwork import Clock, a_job_line, an_order, job_lines

from judge_service.errors import (
    BodyRejected,
    BodyTooLarge,
    JobDeleted,
    JobNotFound,
    KeyInUse,
    KeyOfAnother,
    StoreError,
)
from judge_service.jobs.base import Line, Spent
from judge_service.jobs.desk import JobDesk, new_id
from judge_service.jobs.holding import HELD_S
from judge_service.jobs.opening import open_jobs
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from judge_service.domain.job import JobOrder
    from judge_service.jobs.base import JobRecord


async def body(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_job_is_on_record_when_it_is_told(jobs: SqliteJobs) -> None:
    woken: list[str] = []
    desk = JobDesk(jobs, opened=lambda: woken.append("now"))
    told = await desk.hand_over(an_order(metadata={"a": "b"}), body(job_lines(3), b"{\n"))
    assert (told.replayed, told.job.state, told.job.counts.total, told.job.counts.failed) == (
        False,
        "in_progress",
        4,
        1,
    )
    assert (told.job.metadata, told.job.workers) == ({"a": "b"}, 0)
    assert woken == ["now"]
    assert await desk.get("default", "job_1") == told.job


async def test_the_same_key_gives_the_same_job_whatever_became_of_it(jobs: SqliteJobs) -> None:
    desk = JobDesk(jobs)
    first = await desk.hand_over(an_order(), body(job_lines(1)), "key")
    await desk.cancel("default", "job_1")
    again = await desk.hand_over(an_order("job_2"), body(job_lines(1)), "key")
    assert (again.replayed, again.job.id, again.job.state) == (True, first.job.id, "cancelling")
    for order, lines in ((an_order("job_3"), 2), (an_order("job_3", priority="high"), 1)):
        with pytest.raises(KeyOfAnother):
            await desk.hand_over(order, body(job_lines(lines)), "key")
    other = await desk.hand_over(an_order("job_4", tenant="t"), body(job_lines(1)), "key")
    assert not other.replayed
    assert {one.id for one in await desk.of_tenant("default", None, 10)} == {"job_1"}


async def test_a_key_covers_how_long_a_job_may_take_and_not_when_it_was_sent(jobs: SqliteJobs) -> None:
    desk = JobDesk(jobs)

    def sent(name: str, now: float, within_s: float) -> JobOrder:
        return an_order(name, created_at=now, expires_at=now + within_s)

    await desk.hand_over(sent("job_1", 1_791_000_000.1, 0.1 + 3600), body(job_lines(1)), "key")
    for later in (0.3, 7.123_456, 1e6 / 3):
        order = sent("job_2", 1_791_000_000.1 + later, 0.1 + 3600)
        assert (await desk.hand_over(order, body(job_lines(1)), "key")).replayed
    for within_s in (3600, 3601.1):
        with pytest.raises(KeyOfAnother):
            await desk.hand_over(sent("job_3", 1_791_000_001, within_s), body(job_lines(1)), "key")


async def test_the_order_of_tags_makes_no_other_job(jobs: SqliteJobs) -> None:
    desk = JobDesk(jobs)
    await desk.hand_over(an_order(metadata={"a": "1", "b": "2"}), body(job_lines(1)), "key")
    turned = an_order("job_2", metadata={"b": "2", "a": "1"})
    assert (await desk.hand_over(turned, body(job_lines(1)), "key")).replayed
    other = an_order("job_3", metadata={"b": "1", "a": "2"})
    with pytest.raises(KeyOfAnother):
        await desk.hand_over(other, body(job_lines(1)), "key")


@pytest.mark.parametrize(
    ("parts", "fault"),
    [((b"\n",), BodyRejected), ((b"x" * (21 * 2**20),), BodyTooLarge)],
    ids=["no line", "a long line"],
)
async def test_of_a_job_that_is_not_taken_nothing_is_kept(
    jobs: SqliteJobs, parts: tuple[bytes, ...], fault: type[Exception]
) -> None:
    desk = JobDesk(jobs)
    with pytest.raises(fault):
        await desk.hand_over(an_order(), body(*parts), "key")
    assert await desk.of_tenant("default", None, 10) == []
    assert not (await desk.hand_over(an_order("job_2"), body(job_lines(1)), "key")).replayed


async def test_a_client_that_goes_away_leaves_nothing(jobs: SqliteJobs) -> None:
    desk, begun = JobDesk(jobs), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield job_lines(300)
        begun.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(desk.hand_over(an_order(), endless(), "key"))
    await begun.wait()
    with pytest.raises(KeyInUse):
        await desk.hand_over(an_order("job_2"), body(job_lines(300)), "key")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await desk.of_tenant("default", None, 10) == []
    assert not (await desk.hand_over(an_order("job_3"), body(job_lines(300)), "key")).replayed


async def test_a_reception_that_paused_too_long_gives_way_to_who_took_its_key(
    jobs: SqliteJobs, clock: Clock
) -> None:
    desk = JobDesk(jobs)

    async def paused() -> AsyncIterator[bytes]:
        yield job_lines(256)
        clock.now += HELD_S + 1
        await desk.hand_over(an_order("job_2"), body(job_lines(257)), "key")
        yield a_job_line("item-256")

    with pytest.raises(KeyInUse):
        await desk.hand_over(an_order(), paused(), "key")
    assert [one.id for one in await desk.of_tenant("default", None, 10)] == ["job_2"]
    again = await desk.hand_over(an_order("job_3"), body(job_lines(257)), "key")
    assert (again.replayed, again.job.id) == (True, "job_2")


async def test_a_key_is_held_while_lines_come_though_slowly(jobs: SqliteJobs, clock: Clock) -> None:
    desk = JobDesk(jobs, renew_s=0.01)

    async def slow() -> AsyncIterator[bytes]:
        for n in range(3):
            yield a_job_line(f"item-{n}")[:-1]
            clock.now += HELD_S - 1
            await asyncio.sleep(0.1)
            with pytest.raises(KeyInUse):
                await desk.hand_over(an_order("job_2"), body(job_lines(3)), "key")
            yield b"}\n"

    told = await desk.hand_over(an_order(), slow(), "key")
    assert told.job.counts.total == 3
    assert (await desk.hand_over(an_order("job_3"), body(job_lines(3)), "key")).replayed


async def test_a_key_whose_server_died_is_free_soon(jobs: SqliteJobs, clock: Clock) -> None:
    desk = JobDesk(jobs)

    async def killed() -> AsyncIterator[bytes]:
        yield job_lines(300)
        clock.now += HELD_S
        made = await desk.hand_over(an_order("job_2"), body(job_lines(300)), "key")
        assert not made.replayed
        yield job_lines(300)

    with pytest.raises(KeyInUse):
        await desk.hand_over(an_order(), killed(), "key")


async def test_a_job_that_is_deleted_while_it_is_received_says_so_and_frees_its_key(jobs: SqliteJobs) -> None:
    desk = JobDesk(jobs)

    async def deleted() -> AsyncIterator[bytes]:
        yield job_lines(300)
        await desk.delete("default", "job_1")
        yield a_job_line("item-300")

    with pytest.raises(JobDeleted):
        await desk.hand_over(an_order(), deleted(), "key")
    assert await desk.of_tenant("default", None, 10) == []
    assert not (await desk.hand_over(an_order("job_2"), body(job_lines(1)), "key")).replayed


async def test_a_job_whose_reception_was_cut_was_not_deleted(jobs: SqliteJobs) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield job_lines(300)
        await jobs.fail("job_1", [])

    with pytest.raises(StoreError, match="could not be put on record"):
        await JobDesk(jobs).hand_over(an_order(), cut())


@pytest.mark.parametrize(("key", "step"), [(None, "tell its rules"), ("a key", "reserve")])
async def test_a_ledger_that_is_away_is_told_as_what_it_means_to_the_caller(
    key: str | None, step: str
) -> None:
    async with open_jobs("redis://127.0.0.1:9/0") as away:
        with pytest.raises(StoreError, match=f"the job could not be put on record: redis failed to {step}"):
            await JobDesk(away).hand_over(an_order(), body(job_lines(1)), key)


async def test_tenants_know_nothing_of_each_other(jobs: SqliteJobs) -> None:
    desk = JobDesk(jobs)
    await desk.hand_over(an_order(tenant="a"), body(job_lines(1)))
    for asked in (
        desk.get("b", "job_1"),
        desk.version("b", "job_1"),
        desk.size("b", "job_1", "results"),
        desk.cancel("b", "job_1"),
        desk.delete("b", "job_1"),
        desk.get("a", "job_2"),
    ):
        with pytest.raises(JobNotFound):
            await asked
    assert await desk.of_tenant("b", None, 10) == []
    assert (await desk.get("a", "job_1")).state == "in_progress"
    await desk.delete("a", "job_1")
    with pytest.raises(JobNotFound):
        await desk.get("a", "job_1")


class Unasked(SqliteJobs):
    """A ledger that nobody may ask for an id that no job has."""

    async def get(self, job: str) -> JobRecord | None:
        assert ":" not in job
        return await super().get(job)

    async def of_tenant(self, tenant: str, after: str | None, limit: int) -> list[JobRecord]:
        assert after is None or ":" not in after
        return await super().of_tenant(tenant, after, limit)


async def test_the_ledger_is_not_asked_for_what_is_no_id() -> None:
    async with aclosing(Unasked(None)) as unasked:
        desk = JobDesk(unasked)
        job = (await desk.hand_over(an_order(new_id()), body(job_lines(1)))).job.id
        assert (await desk.get("default", job)).id == job
        for odd in (f"{job}:in", f":{job}", f"{job}\n:", ":"):
            with pytest.raises(JobNotFound):
                await desk.get("default", odd)
            assert await desk.of_tenant("default", odd, 10) == []


async def test_sums_with_an_unknown_part_are_null(jobs: SqliteJobs) -> None:
    desk = JobDesk(jobs)
    await desk.hand_over(an_order(), body(job_lines(2)))
    one, two = await jobs.claim("w", 2)
    await jobs.finish(one, Line("results", b"{}\n", "scored", Spent(10, 5, 300)))
    usage = (await desk.get("default", "job_1")).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cost_microusd) == (10, 5, 300)
    await jobs.finish(two, Line("results", b"{}\n", "scored", Spent(None, 5, None)))
    told = await desk.get("default", "job_1")
    assert (told.usage.input_tokens, told.usage.output_tokens, told.usage.cost_microusd) == (None, None, None)
    assert told.completed_at is not None
    assert told.kept_until == pytest.approx(told.completed_at + 30 * 86_400)


def test_ids_are_not_guessed() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
    assert new_id().startswith("job_")
