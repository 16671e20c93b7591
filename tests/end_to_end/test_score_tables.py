"""`judge-service score` with parquet at either end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from filescoring import JUDGES, PIXEL, REFERENCE, case, jsonl, score, scores
from serving import command, environment

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def into(path: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = ["score", str(path), "--out", str(out), "--rubric", "medical-qa", *more]
    return command(path.parent, *words, env=environment(path.parent, JUDGES))


def test_a_tables_columns_are_mapped_and_its_images_are_beside_it(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(PIXEL)
    rows: list[dict[str, object]] = [
        {"nr": 1, "prompt": "q", "answer": "FIVE", "picture": "one.png", "organ": "lung"},
        {"nr": 2, "prompt": "q", "answer": "FIVE", "picture": "../two.png", "organ": None},
        {"nr": 3, "prompt": "q", "answer": None, "picture": None, "organ": "heart"},
    ]
    for row in rows:
        row["reference"] = REFERENCE
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    maps = ["nr=id", "answer=response", "picture=image", "organ=subgroups.organ"]
    words = [word for pair in maps for word in ("--map", pair)]
    out = tmp_path / "out.jsonl"
    done = into(tmp_path / "in.parquet", out, *words, "--mode", "image", "--rubric", "med-cmr")
    assert done.returncode == 0, done.stderr
    lines = scores(tmp_path / "in.parquet")
    assert [line["outcome"] for line in lines] == ["scored", "rejected_input", "rejected_input"]
    assert (lines[0]["case_id"], lines[0]["subgroups"]) == ("1", {"organ": "lung"})
    assert len(lines[0]["provenance"]["images"]) == 1


def test_a_folder_is_filled_with_parts_that_say_what_the_lines_say(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), "no JSON", case(3, response="FIVE")])
    assert score(path).returncode == 0
    out = tmp_path / "scores.parquet"
    done = into(path, out)
    assert done.returncode == 0, done.stderr
    found = pq.read_table(out).to_pylist()
    assert [(line["row"], line["case_id"], line["outcome"], line["score"]) for line in found] == [
        (1, "c1", "scored", 40.0),
        (2, None, "rejected_input", None),
        (3, "c3", "scored", 100.0),
    ]
    assert [line["asked"] for line in found] == [line["asked"] for line in scores(path)]
    assert json.loads(found[2]["criteria"]) == scores(path)[2]["criteria"]
    jsonl(path, [case(1), "no JSON", case(3, response="FIVE"), case(4)])
    again = into(path, out)
    assert "kept from before" in again.stderr
    assert [line["row"] for line in pq.read_table(out).to_pylist()] == [1, 2, 3, 4]


def test_a_mistake_leaves_no_folder(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    assert into(path, tmp_path / "out.parquet", "--rubric", "none").returncode == 2
    (tmp_path / "file.parquet").write_text("", "utf-8")
    done = into(path, tmp_path / "file.parquet")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "scores in parquet are a folder of parts" in done.stderr
    assert not (tmp_path / "out.parquet").exists()
