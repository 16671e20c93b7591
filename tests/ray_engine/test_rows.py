"""What comes out of a run on Ray is what comes out of one without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from ray_scoring import lines, reports, told

if TYPE_CHECKING:
    from pathlib import Path

    from ray_scoring import Home

FLEETING = {"id", "latency_ms", "waited_ms", "cache", "attempts", "spent_microusd"}
# A name no row has: images, numbers for texts and half a line cost their own row.
FAULTY: list[object] = [
    "no JSON at all",
    "",
    '{"response": "cut',
    {"id": "none", "reference": "no response"},
    {"id": "seven", "response": 7},
    '{"id": "a", "id": "b", "response": "twice"}',
    {"id": "empty", "response": "", "reference": "Pneumonia."},
    {"id": "alone", "response": "No reference at all."},
]


def lasting(value: Any) -> Any:
    """What must be the same whenever and wherever it was scored."""
    if isinstance(value, dict):
        return {key: lasting(item) for key, item in value.items() if key not in FLEETING}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def order_of(value: Any) -> Any:
    """The names of fields in their order."""
    return {key: order_of(item) for key, item in value.items()} if isinstance(value, dict) else None


def test_the_lines_are_those_of_a_run_without_it(home: Home) -> None:
    rows: list[object] = [*reports(200), *FAULTY, *reports(60, seed=6)]
    rows[150:150] = reports(200)[:40]  # the same once more
    path = lines(home.folder / "in.jsonl", rows)
    plain, spread = home.folder / "plain.jsonl", home.folder / "spread.jsonl"
    env = [home.environment(JUDGE_SERVICE_STORE_URL=f"file://{home.folder}/{name}") for name in "ab"]
    first = home.score(path, plain, "--map", "site=subgroups.site", env=env[0], ray=False)
    second = home.score(path, spread, "--map", "site=subgroups.site", env=env[1])
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert [lasting(line) for line in told(spread)] == [lasting(line) for line in told(plain)]
    for one, other in zip(told(spread), told(plain), strict=True):
        assert json.dumps(order_of(one)) == json.dumps(order_of(other))
    assert len(told(spread)) == len(rows) - 1  # a blank line is no row
    table = [line for line in second.stderr.splitlines() if "│" in line]
    assert table == [line for line in first.stderr.splitlines() if "│" in line]
    assert second.stdout == ""
    assert home.is_empty()


def test_tables_come_in_and_go_out(home: Home) -> None:
    rows = reports(200)
    (home.folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    renamed = [
        {"nr": at, "answer": row["response"], "gold": row["reference"], "site": row["site"]}
        for at, row in enumerate(rows, start=1)
    ]
    pq.write_table(pa.Table.from_pylist(renamed), home.folder / "in.parquet", row_group_size=70)
    maps = [word for pair in ("nr=id", "answer=response", "gold=reference") for word in ("--map", pair)]
    out = home.folder / "scores.parquet"
    done = home.score(home.folder / "in.parquet", out, *maps)
    assert done.returncode == 0, done.stderr
    plain = home.folder / "plain.jsonl"
    assert home.score(home.folder / "in.jsonl", plain, ray=False).returncode == 0
    found = pq.read_table(out).to_pylist()
    assert [line["row"] for line in found] == list(range(1, 201))
    assert [line["score"] for line in found] == [line["score"] for line in told(plain)]
    assert [lasting(json.loads(line["answer"])["criteria"]) for line in found] == [
        lasting(line["criteria"]) for line in told(plain)
    ]
    again = home.score(home.folder / "in.parquet", out, *maps)
    assert "kept from before" in again.stderr
    assert pq.read_table(out).to_pylist() == found


def test_a_mistake_is_one_line_and_leaves_no_file(home: Home) -> None:
    path = lines(home.folder / "in.jsonl", reports(3))
    (home.folder / "in.csv").write_text("response\nx\n", "utf-8")
    for given, more, named in (
        (path, ["--max-cost-usd", "1"], "--max-cost-usd cannot be kept"),
        (home.folder / "in.csv", [], "in.csv is CSV"),
        (path, ["--rubric", "none"], "there is no rubric 'none'"),
    ):
        out: Path = home.folder / "out.jsonl"
        done = home.score(given, out, *more)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert named in done.stderr
        assert not out.exists()


def test_another_judges_scores_are_not_mixed_with_this_ones(home: Home) -> None:
    path, out = lines(home.folder / "in.jsonl", reports(20)), home.folder / "out.jsonl"
    assert home.score(path, out, ray=False).returncode == 0
    before = out.read_bytes()
    other = home.environment({"default": {"kind": "scripted"}})
    done = home.score(path, out, env=other)
    assert done.returncode == 2
    assert "give another --out" in done.stderr.splitlines()[-1]
    assert out.read_bytes() == before
