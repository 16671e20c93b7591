"""Reads one JSON document as a study, or adds it to what other files hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.building import study_of
from judge_calibration.ingest.source import RowTable, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_calibration.study import Study

_TABLES = ("items", "ratings", "judge_scores", "scores")
_FIELDS = ("scales", "ratings", "judge_scores", "items", "composites", "scores", "fingerprints")


def study_from(document: object) -> Study:
    """Read `{"scales", "ratings"?, "judge_scores"?, "items"?, "composites"?, "scores"?, "fingerprints"?}`.

    Raises StudyRejected with every row at fault, by number from 1, and OptionRejected for what is wrong with
    scales, composites, fingerprints or the document itself. A field that is null is one that is not there.
    """
    source = Source()
    add_document(source, document)
    return study_of(source)


def add_document(source: Source, document: object, where: str = "") -> None:
    """Add a document's tables, scales and composites; `where` is put behind the names of its tables."""
    if not isinstance(document, Mapping):
        raise OptionRejected("study", "is an object with 'scales' and 'ratings'")
    for name in document:
        if name not in _FIELDS:
            raise OptionRejected(str(name)[:60], f"is not known in a study (known: {', '.join(_FIELDS)})")
    source.declare(document.get("scales"))
    source.composites |= _named(document, "composites")
    source.fingerprints |= _named(document, "fingerprints")
    for name in _TABLES:
        rows = _rows(document, name)
        if rows:
            getattr(source, name).append(RowTable(name + where, rows))


def _rows(document: Mapping[str, object], name: str) -> Sequence[object]:
    rows = document.get(name)
    if rows is None:
        return ()
    if not isinstance(rows, list | tuple):
        raise OptionRejected(name, "is a list of rows")
    return rows


def _named(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise OptionRejected(name, "is an object")
    return found
