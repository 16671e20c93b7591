"""The catalogue of every statistic: its names here and elsewhere, its formula, its source, its least n.

Each family has a JSON file in `definitions_data/`; a statistic that is not in one of them cannot be told.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent / "definitions_data"


@dataclass(frozen=True, slots=True)
class Definition:
    """One statistic. `min_n` is the least number of items for which an interval is told."""

    name: str
    label: str
    means: str
    formula: str
    source: str
    min_n: int
    aliases: tuple[str, ...] = ()
    assumes: str = ""
    interval: str = ""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    version: int = 1

    @property
    def address(self) -> str:
        """How answers refer to it; it moves when the definition does."""
        return f"def:{self.name}@{self.version}"

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self) | {"aliases": list(self.aliases), "definition": self.address}


def definition_of(name: str) -> Definition:
    """Find a statistic by its name; a KeyError is a mistake of ours, for every name is in the catalogue."""
    return definitions()[name]


@cache
def definitions() -> Mapping[str, Definition]:
    """Every definition by name, in the order of the files."""
    found: dict[str, Definition] = {}
    for path in sorted(_FOLDER.glob("*.json")):
        for name, entry in json.loads(path.read_text("utf-8")).items():
            if name in found:
                raise ValueError(f"{name} is defined twice")
            found[name] = Definition(name=name, **entry | {"aliases": tuple(entry.get("aliases", ()))})
    return found
