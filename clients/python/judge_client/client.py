"""The client for plain code and threads."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from judge_client.address import checked, headers_of
from judge_client.batches import CAP, BatchItem
from judge_client.binding import Method
from judge_client.courses import BatchStream, Download, Following
from judge_client.operations import calibration, catalogue, jobs, scoring
from judge_client.patience import Chance, Patience
from judge_client.running import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from judge_client.models import Job
    from judge_client.operations.jobs import JobError, JobResult
    from judge_client.operations.scoring import Request
    from judge_client.transport import Transport


class JudgeClient:
    """Speaks to a Judge Service; to be kept and shared, for it keeps its connections open.

    with JudgeClient("http://127.0.0.1:8080") as client:
        match client.score(rubric="medical-qa", response=answer, reference=known):
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
        transport: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`headers` go with every call, a gateway's key for one. A `transport` that is given is closed with it."""
        self._runner = Runner(
            transport or _httpx(checked(url), connections, clock),
            headers_of(tenant, headers),
            patience or Patience(),
            Chance(clock, draw),
            sleep,
        )

    score = Method(scoring.score)
    score_many = Method(scoring.score_many)
    compare = Method(scoring.compare)
    judges = Method(catalogue.judges)
    rubrics = Method(catalogue.rubrics)
    rubric = Method(catalogue.rubric)
    probe = Method(catalogue.probe)
    version = Method(catalogue.version)

    def stream(
        self, requests: Iterable[Request], *, defaults: Mapping[str, Any] | None = None
    ) -> Iterator[BatchItem]:
        """Score any number of cases, 256 at a time, and give each as it is done: `index` is its place.

        for item in client.stream(requests, defaults={"rubric": "medical-qa"}):
            ...
        """
        coming, first = map(scoring.as_mapping, requests), 0
        while items := list(islice(coming, CAP)):
            deadline_s = self._runner.patience.deadline_s
            yield from self._runner.follow(BatchStream(items, defaults or {}, first, deadline_s))
            first += len(items)

    @property
    def jobs(self) -> Jobs:
        """Many cases in the background."""
        return Jobs(self._runner)

    @property
    def calibration(self) -> Calibration:
        """Judges beside physicians."""
        return Calibration(self._runner)

    def with_patience(self, patience: Patience) -> JudgeClient:
        """The same client, and the same connections, with another patience."""
        other = object.__new__(JudgeClient)
        other._runner = replace(self._runner, patience=patience)
        return other

    def close(self) -> None:
        """Close its connections."""
        self._runner.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Jobs:
    """`client.jobs`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    submit = Method(jobs.submit)
    get = Method(jobs.job)
    page = Method(jobs.page)
    cancel = Method(jobs.cancel)
    delete = Method(jobs.forget)

    def all(self) -> Iterator[Job]:
        """Every job that is kept, the newest first, fetched as they are looked at."""
        after = None
        while True:
            page = self.page(after=after, limit=100)
            yield from page.data
            if not page.has_more or not page.data:
                return
            after = page.data[-1].id

    def watch(self, job_id: str, /) -> Iterator[Job]:
        """The job whenever it changed, until it has ended; a lost connection is made again."""
        return self._runner.follow(Following(jobs.path_of(job_id, "/events")))

    def wait(self, job_id: str, /) -> Job:
        """The job when it has ended, however long that takes."""
        job = self.get(job_id)
        if job.state in jobs.ENDED:
            return job
        for job in self.watch(job_id):  # noqa: B007  the last one is the result
            pass
        return job

    def results(self, job_id: str, /, *, start: int = 0) -> Iterator[JobResult]:
        """The items that have been answered so far. `start`: an earlier result's `end`, to go on behind it."""
        return self._runner.follow(Download(jobs.path_of(job_id, "/results"), start, jobs.read_result))

    def errors(self, job_id: str, /, *, start: int = 0) -> Iterator[JobError]:
        """The items without an answer so far, and the lines that were none."""
        return self._runner.follow(Download(jobs.path_of(job_id, "/errors"), start, jobs.read_error))


class Calibration:
    """`client.calibration`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    report = Method(calibration.report)
    report_page = Method(calibration.report_page)
    begin_report = Method(calibration.begin_report)
    fetch_report = Method(calibration.fetch_report)
    delete_report = Method(calibration.delete_report)
    keep_study = Method(calibration.keep_study)
    keep_study_text = Method(calibration.keep_study_text)
    studies = Method(calibration.studies)
    study = Method(calibration.study)
    delete_study = Method(calibration.delete_study)
    maps = Method(calibration.maps)
    fit_map = Method(calibration.fit_map)
    map = Method(calibration.map_)
    set_map = Method(calibration.set_map)
    apply_map = Method(calibration.apply_map)
    alt_test = Method(calibration.alt_test)
    compare = Method(calibration.compare)
    equate = Method(calibration.equate)
    estimate = Method(calibration.estimate)
    plan_labels = Method(calibration.plan_labels)
    plan_power = Method(calibration.plan_power)
    drift = Method(calibration.drift)
    audit = Method(calibration.audit)
    swap = Method(calibration.swap)
    definitions = Method(calibration.definitions)


def _httpx(url: str, connections: int, clock: Callable[[], float]) -> Transport:
    from judge_client.httpx_transport import (  # noqa: PLC0415  a third of the import, and not every caller's
        HttpxTransport,
    )

    return HttpxTransport(url, connections, clock)
