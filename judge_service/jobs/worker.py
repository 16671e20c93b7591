"""Takes items from the ledger, has them scored, and writes their ends down."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from typing import TYPE_CHECKING

import structlog

from judge_service.domain.job import FINAL
from judge_service.errors import StoreError
from judge_service.jobs.base import ALONE_FROM, POISON_AFTER
from judge_service.jobs.heart import Heart
from judge_service.jobs.items import lost, poisoned
from judge_service.jobs.purses import purse_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from judge_service.domain.job import JobOrder
    from judge_service.jobs.base import Claim, JobBackend, Line
    from judge_service.jobs.items import Items
    from judge_service.jobs.purses import JobPurse

POLL_S = 0.25
WATCH_S = 0.5
AWAY_S = 1.0
_log = structlog.get_logger(__name__)


class Worker:
    """Works on at most `slots` items at a time, and holds no more than it works on.

    `run` goes on until it is cancelled, then hands back what is unfinished. Once `leaving` says so, and by
    `drain`, it takes no more and ends when what is in work is finished.
    """

    def __init__(
        self,
        jobs: JobBackend,
        items: Items,
        *,
        name: str,
        slots: int,
        leaving: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self._jobs = jobs
        self._items = items
        self._slots = slots
        self._sleep = sleep
        self._held: dict[str, Claim] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}  # answered: their ends are being written down
        self._wary = slots  # the company that the most suspicious of those given out last bears
        self._orders: dict[str, JobOrder] = {}
        self._purses: dict[str, JobPurse] = {}
        self._woken = asyncio.Event()
        self._leaving = leaving
        self._drains_from: float | None = None
        self._heart = Heart(jobs.pulse(name), lambda: list(self._held.values()), jobs.lease_s)

    @property
    def working(self) -> int:
        """How many items are in work."""
        return len(self._tasks)

    def wake(self) -> None:
        """Look for work now: a job was opened in this process."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._heart.start()
        watch = asyncio.create_task(self._watch(), name="jobs-watch")
        try:
            while self._tasks or self._closing or not self._drains:
                await self._round()
        finally:
            watch.cancel()
            await self._leave()

    async def drain(self, within_s: float) -> None:
        """Take no more; return when what is in work is finished, or so long after the drain began."""
        self._notice(leaving=True)
        self._woken.set()
        now = asyncio.get_running_loop().time()
        left_s = within_s - (now - (self._drains_from or now))
        if (tasks := [*self._tasks.values(), *self._closing.values()]) and left_s > 0:
            await asyncio.wait(tasks, timeout=left_s)

    @property
    def _drains(self) -> bool:
        return self._drains_from is not None

    def _notice(self, *, leaving: bool) -> None:
        if leaving and not self._drains:
            self._drains_from = asyncio.get_running_loop().time()

    async def _round(self) -> None:
        """Fill the free slots, then wait until there is something to do."""
        self._heart.tick()
        self._woken.clear()
        self._notice(leaving=self._leaving())
        free = min(self._wary, self._company()) - len(self._tasks)
        behind = len(self._closing) >= self._slots
        if self._drains or behind or free <= 0 or not await self._fill(free):
            await self._idle()

    async def _idle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()

    async def _fill(self, free: int) -> bool:
        try:
            return await self._take(free)
        except StoreError as exc:
            # What was claimed and not begun stays held until it can be handed back: it was no delivery.
            told = str(exc)
        except Exception as exc:  # noqa: BLE001 (a ledger that surprises us must not end the work for good)
            # Handed back it would surprise the next at once: it comes back when the lease is over, and is counted.
            self._held = {ticket: claim for ticket, claim in self._held.items() if self._knows(ticket)}
            told = type(exc).__name__
        _log.warning("the ledger is away", error_code=told)
        await self._sleep(AWAY_S)
        return False

    async def _take(self, free: int) -> bool:
        await self._return_unbegun()
        claims = await self._jobs.claim(self.name, free)
        if not claims:
            return False
        self._held.update({claim.ticket: claim for claim in claims})
        blobs = await self._jobs.items(claims)
        await self._know({claim.job for claim in claims})
        begun = self._begin(claims, blobs)
        self._wary = company(self._slots, max(claim.deliveries for claim in claims))
        await self._return_unbegun()
        return begun > 0 and len(claims) >= free

    async def _return_unbegun(self) -> None:
        """Hand back what is held and neither in work nor answered, lest an end of this worker count against it."""
        unbegun = [claim for ticket, claim in self._held.items() if not self._knows(ticket)]
        if unbegun:
            await self._jobs.hand_back(self.name, unbegun)
            for claim in unbegun:
                del self._held[claim.ticket]

    def _begin(self, claims: list[Claim], blobs: list[bytes | None]) -> int:
        """Begin what may be in work together; say how many."""
        room, begun = self._company(), 0
        for claim, blob in zip(claims, blobs, strict=True):
            bears = min(room, company(self._slots, claim.deliveries))
            if claim.job not in self._orders or (blob is not None and bears <= len(self._tasks)):
                continue
            begun += 1
            if blob is None:
                self._close(claim, lost(claim))
            else:
                room = bears
                self._start(claim, blob)
        return begun

    def _knows(self, ticket: str) -> bool:
        return ticket in self._tasks or ticket in self._closing

    def _company(self) -> int:
        """How many items may be in work at once, for the sake of those that are."""
        return company(self._slots, max((self._held[one].deliveries for one in self._tasks), default=1))

    def _start(self, claim: Claim, blob: bytes) -> None:
        task = asyncio.create_task(self._work(claim, blob), name="jobs-item")
        self._tasks[claim.ticket] = task
        task.add_done_callback(lambda _: self._ended(claim))

    def _close(self, claim: Claim, line: Line) -> None:
        """Let the end of what needs no judge be written down; where it has one already, the ledger keeps that."""
        task = asyncio.create_task(self._finish(claim, line), name="jobs-item")
        self._closing[claim.ticket] = task
        task.add_done_callback(lambda _: self._ended(claim))

    def _ended(self, claim: Claim) -> None:
        self._tasks.pop(claim.ticket, None)
        self._closing.pop(claim.ticket, None)
        self._held.pop(claim.ticket, None)
        self._woken.set()

    async def _work(self, claim: Claim, blob: bytes) -> None:
        order = self._orders[claim.job]
        if claim.deliveries > POISON_AFTER:
            line = poisoned(claim, blob)
        else:
            line = await self._items.line(claim, blob, order, self._purse(order))
        self._make_room(claim)
        await self._finish(claim, line)

    def _make_room(self, claim: Claim) -> None:
        """Let the next item come while this one's end is being written down: the judge need not wait for that."""
        self._closing[claim.ticket] = self._tasks.pop(claim.ticket)
        self._woken.set()

    async def _finish(self, claim: Claim, line: Line) -> None:
        """Write the line down, however long the ledger is away: the answer was paid for."""
        while True:
            try:
                await self._jobs.finish(claim, line)
            except StoreError:
                await self._sleep(AWAY_S)
            else:
                return

    async def _know(self, jobs: set[str]) -> None:
        for job in jobs.difference(self._orders):
            record = await self._jobs.get(job)
            if record is not None:
                self._orders[job] = record.order

    def _purse(self, order: JobOrder) -> JobPurse | None:
        if order.id not in self._purses and (purse := purse_of(self._jobs, order)) is not None:
            self._purses[order.id] = purse
        return self._purses.get(order.id)

    async def _watch(self) -> None:
        """End what works for jobs that ended or are ending, and forget jobs that nothing works for."""
        while True:
            await self._sleep(WATCH_S)
            self._heart.tick()
            try:
                await self._look()
            except Exception as exc:  # noqa: BLE001 (who watches goes on watching)
                _log.warning("no look at the jobs in work", error_code=type(exc).__name__)

    async def _look(self) -> None:
        busy = Counter(claim.job for claim in self._held.values())
        idle = [job for job in self._orders if not busy[job]]
        purses = [self._purses.pop(job) for job in idle if job in self._purses]
        for job in idle:
            del self._orders[job]  # before the first await: an item of it may come at any moment
        for purse in purses:
            await purse.give_back()
        if not busy:
            return
        states = await self._jobs.states(list(busy))
        ended = {job for job in busy if states.get(job) in {None, "cancelling", "finalizing", *FINAL}}
        for ticket, claim in list(self._held.items()):
            if claim.job in ended and (task := self._tasks.get(ticket)) is not None:
                task.cancel()

    async def _leave(self) -> None:
        tasks, claims = [*self._tasks.values(), *self._closing.values()], list(self._held.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._heart.stop)
        with contextlib.suppress(StoreError):
            if claims:
                await self._jobs.hand_back(self.name, claims)
            for purse in self._purses.values():
                await purse.give_back()


def company(slots: int, deliveries: int) -> int:
    """How many items may be in work at once where one of them has been given out so many times.

    From all places down to one, by equal ratios (64, 16, 4, 1, 1): each end of a worker makes far fewer items
    suspicious than the one before, so that hardly an innocent one is ever alone when a worker ends.
    """
    left = max(0, ALONE_FROM - deliveries)
    return max(1, round(math.pow(slots, left / (ALONE_FROM - 1))))
