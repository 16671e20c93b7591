"""Who dies in a run on Ray loses what was under way, and nothing that was written."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from typing import TYPE_CHECKING

from ray_scoring import lines, process_at, told, written
from serving import openai_judge
from stubjudge import SHAPES, Call, Shape, StubJudge

if TYPE_CHECKING:
    from pathlib import Path

    from ray_scoring import Home

SECRET = "SECRET-41c7"  # noqa: S105  it stands for a key
POISON = "POISON"


def file_of(path: Path, count: int, *poison: int) -> Path:
    """Rows that differ, half of them twice; some kill."""
    rows: list[object] = []
    for at in range(1, count + 1):
        text = f"This is answer number {(at + 1) // 2} of many."
        rows.append({"response": f"{POISON} {at}." if at in poison else text, "reference": "Pneumonia."})
    return lines(path, rows)


def answer_of(call: Call) -> str:
    found = re.search(rb"answer number (\d+)|POISON \d+", call.raw)
    assert found
    return found[0].decode()


async def test_a_killed_run_goes_on_and_asks_nothing_twice_that_was_written(home: Home) -> None:
    path, out = file_of(home.folder / "in.jsonl", 600), home.folder / "out.jsonl"
    async with StubJudge(latency_s=0.05) as stub:
        env = home.environment({"default": openai_judge(stub.url, max_concurrency=9)})
        code, there = await asyncio.to_thread(home.ended, signal.SIGKILL, path, out, env=env, rows=100)
        assert code == -signal.SIGKILL
        assert 100 <= len(there) < 600
        assert await asyncio.to_thread(home.is_empty)
        asked_before = Counter(answer_of(call) for call in stub.calls)
        stub.calls.clear()
        done = await asyncio.to_thread(home.score, path, out, env=env)
        assert done.returncode == 0, done.stderr
        asked = Counter(answer_of(call) for call in stub.calls)
        assert not {f"answer number {(row + 1) // 2}" for row in there} & set(asked)
        assert stub.peak <= 9
    assert [line["row"] for line in told(out)] == list(range(1, 601))
    assert {line["outcome"] for line in told(out)} == {"scored"}
    assert max(asked_before.values()) == max(asked.values()) == 1  # equal rows are one question
    assert set(asked_before) | set(asked) == {f"answer number {at}" for at in range(1, 301)}


async def test_a_stopped_run_says_how_to_go_on(home: Home) -> None:
    path, out = file_of(home.folder / "in.jsonl", 400), home.folder / "out.jsonl"
    async with StubJudge(latency_s=0.1) as stub:
        env = home.environment({"default": openai_judge(stub.url, max_concurrency=8)})
        for number, rows in ((signal.SIGINT, 50), (signal.SIGTERM, 120)):
            code, there = await asyncio.to_thread(home.ended, number, path, out, env=env, rows=rows)
            assert code == 130
            assert rows <= len(there) < 400
            assert await asyncio.to_thread(home.is_empty)
        done = await asyncio.to_thread(home.score, path, out, env=env)
    assert done.returncode == 0
    assert [line["row"] for line in told(out)] == list(range(1, 401))


async def test_a_row_that_kills_who_scores_it_harms_no_neighbour(home: Home) -> None:
    path, out = file_of(home.folder / "in.jsonl", 200, 37), home.folder / "out.jsonl"
    killed = []

    def kill(call: Call) -> Shape:
        if POISON.encode() in call.raw:
            killed.append(process_at(call.port))
            os.kill(killed[-1], signal.SIGKILL)
        return SHAPES["normal"]

    async with StubJudge(latency_s=0.02, choose=kill) as stub:
        env = home.environment({"default": openai_judge(stub.url, max_concurrency=8)})
        done = await asyncio.to_thread(home.score, path, out, env=env)
        assert done.returncode == 3, done.stderr
        assert len(killed) == 3  # with its neighbours, with them once more, and alone
        assert "Rows that ended the process which scored them, each time they were tried: 37." in done.stderr
        assert [line["row"] for line in told(out)] == list(range(1, 201))
        line = told(out)[36]
        assert (line["outcome"], line["score"], line["failure"]["code"]) == (
            "provider_error",
            None,
            "worker_died",
        )
        assert {line["outcome"] for line in told(out) if line["row"] != 37} == {"scored"}
        stub.choose, before = None, stub.count
        again = await asyncio.to_thread(home.score, path, out, env=env)
        assert (again.returncode, stub.count - before) == (0, 1)
    assert told(out)[36]["outcome"] == "scored"


async def test_keys_reach_the_workers_and_are_shown_nowhere(home: Home) -> None:
    path, out = file_of(home.folder / "in.jsonl", 20), home.folder / "out.jsonl"
    async with StubJudge() as stub:
        judge = openai_judge(stub.url, api_key_env="THE_KEY", extra_body={"token": SECRET})
        env = home.environment({"default": judge}, THE_KEY=SECRET, RAY_DATA_LOG_LEVEL="DEBUG")
        done = await asyncio.to_thread(home.score, path, out, env=env)
        assert done.returncode == 0, done.stderr
        assert {call.headers["authorization"] for call in stub.calls} == {f"Bearer {SECRET}"}
        assert {call.body["token"] for call in stub.calls} == {SECRET}
    assert SECRET not in done.stderr + done.stdout
    logs = [file for file in home.ray.rglob("*") if file.is_file()]
    assert any("ray-data" in file.name for file in logs)
    assert [file.name for file in logs if SECRET.encode() in file.read_bytes()] == []
    assert [file.name for file in logs if b"of many." in file.read_bytes()] == []  # nor is a case
    assert len(written(out)) == 20
