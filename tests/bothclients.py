"""Drives the sync and the async client alike, so that one test speaks of both."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from inspect import isawaitable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from judge_client import AsyncJudgeClient, JudgeClient, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

KINDS = ("sync", "async")


class Naps:
    """Keeps the pauses of a client, and takes none; its clock moves by them."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def clock(self) -> float:
        return time.monotonic() + sum(self.taken)

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)

    async def asleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


class Either:
    """One of the two clients: `do("jobs.submit", …)` gives a result, or the list of what an iterator gives."""

    def __init__(self, client: JudgeClient | AsyncJudgeClient, naps: Naps) -> None:
        self.client = client
        self.naps = naps

    async def do(self, name: str, *args: Any, **kwargs: Any) -> Any:
        method: Callable[..., Any] = attrgetter(name)(self.client)
        if isinstance(self.client, JudgeClient):
            return await asyncio.to_thread(_whole, method, args, kwargs)
        told = method(*args, **kwargs)
        return await told if isawaitable(told) else [each async for each in told]


def _whole(method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    told = method(*args, **kwargs)
    return list(told) if hasattr(told, "__next__") else told


@asynccontextmanager
async def either(kind: str, url: str, **more: Any) -> AsyncIterator[Either]:
    """Open a client of a kind; it never really waits, and draws the longest pause."""
    naps = Naps()
    options: dict[str, Any] = {
        "patience": Patience(deadline_s=30),
        "draw": lambda: 1.0,
        "clock": naps.clock,
    } | more
    if kind == "sync":
        with JudgeClient(url, sleep=naps.sleep, **options) as client:
            yield Either(client, naps)
    else:
        async with AsyncJudgeClient(url, sleep=naps.asleep, **options) as client:
            yield Either(client, naps)
