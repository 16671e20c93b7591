"""Parquet: read as any table, forward and in parts; written as parts that are whole or not there."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.errors import ConfigurationError
from judge_service.files.parquet import PART_ROWS, Table, write_parts
from judge_service.files.place import LINES, Place
from judge_service.files.rows import count_rows, read_rows

if TYPE_CHECKING:
    from pathlib import Path


def table(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def test_columns_become_fields_and_an_empty_cell_is_a_field_that_is_not_there(tmp_path: Path) -> None:
    path = table(
        tmp_path / "in.parquet",
        [
            {"nr": 7, "response": "Yes.", "reference": None, "organ": "lung", "dose": 1.5, "other": b"\xff"},
            {"nr": 8, "response": None, "reference": "No.", "organ": None, "dose": None, "other": b""},
        ],
    )
    columns = {"nr": "id", "organ": "subgroups.organ", "dose": "subgroups.dose"}
    first, second = read_rows(path, columns)
    assert first.case is not None
    assert (first.case.id, first.case.response, first.case.reference) == ("7", "Yes.", None)
    assert first.case.subgroups == {"organ": "lung", "dose": "1.5"}
    assert (second.number, second.case) == (2, None)
    assert "response" in (second.fault or "")
    assert count_rows(path, columns) == 2


def test_a_nested_case_is_taken(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"case": {"response": "Yes.", "prompt": None}},
        {"case": {"response": "No.", "prompt": "Is it?"}},
    ]
    first, second = read_rows(table(tmp_path / "in.parquet", rows), {})
    assert first.case is not None
    assert second.case is not None
    assert (first.case.prompt, second.case.prompt) == (None, "Is it?")


def test_bytes_that_are_no_text_harm_no_neighbour(tmp_path: Path) -> None:
    raw = pa.array([b"one", b"t\xffo", b"three"], pa.binary()).cast(pa.string(), safe=False)
    good = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"response": good}), path)
    rows = list(read_rows(path, {}))
    assert [row.case is None for row in rows] == [False, True, False]
    assert "bytes that are no text" in (rows[1].fault or "")


def test_a_mistake_in_the_map_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "in.parquet", [{"answer": "Yes."}])
    with pytest.raises(ConfigurationError, match="no row has a response"):
        count_rows(path, {})
    with pytest.raises(ConfigurationError, match="no column 'q'"):
        count_rows(path, {"q": "response"})


def test_what_is_no_parquet_or_breaks_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(b"response\nYes.\n")
    with pytest.raises(ConfigurationError, match=r"in\.parquet is no parquet file"):
        count_rows(path, {})
    table(path, [{"response": f"answer {at}"} for at in range(400)], row_group_size=100, compression="gzip")
    whole = bytearray(path.read_bytes())
    at = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    whole[at : at + 200] = bytes(200)
    path.write_bytes(whole)
    rows = list(read_rows(path, {}))
    assert [row.case is not None for row in rows] == [True] * 200 + [False]
    assert rows[-1].unread


@given(
    st.integers(0, 700),
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(1, 800), st.integers(1, 120)), max_size=6),
)
def test_any_part_can_be_read_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, count: int, group: int, asked: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("table") / "in.parquet"
    pq.write_table(pa.table({"n": pa.array(range(1, count + 1), pa.int64())}), path, row_group_size=group)
    source = Table(path)
    assert source.rows == count
    for first, rows in asked:
        found = [record and record["n"] for record in source.read(first, rows)]
        assert found == list(range(first, min(first + rows, count + 1)))


def answers(count: int) -> list[bytes]:
    lines = []
    for row in range(1, count + 1):
        answer = {
            "row": row,
            "asked": "a",
            "outcome": "scored",
            "score": row / 7,
            "criteria": {"x": {"level": 1}},
        }
        lines.append(json.dumps(answer).encode() + b"\n")
    return lines


def test_scores_are_written_in_parts_and_older_parts_go(tmp_path: Path) -> None:
    write_parts(answers(PART_ROWS + 3), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part-00000.parquet", "part-00001.parquet"]
    found = pq.read_table(tmp_path).to_pylist()
    assert [line["row"] for line in found] == list(range(1, PART_ROWS + 4))
    assert found[6] | {"answer": ""} == {
        "row": 7,
        "asked": "a",
        "case_id": None,
        "outcome": "scored",
        "score": 1.0,
        "reason": None,
        "criteria": '{"x": {"level": 1}}',
        "answer": "",
    }
    assert json.loads(found[6]["answer"]) == json.loads(answers(7)[6])
    write_parts(answers(2), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["part-00000.parquet"]
    assert pq.read_table(tmp_path).num_rows == 2


def test_the_lines_beside_the_parts_are_no_part(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "scores.parquet")
    place.make()
    place.ledger.write_bytes(b"".join(answers(5)))
    place.finish()
    assert place.ledger == tmp_path / "scores.parquet" / LINES
    assert pq.read_table(tmp_path / "scores.parquet").num_rows == 5


def test_an_existing_folder_takes_parts_and_any_other_name_lines(tmp_path: Path) -> None:
    assert Place.of(tmp_path) == Place(tmp_path / LINES, tmp_path)
    assert Place.of(tmp_path / "out.jsonl") == Place(tmp_path / "out.jsonl")
    (tmp_path / "file.parquet").write_text("", "utf-8")
    with pytest.raises(ConfigurationError, match="is a file; scores in parquet are a folder"):
        Place.of(tmp_path / "file.parquet")


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for ask in (lambda: count_rows(tmp_path / "in.parquet", {}), lambda: Place.of(tmp_path / "out.parquet")):
        with pytest.raises(ConfigurationError, match=r"install the extra judge-service\[ray\]"):
            ask()
