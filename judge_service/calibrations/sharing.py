"""Shares reads among those who ask at one time, and gives nobody an answer older than the question."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class SharedReads(Generic[T]):
    """Reads by key. Who asks while a read is under way waits for the next one, with all who came meanwhile."""

    def __init__(self, read: Callable[[str], Awaitable[T]]) -> None:
        self._read = read
        self._under_way: dict[str, asyncio.Task[T]] = {}
        self._next: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str) -> T:
        """What a read that begins from now on gives, or raises."""
        before = self._under_way.get(key)
        if before is None:
            task = self._under_way[key] = asyncio.create_task(self._now(key))
        elif key in self._next:
            task = self._next[key]
        else:
            task = self._next[key] = asyncio.create_task(self._after(key, before))
        return await asyncio.shield(task)

    async def _now(self, key: str) -> T:
        try:
            return await self._read(key)
        finally:
            if key not in self._next:
                del self._under_way[key]

    async def _after(self, key: str, before: asyncio.Task[T]) -> T:
        await asyncio.wait((before,))
        self._under_way[key] = self._next.pop(key)
        return await self._now(key)
