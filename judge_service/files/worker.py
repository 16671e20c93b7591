"""Scores parts of a file in a process of its own, with the scorer that serves requests."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import uuid
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge_service.domain.judge import JudgeSpec
from judge_service.errors import JudgeServiceError
from judge_service.files.asking import Answer, Asking
from judge_service.files.records import Part, Reader
from judge_service.files.rows import rows_of
from judge_service.files.spread import share_of
from judge_service.logs import set_up_logs
from judge_service.main import open_state
from judge_service.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from judge_service.files.asking import Order
    from judge_service.files.records import Record
    from judge_service.files.rows import Row
    from judge_service.files.spread import Spread
    from judge_service.settings import Settings


@dataclass(frozen=True)
class Work:
    """What a worker must know. It travels whole, secrets included, and shows nothing of itself."""

    settings: Settings = field(repr=False, compare=False)
    order: Order = field(repr=False, compare=False)
    each: int = field(repr=False, compare=False)  # rows at one time
    keys: Mapping[str, str] = field(repr=False, compare=False)  # environment variables that judges read
    folder: str = field(repr=False, compare=False)  # where relative paths begin
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def shared(cls, settings: Settings, order: Order, plan: Spread) -> Work:
        """Give the work of one of the workers of a plan, with the keys of this process's environment."""
        names = {
            spec.api_key_env
            for spec in settings.judges.values()
            if isinstance(spec, JudgeSpec) and spec.api_key_env
        }
        keys = {name: os.environ[name] for name in sorted(names) if name in os.environ}
        return cls(share_of(settings, plan.workers), order, plan.each, keys, str(Path.cwd()))


@dataclass(frozen=True, slots=True)
class Task:
    """A part of the file, and what is known of its rows from before: row → digest of what was asked."""

    part: Part
    held: Mapping[int, str] = field(default_factory=dict)

    def packed(self) -> dict[str, Any]:
        """As it travels to a worker."""
        part = self.part
        return {"task": json.dumps([part.first, part.count, part.at, list(self.held.items())])}


class WorkerFailed(JudgeServiceError):
    """A worker could not do its work, whatever the row."""


def unpacked(packed: Mapping[str, Any]) -> Answer:
    """Give the answer that a worker sent; raises `WorkerFailed` where it is none."""
    if packed["kind"] == "failed":
        raise WorkerFailed(packed["text"])
    return Answer(packed["row"], packed["asked"], packed["kind"], packed["text"])


class Worker:
    """Scores parts, several at a time: each call blocks its own thread, and all share one event loop.

    Nothing is raised, for a library between here and the run may swallow it or print what a case says.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="worker")
        self._thread.start()
        self._reading = threading.Lock()
        self._opening: asyncio.Task[Asking] | None = None
        self._stack = AsyncExitStack()
        self._slots = asyncio.Semaphore(work.each)
        with suppress(OSError):  # another machine need not have it where all paths are absolute
            os.chdir(work.folder)
        os.environ.update(work.keys)
        set_up_logs("ERROR")

    def __call__(self, packed: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Answer for the rows of a `Task`, packed both ways."""
        first, count, at, held = json.loads(packed["task"])
        try:
            records = self._records(Part(first, count, at))
            answers = self._run(self._score(records, first, dict(held)))
        except JudgeServiceError as exc:
            return [_failed(first, str(exc))]
        except Exception as exc:  # noqa: BLE001  its text may quote a case
            return [_failed(first, f"a worker failed ({_innermost(exc)})")]
        return [
            {"row": answer.row, "asked": answer.asked, "kind": answer.kind, "text": answer.text}
            for answer in answers
        ]

    def close(self) -> None:
        """Close what was opened, and the loop."""
        self._run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result()

    def _records(self, part: Part) -> Sequence[Record]:
        with self._reading:  # a table is read forward, by one at a time
            return list(self._reader.read(part))

    @property
    def _reader(self) -> Reader:
        if not hasattr(self, "_read"):
            self._read = Reader(self._work.order.path, self._work.order.columns)
        return self._read

    async def _open(self) -> Asking:
        state = await self._stack.enter_async_context(open_state(self._work.settings, Observation()))
        return Asking(state["scorer"], self._work.order)

    async def _score(self, records: Sequence[Record], first: int, held: Mapping[int, str]) -> list[Answer]:
        self._opening = self._opening or asyncio.create_task(self._open())
        asking = await self._opening
        order = self._work.order
        async with asyncio.TaskGroup() as group:
            answers = []
            for row in rows_of(records, order.path.parent, order.columns, first):
                await self._slots.acquire()  # so that no more pictures are in memory than are asked about
                answers.append(group.create_task(self._answer(asking, row, held)))
        return [answer.result() for answer in answers]

    async def _answer(self, asking: Asking, row: Row, held: Mapping[int, str]) -> Answer:
        try:
            asked = asking.asked(row)
            if row.number in held:  # whether it was this question the run knows
                return Answer(row.number, asked, "held")
            return await asking.answer(row, asked)
        finally:
            self._slots.release()


def _failed(row: int, reason: str) -> dict[str, Any]:
    return {"row": row, "asked": "", "kind": "failed", "text": reason}


def _innermost(exc: BaseException) -> str:
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return type(exc).__name__
