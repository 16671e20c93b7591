"""What every store offers: bytes for a time, a lease on a key, a wake-up when it is done; bytes for good."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Store(Protocol):
    """Bytes by key. Every failure is a `StoreError`; the caller goes on without a store.

    A value never changes for a key, so two writers of one key do no harm. A lease saves cost; nothing
    is wrong without it: whoever holds it computes, the others wait.

    Kept records are another matter: they change, they never end and are never dropped to make room, their
    keys are theirs alone, and a call may move megabytes and take seconds. A call that failed may have been
    done all the same.
    """

    kind: str

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when there is none or its time is over."""
        ...

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep the value for `ttl_s` seconds at most; a store may drop it sooner."""
        ...

    async def delete(self, key: str) -> None:
        """Drop the value; a key without one is no error."""
        ...

    async def lead(self, key: str, token: str, lease_s: float) -> bool:
        """Take the lease on the key if it is free; True means it is yours."""
        ...

    async def renew(self, key: str, token: str, lease_s: float) -> bool:
        """Lengthen a lease that is still yours; False means it is not."""
        ...

    async def publish(self, key: str, token: str, value: bytes | None, ttl_s: float) -> None:
        """In one atomic step write the value if given, drop the lease if yours, wake those who wait."""
        ...

    async def awaited(self, key: str, timeout_s: float) -> None:
        """Return when the leader of the key is done or the time is over, or earlier: look again."""
        ...

    async def keep(self, key: str, value: bytes) -> None:
        """Keep the record until it is released, in place of what was there."""
        ...

    async def kept(self, key: str) -> bytes | None:
        """Give the kept record, whole, or None when there is none."""
        ...

    async def release(self, key: str) -> None:
        """Drop the kept record; a key without one is no error."""
        ...

    async def kept_keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """Give the keys of kept records that begin with the prefix and sort behind `after`: the first `limit`."""
        ...

    async def swap(self, key: str, expected: bytes | None, value: bytes) -> bool:
        """In one atomic step keep the value if the record is the expected one; None: if there is none."""
        ...

    async def ping(self) -> None:
        """Raise `StoreError` when the store cannot be used now."""
        ...

    async def aclose(self) -> None:
        """Let go of connections, threads and tasks."""
        ...


class Waiters:
    """Those in this process who wait for a key."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    @contextmanager
    def expect(self, key: str) -> Iterator[asyncio.Future[None]]:
        """Give a future that is done when the key is woken; from here on no wake-up is missed."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(woken)
        try:
            yield woken
        finally:
            self._forget(key, woken)

    async def wait(self, key: str, timeout_s: float) -> None:
        """Return when the key is woken or the time is over."""
        with self.expect(key) as woken:
            await asyncio.wait((woken,), timeout=timeout_s)

    def wake(self, key: str) -> None:
        """Wake all who wait for the key."""
        for woken in self._waiting.get(key, ()):
            if not woken.done():
                woken.set_result(None)

    def _forget(self, key: str, woken: asyncio.Future[None]) -> None:
        waiting = self._waiting[key]
        waiting.discard(woken)
        if not waiting:
            del self._waiting[key]
