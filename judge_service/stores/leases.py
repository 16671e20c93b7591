"""Keeps a lease for as long as something is computed under it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from judge_service.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_TRIES = 3  # in the length of a lease, so that two may fail


@asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[bool]], lease_s: float) -> AsyncIterator[None]:
    """Lengthen a lease until the block ends, or until `renew` says that it is ours no more."""
    task = asyncio.create_task(_renew(renew, lease_s), name="lease")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _renew(renew: Callable[[], Awaitable[bool]], lease_s: float) -> None:
    ours = True
    while ours:
        await asyncio.sleep(lease_s / _TRIES)
        with suppress(StoreError):
            ours = await renew()
