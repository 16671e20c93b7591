"""How fast calls may follow one another at a judge: careful at first, and evenly after a "no"."""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress

FIRST_BURST = 8
DOUBLES_IN_S = 0.05
WINDOW_S = 1.0
BACK_TO = 0.7
RECOVERS_IN_S = 4.0
GROWTH = 1.2
LONGEST_GROWTH_S = 300.0
LEAST_PER_S = 8.0


class Ramp:
    """Beyond `borne`, calls in flight may at most double every 50 ms (from 8), one after the other.

    A first burst so hears a "no" before all of it is out.
    """

    def __init__(self) -> None:
        self.borne = 0  # most calls in flight at a success since the last "no"
        self._level = float(FIRST_BURST)
        self._at = -math.inf

    def allows(self, now: float, inflight: int) -> bool:
        """Whether one more than those in flight may begin."""
        self._level = min(
            self._level * 2.0 ** min((now - self._at) / DOUBLES_IN_S, 64.0), self._top(inflight)
        )
        self._at = now
        return inflight < math.floor(self._level + 1e-9)

    def opens(self, inflight: int) -> float:
        """When it allows one more than those in flight, if none of them ends."""
        return self._at + DOUBLES_IN_S * math.log2(max(1.0, (inflight + 1) / self._level))

    def _top(self, inflight: int) -> float:
        """Time alone lets in one more: who was idle begins anew, and a busy loop hears answers in between."""
        return float(max(FIRST_BURST, self.borne, inflight + 1))


class Pace:
    """Calls per second to a judge that has said it has had too many.

    There is none until then. A "no" makes it 0.7 of what the judge took in the second before, though at least 8;
    from the end of the pause it goes back to the whole of that in 4 s, and on by a fifth every second. So each of
    several processes that share a judge's rate, knowing nothing of the others, oversteps it by little. (After the
    adaptive mode of AWS' SDKs, which measures its own rate likewise and cuts it to 0.7.)
    """

    def __init__(self) -> None:
        self.next_at = -math.inf  # when the next call may begin
        self._begun: deque[float] = deque()
        self._taken_per_s = math.inf
        self._from = -math.inf
        self._no_at = -math.inf

    def begin(self, now: float) -> None:
        """A call begins."""
        self._begun.append(now)
        self._forget(now)
        if self._taken_per_s < math.inf:
            self.next_at = max(now, self.next_at) + 1 / self._per_s(now)

    def refused(self, now: float, began: float, paused_until: float) -> None:
        """The judge said no to the call that began then. Calls of before the last "no" say nothing new."""
        with suppress(ValueError):
            self._begun.remove(began)
        if began > self._no_at:
            self._forget(now)
            self._taken_per_s = max(LEAST_PER_S, len(self._begun) / WINDOW_S)
            self._no_at = now
        self._from = max(self._from, paused_until)
        self.next_at = max(self.next_at, self._from)

    def _per_s(self, now: float) -> float:
        since_s = max(0.0, now - self._from)
        share = BACK_TO + (1 - BACK_TO) * min(1.0, since_s / RECOVERS_IN_S)
        further_s = min(max(0.0, since_s - RECOVERS_IN_S), LONGEST_GROWTH_S)
        return float(self._taken_per_s * share * GROWTH**further_s)

    def _forget(self, now: float) -> None:
        while self._begun and self._begun[0] < now - WINDOW_S:
            self._begun.popleft()
