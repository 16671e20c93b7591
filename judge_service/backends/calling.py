"""The one place that asks a judge again."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from tenacity import AsyncRetrying

from judge_service.backends.base import FORMAT_REMINDER, Called, JudgeCallFailed
from judge_service.backends.budget import RetryBudget
from judge_service.backends.gate import LONGEST_WAIT_S, Gate
from judge_service.backends.paying import cost_of, set_aside
from judge_service.domain.score import Attempt
from judge_service.errors import BackendError, BackendRateLimited, BackendTimeout, CostCapReached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tenacity import RetryCallState

    from judge_service.backends.base import Backend, Completion, Landing, Prompt
    from judge_service.backends.gate import Slot
    from judge_service.domain.judge import JudgeSpec
    from judge_service.domain.price import Price

Fault = Literal["unparsable", "off_scale", "truncated"]

BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 8.0
RETRY_AFTER_JITTER = 0.25
FAIR_SHARE = 0.5
LAST_LOOK_S = 0.005  # before an attempt ends: has somebody with more time come to wait?
_TELLABLE_S = 0.1  # what is shorter reads "0.0 s"
FINAL_FINISHES = frozenset({"refusal", "content_filter"})


class Reading(Protocol):
    """A completion as the caller reads it."""

    @property
    def fault(self) -> Fault | None:
        """Why the judge had better be asked again; None: good enough to keep."""
        ...


class Observer(Protocol):
    """Counts calls to judges."""

    def attempt(self, judge: str, outcome: str, seconds: float) -> None: ...


class Unobserved:
    """Nobody counts."""

    def attempt(self, judge: str, outcome: str, seconds: float) -> None:
        """Forget it."""


UNOBSERVED = Unobserved()

R = TypeVar("R", bound=Reading)


@dataclass(slots=True)
class _Course:
    """How one `call` has gone so far."""

    landing: Landing
    idle_since: float
    began: float = 0.0
    waited: float = 0.0
    failures: int = 0
    error: BackendError | None = None  # the last attempt's
    attempts: list[Attempt] = field(default_factory=list)


class Caller:
    """Asks one judge, waits and asks again where that helps, and never beyond the deadline.

    Two counters. Transport: at most `max_attempts` failed calls, each retry paid from the budget. A
    rate limit is not paid from the budget, for the gate holds the storm back; and with a Retry-After
    it does not count as a failed call either, for then the judge itself says when to come: only the
    deadline ends that. Never asked again: BackendRejected and an open circuit. Form: one more asking
    when the answer cannot be read, with a reminder, or when it was cut, with more room. That second
    asking is bounded by its count and pays no budget; when it fails in transport for good, the first
    answer is returned as it was read: it is what the judge said, an outage would hide it.

    A prompt with a purse is paid from it: each attempt sets its worst case aside. Where that cannot be, the
    first raises CostCapReached, and a later one is not made, as if the time were up.
    """

    def __init__(
        self,
        name: str,
        spec: JudgeSpec,
        backend: Backend,
        *,
        gate: Gate | None = None,
        budget: RetryBudget | None = None,
        price: Price | None = None,
        observe: Observer = UNOBSERVED,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.spec = spec
        self.backend = backend
        self.gate = gate or Gate(spec.max_concurrency, clock=clock, random=random)
        self.budget = budget or RetryBudget()
        self.price = price
        self._observe = observe
        self._sleep = sleep
        self._random = random
        self._clock = clock

    async def call(
        self,
        prompt: Prompt,
        read: Callable[[Completion], R],
        landing: Landing,
    ) -> Called[R]:
        """Bring a completion and its reading, or raise JudgeCallFailed; CostCapReached before any call."""
        course = _Course(landing, idle_since=self._clock())
        try:
            completion, reading = await self._ask(prompt, read, course)
        except BackendError as error:
            raise JudgeCallFailed(error, tuple(course.attempts)) from error
        except CostCapReached as refused:
            if course.error is None:
                raise
            raise JudgeCallFailed(course.error, tuple(course.attempts)) from refused
        answered = prompt
        if (again := _mended(prompt, completion, reading.fault)) is not None:
            with suppress(BackendError, CostCapReached):
                completion, reading = await self._ask(again, read, course)
                answered = again
        as_of = self.price.as_of if self.price else None
        return Called(completion, reading, tuple(course.attempts), answered.reminder, as_of)

    async def _ask(
        self, prompt: Prompt, read: Callable[[Completion], R], course: _Course
    ) -> tuple[Completion, R]:
        retrying = AsyncRetrying(
            sleep=self._sleep,
            retry=_is_worth_it,
            wait=self._wait,
            stop=lambda state: self._gives_up(course, state),
            reraise=True,
        )
        completion: Completion = await retrying(self._attempt, prompt, course)
        seconds = self._clock() - course.began
        self.budget.earn()
        reading = read(completion)
        outcome = completion.finish if completion.finish in FINAL_FINISHES else reading.fault or "ok"
        self._note(course, outcome, seconds, completion, cost=cost_of(completion, self.price, self.spec))
        return completion, reading

    async def _attempt(self, prompt: Prompt, course: _Course) -> Completion:
        landing = course.landing
        slot = self.gate.slot(landing.place, deadline=lambda: landing.deadline)
        with landing.telling(slot.urge):
            async with slot:
                return await self._asked(prompt, course, slot)

    async def _asked(self, prompt: Prompt, course: _Course, slot: Slot) -> Completion:
        landing = course.landing
        self._look_at_the_time(slot, landing)
        bound, cost = await set_aside(self.name, prompt, self.price, landing), None
        course.began = self._clock()
        course.waited = course.began - course.idle_since
        try:
            completion = await self._complete(prompt, landing)
            cost = cost_of(completion, self.price, self.spec)
        except BackendError as error:
            course.error, cost = error, self.price.cost_of_failure(error.code) if self.price else None
            self._note(course, error.code, self._clock() - course.began, cost=cost)
            raise
        finally:
            if prompt.purse is not None:
                prompt.purse.settle(bound, cost)
        return completion

    def _look_at_the_time(self, slot: Slot, landing: Landing) -> None:
        left = landing.deadline - asyncio.get_running_loop().time()
        slot.fair = left >= FAIR_SHARE * self.spec.attempt_timeout_s
        if left <= 0:
            raise BackendTimeout("the time was up before the judge could be asked")

    async def _complete(self, prompt: Prompt, landing: Landing) -> Completion:
        longest_s = self.spec.attempt_timeout_s
        began = asyncio.get_running_loop().time()
        try:
            async with _while_awaited(landing, began + longest_s):
                return await self.backend.complete(prompt, timeout_s=longest_s)
        except TimeoutError:
            took = asyncio.get_running_loop().time() - began
            told = f"{took:.1f} s" if took >= _TELLABLE_S else f"{max(1, round(took * 1000))} ms"
            raise BackendTimeout(f"the judge did not finish within {told}") from None

    def _note(
        self,
        course: _Course,
        outcome: str,
        seconds: float,
        completion: Completion | None = None,
        *,
        cost: int | None = None,
    ) -> None:
        attempt = Attempt(
            outcome=outcome,
            latency_ms=seconds * 1000,
            waited_ms=course.waited * 1000,
            input_tokens=completion.usage.input_tokens if completion else None,
            output_tokens=completion.usage.output_tokens if completion else None,
            cost_microusd=cost,
        )
        course.attempts.append(attempt)
        course.idle_since = course.began + seconds
        self._observe.attempt(self.name, outcome, seconds)

    def _wait(self, state: RetryCallState) -> float:
        """Full jitter, and never before the judge's own Retry-After."""
        doublings = min(state.attempt_number - 1, 10)
        backoff = self._random() * min(LONGEST_BACKOFF_S, BACKOFF_S * 2.0**doublings)
        named = _error_of(state).retry_after_s or 0.0
        return max(backoff, named * (1 + RETRY_AFTER_JITTER * self._random()))

    def _gives_up(self, course: _Course, state: RetryCallState) -> bool:
        """Whether not to ask again; reads the wait that was already chosen, and pays for the retry."""
        error = _error_of(state)
        wait = state.upcoming_sleep
        if wait > LONGEST_WAIT_S or asyncio.get_running_loop().time() + wait >= course.landing.deadline:
            return True
        limited = isinstance(error, BackendRateLimited)
        if limited and error.retry_after_s:
            return False
        course.failures += 1
        return course.failures >= self.spec.max_attempts or not (limited or self.budget.spend())


@asynccontextmanager
async def _while_awaited(landing: Landing, at_most: float) -> AsyncIterator[None]:
    """Raise TimeoutError when nobody waits any longer; those who come to wait meanwhile are heeded."""
    loop = asyncio.get_running_loop()
    ends = min(at_most, landing.deadline)
    watch: asyncio.TimerHandle

    def look_again() -> None:
        nonlocal ends, watch
        if (later := min(at_most, landing.deadline)) > ends:
            ends = later
            limit.reschedule(ends)
            watch = loop.call_at(ends - LAST_LOOK_S, look_again)

    watch = loop.call_at(ends - LAST_LOOK_S, look_again)
    try:
        async with asyncio.timeout_at(ends) as limit:
            yield
    finally:
        watch.cancel()


def _mended(prompt: Prompt, completion: Completion, fault: Fault | None) -> Prompt | None:
    """Ask how, if at all, to ask again after an answer that cannot be used as it is."""
    if fault is None or completion.finish in FINAL_FINISHES:
        return None
    return prompt.roomier() if fault == "truncated" else prompt.reminded(FORMAT_REMINDER)


def _error_of(state: RetryCallState) -> BackendError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, BackendError):
        raise TypeError("only a failed call is weighed")
    return error


def _is_worth_it(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, BackendError) and error.retryable and error.code != "circuit_open"
