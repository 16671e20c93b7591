"""Rows become cases; one at fault is told and harms no neighbour."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.errors import ConfigurationError
from judge_service.files.rows import Row, count_rows, parse_map, read_rows


def read(path: Path, content: str | bytes, columns: dict[str, str] | None = None) -> list[Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = list(read_rows(path, columns or {}))
    assert count_rows(path, columns or {}) == len(rows)
    return rows


def faulty(rows: list[Row]) -> list[bool]:
    assert all((row.case is None) is (row.fault is not None) for row in rows)
    return [row.case is None for row in rows]


def test_a_map_is_read() -> None:
    assert parse_map(["a=response", "b=subgroups.organ", "c=image", "d=image", "x=y=prompt"][:4]) == {
        "a": "response",
        "b": "subgroups.organ",
        "c": "image",
        "d": "image",
    }


@pytest.mark.parametrize(
    "pair", ["", "=", "a", "a=", "=response", "a=answer", "a=images", "a=case.response", "a=subgroups."]
)
def test_a_pair_that_is_none_is_refused(pair: str) -> None:
    with pytest.raises(ConfigurationError, match="write column=field"):
        parse_map([pair])


def test_two_columns_for_one_field_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="already"):
        parse_map(["a=response", "b=response"])


def test_a_nested_case_is_taken_as_it_is(tmp_path: Path) -> None:
    (row,) = read(
        tmp_path / "a.jsonl", json.dumps({"response": "outer", "case": {"id": 7, "response": "inner"}})
    )
    assert row.case is not None
    assert (row.case.id, row.case.response) == ("7", "inner")


def test_whose_response_it_is_may_be_said_by_a_column_of_that_name_or_another(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "a.csv", "response,model\nYes.,qwen3-8b\n")
    assert row.case is not None
    assert row.case.model == "qwen3-8b"
    (row,) = read(tmp_path / "b.csv", "response,author\nYes.,gpt-5\n", {"author": "model"})
    assert row.case is not None
    assert row.case.model == "gpt-5"


def test_the_map_wins_over_a_columns_own_name(tmp_path: Path) -> None:
    line = json.dumps({"response": "a", "answer": "b", "organ": 3})
    (row,) = read(tmp_path / "a.jsonl", line, {"answer": "response", "organ": "subgroups.organ"})
    assert row.case is not None
    assert (row.case.response, row.case.subgroups) == ("b", {"organ": "3"})


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        '{"response": NaN}',
        '{"response": "a", "response": "b"}',
        '{"reference": "r"}',
        '{"case": {}}',
    ],
)
def test_a_line_at_fault_harms_no_neighbour(tmp_path: Path, line: str) -> None:
    good = '{"response": "a"}'
    assert faulty(read(tmp_path / "a.jsonl", f"{good}\n{line}\n{good}\n")) == [False, True, False]


@pytest.mark.parametrize("line", ["b", "b,c,d", 'a "b" c', "\udcff,b"])
def test_a_row_of_a_table_at_fault_harms_no_neighbour(tmp_path: Path, line: str) -> None:
    table = f"response,reference\na,b\n{line}\na,b\n".encode("utf-8", "surrogateescape")
    assert faulty(read(tmp_path / "a.csv", table)) == [False, True, False]


@pytest.mark.parametrize("line", ['"open', '"a"b', '"a" ', '"' + "x" * (16 * 1024 * 1024 + 1)])
def test_where_quotation_marks_do_not_match_nothing_more_is_read_and_that_is_told(
    tmp_path: Path, line: str
) -> None:
    rows = read(tmp_path / "a.csv", f"response\nfirst\n{line}\nthird\nfourth\n")
    assert faulty(rows) == [False, True]
    assert [row.unread for row in rows] == [False, True]
    assert "from line 3 on" in str(rows[1].fault)


def test_a_row_of_very_many_lines_is_taken_for_a_missing_quotation_mark(tmp_path: Path) -> None:
    long, short = "line\n" * 1001, "line\n" * 900
    rows = read(tmp_path / "a.csv", f'response\n"{short}"\n"{long}"\nlast\n')
    assert faulty(rows) == [False, True, False]
    assert [row.unread for row in rows] == [False, True, False]
    assert "lines 903 to 1904" in str(rows[1].fault)


def test_a_heading_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="first line"):
        read(tmp_path / "a.csv", '"response\na\n')


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
def test_a_mapped_column_that_no_line_has_is_named(tmp_path: Path, name: str) -> None:
    lines = '{"answer": "a"}\n{"answer": "b", "gold": "c"}\nno JSON\n'
    columns = {"answer": "response", "gold": "reference"}
    assert faulty(read(tmp_path / name, lines, columns)) == [False, False, True]
    with pytest.raises(ConfigurationError, match="no column 'glod'"):
        count_rows(tmp_path / name, {"answer": "response", "glod": "reference"})


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="two columns"):
        read(tmp_path / "a.csv", "response,response\na,b\n")


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "") == []
    assert read(tmp_path / "a.jsonl", "") == []


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({"response": text}).encode())
)
def test_no_bytes_stop_a_run(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "a.jsonl"
        faulty(read(lines, raw))
        faulty(read(Path(folder) / "a.csv", b"response,id\n" + raw))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "question,answer\nq,a\n"), ("a.jsonl", '{"question": "q", "answer": "a"}\n')],
)
def test_a_file_without_responses_is_a_mistake_that_names_its_columns(
    tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=r"--map COLUMN=response \(columns: answer, question\)"):
        count_rows(path, {})
    assert count_rows(path, {"answer": "response"}) == 1
