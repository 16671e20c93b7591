"""Reads studies from files and texts: JSON documents, NDJSON and CSV. Faults carry the lines of the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.csv_rows import CsvReader
from judge_calibration.ingest.document import study_from, study_of
from judge_calibration.ingest.source import RowTable, Source, rejected
from judge_calibration.scales import scales_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.study import Study

Format = Literal["json", "ndjson", "csv"]
_SUFFIXES: Mapping[str, Format] = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv"}
_KINDS = {"rating": "ratings", "judge_score": "judge_scores", "item": "items", "score": "scores"}


def read_study(path: str | Path | Sequence[str | Path], scales: Mapping[str, object] | None = None) -> Study:
    """Read one file, or several that belong to one study.

    Scales come from `scales`, else from the file itself, else from `<name>.scales.json` beside a table. Such a
    file is an object of scales, or one with `scales` and `composites`. A file that cannot be read is an
    OptionRejected.
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(each) for each in path]
    if not paths:
        raise OptionRejected("study", "names no file")
    texts = [(each, _text(each), _format(each)) for each in paths]
    if len(texts) == 1 and texts[0][2] == "json":
        document = loads(texts[0][1])
        if scales is not None and isinstance(document, dict):
            document = {**document, "scales": scales}
        return study_from(document)
    beside = scales if scales is not None else _beside(paths)
    return study_of(_source([(each.name, text, form) for each, text, form in texts], beside))


def study_from_text(text: str, format: Format, scales: Mapping[str, object] | None = None) -> Study:  # noqa: A002  what it is
    """Read a body that came over HTTP; `scales` as in `read_study`, when the text does not hold them."""
    if format == "json":
        document = loads(text)
        if scales is not None and isinstance(document, dict):
            document = {"scales": scales, **document}
        return study_from(document)
    return study_of(_source([("study", text, format)], scales))


def loads(text: str) -> object:
    """Parse JSON; OptionRejected says where it is none. NaN and Infinity are none."""
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        place = f" at character {exc.pos}" if isinstance(exc, json.JSONDecodeError) else ""
        raise OptionRejected("study", f"is no JSON{place}") from None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise OptionRejected("study", f"{path.name} is not UTF-8 at byte {exc.start}") from None
    except OSError as exc:
        raise OptionRejected("study", f"{path.name} cannot be read: {type(exc).__name__}") from None


def _format(path: Path) -> Format:
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise OptionRejected("study", f"{path.name}: a study ends in {', '.join(_SUFFIXES)}")
    return found


def _beside(paths: Sequence[Path]) -> Mapping[str, object] | None:
    for path in paths:
        place = path.with_name(f"{path.stem}.scales.json")
        if place.exists():
            found = loads(_text(place))
            if not isinstance(found, Mapping):
                raise OptionRejected("scales", f"{place.name} is an object: criterion -> scale")
            return found
    return None


def _source(texts: Sequence[tuple[str, str, Format]], scales: Mapping[str, object] | None) -> Source:
    declared: dict[str, object] = {}
    composites: dict[str, object] = {}
    source = Source(scales={}, strict_items=False, whole_list=False)
    if scales is not None:
        _declare(scales, declared, composites)
    csv_texts: list[tuple[str, str]] = []
    for name, text, form in texts:
        if form == "csv":
            csv_texts.append((name, text))
        else:
            _read_lines(name, text if form == "ndjson" else _as_lines(text), source, declared, composites)
    source.scales = scales_from(declared)
    source.composites = composites
    for name, text in csv_texts:
        CsvReader(name, source).read(text)
    return source


def _declare(given: Mapping[str, object], declared: dict[str, object], composites: dict[str, object]) -> None:
    """`{"scales": {…}, "composites": {…}}`, or plainly criterion → scale."""
    inner = given.get("scales")
    if isinstance(inner, Mapping) and "kind" not in inner:
        declared.update(inner)
        totals = given.get("composites")
        composites.update(totals if isinstance(totals, Mapping) else {})
    else:
        declared.update(given)


def _as_lines(text: str) -> str:
    """A document among several files, as the lines that NDJSON would have."""
    document = loads(text)
    if not isinstance(document, Mapping):
        raise OptionRejected("study", "is an object with 'scales' and 'ratings'")
    lines = [{"scale": name, "spec": spec} for name, spec in (document.get("scales") or {}).items()]
    for kind, name in _KINDS.items():
        rows = document.get(name) or ()
        lines += [{"table": kind, **row} if isinstance(row, Mapping) else {"table": kind} for row in rows]
    return "\n".join(json.dumps(line) for line in lines)


def _read_lines(
    name: str, text: str, source: Source, declared: dict[str, object], composites: dict[str, object]
) -> None:
    rows: dict[str, list[object]] = {kind: [] for kind in _KINDS.values()}
    numbers: dict[str, list[int]] = {kind: [] for kind in _KINDS.values()}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise rejected(name, number, "", "bad_json", "the line is no JSON") from None
        kind = _kind(row)
        if kind == "scale":
            _one_scale(name, number, row, declared)
        elif kind == "composite":
            composites[str(row["composite"])] = {"weights": row.get("weights")}
        elif kind is None:
            raise rejected(
                name, number, "", "bad_row", "the line is no rating, judge's score, item or answer"
            )
        else:
            rows[kind].append({key: value for key, value in row.items() if key != "table"})
            numbers[kind].append(number)
    targets = {
        "ratings": source.ratings,
        "judge_scores": source.judge_scores,
        "items": source.items,
        "scores": source.scores,
    }
    for kind, found in rows.items():
        if found:
            targets[kind].append(RowTable(name, found, numbers[kind]))


def _one_scale(name: str, number: int, row: Mapping[str, object], declared: dict[str, object]) -> None:
    """A line `{"scale": "quality", "spec": [0, 1, 2]}`, or with `criterion` for its name and `scale` its values."""
    if isinstance(row.get("criterion"), str):
        declared[str(row["criterion"])] = row.get("scale")
    elif isinstance(row.get("scale"), str) and "spec" in row:
        declared[str(row["scale"])] = row["spec"]
    else:
        raise rejected(name, number, "scale", "bad_row", "a line with a scale has 'criterion' and 'scale'")


def _kind(row: object) -> str | None:
    """What a line is, by its tag or by its fields."""
    if not isinstance(row, Mapping):
        return None
    tag = row.get("table")
    if isinstance(tag, str):
        return _KINDS.get(tag, tag if tag == "scale" else None)
    marks = (
        ("provenance", "scores"),
        ("composite", "composite"),
        ("scale", "scale"),
        ("rater", "ratings"),
        ("judge", "judge_scores"),
        ("item", "items"),
    )
    return next((kind for field, kind in marks if field in row), None)
