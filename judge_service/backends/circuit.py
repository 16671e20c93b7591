"""When not to ask a judge at all, because it fails whoever asks."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from judge_service.errors import BackendUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_S = 30
FEWEST_CALLS = 20
FAILED_SHARE = 0.5
OPEN_S = 15.0
OPEN_JITTER = 0.3
PROBE_RETRY_S = 1.0

State = Literal["closed", "open", "half_open"]


class Circuit:
    """Opens when half of the last half minute's calls failed; then one probe at a time tells the rest.

    Time is given by the caller in seconds of one monotonic clock. Calls that say nothing about the
    judge's health (cancelled, rate limited) are not recorded.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self.state: State = "closed"
        self._random = random
        self._opens_again = 0.0
        self._probing = False
        self._seconds: deque[list[int]] = deque()  # [second, calls, failures]
        self._calls = 0
        self._failures = 0

    def admit(self, now: float) -> bool:
        """Let a call pass and say whether it is the probe; raises BackendUnavailable when it may not."""
        if self.state == "closed":
            return False
        if self._probing or now < self._opens_again:
            raise self.refusal(now)
        self.state = "half_open"
        self._probing = True
        return True

    def refusal(self, now: float) -> BackendUnavailable:
        """Build the error of a call that is turned away."""
        rest = max(self._opens_again - now, PROBE_RETRY_S)
        text = "most calls to this judge failed in the last half minute; it is left alone for a moment"
        return BackendUnavailable(text, retry_after_s=rest, code="circuit_open")

    def record(self, now: float, *, failed: bool, probe: bool) -> None:
        """Note how a call ended. While open only the probe counts: the others began before."""
        if probe:
            self._open(now) if failed else self.close()
        elif self.state == "closed":
            self._count(now, failed=failed)
            if failed and self._calls >= FEWEST_CALLS and self._failures >= FAILED_SHARE * self._calls:
                self._open(now)

    def abandon(self, *, probe: bool) -> None:
        """Note that a call ended without telling anything; the next one may be the probe."""
        if probe:
            self._probing = False

    def close(self) -> None:
        """Trust the judge again, with a clean slate."""
        self.state = "closed"
        self._probing = False
        self._seconds.clear()
        self._calls = self._failures = 0

    def _open(self, now: float) -> None:
        self.state = "open"
        self._probing = False
        self._opens_again = now + OPEN_S * (1 + OPEN_JITTER * (2 * self._random() - 1))

    def _count(self, now: float, *, failed: bool) -> None:
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
            self._forget(second - WINDOW_S)
        latest = self._seconds[-1]
        latest[1] += 1
        latest[2] += failed
        self._calls += 1
        self._failures += failed

    def _forget(self, second: int) -> None:
        while self._seconds[0][0] <= second:
            _, calls, failures = self._seconds.popleft()
            self._calls -= calls
            self._failures -= failures
