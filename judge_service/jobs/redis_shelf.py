"""The shelf of many machines: Redis, a hash for each file and a key for each of its blocks.

Nothing here has an expiry of the server's own: what has one may be dropped to make room. `sweep` does it.
"""

from __future__ import annotations

import asyncio
import time
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from judge_service.errors import StoreError
from judge_service.jobs.shelf import BLOCK_BYTES, ShelvedFile
from judge_service.stores.records import Codec
from judge_service.stores.redis_door import answered, async_client, close, memory_rules
from judge_service.stores.redis_kept import refuse_to_lose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

_CONNECTIONS = 8
_CALL_S = 10.0  # blocks of a megabyte are on the way
_BACKSTOP_S = 5.0
_AT_ONCE = 100
# Where there is no memory a script's first write is refused; one that has written is refused nothing.
_BEGIN = """
redis.call('HSET', KEYS[1], 'blocks', 0)
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
"""
_APPEND = """
local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not due or tonumber(due) <= tonumber(ARGV[2]) or redis.call('HEXISTS', KEYS[1], 'size') == 1 then return 0 end
redis.call('SET', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local blocks = tonumber(redis.call('HGET', KEYS[1], 'blocks'))
redis.call('HSET', KEYS[1], 'blocks', math.max(blocks, tonumber(ARGV[5]) + 1))
return 1
"""
_SEAL = """
local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not due or tonumber(due) <= tonumber(ARGV[2]) or redis.call('HEXISTS', KEYS[1], 'size') == 1 then return 0 end
redis.call('ZADD', KEYS[3], redis.call('INCR', KEYS[4]), ARGV[1])
redis.call('HSET', KEYS[1], 'tenant', ARGV[4], 'name', ARGV[5], 'size', ARGV[6], 'created', ARGV[7], 'expires', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""
# ARGV[3]: only what is past its time at that moment goes, for it may have been sealed since somebody looked.
_FORGET = """
local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not due or (ARGV[3] ~= '' and tonumber(due) > tonumber(ARGV[3])) then return end
local told = redis.call('HMGET', KEYS[1], 'blocks', 'tenant')
for number = 0, tonumber(told[1]) - 1 do redis.call('UNLINK', KEYS[1] .. ':' .. number) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if told[2] then redis.call('ZREM', ARGV[2] .. told[2], ARGV[1]) end
"""


class RedisShelf:
    """Every change is one script. `clock` is wall time, which machines share."""

    def __init__(self, url: str, *, prefix: str = "js", clock: Callable[[], float] = time.time) -> None:
        """Prepare a shelf without calling the server; a bad address is a ValueError or a TypeError."""
        self._client = async_client(url, _CONNECTIONS, _CALL_S + _BACKSTOP_S)
        self._prefix = f"{prefix}:files"
        self._due = f"{self._prefix}:due"
        self._clock = clock
        self._codec = Codec(BLOCK_BYTES)

    async def begin(self, file: str, lease_s: float) -> None:
        """HSET and ZADD, unless the server drops what has no end."""
        refuse_to_lose(await self._ask("tell its rules", memory_rules))
        await self._run("begin", _BEGIN, [self._file(file), self._due], file, self._clock() + lease_s)

    async def append(self, file: str, number: int, block: bytes, lease_s: float) -> None:
        """SET the block, compressed, where the file is still being received."""
        now, packed = self._clock(), await asyncio.to_thread(self._codec.compress, block)
        keys = [self._file(file), self._due, self._block(file, number)]
        if not await self._run("append", _APPEND, keys, file, now, now + lease_s, packed, number):
            raise _gone(file)

    async def seal(self, file: ShelvedFile) -> None:
        """HSET what is known, and ZADD to the tenant's index."""
        keys = [self._file(file.id), self._due, self._index(file.tenant), f"{self._prefix}:serial"]
        told = (file.tenant, file.name, file.size, file.created_at)
        if not await self._run("seal", _SEAL, keys, file.id, self._clock(), file.expires_at, *told):
            raise _gone(file.id)

    async def get(self, file: str) -> ShelvedFile | None:
        """HGETALL."""
        (found,) = await self._read([file])
        return found

    async def of_tenant(
        self, tenant: str, after: str | None, limit: int, *, oldest_first: bool = False
    ) -> list[ShelvedFile]:
        """Walk through the tenant's index, past what nobody has swept yet."""
        ids = await self._listed(tenant, after, oldest_first=oldest_first)
        found: list[ShelvedFile] = []
        while ids and len(found) < limit:
            some, ids = ids[: limit - len(found)], ids[limit - len(found) :]
            found += [one for one in await self._read(some) if one is not None]
        return found

    async def read(self, file: str, start: int, end: int) -> AsyncIterator[bytes]:
        """GET a block at a time."""
        while start < end:
            number, skipped = divmod(start, BLOCK_BYTES)
            packed = await self._ask("read", methodcaller("get", self._block(file, number)))
            if packed is None:
                raise _gone(file)
            block = await asyncio.to_thread(self._codec.expand, packed)
            yield block[skipped : skipped + end - start]
            start += len(block) - skipped

    async def forget(self, file: str) -> None:
        """UNLINK the blocks, DEL and ZREM the rest."""
        await self._forget(file, "")

    async def sweep(self) -> None:
        """Forget what is past its time, some at once."""
        now = self._clock()
        while late := await self._ask(
            "sweep", lambda client: client.zrangebyscore(self._due, "-inf", now, start=0, num=_AT_ONCE)
        ):
            for file in late:
                await self._forget(file.decode(), now)

    async def aclose(self) -> None:
        """Close the connections."""
        await close(self._client)

    async def _ask(self, name: str, command: Callable[[Any], Awaitable[Any]]) -> Any:
        return await answered(name, self._client, command, _CALL_S)

    async def _forget(self, file: str, until: float | str) -> None:
        await self._run("forget", _FORGET, [self._file(file), self._due], file, self._index(""), until)

    async def _listed(self, tenant: str, after: str | None, *, oldest_first: bool) -> list[str]:
        async def look(client: Any) -> list[bytes]:
            index, least, most = self._index(tenant), "-inf", "+inf"
            if after is not None:
                serial = await client.zscore(index, after)
                if serial is None:
                    return []
                least, most = (f"({serial}", most) if oldest_first else (least, f"({serial}")
            range_of = client.zrangebyscore if oldest_first else client.zrevrangebyscore
            found: list[bytes] = await range_of(index, *((least, most) if oldest_first else (most, least)))
            return found

        return [file.decode() for file in await self._ask("list", look)]

    async def _read(self, files: list[str]) -> list[ShelvedFile | None]:
        async def look(client: Any) -> list[dict[bytes, bytes]]:
            async with client.pipeline(transaction=False) as steps:
                for file in files:
                    steps.hgetall(self._file(file))
                found: list[dict[bytes, bytes]] = await steps.execute()
            return found

        now, found = self._clock(), await self._ask("look", look)
        read = [_told(file, fields) for file, fields in zip(files, found, strict=True)]
        return [one if one is not None and one.expires_at > now else None for one in read]

    async def _run(self, name: str, script: str, keys: list[str], *values: Any) -> Any:
        return await self._ask(name, lambda client: client.eval(script, len(keys), *keys, *values))

    def _file(self, file: str) -> str:
        return f"{self._prefix}:f:{file}"

    def _block(self, file: str, number: int) -> str:
        return f"{self._file(file)}:{number}"

    def _index(self, tenant: str) -> str:
        return f"{self._prefix}:t:{tenant}"


def _told(file: str, fields: Mapping[bytes, bytes]) -> ShelvedFile | None:
    if b"size" not in fields:  # no such file, or one that is being received
        return None
    return ShelvedFile(
        id=file,
        tenant=fields[b"tenant"].decode(),
        name=fields[b"name"].decode(),
        size=int(fields[b"size"]),
        created_at=float(fields[b"created"]),
        expires_at=float(fields[b"expires"]),
    )


def _gone(file: str) -> StoreError:
    return StoreError(f"the file {file} is no more")
