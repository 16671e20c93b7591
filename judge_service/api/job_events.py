"""A job's progress as server-sent events."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from judge_service.domain.job import FINAL
from judge_service.errors import JobNotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.jobs.desk import JobDesk

LOOK_S = 0.5
HEARTBEAT_S = 15.0


async def events(
    desk: JobDesk, tenant: str, job: str, seen: int, draining: Callable[[], bool]
) -> AsyncIterator[str]:
    """Tell the job whenever it is at another version than `seen`, until it has ended, is forgotten, or we stop.

    Another, not a later one: a number that this ledger never gave, of before a failover, must silence nothing.
    """
    yield "retry: 1000\n\n"
    told_at = time.monotonic()
    while not draining():
        try:
            state, version = await desk.version(tenant, job)
            if version != seen or state in FINAL:
                now = await desk.get(tenant, job)
                kind = "end" if state in FINAL else "progress"
                yield f"id: {version}\nevent: {kind}\ndata: {now.model_dump_json()}\n\n"
                seen, told_at = version, time.monotonic()
            if state in FINAL:
                return
        except JobNotFound:
            return
        except StoreError:
            yield ": the ledger is away\n\n"
        if time.monotonic() - told_at >= HEARTBEAT_S:
            yield ": alive\n\n"
            told_at = time.monotonic()
        await asyncio.sleep(LOOK_S)
