"""Takes the lines of a job in as they arrive: in blocks, within bounds, never the whole of it in memory."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge_service.domain.job import BYTES_CAP, ITEMS_CAP
from judge_service.errors import BodyRejected, BodyTooLarge
from judge_service.jobs.lines import bad_line, custom_id_of, read_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from judge_service.jobs.base import Line

LINE_CAP = 20 * 2**20
_BLOCK_BYTES = 2**20
_BLOCK_LINES = 256
_EMPTY_TOO = 10  # times as many lines as items, for reading nothing costs time as well
_BLOCK_S = 10.0  # what comes slowly is given on as well, if only to say that something comes

Numbered = tuple[int, bytes]  # a line, stripped, and its number as an editor counts, empty ones too


@dataclass(slots=True)
class Block:
    """Some lines, read: items in their order, and the errors of the lines that are none."""

    items: list[bytes] = field(default_factory=list)
    rejected: list[Line] = field(default_factory=list)


class Reception:
    """Reads a stream once. Raises `BodyTooLarge` beyond the bounds, and `BodyRejected` where there is no line."""

    def __init__(
        self,
        job: str,
        *,
        options: bytes = b"",
        items_cap: int = ITEMS_CAP,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lines = 0
        self._clock = clock
        self._job = job
        self._items_cap = items_cap
        self._bytes = 0
        self._digest = hashlib.sha256(options)
        self._ids: set[bytes] = set()  # digests, for ids may be long

    @property
    def digest(self) -> str:
        """SHA-256 of the options and of all that was read so far."""
        return self._digest.hexdigest()

    async def blocks(self, stream: AsyncIterator[bytes]) -> AsyncIterator[Block]:
        """Give the lines as they come, read in a thread."""
        parts = _numbered(self._measured(stream), _EMPTY_TOO * self._items_cap)
        async for lines in _in_blocks(parts, self._clock):
            yield await asyncio.to_thread(self._read, lines)
        if not self.lines:
            raise BodyRejected("the body has no lines: send one JSON object a line")

    async def drain(self, stream: AsyncIterator[bytes]) -> None:
        """Only take the digest."""
        async for _ in self._measured(stream):
            pass

    async def _measured(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for part in stream:
            self._bytes += len(part)
            if self._bytes > BYTES_CAP:
                raise BodyTooLarge(f"a job has at most {BYTES_CAP // 2**20} MiB; make several of it")
            self._digest.update(part)
            yield part

    def _read(self, lines: list[Numbered]) -> Block:
        block = Block()
        for number, text in lines:
            self.lines += 1
            if self.lines > self._items_cap:
                raise BodyTooLarge(f"a job has at most {self._items_cap} lines; make several of it")
            self._take(number, text, block)
        return block

    def _take(self, number: int, text: bytes, block: Block) -> None:
        try:
            line = read_line(text)
        except BodyRejected as exc:
            block.rejected.append(bad_line(self._job, number, str(exc), custom_id_of(text)))
            return
        known = hashlib.sha256(line.custom_id.encode()).digest()[:16]
        if known in self._ids:
            reason = "the custom_id is that of a line before"
            block.rejected.append(bad_line(self._job, number, reason, line.custom_id))
            return
        self._ids.add(known)
        block.items.append(text)


async def _in_blocks(
    parts: AsyncIterator[list[Numbered]], clock: Callable[[], float]
) -> AsyncIterator[list[Numbered]]:
    """Give some lines at a time, or none where a long one comes slowly."""
    ready: list[Numbered] = []
    size, since = 0, clock()
    async for lines in parts:
        for number, text in lines:
            ready.append((number, text))
            size += len(text)
            if len(ready) >= _BLOCK_LINES or size >= _BLOCK_BYTES:
                yield ready
                ready, size, since = [], 0, clock()
        if clock() - since >= _BLOCK_S:
            yield ready
            ready, size, since = [], 0, clock()
    if ready:
        yield ready


async def _numbered(stream: AsyncIterator[bytes], at_most: int) -> AsyncIterator[list[Numbered]]:
    """Cut at newlines and drop empty lines, a part of the stream at a time."""
    rest, before = bytearray(), 0
    async for part in stream:
        rest += part
        lines: list[bytes] = []
        if b"\n" in part:
            *lines, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
        if before + len(lines) > at_most:
            raise BodyTooLarge(f"a job has at most {at_most} lines, empty ones included")
        for line in lines:
            _check(line)
        _check(rest)
        yield [(at, text) for at, line in enumerate(lines, start=before + 1) if (text := line.strip())]
        before += len(lines)
    if text := bytes(rest).strip():
        yield [(before + 1, text)]


def _check(line: bytes | bytearray) -> None:
    if len(line) > LINE_CAP:
        raise BodyTooLarge(f"a line has at most {LINE_CAP // 2**20} MiB")
