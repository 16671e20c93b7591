"""Lines that are only ever added: each is on its way to the disk before the next call is made.

A process that is killed leaves whole lines and at most one that was begun; that one is dropped when the file is
opened again. Of several lines with one key the last one counts.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge_client.run.digests import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# By the outcome, or by the kind of a question that has a score.
_READ_OF = {
    "failed": ("reason",),
    "answered": ("item", "text", "response_digest", "in_format", "request"),
    "mcq": ("response", "correct", "invalid", "rule"),
    "open": ("response", "score", "comparable", "answer"),
}


class JournalFault(Exception):
    """A file of a run that cannot be gone on with; says which one and why."""


@dataclass(slots=True)
class Sum:
    """A sum of which parts may be unknown; then it is at least what is known."""

    known: float = 0
    unknown: int = 0

    def add(self, value: float | None) -> None:
        """Add a part."""
        self.known += value or 0
        self.unknown += value is None


class Journal:
    """One file of JSON lines, held open to be added to."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it; a last line without an end is cut off."""
        self.path = path
        self.last: dict[str, dict[str, Any]] = {}
        self.after_calls = 0
        self.requests = 0
        self.stages: Counter[str] = Counter()
        self.cost, self.read, self.written = Sum(), Sum(), Sum()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        self.dropped = _cut_open_end(path, self._fd)
        for line in lines_of(path):
            self._note(line)

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line, in one write: after that a kill of this process does not lose it."""
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        raw = encoded(text) + b"\n"
        written = os.write(self._fd, raw)
        while written < len(raw):
            written += os.write(self._fd, raw[written:])
        self._note(dict(line))

    def close(self) -> None:
        """Make the disk have it all."""
        os.fsync(self._fd)
        os.close(self._fd)

    def _note(self, line: dict[str, Any]) -> None:
        called = line.get("called") is True
        self.after_calls += called
        self.requests += line.get("requests", int(called))
        self.stages[line.get("stage", "")] += 1
        if called and line.get("paid") != "no":
            usage = line.get("usage") or {}
            self.cost.add(line.get("cost_usd"))
            self.read.add(usage.get("input_tokens"))
            self.written.add(usage.get("output_tokens"))
        self.last[str(line["key"])] = line


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file that is not being written; an unfinished last one is left out."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for at, raw in enumerate(lines, 1):
            if not raw.endswith(b"\n"):
                return
            yield _parsed(raw, f"{path.name}, line {at}")


def _parsed(raw: bytes, where: str) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        raise JournalFault(f"{where} is no JSON: the file was changed by another program") from None
    if not isinstance(line, dict):
        raise JournalFault(f"{where} is none of a run: it is no object")
    lacking = [name for name in _needed(line) if name not in line]
    if lacking:
        raise JournalFault(f"{where} is none of a run: it has no {lacking[0]}")
    return line


def _needed(line: Mapping[str, Any]) -> tuple[str, ...]:
    """What is read of a line, be it of a call that was begun, of an answer, or of a score."""
    if "stage" in line:
        return ("key",)
    outcome = str(line.get("outcome"))
    what = outcome if outcome in _READ_OF else str(line.get("kind"))
    return ("key", "outcome", *_READ_OF.get(what, ("kind",)))


def _cut_open_end(path: Path, fd: int) -> bool:
    """Drop what a killed process had begun to write; only the end of the file is read."""
    end = size = os.fstat(fd).st_size
    with path.open("rb") as file:
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                end = start + at + 1
                break
            end = start
    if end < size:
        os.ftruncate(fd, end)
    return end < size
