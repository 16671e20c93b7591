"""A time limit that does not blame the store for a busy event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_SLICES = 4


class Patience:
    """Like `asyncio.timeout`, but counted in slices: however late the loop is, it costs one of them.

    A loop that was held up finds the answer and the end of the time at once, and `asyncio.timeout` then takes
    the end: under a burst of requests a healthy store would look dead.
    """

    def __init__(self, seconds: float) -> None:
        self._slice_s = seconds / _SLICES
        self._left = _SLICES
        self._limit = asyncio.timeout(None)
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._slice_s, self._tick)

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, exc, trace)

    def _tick(self) -> None:
        self._left -= 1
        if self._left:
            self._timer = self._loop.call_later(self._slice_s, self._tick)
        else:
            self._limit.reschedule(self._loop.time())
