"""Reads a file's records: JSONL, CSV or parquet, whole or in parts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from judge_service.errors import BodyRejected, ConfigurationError
from judge_service.files.parquet import SUFFIX, Table
from judge_service.strict_json import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEXT_FIELDS = ("id", "prompt", "response", "reference", "claim", "visual_description", "model")
FIELDS_READ = (*TEXT_FIELDS, "case")
_FIELD_CAP = 16 * 1024 * 1024
_LINES_CAP = 1000  # a row of more lines has most likely swallowed others
_LINES = frozenset({".jsonl", ".ndjson"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is none."""

    text: str
    unread: bool = False  # more rows than this one are lost to it


Record = dict[str, object] | Fault


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a file that follow each other."""

    first: int  # number of its first row, from 1
    count: int
    at: int = 0  # the byte where its first line begins, where there are lines


def records(path: Path, columns: Mapping[str, str]) -> Iterator[Record]:
    """Every record of a file in its order."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv_records(path, columns)
    if suffix in _LINES:
        return _jsonl_records(path)
    if suffix == SUFFIX:
        table = Table(path, {*FIELDS_READ, *columns})
        return _table_records(table, Part(1, table.rows))
    raise ConfigurationError(f"{path.name}: the file must end in .jsonl, .ndjson, .csv or {SUFFIX}")


def survey(path: Path, columns: Mapping[str, str]) -> tuple[int, set[str]]:
    """How many records a file has, and the names of all columns or fields in it."""
    if path.suffix.lower() == SUFFIX:
        table = Table(path)
        return table.rows, set(table.columns)
    rows, seen = 0, set[str]()
    for record in records(path, columns):
        rows += 1
        if isinstance(record, dict):
            seen.update(record)
    return rows, seen


def parts(path: Path, rows: int) -> Iterator[Part]:
    """Cut a file into parts of so many rows, for several readers; CSV cannot be, for a field may hold lines."""
    suffix = path.suffix.lower()
    if suffix == SUFFIX:
        whole = Table(path, ()).rows
        for done in range(0, whole, rows):
            yield Part(done + 1, min(rows, whole - done))
    elif suffix in _LINES:
        yield from _parts_of_lines(path, rows)
    else:
        raise ConfigurationError(f"{path.name}: only .jsonl, .ndjson and {SUFFIX} can be read in parts")


class Reader:
    """Reads parts of one file."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        self._path = path
        self._table = Table(path, {*FIELDS_READ, *columns}) if path.suffix.lower() == SUFFIX else None

    def read(self, part: Part) -> Iterator[Record]:
        """The records of a part in their order."""
        if self._table is not None:
            return _table_records(self._table, part)
        return islice(_jsonl_records(self._path, part.at), part.count)


def _parts_of_lines(path: Path, rows: int) -> Iterator[Part]:
    first, count, begun, at = 1, 0, 0, 0
    with path.open("rb") as lines:
        for line in lines:
            at += len(line)
            count += bool(line.strip())
            if count == rows:
                yield Part(first, count, begun)
                first, count, begun = first + count, 0, at
    if count:
        yield Part(first, count, begun)


def _table_records(table: Table, part: Part) -> Iterator[Record]:
    try:
        for record in table.read(part.first, part.count):
            yield Fault("the row holds bytes that are no text") if record is None else record
    except ConfigurationError as exc:
        yield Fault(f"{exc}; everything from there on is unread", unread=True)


def _csv_records(path: Path, columns: Mapping[str, str]) -> Iterator[Record]:
    csv.field_size_limit(_FIELD_CAP)
    # Bytes that are no UTF-8 become half characters, which a case refuses: they cost their own row only.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        header = _header(reader, path.name, columns)
        while True:
            begun = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # Where the next row begins is anybody's guess now, and a guess would get a score.
                yield Fault(_unmatched(begun), unread=True)
                return
            if fields:
                yield _record(header, fields, begun, reader.line_num)


def _header(reader: Iterator[list[str]], name: str, columns: Mapping[str, str]) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error:
        raise ConfigurationError(f"{name}: the first line, which names the columns, is no CSV") from None
    if absent := [column for column in columns if column not in header]:
        raise ConfigurationError(f"{name} has no column {absent[0]!r} (it has: {', '.join(header)})")
    if len(set(header)) < len(header):
        raise ConfigurationError(f"{name} has two columns of one name")
    return header


def _record(header: list[str], fields: list[str], begun: int, ended: int) -> Record:
    if ended - begun >= _LINES_CAP:
        swallowed = f"lines {begun} to {ended} are one row: a quotation mark is missing, most likely"
        return Fault(swallowed, unread=True)
    if len(fields) != len(header):
        return Fault("the row has more or fewer fields than the header")
    return dict(zip(header, fields, strict=True))


def _unmatched(line: int) -> str:
    return (
        f"the table is no CSV from line {line} on: a quotation mark is missing or one too many, or a field "
        "is too large; everything from there on is unread"
    )


def _jsonl_records(path: Path, at: int = 0) -> Iterator[Record]:
    with path.open("rb") as lines:
        lines.seek(at)
        for line in lines:
            if not line.strip():
                continue
            try:
                record = loads(line)
            except BodyRejected as exc:
                yield Fault(str(exc))
                continue
            yield record if isinstance(record, dict) else Fault("the line is no JSON object")
