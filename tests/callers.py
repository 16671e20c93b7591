"""Callers, and judges for them to ask."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from virtualtime import now

from judge_service.backends.base import Called, Completion, Finish, JudgeCallFailed, Prompt, Usage
from judge_service.backends.calling import Caller, Fault
from judge_service.backends.gate import Gate
from judge_service.domain.case import Case
from judge_service.domain.judge import JudgeSpec
from judge_service.domain.place import INTERACTIVE
from judge_service.domain.rubric import Criterion, Level, Rubric, Scale
from judge_service.errors import (
    BackendError,
    BackendRateLimited,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from judge_service.backends.budget import RetryBudget
    from judge_service.domain.place import Place

SCALE = Scale(
    kind="binary",
    levels=(Level(label=0, value=0, means="It is not."), Level(label=1, value=1, means="It is.")),
)
CRITERION = Criterion.model_validate(
    {"id": "safe", "title": "Safe", "question": "Is it safe?", "needs": ["response"], "scale": SCALE}
)
RUBRIC = Rubric(
    id="safety",
    version=1,
    title="Safety",
    about="For tests.",
    prompt="prompts/any.jinja",
    criteria=(CRITERION,),
)
PROMPT = Prompt(
    rubric=RUBRIC,
    criteria=(CRITERION,),
    case=Case(response="Rest."),
    mode="text",
    system="Judge.",
    user="Rest.",
    schema={},
    schema_name="answer",
    max_tokens=100,
)


@dataclass(frozen=True)
class Read:
    """A reading that takes the completion's text for its fault."""

    text: str
    fault: Fault | None


def read(completion: Completion) -> Read:
    faults: dict[str, Fault] = {
        "unparsable": "unparsable",
        "off_scale": "off_scale",
        "truncated": "truncated",
    }
    return Read(completion.text, faults.get(completion.text))


@dataclass
class Wait:
    """The deadline and the place, which may move."""

    deadline: float
    place: Place = INTERACTIVE
    urges: list[Callable[[Place], None]] = field(default_factory=list)

    @contextmanager
    def telling(self, urge: Callable[[Place], None]) -> Iterator[None]:
        self.urges.append(urge)
        yield
        self.urges.remove(urge)


def says(text: str, finish: Finish = "stop") -> Completion:
    return Completion(text=text, finish=finish, usage=Usage(input_tokens=7, output_tokens=3))


GOOD = says("fine")


@dataclass
class ScriptedBackend:
    """Plays its lines one after the other, the last one for ever; each takes `seconds`."""

    lines: list[Completion | BackendError]
    seconds: float = 0.0
    on_call: Callable[[], None] = lambda: None
    prompts: list[Prompt] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    cancelled: int = 0

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.prompts.append(prompt)
        self.times.append(now())
        self.timeouts.append(timeout_s)
        self.on_call()
        line = self.lines[min(len(self.prompts), len(self.lines)) - 1]
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(line, BackendError):
            raise line
        return line

    async def ping(self) -> None: ...

    async def aclose(self) -> None: ...


@dataclass
class Tally:
    seen: list[tuple[str, str, float]] = field(default_factory=list)

    def attempt(self, judge: str, outcome: str, seconds: float) -> None:
        self.seen.append((judge, outcome, seconds))


def a_caller(
    backend: ScriptedBackend | RateLimitedJudge,
    *,
    spec: JudgeSpec | None = None,
    gate: Gate | None = None,
    budget: RetryBudget | None = None,
    observe: Tally | None = None,
    random: Callable[[], float] = lambda: 0.5,
) -> Caller:
    spec = spec or JudgeSpec(kind="scripted")
    clock = asyncio.get_running_loop().time
    gate = gate or Gate(spec.max_concurrency, clock=clock, random=random)
    return Caller(
        "main",
        spec,
        backend,
        gate=gate,
        budget=budget,
        observe=observe or Tally(),
        random=random,
        clock=clock,
    )


async def asked(caller: Caller, *, within: float = 600) -> Called[Read]:
    return await caller.call(PROMPT, read, Wait(now() + within))


async def how_it_failed(caller: Caller, *, within: float = 600) -> JudgeCallFailed:
    with pytest.raises(JudgeCallFailed) as caught:
        await asked(caller, within=within)
    return caught.value


def outcomes(called: Called[Read] | JudgeCallFailed) -> list[str]:
    return [attempt.outcome for attempt in called.attempts]


@dataclass
class RateLimitedJudge:
    """Takes 50 calls per second, and as many at once as its bucket holds; says no to the others."""

    retry_after_s: float | None
    bucket: float = 10.0
    tokens: float = 10.0
    filled_at: float = field(default_factory=now)
    calls: int = 0
    closed_until: float = 0.0
    too_early: int = 0

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.calls += 1
        self.too_early += now() < self.closed_until - 1e-9
        await asyncio.sleep(0.005)
        self.tokens = min(self.bucket, self.tokens + (now() - self.filled_at) * 50)
        self.filled_at = now()
        if self.tokens < 1:
            await asyncio.sleep(0.005)
            self.closed_until = max(self.closed_until, now() + (self.retry_after_s or 0))
            raise BackendRateLimited("x", retry_after_s=self.retry_after_s)
        self.tokens -= 1
        await asyncio.sleep(0.2)
        return GOOD

    async def ping(self) -> None: ...

    async def aclose(self) -> None: ...
