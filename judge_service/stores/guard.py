"""Between a request and a store that may be slow or dead: one short wait, then none at all for a while."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from judge_service.errors import StoreError
from judge_service.stores.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

_log = logging.getLogger(__name__)

_SLOTS = 24  # fewer than the connections of the Redis pool, so that a burst queues here and not there
_SLOT_WAIT_S = 0.5  # on a dead store the breaker ends the queue sooner
_WARN_EVERY_S = 60.0


class Breaker:
    """Closed while all is well; after a failure it lets one probe through per pause, and pauses grow."""

    def __init__(self, clock: Callable[[], float], *, first_s: float = 1.0, longest_s: float = 5.0) -> None:
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._pause_s = 0.0
        self._until = 0.0
        self._probing = False

    def admits(self) -> bool:
        """Whether a call may be tried now; when open, the one that may is the probe."""
        if not self._pause_s:
            return True
        now = self._clock()
        if now < self._until:
            return False
        self._until = now + self._pause_s
        self._probing = True
        return True

    def worked(self) -> None:
        """Close."""
        self._pause_s = 0.0
        self._probing = False

    def failed(self) -> None:
        """Open, or open for longer when a probe failed; stragglers from before the opening change nothing."""
        if self._pause_s and not self._probing:
            return
        self._pause_s = min(2 * self._pause_s, self._longest_s) if self._pause_s else self._first_s
        self._until = self._clock() + self._pause_s
        self._probing = False


class Seldom:
    """Says a warning once a minute at most: what is wrong now is wrong for every score."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._after = float("-inf")

    def warn(self, text: str, exc: Exception) -> None:
        """Say it, unless something was said a moment ago; `text` has one place for the exception."""
        now = self._clock()
        if now >= self._after:
            self._after = now + _WARN_EVERY_S
            self._log.warning(text, exc)


class Guard:
    """Admits calls to a store: a bounded number at once, none while the store is known to be dead."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._breaker = Breaker(clock)
        self._slots = asyncio.Semaphore(_SLOTS)
        self._warnings = Seldom(_log, clock)

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call, or raise `StoreError` without making it."""
        await self._take_slot()
        try:
            return await self._admitted(call)
        finally:
            self._slots.release()

    async def _take_slot(self) -> None:
        try:
            async with Patience(_SLOT_WAIT_S):
                await self._slots.acquire()
        except TimeoutError as exc:
            message = "too many calls to the store are under way"
            raise StoreError(message) from exc

    async def _admitted(self, call: Callable[[], Awaitable[T]]) -> T:
        if not self._breaker.admits():
            message = "the store failed a moment ago and is left alone"
            raise StoreError(message)
        try:
            answer = await call()
        except StoreError as exc:
            self._breaker.failed()
            self._warnings.warn("scores are computed without the store: %s", exc)
            raise
        self._breaker.worked()
        return answer
