"""Answers that come bit by bit, and go on where a lost connection left them. No connection in here.

A course says what to ask for next, is fed what comes, and gives what it makes of it, each thing once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from judge_client import models
from judge_client.batches import BatchItem, read_line, sendable
from judge_client.calls import NDJSON, Call, parsed
from judge_client.errors import Incompatible, NoAnswer, Unreachable
from judge_client.operations.scoring import batch, streamed
from judge_client.patience import DEADLINE_HEADER, pause_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from judge_client.patience import Chance, Patience

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_BEYOND, _PARTIAL = 416, 206
# The service gives a sign of life every 15 seconds.
_SILENCE_S = 60.0
_WAY_BACK_S = 5.0


class Course(Protocol[T_co]):
    """What both clients follow; `feed` gives things, `ended` hears that this connection has given all.

    `silence_s`: a connection that says nothing for so long is lost. `waits`: it may be long until something comes,
    so a connection that was had is a sign of life. `repeatable`: asking again does no harm.
    """

    @property
    def silence_s(self) -> float: ...

    @property
    def waits(self) -> bool: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def done(self) -> bool:
        """Whether nothing more is to come."""
        ...

    def call(self) -> Call: ...

    def begin(self, status: int) -> bool:
        """Hear the status; `True` where it is an error for this course as for any."""
        ...

    def feed(self, piece: bytes) -> Iterable[T_co]: ...

    def ended(self) -> None: ...


class Tries:
    """Tries since something last came; the clock of a course stands for the silence, not for its length."""

    def __init__(self, patience: Patience, chance: Chance) -> None:
        self._patience = patience
        self._chance = chance
        self._tried = 0

    def reset(self) -> None:
        self._tried = 0

    def after(self, fault: Unreachable | NoAnswer, *, repeatable: bool) -> float:
        """Seconds until the next try; raises the fault where there is none."""
        again = (repeatable or not fault.sent) if isinstance(fault, Unreachable) else fault.retryable
        if not again or self._tried + 1 >= self._patience.tries:
            raise fault
        pause = pause_before(self._patience, self._chance, self._tried, fault)
        self._tried += 1
        return pause


class LineCutter:
    """Cuts bytes into lines; knows how many bytes the lines so far had."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self._rest = b""

    def feed(self, piece: bytes) -> Iterable[bytes]:
        """Give the lines that are whole now, each without its end."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self.position += len(line) + 1
            yield line

    def forget(self) -> None:
        """Drop what was begun and not ended: it comes again."""
        self._rest = b""


class Download(Generic[T]):
    """A file of a job, from a byte on: lines are only ever added to it."""

    silence_s = _SILENCE_S
    waits = False
    repeatable = True

    def __init__(self, path: str, start: int, read: Callable[[bytes, int], T]) -> None:
        self._path = path
        self._read = read
        self._lines = LineCutter(start)
        self._start = start
        self.done = False

    def call(self) -> Call:
        self._lines.forget()
        self._start = self._lines.position
        ranged = {"range": f"bytes={self._start}-"} if self._start else {}
        return Call("GET", self._path, headers={"accept": NDJSON, "accept-encoding": "identity"} | ranged)

    def begin(self, status: int) -> bool:
        if status == _BEYOND and self._start:
            self.done = True  # there is nothing behind what we have
            return False
        if self._start and status == 200:  # noqa: PLR2004  the status of a whole file
            raise Incompatible("the service gave the whole file where its rest was asked for")
        return status not in {200, _PARTIAL}

    def feed(self, piece: bytes) -> Iterable[T]:
        if self.done:
            return
        for line in self._lines.feed(piece):
            yield self._read(line, self._lines.position)

    def ended(self) -> None:
        self.done = True


class Following:
    """A job's events: the job whenever it changed, until it has ended."""

    silence_s = _SILENCE_S
    waits = True
    repeatable = True

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines = LineCutter()
        self._seen = ""
        self._event: dict[str, str] = {}
        self.done = False

    def call(self) -> Call:
        self._lines.forget()
        self._event = {}
        since = {"last-event-id": self._seen} if self._seen else {}
        return Call(
            "GET", self._path, headers={"accept": "text/event-stream", "cache-control": "no-store"} | since
        )

    def begin(self, status: int) -> bool:
        return status != 200  # noqa: PLR2004  what a stream begins with

    def feed(self, piece: bytes) -> Iterable[models.Job]:
        for raw in self._lines.feed(piece):
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if line:
                name, _, value = line.partition(":")
                self._event[name] = value.removeprefix(" ")
            elif "data" in self._event:
                yield self._told()
            else:
                self._event = {}

    def ended(self) -> None:
        if not self.done:  # the service stops; whoever comes in its place goes on
            raise Unreachable("the stream of events ended before the job did", sent=True)

    def _told(self) -> models.Job:
        event, self._event = self._event, {}
        job = parsed(models.Job, event["data"])
        self._seen = event.get("id", self._seen)
        self.done = event.get("event") == "end"
        return job


class BatchStream:
    """Many cases, each as it is done; after a lost connection only those are asked for that have not come."""

    waits = False

    def __init__(
        self, items: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any], first: int, deadline_s: float
    ) -> None:
        """`first`: what the first of these items counts as."""
        sent, self._unsent = sendable(items)
        self._pending = dict(enumerate(sent))
        self._defaults = defaults
        self._first = first
        self._asked: list[int] = []
        self._lines = LineCutter()
        self._deadline = {DEADLINE_HEADER: str(int(deadline_s * 1000))}
        # Every case may take all of the time, and then the service still says so.
        self.silence_s = deadline_s + _WAY_BACK_S
        self.repeatable = True

    @property
    def done(self) -> bool:
        return not self._pending

    def call(self) -> Call:
        self._lines.forget()
        self._asked = list(self._pending)
        operation = batch(list(self._pending.values()), self._defaults)
        self.repeatable = operation.repeatable
        return streamed(operation).with_headers(self._deadline)

    def begin(self, status: int) -> bool:
        return status != 200  # noqa: PLR2004  what a stream begins with

    def feed(self, piece: bytes) -> Iterable[BatchItem]:
        for line in self._lines.feed(piece):
            item = read_line(line)
            if item is None:
                self._all_came()
            elif item.index < len(self._asked) and self._asked[item.index] in self._pending:
                place = self._asked[item.index]
                del self._pending[place]
                told = self._unsent.get(place, item)
                yield BatchItem(self._first + place, told.custom_id, told.result)
            else:
                raise Incompatible("the service told an item of a batch twice, or one that was not asked for")

    def ended(self) -> None:
        if self._pending:
            raise Unreachable("the stream of a batch was cut before its end", sent=True)

    def _all_came(self) -> None:
        if self._pending:
            raise Incompatible("the service ended a batch and left out some of its items")
