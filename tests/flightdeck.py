"""What the tests of flights share: a judge that counts its calls, and replicas on one Redis."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from judge_service.stores.flights import Flights, Flown
from judge_service.stores.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.stores.landing import Landing

SLACK_S = 0.5  # a busy machine's share


class Judge:
    """Takes its time, counts its calls and answers with their number."""

    def __init__(self, *, seconds: float = 0.0, stores: bool = True) -> None:
        self.seconds = seconds
        self.stores = stores
        self.calls = 0
        self.cancelled = 0
        self.now_computing = 0
        self.most_at_once = 0

    async def compute(self, landing: Landing) -> tuple[bytes, bytes | None]:
        self.calls += 1
        number = self.calls
        self.now_computing += 1
        self.most_at_once = max(self.most_at_once, self.now_computing)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now_computing -= 1
        answer = b"answer %d" % number
        return answer, answer if self.stores else None


def read(blob: bytes) -> bytes | None:
    return blob if blob.startswith(b"answer") else None


def soon(seconds: float = 10.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def fetch(
    flights: Flights, judge: Judge, *, within: float = 10.0, refresh: bool = False
) -> Flown[bytes]:
    return await flights.fetch("k", judge.compute, read, deadline=soon(within), refresh=refresh)


@asynccontextmanager
async def replicas(urls: list[str], prefix: str, *, lease_s: float = 30.0) -> AsyncIterator[list[Flights]]:
    """One `Flights` per address, each with a connection pool of its own, as separate processes have."""
    async with AsyncExitStack() as stack:
        made = []
        for url in urls:
            store = RedisStore.at(url, prefix=prefix)
            stack.push_async_callback(store.aclose)
            made.append(Flights(store, lease_s=lease_s))
            stack.push_async_callback(made[-1].aclose)
        yield made


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 (a count is watched)
            await asyncio.sleep(0.005)
