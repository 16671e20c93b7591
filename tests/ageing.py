"""Lets the leases of a ledger in Redis grow old without waiting: the server is told that its entries are idle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def aged(server: Redis, prefix: str, seconds: float) -> None:
    """Let every delivery of the ledger be so many seconds older than it is."""
    for level in ("high", "normal", "low"):
        stream = f"{prefix}:jobs:todo:{level}"
        if await server.exists(stream):
            for told in await server.xpending_range(stream, "workers", "-", "+", 10_000):
                await _age(server, stream, told, round(seconds * 1000))


async def _age(server: Redis, stream: str, told: dict[str, Any], by_ms: int) -> None:
    await server.xclaim(
        stream,
        "workers",
        told["consumer"],
        0,
        [told["message_id"]],
        idle=told["time_since_delivered"] + by_ms,
        justid=True,
    )
