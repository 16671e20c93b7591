"""Runs operations and follows courses over a transport in an event loop; the same as `running`, to be awaited."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from judge_client.calls import Call, Operation, Reply
from judge_client.courses import Course, Tries
from judge_client.errors import NoAnswer, Refused, Unreachable
from judge_client.fitting import misfit, unexpected
from judge_client.operations.catalogue import version
from judge_client.patience import Attempts, Chance, Event, Patience, Send, attempts, deadline_of
from judge_client.problems import fault_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from judge_client.transport import AsyncStreamed, AsyncTransport

T = TypeVar("T")


@dataclass(slots=True)
class AsyncFit:
    """Whether the service was asked for its version, once for all that share a transport."""

    checked: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class AsyncRunner:
    """What operations and courses are run with."""

    transport: AsyncTransport
    headers: Mapping[str, str]
    patience: Patience
    chance: Chance
    sleep: Callable[[float], Awaitable[None]]
    fit: AsyncFit = field(default_factory=AsyncFit)

    async def run(self, operation: Operation[T]) -> T:
        """Do an operation; raises one of the tree `JudgeClientError`."""
        until = deadline_of(operation, self.patience, self.chance)
        await self._check(until)
        return await self._done(attempts(operation, self.patience, self.chance, until))

    async def follow(self, course: Course[T]) -> AsyncGenerator[T]:
        """Give what a course gives; a lost connection is made again."""
        await self._check(self.chance.clock() + self.patience.deadline_s)
        tries = Tries(self.patience, self.chance)
        while not course.done:
            try:
                async with aclosing(self._connected(course, tries)) as coming:
                    async for told in coming:
                        tries.reset()
                        yield told
            except (Unreachable, NoAnswer) as exc:
                await self.sleep(tries.after(exc, repeatable=course.repeatable))

    async def _connected(self, course: Course[T], tries: Tries) -> AsyncGenerator[T]:
        async with self.transport.stream(self._with_headers(course.call()), course.silence_s) as answer:
            if course.begin(answer.status):
                raise await _fault(answer)
            if course.waits:
                tries.reset()
            async for piece in answer.pieces():
                for told in course.feed(piece):
                    yield told
                if course.done:
                    return
        course.ended()

    async def _check(self, until: float) -> None:
        if self.fit.checked:
            return
        async with self.fit.lock:
            if not self.fit.checked:
                try:
                    await self._done(attempts(version(), self.patience, self.chance, until))
                except Refused as exc:
                    raise misfit(exc) from None
                self.fit.checked = True

    async def _done(self, steps: Attempts[T]) -> T:
        event: Event = None
        while True:
            try:
                step = steps.send(event)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Send):
                event = await self._sent(step)
            else:
                await self.sleep(step.seconds)
                event = None

    async def _sent(self, step: Send) -> Reply | Unreachable:
        try:
            return await self.transport.send(self._with_headers(step.call), step.timeout_s)
        except Unreachable as exc:
            return exc

    def _with_headers(self, call: Call) -> Call:
        return call.with_headers({**self.headers, **call.headers})


async def _fault(answer: AsyncStreamed) -> Exception:
    reply = Reply(answer.status, answer.headers, b"".join([piece async for piece in answer.pieces()]))
    return fault_of(reply) or unexpected(answer.status)
