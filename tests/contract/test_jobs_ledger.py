"""What every ledger of jobs keeps to, whatever it is made of."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from jobsbench import LEASE_S, Clock, RedisBench, a_line, all_of, an_order, opened, redis_bench

from judge_service.domain.job import EXPIRES_CAP_S, KEPT_DEFAULT_S, JobFault
from judge_service.errors import StoreError
from judge_service.jobs.base import Claim, JobBackend, Spent
from judge_service.jobs.sqlite import SqliteJobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class LedgerContract:
    """Subclasses give `jobs`, empty, their clock, and a way to let the leases of all claims lapse."""

    clock: Clock

    @pytest.fixture
    def jobs(self) -> JobBackend:
        raise NotImplementedError

    async def lapse(self, jobs: JobBackend) -> None:
        """Let time pass until every lease is over."""
        raise NotImplementedError

    async def test_items_go_out_once_and_the_last_end_completes_the_job(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 5)
        claims = await jobs.claim("w", 3)
        assert [claim.index for claim in claims] == [0, 1, 2]
        assert {claim.deliveries for claim in claims} == {1}
        assert await jobs.items(claims) == [b"item 0", b"item 1", b"item 2"]
        claims += await jobs.claim("w", 10)
        assert len(claims) == 5
        assert await jobs.claim("w", 10) == []
        for claim in claims:
            record = await jobs.get(job)
            assert record is not None
            assert record.state == "in_progress"
            assert await jobs.finish(claim, a_line(f'{{"n": {claim.index}}}'))
        record = await jobs.get(job)
        assert record is not None
        assert (record.state, record.total, record.completed, record.failed) == ("completed", 5, 5, 0)
        assert record.outcomes == {"scored": 5}
        assert (record.input_tokens, record.output_tokens, record.microusd) == (50, 25, 1500)
        assert set(record.times) == {"validating", "in_progress", "finalizing", "completed"}
        assert (await all_of(jobs, job, "results")).count(b"\n") == 5

    async def test_a_job_that_is_forgotten_while_it_is_received_takes_no_more(self, jobs: JobBackend) -> None:
        await jobs.begin(an_order(), LEASE_S)
        await jobs.add("job_1", 0, [b"a"], [], LEASE_S)
        await jobs.forget("job_1")
        with pytest.raises(StoreError):
            await jobs.add("job_1", 1, [b"b"], [], LEASE_S)
        with pytest.raises(StoreError):
            await jobs.open("job_1", 1, None)
        assert await jobs.get("job_1") is None

    async def test_the_first_end_of_an_item_stays(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 2)
        one, _ = await jobs.claim("w", 2)
        assert await jobs.finish(one, a_line('"first"'))
        assert not await jobs.finish(one, a_line('"second"'))
        assert not await jobs.finish(one, a_line('"third"', kind="errors", outcome="timeout"))
        assert await all_of(jobs, job, "results") == b'"first"\n'
        record = await jobs.get(job)
        assert record is not None
        assert (record.completed, record.failed, record.errors_bytes) == (1, 0, 0)
        assert await jobs.items([one]) == [None]

    async def test_a_version_grows_with_every_change(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 1)
        before = await jobs.get(job)
        (claim,) = await jobs.claim("w", 1)
        await jobs.finish(claim, a_line())
        after = await jobs.get(job)
        assert before is not None
        assert after is not None
        assert after.version > before.version

    async def test_ranges_of_a_file_are_exact(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 300)
        for claim in await jobs.claim("w", 300):
            await jobs.finish(claim, a_line(f'"{claim.index:0{1 + claim.index % 7}}"'))
        whole = await all_of(jobs, job, "results")
        assert whole.count(b"\n") == 300
        for start, end in ((0, 1), (0, len(whole)), (5, 9), (7, 700), (len(whole) - 1, len(whole)), (13, 13)):
            assert await all_of(jobs, job, "results", start, end) == whole[start:end]

    async def test_what_was_begun_and_left_comes_back_and_is_counted(self, jobs: JobBackend) -> None:
        await opened(jobs, 2)
        first = await jobs.claim("dies", 2)
        assert await jobs.claim("lives", 2) == []
        await self.lapse(jobs)
        again = await jobs.claim("lives", 2)
        assert sorted(claim.index for claim in again) == [0, 1]
        assert {claim.deliveries for claim in again} == {2}
        assert await jobs.finish(first[0], a_line('"late, but first"'))
        assert not await jobs.finish(next(c for c in again if c.index == first[0].index), a_line())

    async def test_a_beating_worker_keeps_what_it_has(self, jobs: JobBackend) -> None:
        await opened(jobs, 1)
        claims = await jobs.claim("beats", 1)
        beat = jobs.pulse("beats")
        await self.lapse(jobs)
        beat(claims)
        assert await jobs.claim("other", 1) == []
        assert await jobs.workers() == 1

    async def test_what_is_handed_back_is_free_at_once_and_no_delivery(self, jobs: JobBackend) -> None:
        await opened(jobs, 3)
        claims = await jobs.claim("goes", 3)
        await jobs.hand_back("other", claims)
        assert await jobs.claim("stays", 3) == []
        await jobs.hand_back("goes", claims)
        again = await jobs.claim("stays", 3)
        assert sorted(claim.index for claim in again) == [0, 1, 2]
        assert {claim.deliveries for claim in again} == {1}

    async def test_lines_that_are_no_items_are_errors_and_count(self, jobs: JobBackend) -> None:
        one = an_order()
        await jobs.begin(one, LEASE_S)
        bad = a_line('"bad"', kind="errors", outcome="bad_line")
        await jobs.add(one.id, 0, [b"good"], [bad], LEASE_S)
        await jobs.open(one.id, 1, None)
        (claim,) = await jobs.claim("w", 9)
        await jobs.finish(claim, a_line())
        record = await jobs.get(one.id)
        assert record is not None
        assert (record.state, record.total, record.completed, record.failed) == ("completed", 2, 1, 1)
        assert record.outcomes == {"scored": 1, "bad_line": 1}
        assert await all_of(jobs, one.id, "errors") == b'"bad"\n'

    async def test_what_is_added_again_changes_nothing(self, jobs: JobBackend) -> None:
        one = an_order()
        await jobs.begin(one, LEASE_S)
        bad = a_line('"bad"', kind="errors", outcome="bad_line")
        for _ in range(2):
            await jobs.add(one.id, 0, [b"a", b"b"], [bad], LEASE_S)
        await jobs.add(one.id, 2, [b"c"], [], LEASE_S)
        await jobs.open(one.id, 3, None)
        record = await jobs.get(one.id)
        assert record is not None
        assert (record.total, record.failed, record.outcomes) == (4, 1, {"bad_line": 1})
        assert await all_of(jobs, one.id, "errors") == b'"bad"\n'

    async def test_nothing_goes_out_before_all_is_received(self, jobs: JobBackend) -> None:
        one = an_order()
        await jobs.begin(one, LEASE_S)
        await jobs.add(one.id, 0, [b"good"], [], LEASE_S)
        assert await jobs.claim("w", 9) == []
        assert [record.state for record in await jobs.due()] == []
        await self.lapse(jobs)
        assert [record.order.id for record in await jobs.due()] == [one.id]
        await jobs.fail(one.id, [JobFault(code="cut", message="the lines ended early")])
        record = await jobs.get(one.id)
        assert record is not None
        assert record.state == "failed"
        assert record.faults[0].code == "cut"
        with pytest.raises(StoreError):
            await jobs.add(one.id, 1, [b"more"], [], LEASE_S)

    async def test_a_job_of_bad_lines_only_ends_when_it_is_opened(self, jobs: JobBackend) -> None:
        one = an_order()
        await jobs.begin(one, LEASE_S)
        await jobs.add(one.id, 0, [], [a_line(kind="errors", outcome="bad_line")], LEASE_S)
        await jobs.open(one.id, 0, None)
        record = await jobs.get(one.id)
        assert record is not None
        assert (record.state, record.failed) == ("completed", 1)

    async def test_cancelling_gives_nothing_out_and_ends_with_the_last_line(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 3)
        (claim,) = await jobs.claim("w", 1)
        await jobs.end(job, "cancelled")
        assert await jobs.claim("w", 3) == []
        assert (await jobs.states([job, "job_none"])) == {job: "cancelling"}
        assert [record.order.id for record in await jobs.due()] == [job]
        assert await jobs.finish(claim, a_line())
        left = await jobs.unfinished(job, 10)
        assert [(one.index, blob) for one, blob in left] == [(1, b"item 1"), (2, b"item 2")]
        for one, _ in left:
            assert await jobs.finish(one, a_line(kind="errors", outcome="cancelled"))
        record = await jobs.get(job)
        assert record is not None
        assert (record.state, record.completed, record.failed) == ("cancelled", 1, 2)
        await jobs.end(job, "expired")
        assert (await jobs.states([job])) == {job: "cancelled"}

    async def test_a_job_past_its_time_is_due_and_expires(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 1, expires_at=time.time() - 1)
        assert [record.order.id for record in await jobs.due()] == [job]
        await jobs.end(job, "expired")
        assert (await jobs.states([job])) == {job: "finalizing"}
        ((claim, _),) = await jobs.unfinished(job, 10)
        await jobs.finish(claim, a_line(kind="errors", outcome="expired"))
        assert (await jobs.states([job])) == {job: "expired"}

    async def test_a_final_job_takes_no_more(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 1)
        (claim,) = await jobs.claim("w", 1)
        await jobs.finish(claim, a_line())
        before = await jobs.get(job)
        assert not await jobs.finish(Claim(job, 0, 1, claim.ticket), a_line('"more"'))
        await jobs.end(job, "cancelled")
        assert await jobs.get(job) == before

    async def test_a_forgotten_job_leaves_nothing(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 2)
        (claim,) = await jobs.claim("w", 1)
        await jobs.forget(job)
        assert await jobs.get(job) is None
        assert await jobs.items([claim]) == [None]
        assert not await jobs.finish(claim, a_line())
        assert await jobs.claim("w", 1) == []
        assert await jobs.due() == []
        assert await jobs.of_tenant("default", None, 10) == []

    async def test_what_was_kept_for_its_time_is_due(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 1, kept_s=-1.0)
        (claim,) = await jobs.claim("w", 1)
        await jobs.finish(claim, a_line())
        assert [record.order.id for record in await jobs.due()] == [job]

    async def test_a_key_stands_for_one_job(self, jobs: JobBackend) -> None:
        assert (await jobs.reserve("t", "key", "job_1", LEASE_S)).state == "new"
        assert (await jobs.reserve("t", "key", "job_1", LEASE_S)).state == "new"
        assert (await jobs.reserve("t", "key", "job_2", LEASE_S)).state == "receiving"
        assert (await jobs.reserve("other", "key", "job_3", LEASE_S)).state == "new"
        await jobs.begin(an_order("job_1", tenant="t"), LEASE_S)
        await jobs.open("job_1", 0, ("t", "key", "sha"))
        known = await jobs.reserve("t", "key", "job_4", LEASE_S)
        assert (known.state, known.job, known.digest) == ("known", "job_1", "sha")
        await jobs.unreserve("t", "key", "job_1")
        assert (await jobs.reserve("t", "key", "job_4", LEASE_S)).state == "known"
        await jobs.forget("job_1")
        assert (await jobs.reserve("t", "key", "job_4", LEASE_S)).state == "new"

    async def test_a_key_stands_as_long_as_its_job_can_be_kept(self, jobs: JobBackend) -> None:
        assert (await jobs.reserve("t", "key", "job_1", LEASE_S)).state == "new"
        await jobs.begin(an_order("job_1", tenant="t"), LEASE_S)
        await jobs.open("job_1", 0, ("t", "key", "sha"))
        self.clock.now += EXPIRES_CAP_S + KEPT_DEFAULT_S
        assert (await jobs.reserve("t", "key", "job_2", LEASE_S)).state == "known"

    async def test_a_key_whose_reception_died_is_free_again(self, jobs: JobBackend) -> None:
        await jobs.reserve("t", "key", "job_1", LEASE_S)
        await self.lapse(jobs)
        assert (await jobs.reserve("t", "key", "job_2", LEASE_S)).state == "new"
        await jobs.unreserve("t", "key", "job_2")
        assert (await jobs.reserve("t", "key", "job_3", LEASE_S)).state == "new"

    async def test_jobs_are_listed_the_newest_first(self, jobs: JobBackend) -> None:
        for n in range(4):
            await opened(jobs, 0, id=f"job_{n}", tenant="other" if n == 2 else "t")
        assert [r.order.id for r in await jobs.of_tenant("t", None, 2)] == ["job_3", "job_1"]
        assert [r.order.id for r in await jobs.of_tenant("t", "job_1", 2)] == ["job_0"]
        for none_of_theirs in ("job_2", "job_9"):  # another's job is no job
            assert await jobs.of_tenant("t", none_of_theirs, 2) == []

    async def test_tenants_share_and_priority_goes_first(self, jobs: JobBackend) -> None:
        await opened(jobs, 20, id="job_a", tenant="a")
        await opened(jobs, 20, id="job_b", tenant="b")
        await opened(jobs, 2, id="job_c", tenant="a", priority="high")
        given = [claim.job for claim in await jobs.claim("w", 10)]
        assert given.count("job_c") == 2
        assert (given.count("job_a"), given.count("job_b")) == (3, 5)

    async def test_a_cap_on_concurrency_holds_for_all_workers(self, jobs: JobBackend) -> None:
        await opened(jobs, 20, concurrency=3)
        claims = await jobs.claim("one", 2)
        claims += await jobs.claim("two", 9)
        assert len(claims) == 3
        await jobs.finish(claims[0], a_line())
        assert len(await jobs.claim("two", 9)) == 1

    async def test_a_cap_on_the_rate_holds(self, jobs: JobBackend) -> None:
        await opened(jobs, 20, per_minute=60.0)
        assert len(await jobs.claim("w", 9)) == 1
        assert await jobs.claim("w", 9) == []

    async def test_what_was_given_out_and_not_finished_is_told_apart(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 3, concurrency=2)
        one, two = await jobs.claim("w", 3)
        await jobs.hand_back("w", [two])
        await jobs.end(job, "cancelled")
        left = await jobs.unfinished(job, 10)
        assert [(claim.index, claim.deliveries > 0) for claim, _ in left] == [
            (0, True),
            (1, True),
            (2, False),
        ]
        assert await jobs.finish(one, a_line())

    async def test_a_job_that_is_cancelled_while_its_lines_come_never_begins(self, jobs: JobBackend) -> None:
        one = an_order()
        await jobs.begin(one, LEASE_S)
        await jobs.add(one.id, 0, [b"a"], [], LEASE_S)
        await jobs.end(one.id, "cancelled")
        assert await jobs.states([one.id]) == {one.id: "validating"}
        await jobs.open(one.id, 1, None)
        assert await jobs.states([one.id]) == {one.id: "cancelling"}
        assert await jobs.claim("w", 1) == []
        assert [record.order.id for record in await jobs.due()] == [one.id]
        ((claim, _),) = await jobs.unfinished(one.id, 10)
        assert await jobs.finish(claim, a_line(kind="errors", outcome="cancelled"))
        assert await jobs.states([one.id]) == {one.id: "cancelled"}

    async def test_unknown_costs_are_counted_not_guessed(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 2)
        one, two = await jobs.claim("w", 2)
        await jobs.finish(one, a_line(spent=Spent(None, 4, None)))
        await jobs.finish(two, a_line(spent=Spent(1, 1, 7)))
        record = await jobs.get(job)
        assert record is not None
        assert (record.uncounted, record.unpriced, record.microusd) == (1, 1, 7)

    async def test_a_cap_on_cost_is_drawn_in_portions_and_never_passed(self, jobs: JobBackend) -> None:
        job = await opened(jobs, 1, max_cost_usd=0.000_1)
        assert await jobs.draw(job, 10, 40) == 40
        assert await jobs.draw(job, 10, 90) == 60
        assert await jobs.draw(job, 1, 1) == 0
        assert await jobs.draw(job, -30, -30) == -30
        assert await jobs.draw(job, 31, 31) == 0
        assert await jobs.draw(job, 30, 31) == 30
        assert await jobs.draw("job_none", 1, 1) == 0

    async def test_items_as_large_as_images_pass(self, jobs: JobBackend) -> None:
        one = an_order()
        large = bytes(range(256)) * 40_000
        await jobs.begin(one, LEASE_S)
        await jobs.add(one.id, 0, [large], [], LEASE_S)
        await jobs.open(one.id, 1, None)
        assert await jobs.items(await jobs.claim("w", 1)) == [large]


class TestFile(LedgerContract):
    @pytest.fixture
    async def jobs(self, tmp_path: Path) -> AsyncIterator[JobBackend]:
        self.clock = Clock()
        jobs = SqliteJobs(tmp_path / "jobs.sqlite", lease_s=LEASE_S, clock=self.clock)
        await jobs.open_file()
        yield jobs
        await jobs.aclose()

    async def lapse(self, jobs: JobBackend) -> None:
        self.clock.now += LEASE_S + 1


class TestMemory(LedgerContract):
    @pytest.fixture
    async def jobs(self) -> AsyncIterator[JobBackend]:
        self.clock = Clock()
        jobs = SqliteJobs(None, clock=self.clock)
        yield jobs
        await jobs.aclose()

    async def lapse(self, jobs: JobBackend) -> None:
        self.clock.now += LEASE_S + 1

    async def test_what_was_begun_and_left_comes_back_and_is_counted(self, jobs: JobBackend) -> None:
        await opened(jobs, 1)
        await jobs.claim("lives as long as the ledger", 1)
        await self.lapse(jobs)
        assert await jobs.claim("lives", 2) == []


class TestRedis(LedgerContract):
    bench: RedisBench

    @pytest.fixture
    async def jobs(self, redis_url: str) -> AsyncIterator[JobBackend]:
        async with redis_bench(redis_url) as self.bench:
            self.clock = self.bench.clock
            yield self.bench.jobs

    async def lapse(self, jobs: JobBackend) -> None:
        await self.bench.lapse()
