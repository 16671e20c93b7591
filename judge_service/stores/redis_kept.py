"""What Redis keeps for good: records without an end, and the sorted index of their keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

from judge_service.errors import StoreError

# The client is Any, for only stores.redis knows its library.
Command = Callable[[Any], Awaitable[Any]]
Ask = Callable[[str, Command], Awaitable[Any]]
Rules = Callable[[Any], Awaitable[Mapping[str, Any]]]

_DIGEST = 32  # bytes of SHA-256 before each value: to compare two records costs no megabytes
_BEYOND = b"\xff"  # above every byte of UTF-8
# ZADD is first, for it is refused where there is no memory; a script that has written is refused nothing.
_SWAP = """
if redis.call('GETRANGE', KEYS[1], 0, 31) ~= ARGV[1] then return 0 end
redis.call('ZADD', KEYS[2], 0, ARGV[2])
redis.call('SET', KEYS[1], ARGV[3])
return 1
"""
# A script, for a full server refuses every MULTI, and with it the very call that would make room.
_RELEASE = """
redis.call('DEL', KEYS[1])
return redis.call('ZREM', KEYS[2], ARGV[1])
"""


class KeptRecords:
    """Records under a prefix of their own.

    A record and its key's place in the index are written in one step, by MULTI or a script, so that neither
    is ever seen without the other. SCAN would do without an index, but walks through the whole cache.
    """

    def __init__(self, ask: Ask, rules: Rules, *, prefix: str) -> None:
        self._ask = ask
        self._rules = rules
        self._prefix = prefix
        self._index = f"{prefix}:kept-keys"

    async def keep(self, key: str, value: bytes) -> None:
        """SET and ZADD in one MULTI."""

        async def write(client: Any) -> None:
            blob = await asyncio.to_thread(_with_digest, value)
            async with client.pipeline(transaction=True) as steps:
                await steps.set(self._record(key), blob).zadd(self._index, {key: 0}).execute()

        await self._refuse_to_lose()
        await self._ask("keep", write)

    async def kept(self, key: str) -> bytes | None:
        """GET."""
        blob = await self._ask("read what is kept", lambda client: client.get(self._record(key)))
        return None if blob is None else bytes(blob[_DIGEST:])

    async def release(self, key: str) -> None:
        """DEL and ZREM in one script."""
        await self._ask(
            "release", lambda client: client.eval(_RELEASE, 2, self._record(key), self._index, key)
        )

    async def kept_keys(self, prefix: str, *, after: str, limit: int) -> list[str]:
        """ZRANGEBYLEX: the order of the keys' bytes is that of their characters."""

        async def look(client: Any) -> list[bytes]:
            least = prefix.encode()
            begin = b"(" + after.encode() if after and after >= prefix else b"[" + least
            found: list[bytes] = await client.zrangebylex(
                self._index, begin, b"(" + least + _BEYOND, start=0, num=limit
            )
            return found

        return [key.decode() for key in await self._ask("list what is kept", look)]

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        """Compare digests and write in one script.

        WATCH would do as well, but its client takes a torn connection for the write of another: "no" would
        then be said of what was written.
        """

        async def exchange(client: Any) -> int:
            wanted = b"" if expected is None else await asyncio.to_thread(_digest, expected)
            blob = await asyncio.to_thread(_with_digest, value)
            done: int = await client.eval(_SWAP, 2, self._record(key), self._index, wanted, key, blob)
            return done

        await self._refuse_to_lose()
        return bool(await self._ask("swap", exchange) == 1)

    async def _refuse_to_lose(self) -> None:
        """Keep nothing where the server would drop it to make room; one that does not tell is believed."""
        refuse_to_lose(await self._ask("tell its rules", self._rules))

    def _record(self, key: str) -> str:
        return f"{self._prefix}:k:{key}"


def refuse_to_lose(told: Mapping[str, Any]) -> None:
    """`StoreError` where a server with these rules would drop what has no end."""
    if told.get("maxmemory") and str(told.get("maxmemory_policy")).startswith("allkeys"):
        message = "redis would drop what is kept to make room: set its maxmemory-policy to volatile-lru"
        raise StoreError(message)


def _digest(value: bytes) -> bytes:
    return sha256(value).digest()


def _with_digest(value: bytes) -> bytes:
    return _digest(value) + value
