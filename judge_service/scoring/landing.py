"""Of a question to a judge: until when the judge is waited for, and who waits."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from judge_service.backends.base import Landing
    from judge_service.domain.place import Place

# The judge's own timeout ends a call at the deadline and brings its attempts along; the waiter's follows
# this much later and ends what does not end by itself.
GRACE_S = 0.05


@dataclass(frozen=True, slots=True)
class FixedLanding:
    """What does not move: of a question nobody else waits for."""

    deadline: float
    place: Place

    def telling(self, _urge: Callable[[Place], None]) -> AbstractContextManager[None]:
        """Nobody comes."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class JudgesShare:
    """What of the waiters' time is the judge's: all but the moment in which its failure is told."""

    landing: Landing

    @property
    def deadline(self) -> float:
        """The latest moment at which the judge's call ends by itself."""
        return self.landing.deadline - GRACE_S

    @property
    def place(self) -> Place:
        """As the landing has it."""
        return self.landing.place

    def telling(self, urge: Callable[[Place], None]) -> AbstractContextManager[None]:
        """As the landing does."""
        return self.landing.telling(urge)
