"""Opens the ledger of jobs beside the scorer, and sets a worker and a tender to work on it."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from judge_service.api import problems
from judge_service.domain.place import Place
from judge_service.jobs.desk import JobDesk
from judge_service.jobs.items import Items
from judge_service.jobs.opening import open_jobs
from judge_service.jobs.tending import Tender
from judge_service.jobs.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from judge_service.backends.purse import Purse
    from judge_service.domain.request import ScoreRequest
    from judge_service.domain.score import Score
    from judge_service.observation import Observation
    from judge_service.scoring.scorer import Scorer
    from judge_service.settings import Settings


@asynccontextmanager
async def open_workshop(
    settings: Settings,
    scorer: Scorer,
    observation: Observation,
    *,
    slots: int,
    sweep: Callable[[], Awaitable[None]],
    draining: Callable[[], bool] = lambda: False,
) -> AsyncIterator[JobDesk]:
    """Work on jobs with the scorer that serves requests, until closed; with 0 slots others do that.

    Once `draining` says so, or at the close, no more is begun; what is in work has the rest of `drain_s` to
    finish, and is handed back after that. `sweep` drops uploaded files that are past their time.
    """
    async with open_jobs(settings.store_url, lease_s=settings.job_lease_s) as jobs:
        items = Items(partial(_scored, scorer), problems.end_of_item, counted=observation.score)
        worker = Worker(jobs, items, name=_name(), slots=slots, leaving=draining)
        observation.watch_jobs(lambda: worker.working)
        tending = asyncio.create_task(Tender(jobs, sweep=sweep).run(), name="jobs-tender")
        # One without slots would only tell that it is alive, and jobs would seem to have a worker.
        working = {asyncio.create_task(worker.run(), name="jobs-worker")} if slots else set()
        try:
            yield JobDesk(jobs, opened=worker.wake)
        finally:
            await worker.drain(settings.drain_s)
            for task in (tending, *working):
                task.cancel()
            await asyncio.wait({tending, *working})


async def _scored(
    scorer: Scorer, request: ScoreRequest, *, tenant: str, deadline: float, purse: Purse | None
) -> Score:
    return await scorer.score(request, deadline=deadline, purse=purse, place=Place("batch", tenant))


def _name() -> str:
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"
