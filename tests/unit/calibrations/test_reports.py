"""Reports that nobody waits for: one for a question, by one replica, taken up again after a crash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from judge_service.calibrations.archive import Archive
from judge_service.calibrations.reports import Reports
from judge_service.errors import (
    BodyTooLarge,
    NotEnough,
    OptionRejected,
    ReportNotFound,
    StoreError,
    StudyNotFound,
)
from judge_service.stores.archive import MAX_DOCUMENT_BYTES
from judge_service.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping


class Statistician:
    """Takes until it is let go, and counts."""

    def __init__(self, *, busy: bool = False, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.free = asyncio.Event()
        self.error = error
        self.text = '{"b": 1, "a": 2}'
        if not busy:
            self.free.set()

    async def report(self, study_id: str, options: Mapping[str, object]) -> str:
        self.asked.append((study_id, options))
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.text


class Replica:
    """One process on a shared store."""

    def __init__(self, store: MemoryStore, **how: Any) -> None:
        self.statistician = Statistician(**how)
        self.reports = Reports(Archive(store, {}), self.statistician.report)


async def found(reports: Reports, report_id: str) -> str:
    async with asyncio.timeout(5):
        while (told := await reports.find(report_id)) is None:  # noqa: ASYNC110  it is found by looking
            await asyncio.sleep(0)
    return told


async def test_a_report_is_computed_once_and_kept_byte_for_byte() -> None:
    one = Replica(MemoryStore())
    first, state = await one.reports.submit("s", {"seed": 7, "resamples": 0})
    assert state == "in_progress"
    assert await found(one.reports, first) == '{"b": 1, "a": 2}'
    assert await one.reports.submit("s", {"resamples": 0, "seed": 7}) == (first, "completed")
    assert await found(one.reports, first) == '{"b": 1, "a": 2}'
    assert one.statistician.asked == [("s", {"seed": 7, "resamples": 0})]


async def test_another_question_is_another_report() -> None:
    one = Replica(MemoryStore())
    ids = [
        (await one.reports.submit(*question))[0] for question in (("s", {}), ("t", {}), ("s", {"seed": 1}))
    ]
    assert len(set(ids)) == 3


async def test_two_replicas_do_not_compute_the_same_at_one_time() -> None:
    store = MemoryStore()
    one, other = Replica(store, busy=True), Replica(store, busy=True)
    report_id, _ = await one.reports.submit("s", {})
    await asyncio.sleep(0.05)
    assert await other.reports.submit("s", {}) == (report_id, "in_progress")
    assert await other.reports.find(report_id) is None
    await asyncio.sleep(0.05)
    assert (len(one.statistician.asked), len(other.statistician.asked)) == (1, 0)
    one.statistician.free.set()
    assert await found(other.reports, report_id) == '{"b": 1, "a": 2}'


async def test_what_a_replica_has_left_is_taken_up_by_whoever_looks() -> None:
    store = MemoryStore()
    one, other = Replica(store, busy=True), Replica(store)
    report_id, _ = await one.reports.submit("s", {"seed": 3})
    await asyncio.sleep(0.05)
    await one.reports.aclose()
    assert await found(other.reports, report_id) == '{"b": 1, "a": 2}'
    assert other.statistician.asked == [("s", {"seed": 3})]


async def test_after_a_kill_the_lease_runs_out_and_the_next_look_takes_it_up() -> None:
    clock = [0.0]
    store = MemoryStore(clock=lambda: clock[0])
    other = Replica(store)
    report_id, _ = await other.reports.submit("s", {})
    await found(other.reports, report_id)
    archive = Archive(store, {})
    record = {"state": "in_progress", "study": "s", "order": {}}
    assert await archive.replace_report(report_id, await archive.report(report_id), record)
    assert await store.lead(f"calibration-report:{report_id}", "killed", 30)
    assert await other.reports.find(report_id) is None
    await asyncio.sleep(0.05)
    assert len(other.statistician.asked) == 1
    clock[0] += 31
    await found(other.reports, report_id)
    assert len(other.statistician.asked) == 2


@pytest.mark.parametrize(
    "error",
    [
        OptionRejected("option 'seed'", (("/options/seed", "is a number"),)),
        NotEnough("ten"),
        StudyNotFound("gone"),
    ],
)
async def test_what_was_at_fault_is_told_to_who_looks_and_computed_again_for_who_asks_again(
    error: Exception,
) -> None:
    one = Replica(MemoryStore(), error=error)
    report_id, _ = await one.reports.submit("s", {})
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            await found(one.reports, report_id)
        assert str(caught.value) == str(error)
        assert getattr(caught.value, "faults", None) == getattr(error, "faults", None)
    assert len(one.statistician.asked) == 1
    one.statistician.error = None
    assert await one.reports.submit("s", {}) == (report_id, "in_progress")
    assert await found(one.reports, report_id) == '{"b": 1, "a": 2}'


async def test_a_report_that_is_too_large_to_be_kept_is_said_to_be() -> None:
    one = Replica(MemoryStore())
    one.statistician.text = "x" * (MAX_DOCUMENT_BYTES + 1)
    report_id, _ = await one.reports.submit("s", {})
    with pytest.raises(BodyTooLarge, match="report is larger than the 64 MiB"):
        await found(one.reports, report_id)


async def test_a_fault_of_ours_is_one_and_told_as_one() -> None:
    one = Replica(MemoryStore(), error=ZeroDivisionError("SECRET"))
    report_id, _ = await one.reports.submit("s", {})
    with pytest.raises(RuntimeError) as caught:
        await found(one.reports, report_id)
    assert "SECRET" not in str(caught.value)


async def test_a_store_that_fails_leaves_the_question_open() -> None:
    one = Replica(MemoryStore(), error=StoreError("away"))
    report_id, _ = await one.reports.submit("s", {})
    await asyncio.sleep(0.05)
    one.statistician.error = None
    assert await found(one.reports, report_id)


async def test_a_report_that_is_forgotten_is_computed_no_longer() -> None:
    one = Replica(MemoryStore(), busy=True)
    report_id, _ = await one.reports.submit("s", {})
    await asyncio.sleep(0.05)
    await one.reports.drop(report_id)
    one.statistician.free.set()
    await asyncio.sleep(0.05)
    with pytest.raises(ReportNotFound):
        await one.reports.find(report_id)


async def test_a_report_that_is_forgotten_through_another_replica_does_not_come_back() -> None:
    store = MemoryStore()
    one, other = Replica(store, busy=True), Replica(store)
    report_id, _ = await one.reports.submit("s", {})
    await asyncio.sleep(0.05)
    await other.reports.drop(report_id)
    one.statistician.free.set()
    await asyncio.sleep(0.05)
    for replica in (one, other):
        with pytest.raises(ReportNotFound):
            await replica.reports.find(report_id)
