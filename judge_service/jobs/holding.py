"""Holds an idempotency key while a job's lines come, and for hardly longer: its server may be killed meanwhile."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from judge_service.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.domain.job import JobOrder
    from judge_service.jobs.base import JobBackend, Reservation

RECEIVING_S = 60.0  # a reception in which nothing comes for so long is over
HELD_S = 15.0  # what is left of a key's time when its server dies is at most this
RENEW_S = 5.0


class Hold:
    """One reception's hold on a key, renewed by a task of its own until nothing comes any more."""

    def __init__(
        self,
        jobs: JobBackend,
        order: JobOrder,
        key: str,
        *,
        renew_s: float = RENEW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._order = order
        self.key = key
        self._renew_s = renew_s
        self._clock = clock
        self._came = clock()

    async def take(self) -> Reservation:
        """Reserve the key, or renew it."""
        return await self._jobs.reserve(self._order.tenant, self.key, self._order.id, HELD_S)

    async def is_ours(self) -> bool:
        """Renew the key, unless another has taken it meanwhile."""
        return (await self.take()).state == "new"

    @asynccontextmanager
    async def while_it_comes(self, stream: AsyncIterator[bytes]) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the stream to read from, and renew the key until that is done."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield self._noted(stream)
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _noted(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for part in stream:
            self._came = self._clock()
            yield part

    async def _renew(self) -> None:
        ours = True
        while ours:
            await asyncio.sleep(self._renew_s)
            if self._clock() - self._came < RECEIVING_S:
                with suppress(StoreError):  # there is time for another try
                    ours = await self.is_ours()
