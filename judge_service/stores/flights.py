"""One computation per key: shared by the callers of this process and, by a lease, by all replicas."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from judge_service.domain.place import INTERACTIVE
from judge_service.errors import StoreError
from judge_service.stores.guard import Guard
from judge_service.stores.landing import Landing
from judge_service.stores.leases import renewed

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from judge_service.domain.place import Place
    from judge_service.stores.base import Store

T = TypeVar("T")

Source = Literal["hit", "miss", "joined"]


@dataclass(frozen=True, slots=True)
class Flown(Generic[T]):
    """A value and how it was had: read from the store, computed for this caller, or shared with another."""

    value: T
    source: Source


Compute = Callable[[Landing], Awaitable[tuple[T, bytes | None]]]
Read = Callable[[bytes], T | None]


class _Flight(Generic[T]):
    def __init__(self, key: str, compute: Compute[T], read: Read[T], *, refresh: bool) -> None:
        self.key = key
        self.compute = compute
        self.read = read
        self.refresh = refresh
        self.token = secrets.token_hex(8)
        self.landing = Landing()
        self.answer: asyncio.Future[Flown[T]] = asyncio.get_running_loop().create_future()
        self.leads = False  # the lease is ours
        self.may_hold_lease = False  # the lease was asked for; the answer may have been lost
        self.cut_off = False  # the store failed this flight: nobody shall wait for it again


class Flights:
    """Fetches values by key so that equal requests cost one computation and a dead store costs a moment."""

    def __init__(
        self,
        store: Store,
        *,
        lease_s: float = 30.0,
        poll_s: float = 0.5,
        ttl_s: float = 30 * 86400,
        clock: Callable[[], float] = time.monotonic,
        on_event: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._ttl_s = ttl_s
        self._guard = Guard(clock=clock)
        self._event = on_event
        self._aloft: dict[tuple[str, bool], _Flight[Any]] = {}
        self._tasks: dict[_Flight[Any], asyncio.Task[None]] = {}

    async def fetch(
        self,
        key: str,
        compute: Compute[T],
        read: Read[T],
        *,
        deadline: float,
        refresh: bool = False,
        place: Place = INTERACTIVE,
    ) -> Flown[T]:
        """Give the stored value, or the one computation of it; `deadline` is on the event loop's clock.

        `compute` gives the value and its bytes, None where it must not be stored; what it raises reaches
        every caller of this process and is stored nowhere. A caller whose deadline passes gets
        `TimeoutError`, the others go on; when the last one has left, the computation is cancelled.
        """
        if deadline <= asyncio.get_running_loop().time():
            raise TimeoutError
        flight = cast("_Flight[T] | None", self._aloft.get((key, refresh)))
        joins = flight is not None
        if flight is None:
            flight = self._start(_Flight(key, compute, read, refresh=refresh))
        flown = await self._ride(flight, deadline, place)
        return Flown(flown.value, "joined") if joins and flown.source == "miss" else flown

    async def peek(self, key: str, read: Read[T]) -> T | None:
        """Give the stored value if there is a sound one; compute nothing."""
        try:
            return await self._look(key, read)
        except StoreError:
            self._event("error")
            return None

    async def aclose(self) -> None:
        """Cancel what is under way and let go of its leases."""
        tasks = list(self._tasks.values())
        for flight in list(self._tasks):
            self._abort(flight)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, flight: _Flight[T]) -> _Flight[T]:
        self._aloft[flight.key, flight.refresh] = flight
        task = asyncio.create_task(self._fly(flight), name="flight")
        self._tasks[flight] = task
        task.add_done_callback(lambda _: self._clear_away(flight))
        return flight

    def _clear_away(self, flight: _Flight[T]) -> None:
        del self._tasks[flight]
        self._unlist(flight)
        if not flight.answer.done():
            flight.answer.cancel()

    async def _ride(self, flight: _Flight[T], deadline: float, place: Place) -> Flown[T]:
        seat = flight.landing.board(deadline, place)
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.wait((flight.answer,))
        finally:
            flight.landing.leave(seat)
            if flight.landing.deserted and not flight.answer.done():
                self._abort(flight)
        return flight.answer.result()

    def _abort(self, flight: _Flight[T]) -> None:
        self._unlist(flight)
        task = self._tasks[flight]
        if not task.cancelling():  # a second cancellation would hit the release of the lease
            task.cancel()

    def _unlist(self, flight: _Flight[T]) -> None:
        if self._aloft.get((flight.key, flight.refresh)) is flight:
            del self._aloft[flight.key, flight.refresh]

    async def _fly(self, flight: _Flight[T]) -> None:
        try:
            flown = await self._approach(flight) or await self._compute(flight)
        except Exception as exc:  # noqa: BLE001 (whatever it is, it belongs to those who wait)
            self._unlist(flight)
            flight.answer.set_exception(exc)
            flight.answer.exception()  # seen, even when everybody has just left
        else:
            self._land(flight, flown)
        finally:
            if flight.may_hold_lease:
                await self._publish(flight, None)

    def _land(self, flight: _Flight[T], flown: Flown[T]) -> None:
        self._unlist(flight)
        if not flight.answer.done():
            flight.answer.set_result(flown)

    async def _compute(self, flight: _Flight[T]) -> Flown[T]:
        self._event("miss")
        async with self._renewed(flight):
            value, blob = await flight.compute(flight.landing)
        flown: Flown[T] = Flown(value, "miss")
        if flight.cut_off:
            self._land(flight, flown)
        await self._publish(flight, blob)
        return flown

    async def _approach(self, flight: _Flight[T]) -> Flown[T] | None:
        """Find the value, or None where it is on us to compute it."""
        try:
            if flight.refresh:
                await self._lead(flight)
                return None
            return await self._find_or_lead(flight)
        except StoreError:
            flight.cut_off = True
            self._event("error")
            return None

    async def _find_or_lead(self, flight: _Flight[T]) -> Flown[T] | None:
        follows = False
        while True:
            if (value := await self._look(flight.key, flight.read)) is not None:
                break
            if await self._lead(flight):
                # Another leader may have published between our look and our lead.
                if (value := await self._look(flight.key, flight.read)) is not None:
                    break
                self._event("takeover" if follows else "lead")
                return None
            if not follows:
                self._event("follow")
            follows = True
            await self._store.awaited(flight.key, _jittered(self._poll_s, 0.3))
        self._event("hit")
        return Flown(value, "joined" if follows else "hit")

    async def _look(self, key: str, read: Read[T]) -> T | None:
        blob = await self._guard.ask(lambda: self._store.get(key))
        if blob is None:
            return None
        value = _read(read, blob)
        if value is None:
            self._event("unsound")
            await self._guard.ask(lambda: self._store.delete(key))
        return value

    async def _lead(self, flight: _Flight[T]) -> bool:
        flight.may_hold_lease = True
        flight.leads = await self._guard.ask(
            lambda: self._store.lead(flight.key, flight.token, self._lease_s)
        )
        flight.may_hold_lease = flight.leads
        return flight.leads

    async def _publish(self, flight: _Flight[T], blob: bytes | None) -> None:
        if blob is None and not flight.may_hold_lease:
            return
        ttl_s = _jittered(self._ttl_s, 0.1)
        try:
            await self._guard.ask(lambda: self._store.publish(flight.key, flight.token, blob, ttl_s))
            flight.may_hold_lease = False
        except StoreError:
            flight.cut_off = True
            self._event("error")

    def _renewed(self, flight: _Flight[T]) -> AbstractAsyncContextManager[None]:
        if not flight.leads:
            return nullcontext()
        return renewed(
            lambda: self._guard.ask(lambda: self._store.renew(flight.key, flight.token, self._lease_s)),
            self._lease_s,
        )


def _read(read: Read[T], blob: bytes) -> T | None:
    try:
        return read(blob)
    except Exception:  # noqa: BLE001 (whatever is wrong with an entry, it is a miss and fails nobody)
        return None


def _jittered(seconds: float, share: float) -> float:
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311 (jitter, no secret)
