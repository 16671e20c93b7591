"""Jobs for tests: their lines, a scorer that does as told, and a ledger whose time tests move."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from serving import order as a_score_order

from judge_service.api.problems import end_of_item
from judge_service.domain.job import JobOrder
from judge_service.domain.score import Failure, Score
from judge_service.errors import StoreError
from judge_service.jobs.items import Items
from judge_service.jobs.sqlite import SqliteJobs
from judge_service.jobs.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

    from judge_service.backends.purse import Purse
    from judge_service.domain.request import ScoreRequest
    from judge_service.jobs.base import JobBackend

LEASE_S = 30.0


class Clock:
    """Wall time that tests move."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def a_job_line(custom_id: str, response: str | None = None, **fields: Any) -> bytes:
    """One line of a job; the response is the custom_id unless told otherwise."""
    body = a_score_order(response or f"Pneumonia on the right, {custom_id}.", **fields)
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/scores", "body": body}
    return json.dumps(line).encode()


def job_lines(count: int, **fields: Any) -> bytes:
    """The body of a job: `item-0`, `item-1` and so on."""
    return b"".join(a_job_line(f"item-{n}", **fields) + b"\n" for n in range(count))


def an_order(name: str = "job_1", **overrides: Any) -> JobOrder:
    now = time.time()
    return JobOrder.model_validate({"id": name, "created_at": now, "expires_at": now + 3600, **overrides})


def a_score(outcome: str = "scored", **fields: Any) -> Score:
    """A score as the scorer gives it; without an answer unless the outcome is `scored`."""
    provenance = {
        "rubric": "medical-qa@1",
        "rubric_digest": "d",
        "prompt_digest": "d",
        "judge": "default",
        "judge_kind": "openai",
        "is_llm": True,
        "instrument": "llm",
        "mode": "text",
        "schema_mode": "json_schema",
        "cache": "miss",
        "attempts": [{"outcome": "ok", "latency_ms": 1.0, "input_tokens": 10, "output_tokens": 5}],
        "usage": {"input_tokens": 10, "output_tokens": 5},
        "spent_microusd": 300,
        "service_version": "0",
        **fields.pop("provenance", {}),
    }
    number = 75.0 if outcome == "scored" else None
    plain = {"id": "score_1", "outcome": outcome, "score": number, "criteria": {}, "provenance": provenance}
    return Score.model_validate(plain | fields)


def no_answer(*, retryable: bool = True, retry_after_s: float | None = None) -> Score:
    failure = Failure(
        code="unavailable", detail="not there", retryable=retryable, retry_after_s=retry_after_s
    )
    return a_score("provider_error", reason="not there", failure=failure)


class Scorer:
    """Says of each case what `says` says of its response, and counts."""

    def __init__(self, says: Callable[[str], Awaitable[Score]] | None = None) -> None:
        self._says = says
        self.asked: list[str] = []
        self.now = 0
        self.peak = 0

    async def __call__(
        self, request: ScoreRequest, *, tenant: str, deadline: float, purse: Purse | None
    ) -> Score:
        self.asked.append(request.case.response)
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(0)
            return a_score() if self._says is None else await self._says(request.case.response)
        finally:
            self.now -= 1


def a_worker(jobs: JobBackend, scorer: Scorer, *, name: str = "w", slots: int = 8, **parts: Any) -> Worker:
    return Worker(jobs, Items(scorer, end_of_item), name=name, slots=slots, **parts)


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[Worker]:
    """Let a worker run, and end it at the end as a stop does."""
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def a_file_ledger(
    folder: Path, clock: Clock | None = None, lease_s: float = LEASE_S
) -> AsyncIterator[SqliteJobs]:
    jobs = SqliteJobs(folder / "jobs.sqlite", lease_s=lease_s, clock=clock or time.time)
    await jobs.open_file()
    try:
        yield jobs
    finally:
        await jobs.aclose()


async def opened(jobs: JobBackend, lines: Iterable[bytes], **order: Any) -> str:
    """Put a job on record."""
    one, items = an_order(**order), list(lines)
    await jobs.begin(one, LEASE_S)
    await jobs.add(one.id, 0, items, [], LEASE_S)
    await jobs.open(one.id, len(items), None)
    return one.id


async def ended(jobs: JobBackend, job: str, within_s: float = 10.0) -> str:
    """Wait until a job is in a final state; gives the state."""
    async with asyncio.timeout(within_s):
        while True:
            record = await jobs.get(job)
            assert record is not None
            if record.state in {"completed", "failed", "expired", "cancelled"}:
                return record.state
            await asyncio.sleep(0.01)


async def told_lines(jobs: JobBackend, job: str, kind: Any) -> list[dict[str, Any]]:
    """The lines of one of a job's files."""
    record = await jobs.get(job)
    assert record is not None
    size = record.results_bytes if kind == "results" else record.errors_bytes
    raw = b"".join([part async for part in jobs.read(job, kind, 0, size)])
    assert len(raw) == size
    return [json.loads(line) for line in raw.splitlines()]


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 (a count is watched)
            await asyncio.sleep(0.005)


class Mortal:
    """A ledger as one worker has it. Once dead, nothing of that worker reaches it: it was killed."""

    def __init__(self, jobs: JobBackend) -> None:
        self.dead = False
        self.lease_s = jobs.lease_s
        self._jobs = jobs

    def pulse(self, worker: str) -> Callable[[Iterable[object]], None]:
        return lambda _: None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if self.dead:
            return _unreachable
        found: Callable[..., Any] = getattr(self._jobs, name)
        return found


async def _unreachable(*_: object) -> None:
    raise StoreError("its worker is dead")
