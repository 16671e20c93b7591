"""Reads NDJSON: on each line a rating, a judge's score, an item, a scoring answer, or a declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_calibration.errors import RowFault
from judge_calibration.ingest.json_text import TextRejected, parse
from judge_calibration.ingest.source import RowTable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_calibration.ingest.source import Source

_TABLES = {"rating": "ratings", "judge_score": "judge_scores", "item": "items", "score": "scores"}
_DECLARATIONS = ("scale", "composite", "fingerprint")
_TAGS = (*_TABLES, *_DECLARATIONS)
_ITEM_FIELDS = frozenset({"item", "cluster", "subgroups", "covariates"})


def add_lines(source: Source, text: str, name: str) -> None:
    """Add every line. A line names its kind, `{"table": "rating", …}`, or is known by its fields.

    Scales: `{"scale": [0, 1, 2], "criterion": "quality"}`; composites:
    `{"table": "composite", "criterion": "score", "weights": {…}}`; fingerprints:
    `{"table": "fingerprint", "judge": "J", "fingerprint": {…}}`. Lines that are no JSON, and lines of no
    kind, become faults of the source.
    """
    rows: dict[str, list[object]] = {table: [] for table in _TABLES.values()}
    numbers: dict[str, list[int]] = {table: [] for table in _TABLES.values()}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            kind, row = _taken_apart(parse(line))
        except TextRejected as exc:
            source.faults.append(RowFault(name, number, "", exc.code, exc.detail))
            continue
        if kind in _TABLES:
            rows[_TABLES[kind]].append(row)
            numbers[_TABLES[kind]].append(number)
        elif not _DECLARE[kind](source, row):
            detail = f"a line with a {kind} has {_SHAPES[kind]}"
            source.faults.append(RowFault(name, number, kind, "bad_row", detail))
    for table, found in rows.items():
        if found:
            getattr(source, table).append(RowTable(name, found, numbers[table]))


class _KindUnknown(TextRejected):
    code = "bad_row"


def _taken_apart(row: object) -> tuple[str, Mapping[str, object]]:
    """The kind of a line, and the line without its tag."""
    if not isinstance(row, dict):
        raise _KindUnknown(f"a line is an object, not {quoted(row)}")
    if "table" in row:
        tag = row.pop("table")
        if tag not in _TAGS:
            raise _KindUnknown(f"{quoted(tag)} is no table (known: {', '.join(_TAGS)})")
        return str(tag), row
    kind = _kind(row)
    if kind is None:
        raise _KindUnknown("the line is no rating, judge's score, item, answer or scale")
    return kind, row


def _kind(row: Mapping[str, object]) -> str | None:
    for field, kind in (("provenance", "score"), ("scale", "scale"), ("rater", "rating")):
        if field in row:
            return kind
    if "judge" in row and "criterion" in row:
        return "judge_score"
    return "item" if "item" in row and row.keys() <= _ITEM_FIELDS else None


def _scale(source: Source, row: Mapping[str, object]) -> bool:
    name = row.get("criterion")
    if not isinstance(name, str) or row.keys() != {"criterion", "scale"}:
        return False
    source.declare({name: row["scale"]})
    return True


def _composite(source: Source, row: Mapping[str, object]) -> bool:
    name = row.get("criterion")
    if not isinstance(name, str):
        return False
    source.composites[name] = {key: value for key, value in row.items() if key != "criterion"}
    return True


def _fingerprint(source: Source, row: Mapping[str, object]) -> bool:
    judge = row.get("judge")
    if not isinstance(judge, str) or row.keys() != {"judge", "fingerprint"}:
        return False
    source.fingerprints[judge] = row["fingerprint"]
    return True


_DECLARE: Mapping[str, Callable[[Source, Mapping[str, object]], bool]] = {
    "scale": _scale,
    "composite": _composite,
    "fingerprint": _fingerprint,
}
_SHAPES = {
    "scale": "'criterion' and 'scale'",
    "composite": "'criterion' and 'weights'",
    "fingerprint": "'judge' and 'fingerprint'",
}
