"""How items come from the ledger into the streams, and from there to workers."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from judge_service.domain.job import PRIORITIES
from judge_service.errors import StoreError
from judge_service.jobs.redis_calls import claim_of
from judge_service.jobs.redis_queue_scripts import GIVE, GIVE_OUT_AGAIN, LOOK, TIDY, UNLOCK
from judge_service.jobs.sharing import Standing, deal, rate_due, rate_room, starved
from judge_service.stores.redis_door import ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from judge_service.jobs.base import Claim
    from judge_service.jobs.redis_calls import Arg, Calls

_AHEAD = 64  # entries in the streams beyond what was asked for: few, so that what comes later is dealt fairly
_ROUNDS = 4
_PAGE = 1000
_MENDING_S = 60.0


class Feed:
    """Gives items out; what was dealt waits in three streams, the most urgent of which is read first."""

    def __init__(self, calls: Calls, clock: Callable[[], float], lease_s: float) -> None:
        self._calls = calls
        self._clock = clock
        self._lease_ms = ms(lease_s)

    async def claim(self, worker: str, most: int) -> list[Claim]:
        """Two round trips, or one where nothing is new; again where others took what was meant for this one."""
        claims: list[Claim] = []
        try:
            for _ in range(_ROUNDS):
                if await self._claim(claims, worker, most - len(claims)) or len(claims) == most:
                    break
        except StoreError:
            if not claims:
                raise
            # These are this worker's already. A full server deals nothing, and to finish them makes room on it.
        return claims

    async def _claim(self, claims: list[Claim], worker: str, most: int) -> bool:
        """Add to the claims what there is; say whether all came that was meant to."""
        again, queued, rows = await self._calls.run("claim", LOOK, worker, most, self._lease_ms)
        claims += map(claim_of, again)
        rest = most - len(again)
        waiting, now = Counter(queued), self._clock()
        jobs = {row[0].decode(): _Open(row, waiting[row[0]]) for row in rows}
        standings = [job.standing(now) for job in jobs.values()]
        places = deal(standings, rest + _AHEAD) if starved(standings, rest) else []
        there = min(rest, len(queued) + len(places))
        if there <= 0:
            return True
        counts = Counter(places)
        moves = [part for job, n in counts.items() for part in jobs[job].move(n, now)]
        numbers = {job: n for n, job in enumerate(counts, start=1)}
        order = (numbers[job] for job in places)
        new = await self._calls.run("claim", GIVE, worker, rest, len(counts), *moves, *order)
        claims += map(claim_of, new)
        return len(new) == there

    async def mend(self) -> int:
        """Look for items that were dealt, are not done and have no entry; one at a time looks.

        `next` is read first, then the entries, then what is done: whatever ends or is dealt meanwhile is
        never taken for lost.
        """
        lock, token = f"{self._calls.prefix}mending", secrets.token_hex(8)
        if not await self._calls.ask("mend", lambda c: c.set(lock, token, nx=True, px=ms(_MENDING_S))):
            return 0
        try:
            return await self._mend()
        finally:
            await self._calls.run("mend", UNLOCK, token)

    async def _mend(self) -> int:
        await self._calls.run("tidy", TIDY)
        open_jobs = await self._calls.ask("mend", lambda c: c.zrange(f"{self._calls.prefix}open", 0, -1))
        jobs = [job.decode() for job in open_jobs]
        fields = [("HMGET", self._calls.job(job), "next", "priority") for job in jobs]
        begun = dict(zip(jobs, await self._calls.ask_each("mend", fields), strict=True))
        entries = await self._entries()
        return sum([await self._give_out_again(job, begun[job], entries.get(job, set())) for job in jobs])

    async def _give_out_again(self, job: str, begun: list[bytes | None], entries: set[int]) -> int:
        until, priority = begun
        if until is None or priority is None:
            return 0
        done = await self._calls.ask("mend", lambda c: c.get(f"{self._calls.job(job)}:done")) or b""
        lost = [index for index in undone(done, int(until)) if index not in entries]
        level, added = _level(priority.decode()), 0
        for first in range(0, len(lost), _PAGE):
            page = lost[first : first + _PAGE]
            added += await self._calls.run("mend", GIVE_OUT_AGAIN, level, job, *page)
        return added

    async def _entries(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for priority in PRIORITIES:
            stream, after = f"{self._calls.prefix}todo:{priority}", "-"
            while page := await self._page(stream, after):
                for _, told in page:
                    found.setdefault(told[b"j"].decode(), set()).add(int(told[b"i"]))
                after = f"({page[-1][0].decode()}"
                await asyncio.sleep(0)
        return found

    async def _page(self, stream: str, after: str) -> list[Any]:
        return list(await self._calls.ask("mend", lambda c: c.xrange(stream, after, "+", _PAGE)))


class _Open:
    """A job as Redis tells of it; `queued` counts entries that are in no hands."""

    def __init__(self, row: list[Any], queued: int) -> None:
        self.id = row[0].decode()
        self._tenant, self._priority = row[1].decode(), row[2].decode()
        items, self._next, completed, failed, rejected = (int(one) for one in row[3:8])
        self._due = float(row[8])
        self._concurrency, self._per_minute = row[9], row[10]
        self._queued = queued
        self._begun = max(0, self._next - (completed + failed - rejected))
        self.waiting = items - self._next

    def standing(self, now: float) -> Standing:
        room = self.waiting if self._concurrency is None else int(self._concurrency) - self._begun
        if self._per_minute is not None:
            room = min(room, rate_room(float(self._per_minute), self._due, now) or 0)
        in_work = max(0, self._begun - self._queued)
        return Standing(self.id, self._tenant, self._priority, self.waiting, in_work, room, self._queued)

    def move(self, places: int, now: float) -> tuple[Arg, ...]:
        """What the script needs to deal so many of its items."""
        due = self._due
        if self._per_minute is not None:
            due = rate_due(float(self._per_minute), due, now, places)
        return (self.id, _level(self._priority), self._next, places, due)


def undone(done: bytes, until: int) -> Iterator[int]:
    """The indices below `until` whose bit is not set."""
    for at in range(0, until, 8):
        byte = done[at // 8] if at // 8 < len(done) else 0
        if byte != 0xFF:  # noqa: PLR2004  eight ones
            yield from _zeros(byte, range(at, min(at + 8, until)))


def _zeros(byte: int, indices: Iterable[int]) -> Iterator[int]:
    return (index for index in indices if not byte >> (7 - index % 8) & 1)


def _level(priority: str) -> int:
    return 1 + [str(one) for one in PRIORITIES].index(priority)
