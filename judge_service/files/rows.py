"""Reads a file's rows as cases: JSONL or CSV, columns by name or by a map."""

from __future__ import annotations

import base64
import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.case import Case
from judge_service.errors import BodyRejected, ConfigurationError
from judge_service.strict_json import loads, validated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEXT_FIELDS = ("id", "prompt", "response", "reference", "claim", "visual_description", "model")
FIELDS = (*TEXT_FIELDS, "image")
_FIELD_CAP = 16 * 1024 * 1024
_LINES_CAP = 1000  # a row of more lines has most likely swallowed others
_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number from 1, and its case or the reason why it has none."""

    number: int
    case: Case | None
    fault: str | None = None
    unread: bool = False  # more rows than this one are lost to the fault


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a row is none."""

    text: str
    unread: bool = False


def parse_map(pairs: list[str]) -> dict[str, str]:
    """`column=field` pairs as column → field; a field may also be `subgroups.NAME`."""
    columns: dict[str, str] = {}
    for pair in pairs:
        column, equals, field = pair.partition("=")
        known = field in FIELDS or field.removeprefix("subgroups.") not in {"", field}
        if not (equals and column and known):
            raise ConfigurationError(
                f"--map {pair!r}: write column=field, with field one of {', '.join(FIELDS)} or subgroups.NAME"
            )
        if field != "image" and field in columns.values():
            raise ConfigurationError(f"--map {pair!r}: another column is mapped to {field} already")
        columns[column] = field
    return columns


def read_rows(path: Path, columns: Mapping[str, str]) -> Iterator[Row]:
    """Every row of the file in order. A row at fault is told as such and harms no neighbour."""
    for number, record in enumerate(_records(path, columns), start=1):
        if isinstance(record, _Fault):
            yield Row(number, None, record.text, record.unread)
            continue
        try:
            yield Row(number, validated(_case(record, columns, path.parent), Case))
        except (BodyRejected, ConfigurationError) as exc:
            yield Row(number, None, str(exc))


def count_rows(path: Path, columns: Mapping[str, str]) -> int:
    """How many rows there are; a file without responses, or without a mapped column, is a mistake."""
    rows, seen = 0, set[str]()
    for record in _records(path, columns):
        rows += 1
        if isinstance(record, dict):
            seen.update(record)
    if seen and (unseen := set(columns) - seen):
        raise ConfigurationError(f"{path.name} has no column {min(unseen)!r} in any of its rows")
    if seen and not ({"response", "case"} & seen or "response" in columns.values()):
        raise ConfigurationError(
            f"{path.name}: no row has a response; say which column it is with --map COLUMN=response "
            f"(columns: {', '.join(sorted(seen)[:20])})"
        )
    return rows


def _records(path: Path, columns: Mapping[str, str]) -> Iterator[dict[str, object] | _Fault]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv_records(path, columns)
    if suffix in {".jsonl", ".ndjson"}:
        return _jsonl_records(path)
    raise ConfigurationError(f"{path.name}: the file must end in .jsonl, .ndjson or .csv")


def _csv_records(path: Path, columns: Mapping[str, str]) -> Iterator[dict[str, object] | _Fault]:
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
                yield _Fault(_unmatched(begun), unread=True)
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


def _record(header: list[str], fields: list[str], begun: int, ended: int) -> dict[str, object] | _Fault:
    if ended - begun >= _LINES_CAP:
        swallowed = f"lines {begun} to {ended} are one row: a quotation mark is missing, most likely"
        return _Fault(swallowed, unread=True)
    if len(fields) != len(header):
        return _Fault("the row has more or fewer fields than the header")
    return dict(zip(header, fields, strict=True))


def _unmatched(line: int) -> str:
    return (
        f"the table is no CSV from line {line} on: a quotation mark is missing or one too many, or a field "
        "is too large; everything from there on is unread"
    )


def _jsonl_records(path: Path) -> Iterator[dict[str, object] | _Fault]:
    with path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                record = loads(line)
            except BodyRejected as exc:
                yield _Fault(str(exc))
                continue
            yield record if isinstance(record, dict) else _Fault("the line is no JSON object")


def _case(record: Mapping[str, object], columns: Mapping[str, str], folder: Path) -> dict[str, object]:
    """Gather the fields of a case: from `case` when the row has one, then by column name, then by the map."""
    nested = record.get("case")
    case: dict[str, object] = dict(nested) if isinstance(nested, dict) else {}
    taken = set(columns.values())
    for name in TEXT_FIELDS:
        if name in record and name not in taken and name not in columns and not isinstance(nested, dict):
            case[name] = record[name]
    for column, field in columns.items():
        if column in record:
            _place(case, field, record[column], folder)
    if isinstance(case.get("id"), int):
        case["id"] = str(case["id"])
    return case


def _place(case: dict[str, object], field: str, value: object, folder: Path) -> None:
    if field == "image":
        images = case.setdefault("images", [])
        if value and isinstance(images, list):
            images.append({"url": _data_uri(folder, str(value))})
    elif field.startswith("subgroups."):
        subgroups = case.setdefault("subgroups", {})
        if isinstance(subgroups, dict):
            subgroups[field.removeprefix("subgroups.")] = (
                value if isinstance(value, str) else json.dumps(value)
            )
    else:
        case[field] = value


def _data_uri(folder: Path, name: str) -> str:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        # A table of cases may come from anybody, and a judge may be anywhere.
        raise ConfigurationError("the image must be in the folder of the rows, or below it")
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ConfigurationError("the image must be a .png, .jpg or .webp file")
    try:
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    except OSError as exc:
        raise ConfigurationError(f"the image file cannot be read ({type(exc).__name__})") from exc
