"""Reads a file's rows as cases: JSONL, CSV or parquet, columns by name or by a map."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_service.domain.case import Case
from judge_service.errors import BodyRejected, ConfigurationError
from judge_service.files.records import TEXT_FIELDS, Fault, records, survey
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from judge_service.files.records import Record

FIELDS = (*TEXT_FIELDS, "image")
_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number from 1, and its case or the reason why it has none."""

    number: int
    case: Case | None
    fault: str | None = None
    unread: bool = False  # more rows than this one are lost to the fault


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
    return rows_of(records(path, columns), path.parent, columns)


def rows_of(
    records: Iterable[Record], folder: Path, columns: Mapping[str, str], first: int = 1
) -> Iterator[Row]:
    """Make rows of records, whose images are in `folder`; the first one's number is `first`."""
    for number, record in enumerate(records, start=first):
        if isinstance(record, Fault):
            yield Row(number, None, record.text, record.unread)
            continue
        try:
            yield Row(number, validated(_case(record, columns, folder), Case))
        except (BodyRejected, ConfigurationError) as exc:
            yield Row(number, None, str(exc))


def count_rows(path: Path, columns: Mapping[str, str]) -> int:
    """How many rows there are; a file without responses, or without a mapped column, is a mistake."""
    rows, seen = survey(path, columns)
    if seen and (unseen := set(columns) - seen):
        raise ConfigurationError(f"{path.name} has no column {min(unseen)!r} in any of its rows")
    if seen and not ({"response", "case"} & seen or "response" in columns.values()):
        raise ConfigurationError(
            f"{path.name}: no row has a response; say which column it is with --map COLUMN=response "
            f"(columns: {', '.join(sorted(seen)[:20])})"
        )
    return rows


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
                value if isinstance(value, str) else json.dumps(value, default=str)
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
