"""The store of a single process: a bounded dictionary that forgets the least recently used."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from judge_service.errors import StoreError
from judge_service.stores.base import Waiters

if TYPE_CHECKING:
    from collections.abc import Callable

_SWEEP_LEASES_ABOVE = 1024


class MemoryStore:
    """Values, leases and kept records in this process; gone with it.

    What is kept is not counted in `max_bytes` and is never forgotten to make room: beyond `max_kept_bytes`
    it is refused.
    """

    kind = "memory"

    def __init__(
        self,
        *,
        max_bytes: int = 64 * 2**20,
        max_kept_bytes: int = 256 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_kept_bytes = max_kept_bytes
        self._clock = clock
        self._bytes = 0
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._leases: dict[str, tuple[str, float]] = {}
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0
        self._waiters = Waiters()

    @property
    def size(self) -> int:
        """Bytes of the keys and values held."""
        return self._bytes

    async def get(self, key: str) -> bytes | None:
        """Give the value and count it as used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, expires = entry
        if expires <= self._clock():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep the value and forget the least recently used ones that no longer fit."""
        self._drop(key)
        self._entries[key] = (value, self._clock() + ttl_s)
        self._bytes += _weight(key, value)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def delete(self, key: str) -> None:
        """Drop the value."""
        self._drop(key)

    async def lead(self, key: str, token: str, lease_s: float) -> bool:
        """Take the lease if nobody holds it."""
        if self._holder(key) is not None:
            return False
        self._sweep_leases()
        self._leases[key] = (token, self._clock() + lease_s)
        return True

    async def renew(self, key: str, token: str, lease_s: float) -> bool:
        """Lengthen a lease that is still ours."""
        if self._holder(key) != token:
            return False
        self._leases[key] = (token, self._clock() + lease_s)
        return True

    async def publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        """Write, let go of the lease and wake; nothing can come between, for nothing is awaited for real."""
        if value is not None:
            await self.put(key, value, ttl_s)
        if self._holder(key) == token:
            del self._leases[key]
        self._waiters.wake(key)

    async def awaited(self, key: str, timeout_s: float) -> None:
        """Wait for `publish`."""
        await self._waiters.wait(key, timeout_s)

    async def keep(self, key: str, value: bytes) -> None:
        """Keep the record where there is room for it."""
        before = self._kept.get(key)
        freed = 0 if before is None else _weight(key, before)
        total = self._kept_bytes - freed + _weight(key, value)
        if total > self._max_kept_bytes:
            message = (
                "the memory store holds no more kept records: set JUDGE_SERVICE_STORE_URL to a file or Redis"
            )
            raise StoreError(message)
        self._kept[key] = value
        self._kept_bytes = total

    async def kept(self, key: str) -> bytes | None:
        """Give the record."""
        return self._kept.get(key)

    async def release(self, key: str) -> None:
        """Drop the record."""
        value = self._kept.pop(key, None)
        if value is not None:
            self._kept_bytes -= _weight(key, value)

    async def kept_keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """Look through all of them."""
        return sorted(key for key in self._kept if key.startswith(prefix) and (not after or key > after))[
            :limit
        ]

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        """Compare and keep; nothing can come between, for nothing is awaited for real."""
        if self._kept.get(key) != expected:
            return False
        await self.keep(key, value)
        return True

    async def ping(self) -> None:
        """Memory is always there."""

    async def aclose(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._leases.clear()
        self._kept.clear()
        self._bytes = self._kept_bytes = 0

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _weight(key, entry[0])

    def _holder(self, key: str) -> str | None:
        token, expires = self._leases.get(key, ("", 0.0))
        return token if token and expires > self._clock() else None

    def _sweep_leases(self) -> None:
        if len(self._leases) < _SWEEP_LEASES_ABOVE:
            return
        now = self._clock()
        self._leases = {key: lease for key, lease in self._leases.items() if lease[1] > now}


def _weight(key: str, value: bytes) -> int:
    return len(key.encode("utf-8", "surrogatepass")) + len(value)
