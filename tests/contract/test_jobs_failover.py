"""A master dies with what it had acknowledged: its replica takes over, and the job ends with every item once."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest
from faultproxy import FaultProxy
from flightdeck import until
from jobsbench import a_line, all_of, opened
from redis.asyncio import Redis
from sentinels import NAME, Group, coming, sentinel_group

from judge_service.errors import StoreError
from judge_service.jobs.opening import open_jobs
from judge_service.stores.opening import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.jobs.base import Claim, JobBackend
    from judge_service.stores.base import Store

pytestmark = pytest.mark.clocked

ITEMS = 600
WORK_S = 0.01
RESUMED_WITHIN_S = 15.0
LEASE_S = 3.0


@pytest.fixture
async def group() -> AsyncIterator[Group]:
    async with sentinel_group() as one:
        yield one


@dataclass
class Fleet:
    """Two workers, and one who mends; they go on whatever the ledger says."""

    jobs: JobBackend
    job: str
    acknowledged: int = 0
    failures: int = 0
    resumed_at: float | None = None
    killed_at: float | None = None
    mended: list[int] = field(default_factory=list)

    async def work(self, name: str) -> None:
        beat = self.jobs.pulse(name)
        while await self.goes_on():
            try:
                claims = await self.jobs.claim(name, 4)
                await asyncio.to_thread(beat, claims)
            except StoreError:
                await self.fail()
                continue
            await asyncio.sleep(WORK_S)
            for claim in claims:
                await self.finish(claim)

    async def finish(self, claim: Claim) -> None:
        while True:
            try:
                written = await self.jobs.finish(claim, a_line(json.dumps({"i": claim.index})))
            except StoreError:
                await self.fail()
                continue
            self.acknowledged += written
            if self.killed_at is not None and self.resumed_at is None:
                self.resumed_at = time.monotonic()
            return

    async def mend(self) -> None:
        while await self.goes_on():
            await asyncio.sleep(1)
            try:
                self.mended.append(await self.jobs.mend())
            except StoreError:
                await self.fail()

    async def goes_on(self) -> bool:
        try:
            return (await self.jobs.states([self.job]))[self.job] != "completed"
        except StoreError:
            await self.fail()
            return True

    async def fail(self) -> None:
        self.failures += 1
        await asyncio.sleep(0.1)


async def test_a_job_outlives_its_master(
    group: Group, record_property: Callable[[str, object], None]
) -> None:
    async with open_jobs(group.url, lease_s=LEASE_S) as jobs:
        fleet = Fleet(jobs, await opened(jobs, ITEMS))
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for run in (fleet.work("one"), fleet.work("two"), fleet.mend()):
                tasks.create_task(run)
            await until(lambda: fleet.acknowledged >= ITEMS // 4)
            await group.part()
            await until(lambda: fleet.acknowledged >= ITEMS // 2)
            group.kill_master()
            fleet.killed_at = time.monotonic()
        record = await jobs.get(fleet.job)
        assert record is not None
        lines = [json.loads(line)["i"] for line in (await all_of(jobs, fleet.job, "results")).splitlines()]
        assert sorted(lines) == list(range(ITEMS))
        assert (record.state, record.completed, record.failed) == ("completed", ITEMS, 0)
        assert fleet.acknowledged > ITEMS  # the master took some with it: those were scored again
        assert fleet.failures
        assert fleet.resumed_at is not None
        assert fleet.resumed_at - fleet.killed_at < RESUMED_WITHIN_S
        record_property("resumed after s", round(fleet.resumed_at - fleet.killed_at, 1))
        record_property("scored again", fleet.acknowledged - ITEMS)


async def test_a_job_that_is_handed_over_is_on_a_replica_unless_that_is_silent(group: Group) -> None:
    async with open_jobs(group.url) as jobs:
        await opened(jobs, 1, id="job_1")
        async with Redis(port=group.replica_port) as replica:
            assert await replica.hget("js:jobs:j:job_1", "state") == b"in_progress"
        group.replica.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        await opened(jobs, 1, id="job_2")
        assert time.monotonic() - began > 0.4
        group.replica.send_signal(signal.SIGCONT)


async def test_the_store_follows_as_well(group: Group) -> None:
    async with open_store(group.url) as store:
        await store.put("k", b"v", 60)
        await store.keep("kept", b"w")
        await group.replicated()
        group.kill_master()
        assert not await can_write(store)
        await coming(partial(can_write, store), RESUMED_WITHIN_S)
        assert await store.kept("kept") == b"w"
        assert await store.lead("lease", "token", 5)


async def test_a_sentinel_that_is_silent_costs_one_call(group: Group) -> None:
    async with FaultProxy(group.ports[0], mode="blackhole") as silent:
        url = f"redis+sentinel://127.0.0.1:{silent.port},127.0.0.1:{group.ports[1]}/{NAME}"
        async with open_store(url) as store, open_jobs(url) as jobs:
            assert [await can_write(store), await can_write(store)] == [False, True]
            assert await jobs.workers() == 0
            await asyncio.to_thread(jobs.pulse("w"), [])
            assert await jobs.workers() == 1


async def test_a_master_that_asks_for_a_password_gets_it(group: Group) -> None:
    async with Redis(port=group.master_port) as master:
        await master.config_set("requirepass", "p@ss")
    for account, works in (("", False), (":p%40ss@", True), ("default:p%40ss@", True)):
        async with open_store(group.url.replace("://", f"://{account}")) as store:
            assert await can_write(store) == works


async def test_sentinels_that_ask_for_a_password_get_it(group: Group) -> None:
    for port in group.ports:
        async with Redis(port=port) as sentinel:
            await sentinel.acl_setuser("default", enabled=True, reset_passwords=True, passwords="+s@ss")
    for options, works in (("", False), ("?sentinel_password=s%40ss", True)):
        async with open_store(group.url + options) as store, open_jobs(group.url + options) as jobs:
            assert await can_write(store) == works
            with nullcontext() if works else pytest.raises(StoreError):
                await asyncio.to_thread(jobs.pulse("w"), [])


async def can_write(store: Store) -> bool:
    try:
        await store.put("new", b"v", 60)
    except StoreError:
        return False
    return True
