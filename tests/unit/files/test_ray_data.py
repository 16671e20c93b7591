"""What Ray is not given, and what is said where there is none. The rest is `make test-ray`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from filescoring import case, jsonl
from serving import settings_of

from judge_service.errors import ConfigurationError
from judge_service.files.asking import Asking, Order
from judge_service.files.ledger import Ledger
from judge_service.files.ray_data import Run, check_ray
from judge_service.files.records import Part, parts
from judge_service.files.tally import Tally
from judge_service.files.worker import Task, WorkerFailed
from judge_service.main import open_state
from judge_service.observation import Observation


def test_without_ray_it_says_what_to_install() -> None:
    if importlib.util.find_spec("ray") is not None:
        pytest.skip("Ray is here")
    with pytest.raises(ConfigurationError, match=r"install the extra judge-service\[ray\]"):
        check_ray(Order(Path("in.jsonl"), {}, "medical-qa"))


def back(row: int, kind: str = "rejected", **told: Any) -> dict[str, Any]:
    """An answer as a worker sends it."""
    text = {"outcome": "rejected_input", "reason": "r", "criteria": {}, **told}
    return {"row": row, "asked": "a", "kind": kind, "text": "" if kind == "held" else json.dumps(text)}


async def test_rows_that_do_not_come_back_are_known_and_told(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", [case(at) for at in range(1, 7)])
    order = Order(path, {}, "medical-qa")
    ledger, tally, told = Ledger(tmp_path / "out.jsonl"), Tally(), list[int]()
    ledger.open()
    run = Run(ledger, tally, lambda: told.append(tally.seen))
    tasks = [Task(part) for part in parts(path, 3)]
    run.take([back(2), back(4), back(5, unread=True)])
    assert run.missing(tasks) == {1, 3}  # what is behind a row that broke off was never read
    alone = [part for part in parts(path, 1) if part.first in {1, 3}]
    run.take([back(3)])
    async with open_state(settings_of(), Observation()) as state:
        run.give_up(Asking(state["scorer"], order), order, alone)
    ledger.close()
    assert (tally.unanswered, tally.fatal, told) == (1, [1], [1, 2, 3, 4, 5])
    line = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[0])
    assert (line["row"], line["case_id"], line["outcome"], line["score"]) == (1, "c1", "provider_error", None)
    assert (line["failure"]["code"], line["failure"]["retryable"]) == ("worker_died", True)


def test_a_worker_that_fails_ends_the_run(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "out.jsonl")
    run = Run(ledger, Tally(), lambda: None)
    with pytest.raises(WorkerFailed, match="no way"):
        run.take([{"row": 1, "asked": "", "kind": "failed", "text": "no way"}])
    assert run.missing([Task(Part(1, 1))]) == {1}
