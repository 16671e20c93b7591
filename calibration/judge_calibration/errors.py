"""What this library raises on purpose.

CalibrationError
├─ StudyRejected       rows of the input are at fault; lists them all, by number
├─ OptionRejected      an option has a value that no operation takes
│  └─ UnknownOption    nothing takes an option of that name
├─ NotEnough           there is too little data for what was asked
└─ MapRejected         an artefact is no map, or not the one its id names

An undefined statistic raises nothing: that is data, a `Statistic` without an estimate and with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOLD = 5


class CalibrationError(ValueError):
    """Root of the tree; its text names the thing and the remedy."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row: which table, its number from 1, the field, a stable code and words."""

    table: str
    row: int
    field: str
    code: str
    detail: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.table} row {self.row}, {self.field}: {self.detail}"


class StudyRejected(CalibrationError):
    """Rows are at fault. `faults` holds every one of them (up to a cap), in order."""

    def __init__(self, faults: tuple[RowFault, ...], *, total: int | None = None) -> None:
        self.faults = faults
        self.total = len(faults) if total is None else total
        shown = "; ".join(map(str, faults[:_TOLD]))
        more = f" (and {self.total - _TOLD} more)" if self.total > _TOLD else ""
        super().__init__(shown + more)


class OptionRejected(CalibrationError):
    """An option is out of its range, or names what is not there."""

    def __init__(self, option: str, detail: str) -> None:
        self.option = option
        self.detail = detail
        super().__init__(f"option {option!r}: {detail}")


class UnknownOption(OptionRejected):
    """Nothing takes an option of that name. `known` are the names that are taken there, sorted."""

    def __init__(self, option: str, known: Iterable[str]) -> None:
        self.known = tuple(sorted(set(known)))
        super().__init__(option, f"is not known (known: {', '.join(self.known)})")


class NotEnough(CalibrationError):
    """There is too little data for what was asked; the text says how much is needed."""


class MapRejected(CalibrationError):
    """The artefact is no calibration map, or its content does not have the id it carries."""
