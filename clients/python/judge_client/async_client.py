"""The client for code in an event loop: the same as `client`, to be awaited."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from judge_client.address import checked, headers_of
from judge_client.async_running import AsyncRunner
from judge_client.batches import CAP, BatchItem
from judge_client.binding import AsyncMethod
from judge_client.courses import BatchStream, Download, Following
from judge_client.operations import calibration, catalogue, jobs, scoring
from judge_client.patience import Chance, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
    from types import TracebackType

    from judge_client.models import Job
    from judge_client.operations.jobs import JobError, JobResult
    from judge_client.operations.scoring import Request
    from judge_client.transport import AsyncTransport


class AsyncJudgeClient:
    """Speaks to a Judge Service; to be kept and shared, for it keeps its connections open.

    async with AsyncJudgeClient("http://127.0.0.1:8080") as client:
        match await client.score(rubric="medical-qa", response=answer, reference=known):
            case ScoredCase(score):
                print(score)
            case UnscoredCase(outcome, reason):
                print(outcome, reason)
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        connections: int = 100,
        transport: AsyncTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`headers` go with every call, a gateway's key for one. A `transport` that is given is closed with it."""
        self._runner = AsyncRunner(
            transport or _httpx(checked(url), connections),
            headers_of(tenant, headers),
            patience or Patience(),
            Chance(clock, draw),
            sleep,
        )

    score = AsyncMethod(scoring.score)
    score_many = AsyncMethod(scoring.score_many)
    compare = AsyncMethod(scoring.compare)
    judges = AsyncMethod(catalogue.judges)
    rubrics = AsyncMethod(catalogue.rubrics)
    rubric = AsyncMethod(catalogue.rubric)
    probe = AsyncMethod(catalogue.probe)
    version = AsyncMethod(catalogue.version)

    async def stream(
        self, requests: Iterable[Request], *, defaults: Mapping[str, Any] | None = None
    ) -> AsyncIterator[BatchItem]:
        """Score any number of cases, 256 at a time, and give each as it is done: `index` is its place.

        async for item in client.stream(requests, defaults={"rubric": "medical-qa"}):
            ...
        """
        coming, first = map(scoring.as_mapping, requests), 0
        while items := list(islice(coming, CAP)):
            deadline_s = self._runner.patience.deadline_s
            course = BatchStream(items, defaults or {}, first, deadline_s)
            async with aclosing(self._runner.follow(course)) as coming_in:
                async for item in coming_in:
                    yield item
            first += len(items)

    @property
    def jobs(self) -> AsyncJobs:
        """Many cases in the background."""
        return AsyncJobs(self._runner)

    @property
    def calibration(self) -> AsyncCalibration:
        """Judges beside physicians."""
        return AsyncCalibration(self._runner)

    def with_patience(self, patience: Patience) -> AsyncJudgeClient:
        """The same client, and the same connections, with another patience."""
        other = object.__new__(AsyncJudgeClient)
        other._runner = replace(self._runner, patience=patience)
        return other

    async def aclose(self) -> None:
        """Close its connections."""
        await self._runner.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class AsyncJobs:
    """`client.jobs`."""

    def __init__(self, runner: AsyncRunner) -> None:
        self._runner = runner

    submit = AsyncMethod(jobs.submit)
    get = AsyncMethod(jobs.job)
    page = AsyncMethod(jobs.page)
    cancel = AsyncMethod(jobs.cancel)
    delete = AsyncMethod(jobs.forget)

    async def all(self) -> AsyncIterator[Job]:
        """Every job that is kept, the newest first, fetched as they are looked at."""
        after = None
        while True:
            page = await self.page(after=after, limit=100)
            for job in page.data:
                yield job
            if not page.has_more or not page.data:
                return
            after = page.data[-1].id

    def watch(self, job_id: str, /) -> AsyncIterator[Job]:
        """The job whenever it changed, until it has ended; a lost connection is made again."""
        return self._runner.follow(Following(jobs.path_of(job_id, "/events")))

    async def wait(self, job_id: str, /) -> Job:
        """The job when it has ended, however long that takes."""
        job = await self.get(job_id)
        if job.state in jobs.ENDED:
            return job
        async for job in self.watch(job_id):  # noqa: B007  the last one is the result
            pass
        return job

    def results(self, job_id: str, /, *, start: int = 0) -> AsyncIterator[JobResult]:
        """The items that have been answered so far. `start`: an earlier result's `end`, to go on behind it."""
        return self._runner.follow(Download(jobs.path_of(job_id, "/results"), start, jobs.read_result))

    def errors(self, job_id: str, /, *, start: int = 0) -> AsyncIterator[JobError]:
        """The items without an answer so far, and the lines that were none."""
        return self._runner.follow(Download(jobs.path_of(job_id, "/errors"), start, jobs.read_error))


class AsyncCalibration:
    """`client.calibration`."""

    def __init__(self, runner: AsyncRunner) -> None:
        self._runner = runner

    report = AsyncMethod(calibration.report)
    report_page = AsyncMethod(calibration.report_page)
    begin_report = AsyncMethod(calibration.begin_report)
    fetch_report = AsyncMethod(calibration.fetch_report)
    delete_report = AsyncMethod(calibration.delete_report)
    keep_study = AsyncMethod(calibration.keep_study)
    keep_study_text = AsyncMethod(calibration.keep_study_text)
    studies = AsyncMethod(calibration.studies)
    study = AsyncMethod(calibration.study)
    delete_study = AsyncMethod(calibration.delete_study)
    maps = AsyncMethod(calibration.maps)
    fit_map = AsyncMethod(calibration.fit_map)
    map = AsyncMethod(calibration.map_)
    set_map = AsyncMethod(calibration.set_map)
    apply_map = AsyncMethod(calibration.apply_map)
    alt_test = AsyncMethod(calibration.alt_test)
    compare = AsyncMethod(calibration.compare)
    equate = AsyncMethod(calibration.equate)
    estimate = AsyncMethod(calibration.estimate)
    plan_labels = AsyncMethod(calibration.plan_labels)
    plan_power = AsyncMethod(calibration.plan_power)
    drift = AsyncMethod(calibration.drift)
    audit = AsyncMethod(calibration.audit)
    swap = AsyncMethod(calibration.swap)
    definitions = AsyncMethod(calibration.definitions)


def _httpx(url: str, connections: int) -> AsyncTransport:
    from judge_client.httpx_transport import (  # noqa: PLC0415  a third of the import, and not every caller's
        AsyncHttpxTransport,
    )

    return AsyncHttpxTransport(url, connections)
