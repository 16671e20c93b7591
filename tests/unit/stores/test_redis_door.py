"""A call to Redis ends when it is cancelled, also where the library would rather answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from judge_service.errors import StoreError
from judge_service.stores.redis_door import answered

if TYPE_CHECKING:
    from redis.asyncio import Redis

CLIENT = cast("Redis", None)


async def deaf(_: Any) -> str:
    """Answer when cancelled, as `asyncio.wait_for` does where what it waits for ends at that moment."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return "an answer"
    return "too late"


async def deaf_and_broken(_: Any) -> str:
    await deaf(_)
    raise RedisConnectionError


@pytest.mark.parametrize("command", [deaf, deaf_and_broken])
async def test_a_cancellation_is_not_lost(command: Any) -> None:
    task = asyncio.create_task(answered("look", CLIENT, command, 5.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_around_it_is_not_lost_either() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await answered("look", CLIENT, deaf, 5.0)


async def test_its_own_time_limit_is_a_store_that_fails() -> None:
    async def silent(_: Any) -> None:
        await asyncio.sleep(3600)

    with pytest.raises(StoreError, match="TimeoutError"):
        await answered("look", CLIENT, silent, 0.01)


async def test_who_was_cancelled_before_may_still_ask() -> None:
    async def at_once(_: Any) -> str:
        return "an answer"

    async def cleans_up() -> str:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return str(await answered("let go", CLIENT, at_once, 1.0))
        return ""

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "an answer"
