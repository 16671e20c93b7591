"""Rows of a file, whatever its format, each with the place where it stands."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge_client.run.items import DatasetFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# What no cell of a table can be: they stand for cells that are too many, or that are not there.
_REST: Any = object()
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file from 1 on, where a person finds it, and its columns."""

    number: int
    where: str
    values: Mapping[str, Any]


def rows_of(path: Path) -> Iterator[Row]:
    """Read a file by its suffix; raises `DatasetFault` for one that is not what its name says."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DatasetFault(f"{path.name}: a data set is {', '.join(_READERS)}")
    try:
        for at, (place, row) in enumerate(reader(path), 1):
            where = f"{path.name}, {place}"
            if not isinstance(row, dict):
                raise DatasetFault(f"{where}: not an object")
            yield Row(at, where, row)
    except (ValueError, OSError, csv.Error) as exc:
        raise DatasetFault(f"{path.name}: {exc}") from None
    except RecursionError:
        raise DatasetFault(f"{path.name}: nested too deep") from None


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"row {at}", row) for at, row in enumerate(rows, 1))


def _json(path: Path) -> Iterator[tuple[str, Any]]:
    whole = json.loads(path.read_text("utf-8-sig"))
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise DatasetFault(f"{path.name}: neither a list of rows nor an object that holds one")
        whole = lists[0]
    yield from _numbered(whole)


def _jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as lines:
        for at, raw in enumerate(lines, 1):
            try:
                line = raw.decode("utf-8-sig" if at == 1 else "utf-8").strip()
                if line:
                    yield f"line {at}", json.loads(line)
            except ValueError as exc:
                raise DatasetFault(f"{path.name}, line {at}: {_why(exc)}") from None


def _why(exc: ValueError) -> str:
    """What a parser says without its own count of lines, which begins anew with each."""
    return f"{exc.msg} at column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else str(exc)


def _csv(path: Path) -> Iterator[tuple[str, Any]]:
    """A row that is longer or shorter than the header is at fault: a comma that was not quoted moves every cell."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, restkey=_REST, restval=_MISSING, strict=True)
        at = 0
        try:
            for at, row in enumerate(rows, 1):
                if _REST in row or _MISSING in row.values():
                    told = "more" if _REST in row else "fewer"
                    raise DatasetFault(f"{path.name}, row {at}: has {told} cells than the header")
                yield f"row {at}", row
        except csv.Error as exc:
            raise DatasetFault(f"{path.name}, row {at + 1}: {exc}") from None


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        from pyarrow import ArrowInvalid, parquet  # noqa: PLC0415  paid when used
    except ImportError:
        raise DatasetFault("parquet needs pyarrow: install judge-client[run]") from None
    try:
        batches = parquet.ParquetFile(path).iter_batches(1024)
        yield from _numbered(row for batch in batches for row in batch.to_pylist())
    except ArrowInvalid as exc:
        raise DatasetFault(f"{path.name}: {exc}") from None


_READERS = {".json": _json, ".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
