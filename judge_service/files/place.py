"""Where scores go: into a file of lines, or into a folder of parquet parts beside the lines they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.errors import ConfigurationError
from judge_service.files.parquet import SUFFIX, need_pyarrow, write_parts

if TYPE_CHECKING:
    from pathlib import Path

LINES = "_lines.jsonl"  # what begins with _ or . is no part to those who read a folder of parquet


@dataclass(frozen=True, slots=True)
class Place:
    """The ledger's path, and the folder that parts are written into when a run ends; None: there are none."""

    ledger: Path
    folder: Path | None = None

    @classmethod
    def of(cls, out: Path) -> Place:
        """An existing folder, or a name that ends in .parquet, is a folder of parts."""
        if not (out.is_dir() or out.suffix.lower() == SUFFIX):
            return cls(out)
        if out.exists() and not out.is_dir():
            raise ConfigurationError(f"--out {out.name} is a file; scores in parquet are a folder of parts")
        need_pyarrow(out.name)
        return cls(out / LINES, out)

    def make(self) -> None:
        """Make the folder, where one is wanted and there is none."""
        if self.folder is not None:
            self.folder.mkdir(exist_ok=True)

    def finish(self) -> None:
        """Write the parts anew from the lines of the closed ledger."""
        if self.folder is not None and self.ledger.exists():
            with self.ledger.open("rb") as lines:
                write_parts(lines, self.folder)
