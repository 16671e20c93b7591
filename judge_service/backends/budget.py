"""How many retries a judge may cost on top of the calls that succeed."""

from __future__ import annotations

SHARE = 0.1
RESERVE = 10.0
CEILING = 100.0


class RetryBudget:
    """A token bucket: it starts with a reserve, every success adds a share of a retry, a retry takes one.

    A judge that fails for everybody is thus asked at most `reserve` times more than it answers and
    not `max_attempts` times as often. The ceiling keeps a long good time from paying for a long storm.
    """

    __slots__ = ("_ceiling", "_share", "tokens")

    def __init__(self, *, share: float = SHARE, reserve: float = RESERVE, ceiling: float = CEILING) -> None:
        self._share = share
        self._ceiling = ceiling
        self.tokens = reserve

    def earn(self) -> None:
        """Note a success."""
        self.tokens = min(self._ceiling, self.tokens + self._share)

    def spend(self) -> bool:
        """Take one retry, if there is one to take."""
        # Ten times 0.1 is a little less than one.
        if self.tokens < 1.0 - 1e-9:
            return False
        self.tokens = max(0.0, self.tokens - 1.0)
        return True
