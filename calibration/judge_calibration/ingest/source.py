"""What is read before it is understood: tables of rows with their numbers, and the faults found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from judge_calibration.errors import OptionRejected, RowFault, StudyRejected
from judge_calibration.scales import LONGEST_LABEL, is_label, scale_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_FAULTS = 1000
ID_RULE = f"an id is a text of 1 to {LONGEST_LABEL} characters, or an integer"
_LONGEST_INTEGER = 10**18
_QUOTED = 60


@dataclass(frozen=True, slots=True)
class RowTable:
    """Rows of one kind from one place. `numbers` are lines of a file; without them rows count from 1.

    `spread` rows about items stand beside something else on their lines: one item has many, which agree.
    """

    name: str
    rows: Sequence[object]
    numbers: Sequence[int] | None = None
    spread: bool = False

    def numbered(self) -> Iterable[tuple[int, object]]:
        """Every row with the number by which faults call it."""
        return zip(count(1) if self.numbers is None else self.numbers, self.rows, strict=False)


@dataclass(slots=True)
class Source:
    """Everything a study is made from, wherever it came from. `specs` are scales as they were declared.

    With `settled_scales` those are the caller's, and what files declare is passed over. `faults` are lines
    that could not even be taken apart.
    """

    specs: dict[str, object] = field(default_factory=dict)
    settled_scales: bool = False
    items: list[RowTable] = field(default_factory=list)
    ratings: list[RowTable] = field(default_factory=list)
    judge_scores: list[RowTable] = field(default_factory=list)
    scores: list[RowTable] = field(default_factory=list)
    composites: dict[str, object] = field(default_factory=dict)
    fingerprints: dict[str, object] = field(default_factory=dict)
    faults: list[RowFault] = field(default_factory=list)

    def declare(self, scales: object) -> None:
        """Add scales, `criterion -> scale`; one that is there already must be the same."""
        if self.settled_scales or scales is None:
            return
        if not isinstance(scales, Mapping):
            raise OptionRejected("scales", "is an object: criterion -> scale")
        for name, spec in scales.items():
            known = self.specs.setdefault(name, spec)
            option = f"scales.{str(name)[:60]}"
            if known is not spec and scale_from(known, option=option) != scale_from(spec, option=option):
                raise OptionRejected(option, "is declared twice, and not alike")

    def tables(self) -> list[RowTable]:
        """Every table in the order in which they are read."""
        return [*self.items, *self.ratings, *self.judge_scores, *self.scores]


class Faults:
    """Collects what is wrong with rows, all of it up to a cap, and rejects the study in the end."""

    def __init__(self, tables: Iterable[RowTable] = (), known: Sequence[RowFault] = ()) -> None:
        self._rank = {name: at for at, name in enumerate(dict.fromkeys(table.name for table in tables))}
        self._found: list[RowFault] = list(known[:MOST_FAULTS])
        self.total = len(known)

    def add(self, table: str, row: int, name: str, code: str, detail: str) -> None:
        """Note a fault in the field `name` of a row."""
        self.total += 1
        if len(self._found) < MOST_FAULTS:
            self._found.append(RowFault(table, row, name, code, detail))

    def raise_any(self) -> None:
        """Reject the study when there is a fault; they are told by table, then by row."""
        if self._found:
            last = len(self._rank)
            ordered = sorted(self._found, key=lambda fault: (self._rank.get(fault.table, last), fault.row))
            raise StudyRejected(tuple(ordered), total=self.total)


def spelled(value: object) -> str | None:
    """An id as text: 7 and "7" are the same id. None when the value is no id."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return value if is_label(value) and not value.isspace() else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LONGEST_INTEGER:
        return str(value)
    return None


def quoted(value: object) -> str:
    """A value as a fault may tell it: short, and on one line."""
    if isinstance(value, str):
        return repr(value if len(value) <= _QUOTED else value[:_QUOTED] + "…")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) >= _LONGEST_INTEGER:
        return "a number of many digits"
    if isinstance(value, int | float | np.generic):
        return str(value)
    return "a list" if isinstance(value, list | tuple) else "an object"
