"""A file of 20,653 rows: killed once in the middle, gone on with, and told as the API would."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from ray_scoring import lines, reports, told
from serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pytest
    from ray_scoring import Home

ROWS = 20_653
EVERY = 413  # a sample of 51


def timed(capsys: pytest.CaptureFixture[str], what: str, rows: int, run: Callable[[], Any]) -> Any:
    """Run it, and say how long it took."""
    began = time.monotonic()
    result = run()
    wall = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{what}: {rows} rows in {wall:.1f} s, {rows / wall:.0f} rows/s")  # noqa: T201  a figure to report
    return result


def stored(home: Home, name: str) -> dict[str, str]:
    """The environment of a run with a store of its own."""
    return home.environment(JUDGE_SERVICE_STORE_URL=f"file://{home.folder}/{name}")


async def scored_by_the_api(rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
    async with serving() as client:
        cases = [{key: row[key] for key in ("response", "reference")} for row in rows]
        answers = [await client.score(case["response"], case=case) for case in cases]
    return [answer.body["score"] for answer in answers]


def each_once(found: Sequence[Mapping[str, Any]]) -> bool:
    return [line["row"] for line in found] == list(range(1, ROWS + 1))


async def test_lines_with_a_kill_in_the_middle(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    rows = reports(ROWS)
    path, out = lines(home.folder / "in.jsonl", rows), home.folder / "out.jsonl"
    env = stored(home, "spread")
    code, there = await asyncio.to_thread(
        timed,
        capsys,
        "until the kill",
        ROWS // 2,
        lambda: home.ended(signal.SIGKILL, path, out, env=env, rows=ROWS // 2),
    )
    assert code == -signal.SIGKILL
    assert ROWS // 2 <= len(there) < ROWS
    before = {line["row"]: line["id"] for line in lines_of(out, there)}
    done = await asyncio.to_thread(
        timed, capsys, "gone on", ROWS - len(there), lambda: home.score(path, out, env=env)
    )
    assert done.returncode == 0, done.stderr
    found = told(out)
    assert each_once(found)
    assert {line["row"]: line["id"] for line in found if line["row"] in there} == before  # none anew
    sample = list(range(0, ROWS, EVERY))
    assert [found[at]["score"] for at in sample] == await scored_by_the_api([rows[at] for at in sample])
    assert len({line["score"] for line in found}) > 3


async def test_a_table_in_one_go_beside_the_run_without_it(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = reports(ROWS, seed=7)
    path, out, plain = (home.folder / name for name in ("in.parquet", "out.parquet", "plain.jsonl"))
    pq.write_table(pa.Table.from_pylist(rows), path)
    env = stored(home, "spread")
    done = await asyncio.to_thread(timed, capsys, "on Ray", ROWS, lambda: home.score(path, out, env=env))
    assert done.returncode == 0, done.stderr
    env = stored(home, "plain")
    beside = await asyncio.to_thread(
        timed, capsys, "without", ROWS, lambda: home.score(path, plain, env=env, ray=False)
    )
    assert beside.returncode == 0, beside.stderr
    found = pq.read_table(out).to_pylist()
    assert each_once(found)
    assert [line["score"] for line in found] == [line["score"] for line in told(plain)]
    assert [line["case_id"] for line in found] == [f"c{at}" for at in range(1, ROWS + 1)]
    sample = list(range(0, ROWS, EVERY))
    assert [found[at]["score"] for at in sample] == await scored_by_the_api([rows[at] for at in sample])


def lines_of(out: Path, rows: set[int]) -> list[dict[str, Any]]:
    """Lines of these rows, of a file that may be torn at its end."""
    whole = out.read_bytes().rpartition(b"\n")[0]
    copy = out.with_name("whole.jsonl")
    copy.write_bytes(whole)
    return [line for line in told(copy) if line["row"] in rows]
