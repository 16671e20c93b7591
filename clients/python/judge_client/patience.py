"""When a call is made again, after which pause, and when it is given up. No clock and no connection in here.

`attempts` is asked what to do next: it says `Send` or `Pause`, is told what came of it, and ends with the result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from judge_client.calls import Call, Operation, Reply
from judge_client.errors import NoAnswer, Refused, Unreachable
from judge_client.problems import fault_of, told_by_service

if TYPE_CHECKING:
    from judge_client.errors import Incompatible

T = TypeVar("T")
DEADLINE_HEADER = "x-request-deadline-ms"
_GONE = 404
_PASSING = frozenset({429, 502, 503, 504})
# What is left for the answer's way back, so that the service's own word comes before our clock runs out.
_WAY_BACK_S, _WAY_BACK_SHARE = 0.5, 0.1
_LEAST_S = 0.001


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits for one operation, all its tries and pauses together, and how it asks again.

    The pause before try n + 1 is drawn evenly from 0 to `first_pause_s` · 2ⁿ, at most `longest_pause_s`; where the
    service says how long to wait, it is at least that.
    """

    deadline_s: float = 150.0
    tries: int = 6
    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0

    def __post_init__(self) -> None:
        if self.tries < 1 or min(self.deadline_s, self.first_pause_s, self.longest_pause_s) <= 0:
            raise ValueError("patience: at least one try, and every time above 0")


@dataclass(frozen=True, slots=True)
class Send:
    """Make this call; give it up after so many seconds."""

    call: Call
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


Step = Send | Pause
Event = Reply | Unreachable | None
Attempts = Generator[Step, Event, T]


@dataclass(frozen=True, slots=True)
class Chance:
    """The time, in seconds, and a number from 0 to below 1: all that a course of attempts depends on."""

    clock: Callable[[], float]
    draw: Callable[[], float]


def deadline_of(operation: Operation[T], patience: Patience, chance: Chance) -> float:
    """Until when an operation that begins now may take, by the chance's clock."""
    return chance.clock() + (operation.deadline_s or patience.deadline_s)


def attempts(operation: Operation[T], patience: Patience, chance: Chance, until: float) -> Attempts[T]:
    """Do an operation: what to do next, until it is done, refused, or the patience is at its end."""
    lost_before = False
    for tried in range(patience.tries):
        left = max(_LEAST_S, until - chance.clock())
        event = yield Send(_told(operation, left), left)
        lost_before |= isinstance(event, Unreachable)
        fault = event if isinstance(event, Unreachable) else fault_of(_reply(event))
        if fault is None:
            return operation.read(_reply(event))
        if operation.gone_is_done and lost_before and getattr(fault, "status", None) == _GONE:
            return operation.read(_reply(event))
        if tried + 1 == patience.tries or not _worth_repeating(operation, event, fault):
            raise fault
        pause = pause_before(patience, chance, tried, fault)
        if chance.clock() + pause >= until:
            raise fault
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def _reply(event: Event) -> Reply:
    if not isinstance(event, Reply):
        raise TypeError("a call that is sent is answered, or lost")
    return event


def _told(operation: Operation[T], left_s: float) -> Call:
    """The call, which says how much time there is, where the service heeds that."""
    if not operation.bounded:
        return operation.call
    for_service_s = left_s - min(_WAY_BACK_S, left_s * _WAY_BACK_SHARE)
    return operation.call.with_headers({DEADLINE_HEADER: str(max(1, int(for_service_s * 1000)))})


def pause_before(patience: Patience, chance: Chance, tried: int, fault: Exception) -> float:
    """Seconds before the next try, when `tried` tries came before this one."""
    drawn = chance.draw() * min(patience.longest_pause_s, patience.first_pause_s * 2.0**tried)
    asked = fault.retry_after_s if isinstance(fault, NoAnswer) else None
    return drawn if asked is None else asked + drawn * _WAY_BACK_SHARE


def _worth_repeating(
    operation: Operation[T], event: Event, fault: Refused | NoAnswer | Incompatible | Unreachable
) -> bool:
    """Whether another try may help and does no harm."""
    if isinstance(fault, Unreachable):
        return operation.repeatable or not fault.sent
    if not isinstance(fault, Refused | NoAnswer) or not fault.retryable:
        return False
    return operation.repeatable or told_by_service(_reply(event))
