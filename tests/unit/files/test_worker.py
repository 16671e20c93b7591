"""A worker, in this process: what it sends back for a part, whatever is in it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filescoring import case, jsonl
from serving import settings_of

from judge_service.files.asking import Order
from judge_service.files.records import Part
from judge_service.files.spread import Spread
from judge_service.files.worker import Task, Work, Worker, WorkerFailed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_service.files.asking import Answer

SECRET = "SECRET-19b2"  # noqa: S105  it stands for a key
SLOW = {"default": {"kind": "scripted", "script": [{"delay_ms": 30}]}}


@pytest.fixture(autouse=True)
def _where_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give back the working folder, which a worker takes for itself."""
    monkeypatch.setenv("THE_KEY", SECRET)
    before = Path.cwd()
    yield
    os.chdir(before)


def work(path: Path, each: int = 4, judges: Any = None, **order: Any) -> Work:
    asked = Order(path=path, **{"columns": {}, "rubric": "medical-qa"} | order)
    return Work.shared(settings_of(judges), asked, Spread(1, each))


def answers(worker: Worker, task: Task) -> list[Answer]:
    return [unpacked(packed) for packed in worker(task.packed())]


def test_a_part_is_answered_row_by_row_in_its_order(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1), case(2), "no JSON", case(4)])
    worker = Worker(work(path))
    whole = answers(worker, Task(Part(1, 4)))
    assert [(one.row, one.kind) for one in whole] == [
        (1, "scored"),
        (2, "scored"),
        (3, "rejected"),
        (4, "scored"),
    ]
    assert whole[0].score.case_id == "c1"
    at = len(path.read_bytes().splitlines(keepends=True)[0])
    again = answers(worker, Task(Part(2, 2, at), {2: "asked before"}))
    assert [(one.row, one.kind, one.asked) for one in again] == [
        (2, "held", whole[1].asked),  # whether that is what was asked before is for the run to see
        (3, "rejected", whole[2].asked),
    ]
    worker.close()


def test_several_parts_share_the_rows_at_one_time(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 25)])
    worker = Worker(work(path, each=3, judges=SLOW))
    offsets, at = [], 0
    for line in path.read_bytes().splitlines(keepends=True):
        offsets.append(at)
        at += len(line)
    tasks = [Task(Part(first, 8, offsets[first - 1])) for first in (1, 9, 17)]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda task: answers(worker, task), tasks))
    assert [[one.row for one in part] for part in found] == [
        list(range(first, first + 8)) for first in (1, 9, 17)
    ]
    assert worker._slots._value == 3
    worker.close()


def test_what_it_cannot_open_is_said_and_not_raised(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    judges = {
        "default": {
            "kind": "openai",
            "base_url": "http://127.0.0.1:9/v1",
            "model": "m",
            "api_key_env": "NO_KEY",
        }
    }
    worker = Worker(work(path, judges=judges))
    with pytest.raises(WorkerFailed, match="reads its key from NO_KEY, which is not set"):
        answers(worker, Task(Part(1, 1)))
    worker.close()


def test_what_goes_wrong_in_it_is_told_without_the_case(tmp_path: Path) -> None:
    worker = Worker(work(tmp_path / "gone.jsonl"))
    with pytest.raises(WorkerFailed, match=r"a worker failed \(FileNotFoundError\)"):
        answers(worker, Task(Part(1, 1)))
    worker.close()


def test_a_worker_brings_the_keys_that_its_judges_read_and_shows_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(1)])
    special = {"api_key_env": "THE_KEY", "extra_body": {"token": SECRET}}
    judges = {"default": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", **special}}
    brought = work(path, judges=judges)
    assert brought.keys == {"THE_KEY": SECRET}
    assert SECRET not in repr(brought)
    monkeypatch.delenv("THE_KEY")
    worker = Worker(brought)
    assert os.environ["THE_KEY"] == SECRET
    worker.close()
