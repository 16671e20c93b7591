"""Runs operations and follows courses over a transport, one call after the other."""

from __future__ import annotations

import threading
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
    from collections.abc import Callable, Iterator, Mapping

    from judge_client.transport import Streamed, Transport

T = TypeVar("T")


@dataclass(slots=True)
class Fit:
    """Whether the service was asked for its version, once for all that share a transport."""

    checked: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Runner:
    """What operations and courses are run with."""

    transport: Transport
    headers: Mapping[str, str]
    patience: Patience
    chance: Chance
    sleep: Callable[[float], None]
    fit: Fit = field(default_factory=Fit)

    def run(self, operation: Operation[T]) -> T:
        """Do an operation; raises one of the tree `JudgeClientError`."""
        until = deadline_of(operation, self.patience, self.chance)
        self._check(until)
        return self._done(attempts(operation, self.patience, self.chance, until))

    def follow(self, course: Course[T]) -> Iterator[T]:
        """Give what a course gives; a lost connection is made again."""
        self._check(self.chance.clock() + self.patience.deadline_s)
        tries = Tries(self.patience, self.chance)
        while not course.done:
            try:
                for told in self._connected(course, tries):
                    tries.reset()
                    yield told
            except (Unreachable, NoAnswer) as exc:
                self.sleep(tries.after(exc, repeatable=course.repeatable))

    def _connected(self, course: Course[T], tries: Tries) -> Iterator[T]:
        with self.transport.stream(self._with_headers(course.call()), course.silence_s) as answer:
            if course.begin(answer.status):
                raise _fault(answer)
            if course.waits:
                tries.reset()
            for piece in answer.pieces():
                yield from course.feed(piece)
                if course.done:
                    return
        course.ended()

    def _check(self, until: float) -> None:
        if self.fit.checked:
            return
        with self.fit.lock:
            if not self.fit.checked:
                try:
                    self._done(attempts(version(), self.patience, self.chance, until))
                except Refused as exc:
                    raise misfit(exc) from None
                self.fit.checked = True

    def _done(self, steps: Attempts[T]) -> T:
        event: Event = None
        while True:
            try:
                step = steps.send(event)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Send):
                event = self._sent(step)
            else:
                self.sleep(step.seconds)
                event = None

    def _sent(self, step: Send) -> Reply | Unreachable:
        try:
            return self.transport.send(self._with_headers(step.call), step.timeout_s)
        except Unreachable as exc:
            return exc

    def _with_headers(self, call: Call) -> Call:
        return call.with_headers({**self.headers, **call.headers})


def _fault(answer: Streamed) -> Exception:
    reply = Reply(answer.status, answer.headers, b"".join(answer.pieces()))
    return fault_of(reply) or unexpected(answer.status)
