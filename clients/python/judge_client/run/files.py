"""Rows of a file, whatever its format: `(number, row)` from 1 on."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from judge_client.run.items import DatasetFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def rows_of(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Read a file by its suffix; raises `DatasetFault` for one that is not what its name says."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DatasetFault(f"{path.name}: a data set is {', '.join(_READERS)}")
    try:
        for at, row in enumerate(reader(path), 1):
            if not isinstance(row, dict):
                raise DatasetFault(f"{path.name}, row {at}: not an object")
            yield at, row
    except (ValueError, OSError, csv.Error) as exc:
        raise DatasetFault(f"{path.name}: {exc}") from None


def _json(path: Path) -> Iterator[Any]:
    whole = json.loads(path.read_text("utf-8-sig"))
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise DatasetFault(f"{path.name}: neither a list of rows nor an object that holds one")
        whole = lists[0]
    yield from whole


def _jsonl(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _csv(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def _parquet(path: Path) -> Iterator[Any]:
    try:
        from pyarrow import ArrowInvalid, parquet  # noqa: PLC0415  paid when used
    except ImportError:
        raise DatasetFault("parquet needs pyarrow: install judge-client[run]") from None
    try:
        for batch in parquet.ParquetFile(path).iter_batches(1024):
            yield from batch.to_pylist()
    except ArrowInvalid as exc:
        raise DatasetFault(f"{path.name}: {exc}") from None


_READERS = {".json": _json, ".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
