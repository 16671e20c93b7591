"""Stand-ins for what a judge is given: the way to its backend, and the cache."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from builders import a_completion, a_reply, an_attempt

from judge_service.backends.base import Called, JudgeCallFailed
from judge_service.scoring.judgement import to_record
from judge_service.scoring.landing import FixedLanding
from judge_service.scoring.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_service.backends.base import Completion, Landing, Prompt
    from judge_service.domain.place import Place
    from judge_service.domain.score import Attempt
    from judge_service.scoring.judgement import Judgement

R = TypeVar("R", bound=Reading)


class FakeLine:
    """Answers every prompt alike, and remembers what it was asked."""

    def __init__(self, completion: Completion | None = None, attempts: tuple[Attempt, ...] = ()) -> None:
        self.completion = completion
        self.attempts = attempts or (an_attempt(input_tokens=100, output_tokens=20),)
        self.prompts: list[Prompt] = []
        self.deadlines: list[float] = []
        self.places: list[Place] = []

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        self.prompts.append(prompt)
        self.deadlines.append(landing.deadline)
        self.places.append(landing.place)
        completion = self.completion or a_completion(a_reply(prompt.criteria))
        return Called(completion, read(completion), self.attempts)


class BrokenLine:
    """Never has an answer."""

    def __init__(self, failure: JudgeCallFailed) -> None:
        self.failure = failure

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        raise self.failure


class SilentLine:
    """Never answers, and does not heed the deadline either."""

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


class FakeCache:
    """Keeps records in a dict, and only what `to_record` gives."""

    def __init__(self) -> None:
        self.records: dict[str, Mapping[str, object]] = {}
        self.keys: list[str] = []

    async def fetch(
        self,
        key: str,
        compute: Callable[[Landing], Awaitable[Judgement]],
        restore: Callable[[Mapping[str, object]], Judgement | None],
        *,
        deadline: float,
        refresh: bool,
        place: Place,
    ) -> Judgement:
        self.keys.append(key)
        known = None if refresh else await self.peek(key, restore)
        if known is not None:
            return known
        async with asyncio.timeout_at(deadline):
            judgement = await compute(FixedLanding(deadline, place))
        if (record := to_record(judgement)) is not None:
            self.records[key] = record
        return replace(judgement, cache="miss")

    async def peek(
        self, key: str, restore: Callable[[Mapping[str, object]], Judgement | None]
    ) -> Judgement | None:
        record = self.records.get(key)
        return None if record is None else restore(record)
