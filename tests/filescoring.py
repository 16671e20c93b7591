"""Runs `judge-service score` on small files as a person would."""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from serving import BINARY, command, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SLOW = {"kind": "scripted", "script": [{"delay_ms": 150}]}
JUDGES: dict[str, Any] = {
    "default": {"kind": "scripted", "script": [{"when": "FIVE", "levels": {"*": 5}}]},
    "slow": SLOW,
    "flaky": {
        "kind": "scripted",
        "script": [{"when": "row 2", "fault": "unavailable"}, {}],
        "max_attempts": 1,
    },
    "hesitant": {"kind": "scripted", "script": [{"when": "row 2", "delay_ms": 1500}, {}]},
    "repaired": {"kind": "scripted", "script": []},
}
REFERENCE = "Right lower lobe pneumonia."
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def jsonl(path: Path, rows: Sequence[object]) -> Path:
    """Write rows, dictionaries as JSON and texts as they are."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def case(number: int, **fields: object) -> dict[str, object]:
    return {"id": f"c{number}", "response": f"This is row {number}.", "reference": REFERENCE, **fields}


def words(path: Path, *more: str) -> list[str]:
    return ["score", str(path), "--out", str(path.with_name("out.jsonl")), "--rubric", "medical-qa", *more]


def score(path: Path, *more: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Score a file into out.jsonl beside it."""
    return command(path.parent, *words(path, *more), env=environment(path.parent, JUDGES, **settings))


def scores(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_name("out.jsonl").read_text("utf-8").splitlines()]


def started(path: Path, *more: str, rows: int) -> subprocess.Popen[str]:
    """Run until some rows are in the output."""
    process = subprocess.Popen(
        [BINARY, *words(path, *more)],
        env=environment(path.parent, JUDGES),
        cwd=path.parent,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, give_up = path.with_name("out.jsonl"), time.monotonic() + 20
    while not (out.exists() and out.read_bytes().count(b"\n") >= rows):
        assert time.monotonic() < give_up
        assert process.poll() is None
        time.sleep(0.01)
    return process


def ends(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    return process.returncode, told
