"""Reads studies from files and from texts: JSON documents, NDJSON and CSV, one or several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.building import study_of
from judge_calibration.ingest.csv_rows import add_csv
from judge_calibration.ingest.document import add_document
from judge_calibration.ingest.json_text import TextRejected, decoded, parse
from judge_calibration.ingest.lines import add_lines
from judge_calibration.ingest.source import Source
from judge_calibration.scales import scales_from

if TYPE_CHECKING:
    from judge_calibration.study import Study

Format = Literal["json", "ndjson", "jsonl", "csv"]
Scales = Mapping[str, object] | str

_SUFFIXES: Mapping[str, Format] = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv"}
_BESIDE = ".scales.json"


def read_study(path: str | Path | Sequence[str | Path], scales: Scales | None = None) -> Study:
    """Read one file, or several that belong to one study: `.json`, `.ndjson`, `.jsonl`, `.csv`.

    `scales` is an object, or JSON text of one: criterion -> scale, or `{"scales": {…}, "composites": {…}}`.
    Without it, scales come from the files themselves and from `NAME.scales.json` beside `NAME.csv`. Faults
    carry the numbers of lines, in a JSON document of rows. OptionRejected tells a file that cannot be read.
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(each) for each in path]
    if not paths:
        raise OptionRejected("study", "names no file")
    texts = [_Text(each.name, _format(each), _read(each)) for each in paths]
    source = _source(scales)
    for each in [] if source.settled_scales else paths:
        beside = each.with_name(each.stem + _BESIDE)
        if beside.is_file() and beside not in paths:
            _declare(source, _parsed(beside.name, _read(beside)))
    return _study(source, texts)


def study_from_text(text: str | bytes, format: Format, scales: Scales | None = None) -> Study:  # noqa: A002  the word for it
    """Read a body that came over HTTP; `scales` as in `read_study`."""
    if format not in {"json", "ndjson", "jsonl", "csv"}:
        raise OptionRejected("format", "is one of json, ndjson, csv")
    name = "study"
    form: Format = "ndjson" if format == "jsonl" else format
    return _study(_source(scales), [_Text(name, form, _decoded(name, text))])


class _Text:
    """One text with the name by which faults call it."""

    def __init__(self, name: str, form: Format, text: str) -> None:
        self.name = name
        self.form = form
        self.text = text


def _study(source: Source, texts: Sequence[_Text]) -> Study:
    """Tables come last: their cells are read as the scales say, wherever those are declared."""
    for each in texts:
        if each.form == "json":
            where = "" if len(texts) == 1 else f" of {each.name}"
            add_document(source, _parsed(each.name, each.text), where)
        elif each.form == "ndjson":
            add_lines(source, each.text, each.name)
    tables = [each for each in texts if each.form == "csv"]
    declared = scales_from(source.specs) if tables else {}
    for each in tables:
        add_csv(source, each.text, each.name, declared)
    return study_of(source)


def _source(scales: Scales | None) -> Source:
    source = Source()
    if scales is not None:
        _declare(source, _parsed("scales", scales) if isinstance(scales, str) else scales)
        source.settled_scales = True
    return source


def _declare(source: Source, given: object) -> None:
    """`{"scales": {…}, "composites": {…}}`, or plainly criterion -> scale."""
    if (
        isinstance(given, Mapping)
        and isinstance(given.get("scales"), Mapping)
        and "kind" not in given["scales"]
    ):
        add_document(source, given)
    else:
        source.declare(given)


def _parsed(name: str, text: str) -> object:
    try:
        return parse(text)
    except TextRejected as exc:
        raise OptionRejected("study", f"{name}, line {exc.line}: {exc.detail}") from None


def _decoded(name: str, given: str | bytes) -> str:
    try:
        return decoded(given)
    except TextRejected as exc:
        raise OptionRejected("study", f"{name}, line {exc.line}: {exc.detail}") from None


def _read(path: Path) -> str:
    try:
        given = path.read_bytes()
    except OSError as exc:
        raise OptionRejected("study", f"{path.name} cannot be read: {exc.strerror or exc}") from None
    return _decoded(path.name, given)


def _format(path: Path) -> Format:
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise OptionRejected(
            "study", f"{path.name}: the name of a study's file ends in {', '.join(_SUFFIXES)}"
        )
    return found
