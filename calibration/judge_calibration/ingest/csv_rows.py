"""Reads a long CSV table: on each line a score by a rater or a judge, with what belongs to its item."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from judge_calibration.errors import OptionRejected, RowFault
from judge_calibration.ingest.cells import SCORED
from judge_calibration.ingest.source import RowTable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from judge_calibration.ingest.source import Source
    from judge_calibration.scales import Scale

_NEEDED = ("item", "criterion", "score")
_PLAIN = (*_NEEDED, "rater", "judge", "role", "repeat", "outcome", "cluster")
_PREFIXES = {"subgroup.": "subgroups", "covariate.": "covariates"}
_KNOWN = ", ".join((*_PLAIN, "subgroup.NAME", "covariate.NAME"))
_DELIMITERS = (",", ";", "\t")
_NUMBER = re.compile(r"[+-]?(\d{1,300}(\.\d*)?|\.\d+)([eE][+-]?\d{1,5})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_TRUTHS = {"true": True, "yes": True, "met": True, "false": False, "no": False, "unmet": False}
_ROLES = ("human", "judge")

Row = dict[str, object]


def add_csv(source: Source, text: str, name: str, scales: Mapping[str, Scale]) -> None:
    """Add every line of a table with a header. Commas, semicolons or tabs stand between the cells.

    A line names a `rater` or a `judge`, or a `rater` whose `role` is human or judge. A cell that is empty is
    one that is not there. OptionRejected names what is wrong with the header; lines that cannot be taken
    apart become faults of the source.
    """
    table = _Table(source, name, scales)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        table.read_header(next(reader, []))
        for number, cells in _lines(reader):
            table.take(number, cells)
    except csv.Error as exc:
        detail = f"the table cannot be read from here on: {exc} (a quotation mark is missing, most likely)"
        source.faults.append(RowFault(name, table.line + 1, "", "bad_text", detail))
    table.close()


class _Table:
    """The rows of one table by kind, with the lines on which they begin."""

    def __init__(self, source: Source, name: str, scales: Mapping[str, Scale]) -> None:
        self._source = source
        self._name = name
        self._readers = {criterion: _reader(scale) for criterion, scale in scales.items()}
        self._scores: dict[tuple[str, str], object] = {}
        self._rows: dict[str, list[Row]] = {"items": [], "ratings": [], "judge_scores": []}
        self._numbers: dict[str, list[int]] = {kind: [] for kind in self._rows}
        self._abouts: set[tuple[str, ...]] = set()
        self._header: list[str] = []
        self._about_at: tuple[int, ...] = ()
        self._at: tuple[int, ...] = ()
        self.line = 0

    def read_header(self, names: list[str]) -> None:
        """Learn where which column is; OptionRejected says which is unknown, given twice or missing."""
        header = [name.strip() for name in names]
        for name in header:
            inner = next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), "")
            if name not in _PLAIN and not inner:
                raise OptionRejected("study", f"{self._name}: no column {name[:60]!r} (known: {_KNOWN})")
            if header.count(name) > 1:
                raise OptionRejected("study", f"{self._name} has the column {name[:60]!r} twice")
        missing = [name for name in _NEEDED if name not in header]
        missing += [] if {"rater", "judge"} & set(header) else ["rater (or judge)"]
        if missing:
            raise OptionRejected("study", f"{self._name} has no column {', '.join(missing)}")
        place = {name: at for at, name in enumerate(header)}
        self._header, self.line = header, 1
        # Lines get one empty cell more at their end: there is every column that the table has not.
        self._at = tuple(place.get(name, -1) for name in _PLAIN)
        self._about_at = tuple(at for at, name in enumerate(header) if _is_about(name))

    def take(self, number: int, cells: list[str]) -> None:
        """Sort one line into its tables."""
        self.line = number
        if len(cells) != len(self._header):
            self._fault("", "bad_row", f"the line has {len(cells)} cells, the header {len(self._header)}")
            return
        cells = [*map(str.strip, cells), ""]
        item, criterion, given, rater, judge, role, repeat, outcome, _ = [cells[at] for at in self._at]
        if self._about_at:
            self._take_about(item, cells)
        row: Row = {"item": item, "criterion": criterion, "score": self._score(criterion, given)}
        if role or repeat or outcome:
            rater, judge = self._roles(rater, judge, role)
            row |= _extras(repeat, outcome, of_judge=bool(judge))
        if bool(rater) == bool(judge):
            self._fault("rater", "missing_field", "a line names one rater or one judge")
            return
        row["rater" if rater else "judge"] = rater or judge
        self._add("ratings" if rater else "judge_scores", row)

    def _roles(self, rater: str, judge: str, role: str) -> tuple[str, str]:
        """Whose score it is, where a column says what the one in the column `rater` is."""
        if role and role.lower() not in _ROLES:
            self._fault("role", "unknown_role", f"{quoted(role)} is none of {', '.join(_ROLES)}")
        return ("", rater) if role.lower() == "judge" and not judge else (rater, judge)

    def _score(self, criterion: str, given: str) -> object:
        found = self._scores.get((criterion, given))
        if found is None and given:
            reader = self._readers.get(criterion)
            found = self._scores[criterion, given] = reader(given) if reader else given
        return found

    def _take_about(self, item: str, cells: list[str]) -> None:
        """Add a row about the item, unless an earlier line said the same."""
        said = (item, *[cells[at] for at in self._about_at])
        if said in self._abouts or not any(said[1:]):
            return
        self._abouts.add(said)
        told = {self._header[at]: cells[at] for at in self._about_at if cells[at]}
        row: Row = {"item": item}
        for prefix, kind in _PREFIXES.items():
            read: Callable[[str], object] = _number if kind == "covariates" else str
            row[kind] = {
                name.removeprefix(prefix): read(cell)
                for name, cell in told.items()
                if name.startswith(prefix)
            }
        self._add("items", row | {"cluster": told.get("cluster")})

    def _add(self, kind: str, row: Row) -> None:
        self._rows[kind].append(row)
        self._numbers[kind].append(self.line)

    def _fault(self, field: str, code: str, detail: str) -> None:
        self._source.faults.append(RowFault(self._name, self.line, field, code, detail))

    def close(self) -> None:
        """Hand all rows over to the source."""
        for kind, rows in self._rows.items():
            if rows:
                table = RowTable(self._name, rows, self._numbers[kind], spread=True)
                getattr(self._source, kind).append(table)


def _extras(repeat: str, outcome: str, *, of_judge: bool) -> Row:
    """What a judge's row may have besides; on a rater's row it is a fault, but for the outcome `scored`."""
    extras: Row = {"repeat": int(repeat) if _WHOLE.fullmatch(repeat) else repeat} if repeat else {}
    if outcome and (of_judge or outcome != SCORED):
        extras["outcome"] = outcome
    return extras


def _is_about(name: str) -> bool:
    return name == "cluster" or name.startswith(tuple(_PREFIXES))


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Every line that is not empty, with the number of its first line in the text."""
    ended: int = getattr(reader, "line_num", 1)
    for cells in reader:
        begun, ended = ended + 1, getattr(reader, "line_num", ended + 1)
        if any(cells) and not "".join(cells).isspace():
            yield begun, cells


def _delimiter(text: str) -> str:
    """What stands between the names of the columns."""
    header = text.partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _reader(scale: Scale) -> Callable[[str], object]:
    """How a cell becomes a score: as a word, as a number, or as true and false."""
    if scale.kind == "nominal":
        return str
    if scale.kind != "binary":
        return _number
    words = set(scale.values) if scale.is_worded else set()
    return lambda cell: cell if cell in words else _TRUTHS.get(cell.lower(), _number(cell))


def _number(cell: str) -> object:
    """A number where the cell holds one; else the text itself, which a fault will quote."""
    return float(cell) if _NUMBER.fullmatch(cell) else cell
