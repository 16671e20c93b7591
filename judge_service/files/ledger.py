"""The output file of a run: appended line by line, so that a run that is cut can go on where it was."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

# Outcomes that asking again may change; a run that goes on asks for these once more.
UNSETTLED = frozenset({"provider_error", "timeout"})


@dataclass(slots=True)
class Ledger:
    """What has been scored already, and the place for what comes next."""

    path: Path
    settled: dict[int, str] = field(default_factory=dict)  # row → digest of what was asked
    _out: IO[bytes] | None = None

    def resume(self) -> None:
        """Read the lines of an earlier run; drop a torn last line and those that are worth asking again."""
        kept = []
        if self.path.exists():
            for line in self.path.read_bytes().splitlines(keepends=True):
                entry = _entry(line)
                if entry is not None and entry["outcome"] not in UNSETTLED:
                    self.settled[entry["row"]] = entry["asked"]
                    kept.append(line)
        self._replace(kept)
        self._out = self.path.open("ab")

    def holds(self, row: int, asked: str) -> bool:
        """Whether this row is settled; a line that answers another question is a mistake, and is named."""
        known = self.settled.get(row)
        if known is not None and known != asked:
            raise ConfigurationError(
                f"{self.path.name} holds the score of another row, rubric or judge for row {row}; "
                "give another --out, or --restart to begin anew"
            )
        return known is not None

    def append(self, row: int, asked: str, answer: str) -> None:
        """Add one answer (a JSON object) and hand it to the operating system at once."""
        if self._out is None:
            raise ValueError("the ledger is not open")
        head = json.dumps({"row": row, "asked": asked})
        self._out.write(f"{head[:-1]}, {answer.lstrip()[1:]}\n".encode())
        self._out.flush()

    def close(self) -> None:
        """Put the lines in the order of the rows and make them last."""
        if self._out is None:
            return
        self._out.close()
        self._out = None
        lines = self.path.read_bytes().splitlines(keepends=True)
        self._replace(sorted(lines, key=lambda line: json.loads(line)["row"]))

    def _replace(self, lines: list[bytes]) -> None:
        beside = self.path.with_name(self.path.name + ".part")
        with beside.open("wb") as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.path)


def _entry(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not {"row", "asked", "outcome"} <= entry.keys():
        raise ConfigurationError("the --out file holds lines that are no scores; give another one")
    return entry
