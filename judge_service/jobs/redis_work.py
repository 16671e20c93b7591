"""How items are read, finished and given back in Redis."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

from judge_service.domain.job import FINAL
from judge_service.domain.price import MEGA
from judge_service.jobs.base import Claim
from judge_service.jobs.frames import unpacked
from judge_service.jobs.redis_calls import line_args, ticket_args
from judge_service.jobs.redis_feed import undone
from judge_service.jobs.redis_queue_scripts import HAND_BACK
from judge_service.jobs.redis_scripts import DRAW, END, FINISH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from judge_service.domain.job import Ending, JobOrder
    from judge_service.jobs.base import Line
    from judge_service.jobs.redis_calls import Arg, Calls
    from judge_service.stores.records import Codec


class Work:
    """Reads items and writes their ends down."""

    def __init__(self, calls: Calls, codec: Codec, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._codec = codec
        self._clock = clock

    async def items(self, claims: Sequence[Claim]) -> list[bytes | None]:
        asked = [("HGET", f"{self._calls.job(claim.job)}:in", claim.index) for claim in claims]
        frames = await self._calls.ask_each("read items", asked, self._calls.blob_s)
        return await asyncio.to_thread(
            lambda: [None if frame is None else unpacked(self._codec, frame) for frame in frames]
        )

    async def finish(self, claim: Claim, line: Line) -> bool:
        place: tuple[Arg, ...] = (claim.job, claim.index, *ticket_args([claim]), self._clock())
        told = line_args(line, self._codec)
        return bool(await self._calls.run("finish", FINISH, *place, *told, within_s=self._calls.blob_s))

    async def hand_back(self, worker: str, claims: Sequence[Claim]) -> None:
        if tickets := ticket_args(claim for claim in claims if claim.ticket):
            await self._calls.run("hand back", HAND_BACK, worker, *tickets)

    async def draw(self, order: JobOrder, need: int, most: int) -> int:
        cap = 0 if order.max_cost_usd is None else round(order.max_cost_usd * MEGA)
        return int(await self._calls.run("draw", DRAW, order.id, need, most, cap))

    async def end(self, job: str, ending: Ending) -> None:
        await self._calls.run("end", END, job, ending, self._clock())

    async def unfinished(self, job: str, limit: int) -> list[tuple[Claim, bytes]]:
        at = self._calls.job(job)
        asked = [
            ("GET", f"{at}:done"),
            ("HMGET", at, "state", "items", "next"),
        ]  # once it has ended the first is gone
        done, (state, total, begun) = await self._calls.ask_each("read unfinished", asked)
        if state is None or state.decode() in FINAL:
            return []
        left = list(islice(undone(done or b"", int(total or 0)), limit))
        claims = [Claim(job, index, int(index < int(begun or 0)), "") for index in left]
        items = await self.items(claims)
        return [(claim, item or b"") for claim, item in zip(claims, items, strict=True)]
