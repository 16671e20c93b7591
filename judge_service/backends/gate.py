"""How many calls may be with one judge at once, from when on, and who goes first."""

from __future__ import annotations

import asyncio
import math
import random
import time
from typing import TYPE_CHECKING, Self

from judge_service.backends.circuit import Circuit
from judge_service.backends.line import Line
from judge_service.backends.pace import Pace, Ramp
from judge_service.domain.place import INTERACTIVE
from judge_service.errors import BackendError, BackendRateLimited, BackendRejected, BackendTimeout

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from judge_service.backends.circuit import State
    from judge_service.domain.place import Place

CUT_EVERY_S = 0.5
DEEPEST_CUT = 4
HOLD = 3.0
PAUSE_JITTER = 0.25
LONGEST_PAUSE_S = 3600.0
LONGEST_WAIT_S = 60.0
UNNAMED_PAUSE_S = 0.25
LONGEST_UNNAMED_PAUSE_S = 8.0
TIMER_GRAIN_S = 0.001


class Slot:
    """One call's place at the judge; how the block under `async with` ends tells the gate how it went."""

    __slots__ = ("_gate", "deadline", "fair", "place", "probe", "since", "turn")

    def __init__(self, gate: Gate, place: Place, deadline: Callable[[], float] | None) -> None:
        self._gate = gate
        self.place = place  # the gate changes it, and only in line
        self.deadline = deadline
        self.turn: asyncio.Future[None]  # there from when it stands in line
        self.probe = False
        self.since = 0.0
        # False: the caller left the judge too little time, so a timeout says nothing about the judge.
        self.fair = True

    async def __aenter__(self) -> Self:
        await self._gate.enter(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.leave(self, error)

    def urge(self, place: Place) -> None:
        """Go on waiting in that place where it is the more urgent one; nothing where the wait is over."""
        self._gate.urge(self, place)


class Gate:
    """Additive increase, multiplicative decrease over the calls in flight to one judge.

    Halves on overload (BackendRateLimited, BackendTimeout), at most once per half second and only for
    a call that began after the last cut; grows by 1/limit with every success up to the given maximum.
    A rate limit halves what was in flight where that is less than the limit, though never below an
    eighth of the limit. A Retry-After pauses everybody, a rate limit without one pauses for a doubling
    moment; for three times the pause the limit then stays, since finding it again costs another pause.
    The Ramp lets a first burst out little by little, so that it hears a "no" before all of it is out;
    after a rate limit the Pace spreads the calls over time. Owns the judge's circuit: one
    state, no lock, for one event loop.
    """

    def __init__(
        self,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.inflight = 0
        self.paused_until = 0.0
        self._maximum = float(limit)
        self._limit = float(limit)
        self._clock = clock
        self._random = random
        self._circuit = Circuit(random)
        self._line: Line[Slot] = Line()
        self._timer: asyncio.TimerHandle | None = None
        self._cut_at = -math.inf
        self._cuts_in_a_row = 0
        self._grows_from = -math.inf
        self._ramp = Ramp()
        self._pace = Pace()

    @property
    def limit(self) -> int:
        """How many calls may be in flight now."""
        return int(self._limit)

    @property
    def waiting(self) -> int:
        """How many calls stand in line."""
        return len(self._line)

    @property
    def circuit(self) -> State:
        """Whether calls pass (`closed`), are turned away (`open`), or one is let through to see."""
        return self._circuit.state

    def slot(self, place: Place = INTERACTIVE, *, deadline: Callable[[], float] | None = None) -> Slot:
        """Wait in line for a place at the judge and hold it: `async with gate.slot(): ...`.

        Interactive calls go before batch calls, and the tenants of batch calls take turns; while several of
        them wait, none of them holds more than half of the limit.

        Raises BackendUnavailable at once while the circuit is open, BackendRateLimited when a pause
        outlasts a minute or the deadline, BackendTimeout when the deadline (of the loop's clock, read
        again as it comes near) passes in line.
        """
        return Slot(self, place, deadline)

    async def enter(self, slot: Slot) -> None:
        """Take a place; `Slot` calls it."""
        now = self._clock()
        slot.probe = self._circuit.admit(now)
        if self._line or not self._has_room(now):
            try:
                await self._stand_in_line(slot, now)
            except BaseException:
                self._circuit.abandon(probe=slot.probe)
                raise
            now = self._clock()
        else:
            self._seat(slot, now)
        slot.since = now

    def urge(self, slot: Slot, place: Place) -> None:
        """Let a call in line wait in a more urgent place; `Slot` calls it."""
        if place.precedes(slot.place) and self._line.leave(slot):
            slot.place = place
            self._line.join(slot)

    def leave(self, slot: Slot, error: BaseException | None) -> None:
        """Give the place back and learn from how the call ended; `Slot` calls it."""
        self._rise(slot)
        now = self._clock()
        if error is None:
            self._cuts_in_a_row = 0
            self._ramp.borne = max(self._ramp.borne, self.inflight + 1)
            if now >= self._grows_from:
                self._limit = min(self._maximum, self._limit + 1 / self._limit)
            self._circuit.record(now, failed=False, probe=slot.probe)
        else:
            self._learn(slot, error, now)
        if self._line or self._timer is not None:
            self._admit()

    def _seat(self, slot: Slot, now: float) -> None:
        self.inflight += 1
        self._pace.begin(now)
        self._line.seat(slot.place)

    def _rise(self, slot: Slot) -> None:
        self.inflight -= 1
        self._line.rise(slot.place)

    def _learn(self, slot: Slot, error: BaseException, now: float) -> None:
        if isinstance(error, BackendRateLimited):
            self._cut(slot, now, used=max(self.inflight + 1, self._limit / DEEPEST_CUT))
            self._pause(now, error.retry_after_s)
            self._pace.refused(now, slot.since, self.paused_until)
            if slot.probe:
                self._circuit.close()
        elif not isinstance(error, BackendError) or (isinstance(error, BackendTimeout) and not slot.fair):
            self._circuit.abandon(probe=slot.probe)
        else:
            if isinstance(error, BackendTimeout):
                self._cut(slot, now, used=self._limit)
            failed = not isinstance(error, BackendRejected)
            self._circuit.record(now, failed=failed, probe=slot.probe)
            if self.circuit == "open":
                self._turn_away(now)

    def _cut(self, slot: Slot, now: float, *, used: float) -> None:
        self._ramp.borne = 0
        if slot.since > self._cut_at and now - self._cut_at >= CUT_EVERY_S:
            self._cut_at = now
            self._cuts_in_a_row += 1
            self._limit = max(1.0, min(self._limit, used) / 2)

    def _pause(self, now: float, retry_after_s: float | None) -> None:
        if retry_after_s is not None and retry_after_s > 0:
            wait = min(retry_after_s, LONGEST_PAUSE_S) * (1 + PAUSE_JITTER * self._random())
        else:
            wait = min(UNNAMED_PAUSE_S * 2.0 ** min(self._cuts_in_a_row, 10), LONGEST_UNNAMED_PAUSE_S)
            wait *= 1 - PAUSE_JITTER * self._random()
        self.paused_until = max(self.paused_until, now + wait)
        self._grows_from = max(self._grows_from, self.paused_until + HOLD * wait)

    def _has_room(self, now: float) -> bool:
        if now < max(self.paused_until, self._pace.next_at) or self.inflight + 1 > self._limit:
            return False
        return self._ramp.allows(now, self.inflight)

    def _admit(self) -> None:
        """Give free places to those whose turn it is."""
        while self._line:
            now = self._clock()
            if not self._has_room(now):
                self._arm(now)
                return
            if (slot := self._next()) is not None:
                self._seat(slot, now)
                slot.turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self) -> Slot | None:
        while (slot := self._line.call(self._limit)) is not None:
            if not slot.turn.done():  # cancelled, and about to step out
                return slot
        return None

    def _arm(self, now: float) -> None:
        """Come back when time alone opens the gate; when a call must end first, its end does."""
        if self._timer is not None or (now >= self.paused_until and self.inflight + 1 > self._limit):
            return
        opens = max(self.paused_until, self._pace.next_at, self._ramp.opens(self.inflight))
        self._timer = asyncio.get_running_loop().call_later(max(opens - now, TIMER_GRAIN_S), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._admit()

    async def _stand_in_line(self, slot: Slot, now: float) -> None:
        self._refuse_the_hopeless(slot, now)
        self._join(slot, first=False)
        while True:
            await self._come_to_turn(slot)
            now = self._clock()
            if now >= self.paused_until and (slot.probe or self.circuit == "closed"):
                return
            # The judge said no between our turn's coming and this line.
            self._rise(slot)
            if not slot.probe and self.circuit != "closed":
                self._admit()
                raise self._circuit.refusal(now)
            self._join(slot, first=True)

    def _join(self, slot: Slot, *, first: bool) -> None:
        slot.turn = asyncio.get_running_loop().create_future()
        self._line.join(slot, first=first)
        self._admit()

    async def _come_to_turn(self, slot: Slot) -> None:
        try:
            while slot.deadline and not slot.turn.done():
                await asyncio.wait((slot.turn,), timeout=self._time_left(slot.deadline))
            await slot.turn
        except BaseException:
            self._step_out(slot)
            raise

    def _time_left(self, deadline: Callable[[], float]) -> float:
        left = deadline() - asyncio.get_running_loop().time()
        if left > 0:
            return left
        rest = self.paused_until - self._clock()
        raise _paused(rest) if rest > 0 else BackendTimeout("the time was up before the judge had room")

    def _step_out(self, slot: Slot) -> None:
        """Leave the line without going; a turn that had come already goes to the next."""
        in_line, turn = self._line.leave(slot), slot.turn
        if not in_line and not turn.cancelled() and turn.exception() is None:
            self._rise(slot)
        self._admit()

    def _turn_away(self, now: float) -> None:
        while (slot := self._next()) is not None:
            slot.turn.set_exception(self._circuit.refusal(now))

    def _refuse_the_hopeless(self, slot: Slot, now: float) -> None:
        rest = self.paused_until - now
        left = slot.deadline() - asyncio.get_running_loop().time() if slot.deadline else math.inf
        if rest > min(LONGEST_WAIT_S, left):
            raise _paused(rest)


def _paused(rest: float) -> BackendRateLimited:
    text = "the judge asked to be left alone for longer than there is time"
    return BackendRateLimited(text, retry_after_s=rest)
