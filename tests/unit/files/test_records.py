"""Parts of a file are the file: each row in one of them, under its number."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.errors import ConfigurationError
from judge_service.files.records import Part, Reader, parts, records

LINES = st.sampled_from(['{"response": "one"}', '{"response": "two"}', "", "   ", "no JSON", "[1]", "\ufeff"])


@given(st.lists(LINES, max_size=40), st.integers(1, 9), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_parts_hold_what_the_whole_holds(lines: list[str], rows: int, end: str, last: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.jsonl"
        path.write_bytes((end.join(lines) + (end if last else "")).encode())
        whole, cut = list(records(path, {})), list(parts(path, rows))
        reader = Reader(path, {})
        # In any order, for who reads them is not known.
        found = {part.first: list(reader.read(part)) for part in reversed(cut)}
    assert [part.first for part in cut] == list(range(1, len(whole) + 1, rows))
    assert [record for part in cut for record in found[part.first]] == whole
    assert all(len(found[part.first]) == part.count <= rows for part in cut)


def test_a_table_of_commas_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('response\n"two\nlines"\n', "utf-8")
    with pytest.raises(ConfigurationError, match=r"only \.jsonl, \.ndjson and \.parquet"):
        list(parts(tmp_path / "in.csv", 1))


def test_a_part_says_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    path.write_text('{"a": 1}\n\n{"a": 2}\n{"a": 3}\n', "utf-8")
    assert list(parts(path, 2)) == [Part(1, 2, 0), Part(3, 1, 19)]
