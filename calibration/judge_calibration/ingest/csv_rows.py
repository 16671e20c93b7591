"""Reads a long CSV table: one score a line, by a rater or by a judge, with what belongs to its item beside it."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from judge_calibration.errors import OptionRejected
from judge_calibration.ingest.source import RowTable, rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_calibration.ingest.source import Source
    from judge_calibration.scales import Scale

_COLUMNS = ("item", "criterion", "score", "rater", "judge", "role", "repeat", "outcome", "cluster")
_PREFIXES = ("subgroup.", "covariate.")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"\d{1,9}")
_TRUE = frozenset({"true", "yes", "met"})
_FALSE = frozenset({"false", "no", "unmet"})
_FIELD_CAP = 2**20


class CsvReader:
    """Adds the rows of one table to a source. What is at fault is told by the line of the table."""

    def __init__(self, name: str, source: Source) -> None:
        self._name = name
        self._source = source

    def read(self, text: str) -> None:
        """Take in the table; OptionRejected for its head, StudyRejected for a line that is no CSV."""
        csv.field_size_limit(_FIELD_CAP)
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        head = self._head(reader)
        rows: dict[str, tuple[list[object], list[int]]] = {
            kind: ([], []) for kind in ("items", "ratings", "judge_scores")
        }
        for number, line in self._lines(reader, head):
            for kind, row in self._sorted(line, number):
                rows[kind][0].append(row)
                rows[kind][1].append(number)
        for kind, (found, numbers) in rows.items():
            if found:
                getattr(self._source, kind).append(RowTable(self._name, found, numbers))

    def _head(self, reader: Iterator[list[str]]) -> list[str]:
        try:
            head = [name.strip() for name in next(reader, [])]
        except csv.Error:
            raise OptionRejected("study", f"{self._name}: the first line is no CSV") from None
        if len(set(head)) < len(head):
            twice = next(name for name in head if head.count(name) > 1)
            raise OptionRejected("study", f"{self._name} has two columns named {twice[:60]!r}")
        for name in head:
            if name not in _COLUMNS and not (name.startswith(_PREFIXES) and name.partition(".")[2]):
                known = ", ".join((*_COLUMNS, "subgroup.NAME", "covariate.NAME"))
                raise OptionRejected("study", f"{self._name}: no such column: {name[:60]!r} (known: {known})")
        missing = [name for name in ("item", "criterion", "score") if name not in head]
        if missing or not {"rater", "judge"} & set(head):
            lacking = missing[0] if missing else "rater (or judge)"
            raise OptionRejected("study", f"{self._name} has no column {lacking}")
        return head

    def _lines(self, reader: Iterator[list[str]], head: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
        number = 1
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                raise rejected(
                    self._name,
                    number + 1,
                    "",
                    "bad_csv",
                    "the table is no CSV from here on: a quotation mark",
                ) from None
            number = getattr(reader, "line_num", number + 1)
            if not any(fields):
                continue
            if len(fields) != len(head):
                detail = f"the line has {len(fields)} fields, the head has {len(head)}"
                raise rejected(self._name, number, "", "bad_csv", detail)
            yield number, dict(zip(head, (field.strip() for field in fields), strict=True))

    def _sorted(self, line: dict[str, str], number: int) -> Iterator[tuple[str, dict[str, object]]]:
        item = line["item"]
        about = self._about(line)
        if about:
            yield "items", {"item": item, **about}
        judge, rater = line.get("judge", ""), line.get("rater", "")
        if line.get("role", "").lower() == "judge":
            judge, rater = judge or rater, ""
        if not judge and not rater:
            raise rejected(
                self._name, number, "rater", "missing_field", "the line names neither rater nor judge"
            )
        if judge and rater:
            raise rejected(self._name, number, "rater", "unknown_field", "the line names a rater and a judge")
        score = self._score(line["criterion"], line["score"])
        row: dict[str, object] = {"item": item, "criterion": line["criterion"], "score": score}
        if rater:
            yield "ratings", row | {"rater": rater}
            return
        row["judge"] = judge
        if line.get("repeat"):
            row["repeat"] = int(line["repeat"]) if _WHOLE.fullmatch(line["repeat"]) else line["repeat"]
        if line.get("outcome"):
            row["outcome"] = line["outcome"]
        yield "judge_scores", row

    @staticmethod
    def _about(line: dict[str, str]) -> dict[str, object]:
        """Cluster, subgroups and covariates that the line has."""
        found: dict[str, object] = {}
        if line.get("cluster"):
            found["cluster"] = line["cluster"]
        for prefix, key in zip(_PREFIXES, ("subgroups", "covariates"), strict=True):
            chosen = {
                name.removeprefix(prefix): value for name, value in line.items() if name.startswith(prefix)
            }
            values = {
                name: _number(value) if key == "covariates" else value
                for name, value in chosen.items()
                if value
            }
            if values:
                found[key] = values
        return found

    def _score(self, criterion: str, given: str) -> object:
        """A cell as the scale reads it: a word where the scale has words, else a number, or true and false."""
        scale: Scale | None = self._source.scales.get(criterion)
        if given == "":
            return None
        if scale is None or scale.is_worded:
            return given
        if scale.kind == "binary" and given.lower() in _TRUE | _FALSE:
            return given.lower() in _TRUE
        return _number(given)


def _number(given: str) -> object:
    """A number where the text is one; else the text itself, which a fault will quote."""
    return float(given) if _NUMBER.fullmatch(given) else given
