"""A run that is cut goes on: no item is lost, none is paid twice, and what cannot be known is told."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

from driving import DATA, QUESTIONS, Counted, Stage, stage

if TYPE_CHECKING:
    from pathlib import Path

    from stubjudge import StubJudge


def counted(stub: StubJudge) -> Counted:
    assert isinstance(stub.choose, Counted)
    return stub.choose


def opens_answered(run: Stage) -> int:
    return sum(line["key"].startswith("open/") for line in run.lines("predictions"))


async def test_after_kill_9_no_item_is_lost_and_none_is_paid_twice(tmp_path: Path) -> None:
    """Both stubs answer so many calls and then hang: what they answered was paid, what hangs was not."""
    async with stage(tmp_path / "run") as run:
        model, judge = counted(run.model), counted(run.judge)
        model.until, judge.until = 31, 5
        first = await run.start("--model-concurrency", "8", "--judge-concurrency", "8")
        await run.has("predictions", 31)
        await run.has("scores", 20 + 5)
        first.kill()
        await first.wait()
        assert opens_answered(run) == 11
        with (run.out / "predictions.jsonl").open("ab") as torn:
            torn.write(b'{"key":"open/20","outco')
        begun = len(run.lines("calls"))
        model.until = judge.until = None
        code, told = await run.run()
        assert code == 0, told
        assert f"{begun - 31 - 5} calls were under way" in told
        assert model.answered == dict.fromkeys(QUESTIONS, 1)
        assert judge.answered == dict.fromkeys(QUESTIONS[20:], 1)
        cells = [run.summary[kind]["all"] for kind in ("mcq", "open")]
        assert [(cell["items"], cell["scored"], cell["pending"]) for cell in cells] == [(20, 20, 0)] * 2
        keys = [line["key"] for line in run.lines("predictions")]
        assert len(keys) == len(set(keys)) == 40
        assert run.summary["calls"]["under_way_when_cut"] == begun - 31 - 5
        assert run.summary["calls"]["input_tokens"] is None  # what was cut may have read some


async def test_kills_at_any_moment_leave_a_run_that_can_be_ended(tmp_path: Path) -> None:
    """More may have been paid than is kept by what was under way at the kills, and no more than that."""
    async with stage(tmp_path / "run", latency_s=0.03) as run:
        words = ("--model-concurrency", "3", "--judge-concurrency", "2")
        for kept in (3, 11, 26):
            process = await run.start(*words)
            await run.has("predictions", kept)
            process.kill()
            await process.wait()
        code, told = await run.run(*words)
        assert code == 0, told
        paid = counted(run.model).answered.total() + counted(run.judge).answered.total()
        assert 60 <= paid <= 60 + run.summary["calls"]["under_way_when_cut"]
        assert run.summary["open"]["all"]["scored"] == 20
        assert run.summary["mcq"]["all"]["correct"] == 20


async def test_ctrl_c_waits_for_what_is_under_way(tmp_path: Path) -> None:
    async with stage(tmp_path / "run", latency_s=0.2) as run:
        process = await run.start("--model-concurrency", "4")
        await run.has("predictions", 4)
        process.send_signal(signal.SIGINT)
        told, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 130
        assert b"Stopping" in told
        assert b"The same command goes on" in told
        assert run.summary["calls"]["under_way_when_cut"] == 0
        assert run.summary["mcq"]["all"]["pending"] > 0
        code, _ = await run.run()
        assert code == 0
        assert counted(run.model).answered == dict.fromkeys(QUESTIONS, 1)


async def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        counted(run.model).until = 2
        process = await run.start("--model-concurrency", "4")
        await run.has("calls", 6)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readuntil(b"Again to stop at once."), 30)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 130
        assert run.summary["calls"]["under_way_when_cut"] == 4


async def test_a_run_that_is_done_asks_nothing_more(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run())[0] == 0
        before = run.summary
        assert (await run.run())[0] == 0
        assert run.summary == before
        assert counted(run.model).answered.total() == 40


async def test_never_more_calls_are_under_way_than_is_allowed(tmp_path: Path) -> None:
    async with stage(tmp_path / "run", latency_s=0.05) as run:
        assert (await run.run("--model-concurrency", "3", "--judge-concurrency", "2"))[0] == 0
        assert (run.model.peak, run.judge.peak) == (3, 2)
        run.out = tmp_path / "other"
        run.model.peak = run.judge.peak = 0
        assert (await run.run("--in-flight", "1"))[0] == 0
        assert run.model.peak == 1
        assert run.judge.peak == 0  # the service has judged these answers before


async def test_a_part_is_gone_on_with_to_the_whole(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run("--limit", "3"))[0] == 0
        assert counted(run.model).answered.total() == 6
        assert (await run.run())[0] == 0
        assert counted(run.model).answered == dict.fromkeys(QUESTIONS, 1)


async def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run("--limit", "1"))[0] == 0
        asked = counted(run.model).answered.total()
        for more, name in (
            (("--body", "temperature=0.7"), "fields"),
            (("--model", "other"), "model"),
            (("--mode", "text"), "mode"),
            (("--rubric", "medical-qa"), "rubric"),
        ):
            code, told = await run.run("--limit", "1", *more)
            assert code == 2
            assert f"other settings ({name}" in told or f", {name}" in told
        other = tmp_path / "other.json"
        other.write_text(json.dumps([{"question": "?", "answer": "x", "visual_description": "y"}]), "utf-8")
        code, told = await run.run(data=other)
        assert code == 2
        assert "dataset" in told
        assert counted(run.model).answered.total() == asked


async def test_two_runs_at_once_do_not_share_a_folder(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        counted(run.model).until = 2
        first = await run.start()
        await run.has("predictions", 2)
        code, told = await run.run()
        assert code == 2
        assert "another run is at work" in told
        first.kill()
        await first.wait()


async def test_a_file_that_another_program_changed_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        assert (await run.run("--limit", "1"))[0] == 0
        with (run.out / "scores.jsonl").open("ab") as file:
            file.write(b"not of a run\n")
        code, told = await run.run("--limit", "1")
        assert code == 2
        assert "scores.jsonl, line 3 is no JSON" in told


async def test_a_dry_run_asks_nothing_and_tells_what_is_left(tmp_path: Path) -> None:
    async with stage(tmp_path / "run") as run:
        prices = ("--price-in", "1", "--price-out", "2")
        code, told = await run.run("--dry-run", *prices)
        assert code == 0
        assert "model: 40 calls" in told
        assert "judge: 20 calls" in told
        assert "cost unknown" in told
        assert told.count("Question: ") == 3
        assert not run.out.exists()
        assert run.model.count == run.judge.count == 0
        assert DATA.is_dir()
