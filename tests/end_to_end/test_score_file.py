"""`judge-service score`: a file in, a file out, whatever is in the rows."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from filescoring import JUDGES, PIXEL, REFERENCE, case, jsonl, score, scores
from serving import RUBRICS, command, environment

if TYPE_CHECKING:
    from pathlib import Path


def test_each_row_gets_its_line_in_order(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "in.jsonl", [case(at, response="FIVE" if at == 3 else f"row {at}") for at in range(1, 41)]
    )
    done = score(path)
    assert done.returncode == 0, done.stderr
    told = scores(path)
    assert [line["row"] for line in told] == list(range(1, 41))
    assert [line["case_id"] for line in told] == [f"c{at}" for at in range(1, 41)]
    assert [line["score"] for line in told] == [40.0] * 2 + [100.0] + [40.0] * 37
    assert all(
        line["outcome"] == "scored" and line["provenance"]["rubric"] == "medical-qa@1" for line in told
    )


def test_how_it_went_is_told_at_the_end(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2, reference=None), "no JSON"])
    told = score(path).stderr
    for part in ("medical-qa, judge default", "scored", "missing_input", "rejected_input", "out.jsonl"):
        assert part in told


def test_rows_at_fault_harm_no_neighbour(tmp_path: Path) -> None:
    rows: list[object] = [
        case(1),
        "no JSON at all",
        '{"response": "cut',
        "[1, 2]",
        {"id": "no-response", "reference": REFERENCE},
        {**case(6), "response": 7},
        '{"id": "a", "id": "b", "response": "twice"}',
        '{"response": "half \\ud800"}',
        case(9, response="x" * 64_001),
        case(10, response=""),
        case(11),
    ]
    path = jsonl(tmp_path / "in.jsonl", rows)
    done = score(path)
    assert done.returncode == 0, done.stderr
    outcomes = [line["outcome"] for line in scores(path)]
    assert outcomes == ["scored"] + ["rejected_input"] * 8 + ["scored"] * 2
    assert all(line["reason"] and line["score"] is None for line in scores(path)[1:9])
    assert "x" * 100 not in path.with_name("out.jsonl").read_text()


def test_bytes_that_are_no_text_harm_no_neighbour(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    row = json.dumps(case(1)).encode()
    path.write_bytes(row + b"\n" + row.replace(b"row 1", b"row \xff") + b"\n" + row + b"\n")
    assert score(path).returncode == 0
    assert [line["outcome"] for line in scores(path)] == ["scored", "rejected_input", "scored"]


def test_a_byte_order_mark_and_blank_lines_are_no_content(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("\ufeff" + json.dumps(case(1)) + "\n\n  \n" + json.dumps(case(2)), "utf-8")
    assert score(path).returncode == 0
    assert [(line["row"], line["outcome"]) for line in scores(path)] == [(1, "scored"), (2, "scored")]


def test_a_spreadsheets_columns_are_mapped(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.writer(out)
        table.writerow(["nr", "Antwort", "gold", "organ", "other"])
        table.writerow(["7", 'FIVE, with a comma, a "quote"\nand a new line', REFERENCE, "lung", "x"])
        table.writerow(["8", "something", REFERENCE, "", "y"])
    done = score(
        path,
        "--map",
        "nr=id",
        "--map",
        "Antwort=response",
        "--map",
        "gold=reference",
        "--map",
        "organ=subgroups.organ",
    )
    assert done.returncode == 0, done.stderr
    assert [(line["case_id"], line["score"]) for line in scores(path)] == [("7", 100.0), ("8", 40.0)]
    assert [line["subgroups"] for line in scores(path)] == [{"organ": "lung"}, {"organ": ""}]


def test_a_spreadsheet_with_fields_names_needs_no_map(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"\ufeffid,response,reference\n1,FIVE,{REFERENCE}\n", "utf-8")
    assert score(path).returncode == 0
    assert [line["score"] for line in scores(path)] == [100.0]


def test_rows_of_a_spreadsheet_at_fault_harm_no_neighbour(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(
        f"id,response,reference\n1,FIVE,{REFERENCE}\n2,too few\n3,too,many,fields\n".encode()
        + f"4,FIVE,{REFERENCE}\n".encode()
        + b"5,not \xff text,r\n"
        + f"6,FIVE,{REFERENCE}\n".encode()
    )
    done = score(path)
    assert done.returncode == 0, done.stderr
    outcomes = [line["outcome"] for line in scores(path)]
    assert outcomes == ["scored", "rejected_input", "rejected_input", "scored", "rejected_input", "scored"]


def test_a_spreadsheet_that_cannot_be_read_to_its_end_is_exit_code_3(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f'id,response,reference\n1,FIVE,{REFERENCE}\n2,"FIVE,r\n3,FIVE,r\n4,FIVE,r\n', "utf-8")
    done = score(path)
    assert done.returncode == 3, done.stderr
    assert [line["outcome"] for line in scores(path)] == ["scored", "rejected_input"]
    told = " ".join(done.stderr.split())
    assert "Row 2: the table is no CSV from line 3 on" in told
    assert "everything from there on is unread" in told


def test_images_come_from_files_beside_the_rows(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.png").write_bytes(PIXEL)
    rows = [
        case(1, prompt="q", file="pictures/one.png"),
        case(2, prompt="q", file="pictures/none.png"),
        case(3, file="x.gif"),
    ]
    path = jsonl(tmp_path / "in.jsonl", rows)
    done = command(
        tmp_path,
        *["score", str(path), "--out", str(tmp_path / "out.jsonl"), "--rubric", "med-cmr", "--mode", "image"],
        *["--map", "file=image"],
        env=environment(tmp_path, JUDGES),
    )
    assert done.returncode == 0, done.stderr
    first, second, third = scores(path)
    assert (first["outcome"], first["provenance"]["mode"], len(first["provenance"]["images"])) == (
        "scored",
        "image",
        1,
    )
    assert [second["outcome"], third["outcome"]] == ["rejected_input"] * 2
    assert "cannot be read" in second["reason"]


@pytest.mark.parametrize("escape", ["/etc/hostname.png", "../secret.png"])
def test_images_from_elsewhere_are_not_read(tmp_path: Path, escape: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.png").write_bytes(PIXEL)
    path = jsonl(inner / "in.jsonl", [case(1, prompt="q", file=escape)])
    done = command(
        inner,
        *[
            "score",
            str(path),
            "--out",
            str(inner / "out.jsonl"),
            "--rubric",
            "med-cmr",
            "--map",
            "file=image",
        ],
        env=environment(inner, JUDGES),
    )
    assert done.returncode == 0, done.stderr
    assert [line["outcome"] for line in scores(path)] == ["rejected_input"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--map", "nonsense"], "column=field"),
        (["--map", "a=b"], "column=field"),
        (["--judge", "no-such"], "no judge is configured under 'no-such'"),
        (["--mode", "sound"], "--mode: "),
        (["--cache", "maybe"], "--cache: "),
        (["--partial", "some"], "--partial: "),
        (["--deadline-ms", "9999999"], "--deadline-ms: "),
        (["--again", "nonsense"], "--again: 'nonsense' is no outcome"),
        (["--rubric", "no-such"], "there is no rubric 'no-such'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(tmp_path: Path, more: list[str], named: str) -> None:
    done = score(jsonl(tmp_path / "in.jsonl", [case(1)]), *more)
    assert done.returncode == 2
    assert done.stderr.startswith("judge-service: ")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("in.txt", "{}", ".jsonl, .ndjson, .csv or .parquet"),
        ("in.csv", "a,b\n1,2\n", "has no column 'q'"),
        ("in.jsonl", '{"a": "b"}\n', "has no column 'q'"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str, content: str, named: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    done = score(path, "--map", "q=response")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert named in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_equal_rows_are_judged_once(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1, id=str(at)) for at in range(20)])
    assert score(path).returncode == 0
    caches = [line["provenance"]["cache"] for line in scores(path)]
    assert caches.count("miss") == 1


def test_no_text_of_a_row_is_told(tmp_path: Path) -> None:
    secret = "SECRET-77aa"  # noqa: S105  it stands for what a case holds
    rows: list[object] = [
        case(1, prompt=secret),
        f'{{"response": "{secret}',
        {"response": [secret]},
        {secret: secret},
    ]
    path = jsonl(tmp_path / "in.jsonl", rows)
    done = score(path, log_level="DEBUG")
    assert done.returncode == 0
    assert secret not in done.stderr + done.stdout
    assert not [line for line in scores(path) if secret in str(line.get("reason"))]


def test_the_example_cases_are_scored_as_they_are(tmp_path: Path) -> None:
    cases = RUBRICS.parent / "examples" / "cases" / "med-cmr.jsonl"
    out = tmp_path / "out.jsonl"
    done = command(tmp_path, "score", str(cases), "--out", str(out), "--rubric", "med-cmr")
    assert done.returncode == 0, done.stderr
    assert len(out.read_text().splitlines()) == len(cases.read_text().splitlines())
