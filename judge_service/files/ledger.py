"""The output file of a run: appended line by line, so that a run that is cut can go on where it was."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Outcomes of rows that got no answer: a run that goes on asks for these once more.
UNSETTLED = frozenset({"provider_error", "timeout", "cost_cap"})
# Of a panel too few answered; where a failure that may pass is at fault, the row is asked again too.
SHORT_OF_ANSWERS = "no_quorum"
_HEAD = b'{"row": '  # every line begins like this, and so does what is left of one


class _Entry(NamedTuple):
    """What a run that goes on must know of a line."""

    row: int
    asked: str
    outcome: str
    settled: bool
    spent: int  # micro-dollars

    @classmethod
    def of(cls, entry: dict[str, Any]) -> _Entry:
        outcome = entry["outcome"]
        unsettled = is_unsettled(outcome, entry.get("failure")) or entry.get("unread")
        no_answer = not entry.get("criteria", True)  # for no case
        return cls(entry["row"], entry["asked"], outcome, not (unsettled or no_answer), _spent(entry))


@dataclass(slots=True)
class Ledger:
    """What has been scored already, and the place for what comes next; one run holds it at a time."""

    path: Path
    again: frozenset[str] = frozenset()  # settled outcomes that are to be asked again all the same
    settled: dict[int, str] = field(default_factory=dict)  # row → digest of what was asked
    # Row → micro-dollars: what its calls took out of a cap, or without one, as far as they are known.
    spent: dict[int, int] = field(default_factory=dict)
    _again: set[int] = field(default_factory=set)
    _out: IO[bytes] | None = None
    _fault: str = ""  # why nothing more can be written: what stands behind a line that is cut is lost

    def open(self, *, restart: bool = False) -> None:
        """Lock the file and read an earlier run's lines; a file that is no ledger is refused and kept."""
        self.path, out = _locked(self.path)
        try:
            entries, end = _entries(out, self.path.name)
        except ConfigurationError:
            out.close()
            raise
        if restart or out.seek(0, os.SEEK_END) > end:
            out.truncate(0 if restart else end)
        for entry in () if restart else entries:
            self._note(entry)
        self._out = out

    def _note(self, entry: _Entry) -> None:
        row = entry.row
        self._again.discard(row)
        self.spent[row] = entry.spent
        if not entry.settled:
            self.settled.pop(row, None)
            return
        self.settled[row] = entry.asked
        if entry.outcome in self.again:
            self._again.add(row)

    def holds(self, row: int, asked: str) -> bool:
        """Whether this row is done with; a line that answers another question is a mistake, and is named."""
        known = self.settled.get(row)
        if known is not None and known != asked:
            raise ConfigurationError(
                f"{self.path.name} holds the score of another row, rubric, judge, mode or partial for row "
                f"{row}; give another --out, or --restart to begin anew"
            )
        return known is not None and row not in self._again

    def held(self, rows: Iterable[int]) -> dict[int, str]:
        """Those of these rows that are done with, and the digest of what each was asked."""
        return {row: self.settled[row] for row in rows if row in self.settled and row not in self._again}

    def append(self, row: int, asked: str, answer: str, taken: int | None = None) -> None:
        """Add one answer (a JSON object) and hand it to the operating system at once.

        `taken`: what its calls took out of a cap, where there is one. Raises `ConfigurationError` where the file
        cannot be written, from then on for every answer.
        """
        if self._out is None:
            raise ValueError("the ledger is not open")
        if self._fault:
            raise ConfigurationError(self._fault)
        told: dict[str, object] = {"row": row, "asked": asked}
        if before := self.spent.get(row):  # an answer that this one takes the place of was paid all the same
            told["spent_before_microusd"] = before
        if taken is not None:
            told["taken_microusd"] = taken
        head = json.dumps(told)
        try:
            self._out.write(f"{head[:-1]}, {answer.lstrip()[1:]}\n".encode())
            self._out.flush()
        except OSError as exc:
            self._fault = _unwritten(self.path, exc)
            raise ConfigurationError(self._fault) from exc

    def close(self) -> None:
        """Put the lines in the order of the rows, the last one of each, make them last, and unlock.

        After an answer that could not be written it only unlocks. Raises `ConfigurationError` where there is no
        room to put them in order: all are there, and the next run does it.
        """
        if self._out is None:
            return
        out, self._out = self._out, None
        if self._fault:
            with suppress(OSError):  # what is left of the line is tried once more
                out.close()
            return
        try:
            self._settle(out)
        except OSError as exc:
            raise ConfigurationError(_unwritten(self.path, exc)) from exc

    def _settle(self, out: IO[bytes]) -> None:
        with out:
            places = _places(out)
            last = dict(places)
            ordered = sorted(last.items())
            if ordered != places:
                self._replace(_lines(out, [place for _, place in ordered]), out)
            else:
                os.fsync(out.fileno())

    def _replace(self, lines: Iterable[bytes], old: IO[bytes]) -> None:
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(number, "wb") as beside:
                os.fchmod(number, os.fstat(old.fileno()).st_mode & 0o777)
                beside.writelines(lines)
                beside.flush()
                os.fsync(number)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def is_unsettled(outcome: str, failure: object) -> bool:
    """Whether a row got no answer yet; `failure` as the answer has it, plain."""
    may_pass = isinstance(failure, dict) and failure.get("retryable") is True
    return outcome in UNSETTLED or (outcome == SHORT_OF_ANSWERS and may_pass)


def _spent(entry: dict[str, Any]) -> int:
    provenance = entry.get("provenance")
    now = provenance.get("spent_microusd") if isinstance(provenance, dict) else None
    known = [
        part
        for part in (entry.get("taken_microusd", now), entry.get("spent_before_microusd"))
        if type(part) is int
    ]
    return sum(known)


def _unwritten(path: Path, exc: OSError) -> str:
    why = exc.strerror or type(exc).__name__
    return f"--out {path.name} cannot be written ({why}); the same command goes on where it ended"


def _locked(given: Path) -> tuple[Path, IO[bytes]]:
    """Open the file that a path leads to, through links, for this run alone; raises `ConfigurationError`."""
    try:
        path = given.resolve()
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"--out {given.name} is no file; give another one")
        out = path.open("a+b")
    except (OSError, RuntimeError) as exc:  # RuntimeError: links that lead round in a circle
        raise ConfigurationError(f"--out {given.name} cannot be opened ({type(exc).__name__})") from exc
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A run that ends puts a new file in the old one's place; a lock on the old one locks nothing.
        if not os.path.samestat(path.stat(), os.fstat(out.fileno())):
            raise BlockingIOError
    except BlockingIOError:
        out.close()
        raise ConfigurationError(f"another run is writing to {given.name}") from None
    except OSError as exc:
        out.close()
        raise ConfigurationError(f"--out {given.name} cannot be locked ({type(exc).__name__})") from exc
    return path, out


def _places(out: IO[bytes]) -> list[tuple[int, int]]:
    """Of every line its row and where it begins: a file of millions of lines need not fit into memory."""
    places, at = [], 0
    out.seek(0)
    for line in out:
        places.append((json.loads(line)["row"], at))
        at += len(line)
    return places


def _lines(out: IO[bytes], places: Iterable[int]) -> Iterator[bytes]:
    for at in places:
        out.seek(at)
        yield out.readline()


def _entries(out: IO[bytes], name: str) -> tuple[list[_Entry], int]:
    """What every whole line says, and where they end: only what comes after the last newline may be torn."""
    out.seek(0)
    entries, end = [], 0
    for number, line in enumerate(out, start=1):
        if not line.endswith(b"\n"):
            if not _torn(line):
                _refuse(name, number)
            break
        entry = _entry(line)
        if entry is None:
            _refuse(name, number)
        entries.append(_Entry.of(entry))
        end += len(line)
    return entries, end


def _torn(line: bytes) -> bool:
    """Whether this can be the beginning of a line of ours."""
    if not (line.startswith(_HEAD) or _HEAD.startswith(line)):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return _entry(line) is not None


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or type(entry.get("row")) is not int:
        return None
    return entry if all(isinstance(entry.get(key), str) for key in ("asked", "outcome")) else None


def _refuse(name: str, number: int) -> NoReturn:
    raise ConfigurationError(
        f"{name} holds lines that are no scores (the first is line {number}); give another one as --out"
    )
