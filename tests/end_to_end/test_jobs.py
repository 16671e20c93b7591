"""Jobs and what goes wrong around them: short forms of `make test-faults`."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest
from jobclient import finished, hand_over, job_ended, nothing_lost_or_doubled, when
from jobwork import job_lines, until
from serving import openai_judge, served, serving, speaking_to
from stubjudge import StubJudge

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.clocked

SLOTS = 16


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_process_that_is_stopped_loses_and_doubles_nothing(tmp_path: Path, how: int) -> None:
    settings = {"store_url": f"file://{tmp_path}/store", "job_slots": str(SLOTS), "job_lease_s": "0.5"}
    async with StubJudge(latency_s=0.1) as stub:
        judges = {"default": openai_judge(stub.url)}
        with served(tmp_path, judges, **settings) as first:
            async with speaking_to(first.url) as client:
                job = (await hand_over(client, job_lines(160))).body["id"]
                before = finished(await when(client, job, lambda told: finished(told) >= 20, 10, 0.02))
                first.popen.send_signal(how)
                await asyncio.to_thread(first.popen.wait, 10)
        assert before < 160
        with served(tmp_path, judges, **settings) as second:
            async with speaking_to(second.url) as client:
                await job_ended(client, job, 10, 0.05)
                await nothing_lost_or_doubled(client, job, 160)
    assert stub.count <= 160 + (SLOTS if how == signal.SIGKILL else 0)


async def test_two_workers_on_one_file_share_a_job_and_a_frozen_one_is_passed_over(tmp_path: Path) -> None:
    settings = {"store_url": f"file://{tmp_path}/store", "job_slots": str(SLOTS), "job_lease_s": "0.5"}
    async with StubJudge(latency_s=0.2) as stub:
        judges = {"default": openai_judge(stub.url)}
        with served(tmp_path, judges, **settings) as one, served(tmp_path, judges, **settings) as other:
            async with speaking_to(one.url) as client, speaking_to(other.url):
                job = (await hand_over(client, job_lines(300))).body["id"]
                await until(lambda: stub.in_flight == 2 * SLOTS, 5)
                other.popen.send_signal(signal.SIGSTOP)
                await asyncio.sleep(1.0)
                other.popen.send_signal(signal.SIGCONT)
                await job_ended(client, job, 15, 0.05)
                await nothing_lost_or_doubled(client, job, 300)
    assert stub.count <= 300 + 2 * SLOTS


@pytest.mark.parametrize("how", ["cancel", "delete"])
async def test_what_is_in_work_for_a_cancelled_job_is_over_within_a_second(how: str) -> None:
    async with (
        StubJudge(latency_s=30.0) as stub,
        serving({"default": openai_judge(stub.url)}, job_slots=SLOTS) as client,
    ):
        job = (await hand_over(client, job_lines(40))).body["id"]
        await until(lambda: stub.in_flight == SLOTS, 5)
        began = time.monotonic()
        if how == "cancel":
            await client.send("POST", f"/v1/jobs/{job}/cancel")
        else:
            await client.send("DELETE", f"/v1/jobs/{job}")
        await until(lambda: stub.in_flight == 0, 2)
        assert time.monotonic() - began < 1.0
        if how == "cancel":
            told = await job_ended(client, job, 5, 0.05)
            assert (told["state"], told["counts"]["failed"]) == ("cancelled", 40)
            await nothing_lost_or_doubled(client, job, 40, errors=40)
        assert stub.count == SLOTS


async def test_a_storm_of_429_through_a_job_wastes_few_calls() -> None:
    async with StubJudge(latency_s=0.2, rate_per_s=50) as stub:
        judges = {"default": openai_judge(stub.url, max_attempts=5)}
        async with serving(judges, job_slots=64) as client:
            job = (await hand_over(client, job_lines(150))).body["id"]
            told = await job_ended(client, job, 20, 0.05)
    assert told["outcomes"] == {"scored": 150}
    assert stub.count - 150 <= 30  # a tenth in the long form; here the first "no" weighs more


async def test_a_judge_that_is_away_for_a_while_costs_a_job_nothing() -> None:
    async with StubJudge() as stub:
        stub.plays(*["fault_500"] * 4, "normal")
        async with serving({"default": openai_judge(stub.url)}, job_slots=2) as client:
            job = (await hand_over(client, job_lines(8))).body["id"]
            told = await job_ended(client, job, 20, 0.05)
    assert told["outcomes"] == {"scored": 8}
