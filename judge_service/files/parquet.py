"""The door to pyarrow: tables of cases are read from parquet, and scores written into it."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

SUFFIX = ".parquet"
PART_ROWS = 20_000
# Of a part of scores; `criteria` and `answer`, which is everything, are JSON texts.
COLUMNS = {
    "row": "int64",
    "asked": "string",
    "case_id": "string",
    "outcome": "string",
    "score": "float64",
    "reason": "string",
    "criteria": "string",
    "answer": "string",
}
_ROWS_AT_A_TIME = 256


class Table:
    """A parquet file that is read forward: parts in their order cost one reading, a part before the last a new one."""

    def __init__(self, path: Path, wanted: Collection[str] | None = None) -> None:
        """Columns that are not `wanted` are not read; None: all are. Raises `ConfigurationError`."""
        self._name = path.name
        arrow, parquet = _pyarrow(path.name)
        self._broken: tuple[type[Exception], ...] = (OSError, arrow.ArrowException)
        try:
            self._file = parquet.ParquetFile(path)
        except self._broken as exc:
            raise ConfigurationError(f"{path.name} is no parquet file ({type(exc).__name__})") from exc
        self.columns: list[str] = self._file.schema_arrow.names
        self._read = [name for name in self.columns if wanted is None or name in wanted]
        self._batches = self._from(0)
        self._batch: Any = None
        self._next = 0  # rows given so far, from the top of the file

    @property
    def rows(self) -> int:
        """How many rows there are."""
        count: int = self._file.metadata.num_rows
        return count

    def read(self, first: int, count: int) -> Iterator[dict[str, object] | None]:
        """Rows from number `first` on (the first is 1); None where one holds what is no text.

        Raises `ConfigurationError` where the file breaks off.
        """
        if first - 1 != self._next:
            self._batches, self._batch, self._next = self._from(first - 1), None, first - 1
        try:
            while count > 0 and self._fill():
                taken, rest = self._batch.slice(0, count), self._batch.slice(count)
                self._batch = rest
                self._next += len(taken)
                count -= len(taken)
                yield from _records(taken)
        except self._broken as exc:
            raise ConfigurationError(f"{self._name} cannot be read ({type(exc).__name__})") from exc

    def _fill(self) -> bool:
        while self._batch is None or not len(self._batch):
            self._batch = next(self._batches, None)
            if self._batch is None:
                return False
        return True

    def _from(self, skipped: int) -> Iterator[Any]:
        """Batches from behind this many rows on; groups of rows that lie before are not looked into."""
        about = self._file.metadata
        for group in range(about.num_row_groups):
            rows = about.row_group(group).num_rows
            if skipped >= rows:
                skipped -= rows
                continue
            for batch in self._file.iter_batches(_ROWS_AT_A_TIME, row_groups=[group], columns=self._read):
                yield batch.slice(skipped)
                skipped = max(0, skipped - len(batch))


def _records(batch: Any) -> Iterator[dict[str, object] | None]:
    try:
        yield from map(_filled, batch.to_pylist())
    except UnicodeDecodeError:
        for at in range(len(batch)):
            try:
                (record,) = batch.slice(at, 1).to_pylist()
            except UnicodeDecodeError:
                yield None
            else:
                yield _filled(record)


def _filled(record: Mapping[str, object]) -> dict[str, object]:
    """What a row has: a cell that holds nothing is a field that is not there."""
    there = {name: value for name, value in record.items() if value is not None}
    nested = there.get("case")
    return there | {"case": _filled(nested)} if isinstance(nested, dict) else there


def write_parts(lines: Iterable[bytes], folder: Path) -> None:
    """Put scores, a JSON object a line, into parts of a folder; each part is whole or not there."""
    pyarrow, parquet = _pyarrow(folder.name)
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    lines, written = iter(lines), set[Path]()
    while answers := [line.decode() for line in islice(lines, PART_ROWS)]:
        table = pyarrow.Table.from_pylist([_columns(answer) for answer in answers], schema)
        part = folder / f"part-{len(written):05}{SUFFIX}"
        beside = part.with_name(f".{part.name}")
        parquet.write_table(table, beside)
        beside.replace(part)
        written.add(part)
    for stale in set(folder.glob(f"part-*{SUFFIX}")) - written:
        stale.unlink()


def _columns(answer: str) -> dict[str, object]:
    told = json.loads(answer)
    return {name: told.get(name) for name in COLUMNS} | {
        "criteria": json.dumps(told.get("criteria", {})),
        "answer": answer.rstrip("\n"),
    }


def need_pyarrow(name: str) -> None:
    """Raise `ConfigurationError` where there is no pyarrow for the file or folder of this name."""
    _pyarrow(name)


def _pyarrow(name: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra, and paid when used
        import pyarrow.parquet as files  # noqa: PLC0415  likewise
    except ImportError:
        raise ConfigurationError(
            f"{name}: parquet needs pyarrow, which is not installed; install the extra judge-service[ray]"
        ) from None
    return pa, files
