from __future__ import annotations

import base64
import csv
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from driving import DATA
from pyarrow import parquet

from judge_client.run.datasets import read_dataset
from judge_client.run.digests import digest_of_bytes
from judge_client.run.items import DatasetFault
from judge_client.run.pictures import find_image, picture_of
from judge_client.run.prompts import prompt_of

if TYPE_CHECKING:
    from pathlib import Path

ROWS: list[dict[str, Any]] = [
    {"nr": "1", "frage": "What?", "antwort": "B", "A": "one", "B": "two", "bild": "x.png", "organ": "Eye"},
    {"nr": "2", "frage": "Why?", "antwort": "Because.", "A": None, "B": None, "bild": None, "organ": "Skin"},
]
MAP = {"nr": "id", "frage": "question", "antwort": "answer", "bild": "image"}


def written(folder: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"data.{kind}"
    if kind == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n\n" for row in rows), "utf-8")
    else:
        path.write_text(json.dumps(rows), "utf-8")
    return path


def test_med_cmrs_own_two_files_are_read_with_their_fields_and_blanks() -> None:
    data = read_dataset([DATA], {})
    assert [sum(item.kind == kind for item in data.items) for kind in ("mcq", "open")] == [20, 20]
    first = data.items[0]
    assert first.key == "mcq/1"
    assert (first.answer, first.options["C"]) == ("A", "A right pleural effusion")
    assert first.groups == {
        "dimension": "SOD",
        "subtype": "DX",
        "question_type": "multiple choice",
        "modality": "X-ray",
        "organ": "Respiratory system",
    }
    assert first.visual_description
    assert "nodule" in first.visual_description
    assert find_image(data.images, first.image or "").is_file()
    assert data.notes == ()


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "parquet"])
def test_any_table_is_read_with_a_map_of_its_columns(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"x")
    data = read_dataset([written(tmp_path, kind, ROWS)], MAP)
    choice, free = data.items
    assert (choice.kind, choice.id, choice.answer, choice.image) == ("mcq", "1", "B", "x.png")
    assert choice.options == {"A": "one", "B": "two"}
    assert (free.kind, free.answer, free.image, free.groups) == ("open", "Because.", None, {"organ": "Skin"})
    assert data.digest == read_dataset([written(tmp_path, "json", ROWS)], MAP).digest


@pytest.mark.parametrize(
    ("options", "answer", "letter"),
    [
        (["one", "two"], "two", "B"),
        (["one", "two"], "B", "B"),
        ({"a": "one", "b": "two"}, "b)", "B"),
        (["one", "two"], "A) one", "A"),
        ({"1": "one", "2": "two"}, "2", "B"),
        ({"0": "one", "1": "two"}, "1)", "B"),
        ({"2": "two", "1": "one"}, "two", "B"),
        ('["one", "two"]', "B", "B"),
        ('{"1": "one", "2": "two"}', "2", "B"),
    ],
)
def test_options_in_one_column_and_keys_in_words(
    options: Any, answer: str, letter: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "json", [{"question": "?", "options": options, "answer": answer}])
    assert read_dataset([path], {}).items[0].answer == letter


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no rows"),
        ([{"answer": "x"}], "row 1: no 'question'"),
        ([{"question": "?", "answer": "E", "A": "x", "B": "y"}], "none of the options"),
        ([{"id": 1, "question": "?", "answer": "x"}] * 2, "id '1': data.json, row 1 and data.json, row 2"),
        ([{"question": "?", "answer": "A", "A": "x"}], "row 1: only one option"),
        ([{"question": "?", "answer": "A", "options": "lung; heart"}], "row 1: the options are text"),
        ([{"question": "?", "answer": "A", "options": "3"}], "row 1: .* neither a list nor a mapping"),
        ([{"question": "?", "answer": "A", "options": ["x", ["y"]]}], "row 1: an option is neither"),
        ([{"question": "?", "answer": "A", "options": ["x"] * 11}], "row 1: more than 10"),
        ([{"question": "?", "answer": "x", "options": {"a": "x", "A": "y"}}], "row 1: .* labelled A, A"),
        ([{"question": "?", "answer": "x", "options": {"text": "x", "label": "y"}}], "labelled TEXT, LABEL"),
        ([{"question": "?", "answer": "2", "options": {"1": "2", "2": "3"}}], "number of one option and the"),
        ([{"question": "?", "answer": "C", "options": ["x", "y", None]}], "none of the options"),
        (["text"], "not an object"),
    ],
)
def test_a_row_that_is_at_fault_is_named(rows: list[Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetFault, match=words):
        read_dataset([written(tmp_path, "json", rows)], {})


def test_a_file_that_is_at_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("[{", "utf-8")
    (tmp_path / "x.parquet").write_text("no", "utf-8")
    (tmp_path / "x.xlsx").write_text("no", "utf-8")
    for name, words in (
        ("broken.json", "broken.json"),
        ("x.parquet", "x.parquet"),
        ("x.xlsx", "data set is"),
        ("n", "no file"),
    ):
        with pytest.raises(DatasetFault, match=words):
            read_dataset([tmp_path / name], {})
    with pytest.raises(DatasetFault, match="no field 'nope'"):
        read_dataset([DATA], {"x": "nope"})


def test_a_column_that_is_mapped_is_no_option(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", [{"Q": "What?", "A": "pneumonia"}])
    item = read_dataset([path], {"Q": "question", "A": "answer"}).items[0]
    assert (item.kind, item.answer, item.options) == ("open", "pneumonia", {})


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("json", {"A": "one", "B": None, "C": "three", "D": " ", "E": float("nan")}),
        ("json", ["one", None, "three"]),
        ("parquet", {"1": "one", "2": None, "3": "three"}),
        ("csv", '["one", null, "three"]'),
    ],
)
def test_an_option_that_says_nothing_is_not_shown(kind: str, options: Any, tmp_path: Path) -> None:
    path = written(tmp_path, kind, [{"question": "?", "options": options, "answer": "three"}])
    item = read_dataset([path], {}).items[0]
    assert (item.options, item.answer) == ({"A": "one", "C": "three"}, "C")
    assert "None" not in prompt_of(item)


def test_a_mapped_column_is_in_the_data(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", [{"question": "?", "answer": "x", "img": ""}])
    with pytest.raises(DatasetFault, match=r"'imgg' that is mapped; columns are answer, img, question"):
        read_dataset([path], {"imgg": "image"})
    assert read_dataset([path], {"img": "image"}).items[0].image is None


def test_a_column_of_pictures_that_is_not_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "json", [{"question": "?", "answer": "x", "img": "x.png"}])
    assert "the column img is not read: --map img=image" in " ".join(read_dataset([path], {}).notes)
    (tmp_path / "x.png").write_bytes(b"x")
    assert "not read" not in " ".join(read_dataset([path], {"img": "image"}).notes)
    other = written(tmp_path, "json", [{"question": "?", "answer": "x", "topic": "lung"}])
    assert "not read" not in " ".join(read_dataset([other], {}).notes)


ADDRESS = f"data:image/png;base64,{base64.b64encode(b'PNG of it').decode()}"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("jsonl", ADDRESS),
        ("csv", ADDRESS),
        ("jsonl", [ADDRESS]),
        ("parquet", {"bytes": b"PNG of it", "path": "elsewhere.png"}),
        ("parquet", {"bytes": b"PNG of it", "path": None}),
        ("parquet", b"PNG of it"),
    ],
)
def test_a_picture_in_its_row_is_read_and_named_by_its_digest(kind: str, value: Any, tmp_path: Path) -> None:
    row = {"question": "?", "answer": "x", "visual_description": "y", "image": value}
    data = read_dataset([written(tmp_path, kind, [row])], {})
    item = data.items[0]
    assert (item.image, picture_of(item, tmp_path)) == (digest_of_bytes(b"PNG of it"), b"PNG of it")
    assert data.notes == ()
    assert "PNG of it" not in repr(item)


def test_a_picture_of_hugging_face_may_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"PNG")
    rows = [
        {"question": "?", "answer": "x", "image": value}
        for value in ({"bytes": None, "path": "x.png"}, {"bytes": None, "path": None})
    ]
    items = read_dataset([written(tmp_path, "parquet", rows)], {}).items
    assert [(item.image, picture_of(item, tmp_path)) for item in items] == [("x.png", b"PNG"), (None, None)]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("image", {"url": "secret"}, "neither a path nor a picture"),
        ("image", [{"bytes": "secret"}, {"bytes": "secret"}], "neither a path nor a picture"),
        ("image", "data:image/png;base64,secret!", "its base64 is broken"),
        ("image", "data:image/png,secret", "not in base64"),
        ("question", {"text": "secret"}, "'question' is no text"),
        ("answer", [["secret"]], "'answer' is no text"),
    ],
)
def test_what_is_no_text_and_no_picture_is_named_and_not_shown(
    field: str, value: Any, words: str, tmp_path: Path
) -> None:
    row = {"question": "?", "answer": "x", field: value}
    with pytest.raises(DatasetFault, match=f"data.json, row 1.*{words}") as raised:
        read_dataset([written(tmp_path, "json", [row])], {})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("path", ["/9j/4AAQ" + "secret" * 1000, "x\0.png"])
def test_what_no_file_can_be_called_is_a_picture_that_is_not_there(path: str, tmp_path: Path) -> None:
    row = {"question": "?", "answer": "x", "image": path}
    data = read_dataset([written(tmp_path, "json", [row])], {})
    assert "1 items name a picture" in " ".join(data.notes)
    with pytest.raises(DatasetFault, match="no picture") as raised:
        picture_of(data.items[0], tmp_path)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (b'{"question": "?", "answer": "x"}\n\n{"id": 2,\n', "data.jsonl, line 3: .* column 10"),
        (b'\xef\xbb\xbf{"question": "?", "answer": "x"}\n\xff\n', "data.jsonl, line 2: .*utf-8"),
        (b'{"question": "?", "answer": "x"}\n[]\n', "data.jsonl, line 2: not an object"),
        (b'{"question": "?"}\n', "data.jsonl, line 1: no 'answer'"),
        (
            b'{"id": 1, "question": "?", "answer": "x"}\n\n' * 2,
            "id '1': data.jsonl, line 1 and data.jsonl, line 3",
        ),
        (b"[" * 200_000, "data.jsonl: nested too deep"),
    ],
)
def test_a_line_that_is_at_fault_is_named(lines: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_bytes(lines)
    with pytest.raises(DatasetFault, match=words):
        read_dataset([tmp_path / "data.jsonl"], {})


def test_no_picture_outside_the_folder_is_ever_sent(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    inner = tmp_path / "inner"
    (inner / "imgs").mkdir(parents=True)
    (inner / "imgs" / "a.png").write_bytes(b"x")
    (inner / "link.png").symlink_to(tmp_path / "secret.png")
    assert find_image(inner, "some/other/place/a.png") == inner / "imgs" / "a.png"
    for path in ("../secret.png", str(tmp_path / "secret.png"), "link.png"):
        with pytest.raises(DatasetFault, match="no picture"):
            find_image(inner, path)


def test_a_part_of_a_data_set_belongs_to_the_whole() -> None:
    data = read_dataset([DATA], {})
    part = data.first(3)
    assert [item.key for item in part.items] == ["mcq/1", "mcq/2", "mcq/3", "open/1", "open/2", "open/3"]
    assert part.digest == data.digest
    assert data.first(None) is data


def test_what_a_reader_should_know_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "json", [{"question": "?", "answer": "x", "image": "gone.png"}])
    notes = " ".join(read_dataset([path], {}).notes)
    assert "1 open items have no visual description" in notes
    assert "1 items name a picture" in notes
