"""Sees to jobs whose time has come: cut receptions, expiry, cancelled items, what was kept long enough."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

import structlog

from judge_service.domain.job import FINAL, JobFault
from judge_service.errors import StoreError
from judge_service.jobs.items import unfinished

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from judge_service.jobs.base import JobBackend, JobRecord

TEND_S = 1.0
MEND_S = 30.0
_AT_ONCE = 256
_ENDING = frozenset({"cancelling", "finalizing"})
_log = structlog.get_logger(__name__)


async def _nothing() -> None:
    """Where no files are kept."""


class Tender:
    """Runs in every process that opens the ledger: two that do the same do no harm, for first ends stay.

    `sweep` drops uploaded files that are past their time.
    """

    def __init__(
        self,
        jobs: JobBackend,
        *,
        sweep: Callable[[], Awaitable[None]] = _nothing,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._sweep_files = sweep
        self._sleep = sleep
        self._clock = clock
        self._mended = clock()

    async def run(self) -> None:
        """Tend until cancelled."""
        while True:
            with contextlib.suppress(StoreError):
                await self.tend()
            await self._sleep(TEND_S * random.uniform(0.7, 1.3))  # noqa: S311 (jitter, no secret)

    async def tend(self) -> None:
        """See to everything that is due now, and to what comes to be so meanwhile."""
        await self._see_to_jobs()
        if self._clock() - self._mended >= MEND_S:
            self._mended = self._clock()
            if again := await self._jobs.mend():
                _log.warning("items given out again", count=again)
        await self._sweep_files()

    async def _see_to_jobs(self) -> None:
        """First what has to end, then a page of every job that is ending; and again while pages are left.

        A job of many items takes long to sweep, and no other tenant's job is to expire the later for it.
        """
        pages, left, began = Counter[str](), True, self._clock()
        while left and self._clock() - began < MEND_S:
            looked, left = self._clock(), False
            due = await self._jobs.due()
            for record in due:
                if record.state not in _ENDING:
                    await self._guarded(self._end(record))
            ending = [record for record in due if record.state in _ENDING]
            for record in sorted(ending, key=lambda one: (pages[one.order.id], _unswept(one))):
                pages[record.order.id] += 1
                left |= await self._guarded(self._page(record))
                if self._clock() - looked >= TEND_S:  # of many such jobs the rest have their turn first
                    left = True
                    break

    async def _guarded(self, seeing: Awaitable[bool]) -> bool:
        try:
            return await seeing
        except StoreError:
            raise
        except Exception as exc:  # noqa: BLE001 (one job must not keep the others from being seen to)
            _log.warning("a job could not be seen to", error_code=type(exc).__name__)
        return False

    async def _end(self, record: JobRecord) -> bool:
        job = record.order.id
        if record.state in FINAL:
            await self._jobs.forget(job)
        elif record.state == "validating":
            with contextlib.suppress(StoreError):  # its reception was only slow
                message = "the lines stopped coming before their end; nothing of it is kept"
                await self._jobs.fail(job, [JobFault(code="cut", message=message)])
        else:
            await self._jobs.end(job, "expired")
        return False

    async def _page(self, record: JobRecord) -> bool:
        """Write the ends of some items that the job's own end came before; say whether more may be left."""
        page, written = await self._jobs.unfinished(record.order.id, _AT_ONCE), False
        for claim, blob in page:
            written |= await self._jobs.finish(claim, unfinished(claim, blob, record.ending))
        return written


def _unswept(record: JobRecord) -> int:
    return record.total - record.completed - record.failed
