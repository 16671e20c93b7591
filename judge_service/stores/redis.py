"""The store shared by replicas: Redis, never waited for longer than a moment."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from judge_service.errors import StoreError
from judge_service.stores.base import Waiters
from judge_service.stores.patience import Patience
from judge_service.stores.redis_door import (
    answered,
    async_client,
    close,
    heard_when_cancelled,
    memory_rules,
    ms,
)
from judge_service.stores.redis_kept import KeptRecords

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

_BACKSTOP_S = 2.0  # for the listener; every call ends sooner by its own limit
_RELISTEN_S = 0.5
_CALL_CONNECTIONS = 32
_KEPT_CONNECTIONS = 4  # of their own: megabytes on the way hold up no call of the cache

_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
# A write that is refused (out of memory) must still let go of the lease and wake the followers.
_PUBLISH = """
local written = true
if tonumber(ARGV[2]) > 0 then written = redis.pcall('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
redis.call('PUBLISH', KEYS[3], ARGV[4])
return written
"""


class RedisStore:
    """Values, leases, wake-ups and kept records in Redis; connects on first use and again whenever it must.

    Every wake-up goes over one channel and one connection, whatever the number of keys waited for.
    """

    kind = "redis"

    def __init__(
        self,
        client: Redis,
        *,
        keeper: Redis | None = None,
        prefix: str = "js",
        call_s: float = 0.2,
        kept_s: float = 10.0,
        heartbeat_s: float = 5.0,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._call_s = call_s
        self._keeper = keeper or client
        self._kept_s = kept_s
        self._kept = KeptRecords(self._kept_call, memory_rules, prefix=prefix)
        self._heartbeat_s = heartbeat_s
        self._renewal = client.register_script(_RENEW)
        self._publication = client.register_script(_PUBLISH)
        self._channel = f"{prefix}:wake"
        self._waiters = Waiters()
        self._listener: asyncio.Task[None] | None = None
        self._hearing = asyncio.Event()

    @classmethod
    def at(
        cls,
        url: str,
        *,
        prefix: str = "js",
        call_s: float = 0.2,
        kept_s: float = 10.0,
        heartbeat_s: float = 5.0,
    ) -> RedisStore:
        """Prepare a store for an address without calling it; a bad address is a ValueError."""
        return cls(
            async_client(url, _CALL_CONNECTIONS, _BACKSTOP_S),
            keeper=async_client(url, _KEPT_CONNECTIONS, kept_s + _BACKSTOP_S),
            prefix=prefix,
            call_s=call_s,
            kept_s=kept_s,
            heartbeat_s=heartbeat_s,
        )

    async def get(self, key: str) -> bytes | None:
        """GET."""
        value = await self._call("get", self._client.get(self._value(key)))
        return None if value is None else bytes(value)

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """SET PX."""
        await self._call("put", self._client.set(self._value(key), value, px=ms(ttl_s)))

    async def delete(self, key: str) -> None:
        """DEL."""
        await self._call("delete", self._client.delete(self._value(key)))

    async def lead(self, key: str, token: str, lease_s: float) -> bool:
        """SET NX PX."""
        return bool(
            await self._call("lead", self._client.set(self._lease(key), token, nx=True, px=ms(lease_s)))
        )

    async def renew(self, key: str, token: str, lease_s: float) -> bool:
        """Lengthen the lease where the token is still ours."""
        return bool(
            await self._call("renew", self._renewal(keys=[self._lease(key)], args=[token, ms(lease_s)]))
        )

    async def publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        """Write, let go and wake in one script."""
        keys = [self._value(key), self._lease(key), self._channel]
        lifetime = 0 if value is None else ms(ttl_s)
        await self._call("publish", self._publication(keys=keys, args=[token, lifetime, value or b"", key]))

    async def awaited(self, key: str, timeout_s: float) -> None:
        """Wait for a wake-up on the shared connection, unless nobody leads any more."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name="store-wake-ups")
        with self._waiters.expect(key) as woken:
            if await self._led(key):
                await asyncio.wait((woken,), timeout=timeout_s)

    async def _led(self, key: str) -> bool:
        # Asked only once the listener hears: a leader done by now was missed, a later one will be heard.
        try:
            async with Patience(self._call_s):
                await self._hearing.wait()
            return bool(await self._call("look", self._client.exists(self._lease(key))))
        except (StoreError, TimeoutError):
            return True

    async def keep(self, key: str, value: bytes) -> None:
        """SET without an end."""
        await self._kept.keep(key, value)

    async def kept(self, key: str) -> bytes | None:
        """GET."""
        return await self._kept.kept(key)

    async def release(self, key: str) -> None:
        """DEL."""
        await self._kept.release(key)

    async def kept_keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """ZRANGEBYLEX on the index of what is kept."""
        return await self._kept.kept_keys(prefix, after=after, limit=limit)

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        """Compare and write in one script."""
        return await self._kept.swap(key, expected, value)

    async def ping(self) -> None:
        """PING."""
        await self._call("ping", self._client.ping())

    async def aclose(self) -> None:
        """End the listener and the connections."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait((self._listener,))
        for client in (self._client, self._keeper):
            await close(client)

    async def _call(self, name: str, command: Awaitable[Any]) -> Any:
        return await answered(name, self._client, lambda _: command, self._call_s)

    async def _kept_call(self, name: str, command: Callable[[Redis], Awaitable[Any]]) -> Any:
        return await answered(name, self._keeper, command, self._kept_s)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with self._client.pubsub() as channel:
                    with heard_when_cancelled():
                        await channel.subscribe(self._channel)
                    await self._hear(channel)
            self._hearing.clear()
            await asyncio.sleep(_RELISTEN_S * random.uniform(0.7, 1.3))  # noqa: S311 (jitter, no secret)

    async def _hear(self, channel: PubSub) -> None:
        pinged = False
        while True:
            with heard_when_cancelled():
                message = await channel.get_message(timeout=self._heartbeat_s)
                if message is None and not pinged:
                    await channel.ping()
            if message is None:
                if pinged:
                    raise RedisConnectionError
            elif message["type"] == "subscribe":
                self._hearing.set()
            elif message["type"] == "message":
                self._waiters.wake(message["data"].decode())
            pinged = message is None

    def _value(self, key: str) -> str:
        return f"{self._prefix}:v:{key}"

    def _lease(self, key: str) -> str:
        return f"{self._prefix}:l:{key}"
