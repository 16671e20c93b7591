"""Runs `judge-service score --engine ray` on a real local Ray, and looks at its processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import EMBEDDED, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

VENV = Path(os.environ.get("JUDGE_SERVICE_TEST_RAY", ".venv-ray")).absolute()
BINARY = VENV / "bin" / "judge-service"
WITHIN_S = 900
FINDINGS = ["pneumonia", "effusion", "nodule", "opacity", "consolidation", "atelectasis", "edema"]
PLACES = ["right lower lobe", "left upper lobe", "right middle lobe", "left lung base", "both lungs"]


@dataclass(frozen=True, slots=True)
class Home:
    """A folder of one test, and the short one that its Ray keeps sockets and logs in."""

    folder: Path
    ray: Path

    def environment(
        self, judges: Mapping[str, Mapping[str, Any]] | None = None, **more: str
    ) -> dict[str, str]:
        variables = environment(self.folder, judges or EMBEDDED)
        return variables | {"RAY_TMPDIR": str(self.ray), **more}

    def score(
        self, path: Path, out: Path, *more: str, env: Mapping[str, str] | None = None, ray: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Score a file to its end."""
        return subprocess.run(
            self.words(path, out, *more, ray=ray),
            env=env or self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def words(self, path: Path, out: Path, *more: str, ray: bool = True) -> list[str]:
        engine = ["--engine", "ray"] if ray else []
        return [str(BINARY), "score", str(path), "--out", str(out), "--rubric", "medical-qa", *engine, *more]

    def ended(
        self, number: int, path: Path, out: Path, *, env: Mapping[str, str], rows: int
    ) -> tuple[int, set[int]]:
        """Run until so many rows are written, send a signal: the exit code, and the rows written by then."""
        process = subprocess.Popen(
            self.words(path, out), env=env, cwd=self.folder, stderr=subprocess.DEVNULL, text=True
        )
        try:
            _wait(lambda: process.poll() is not None or _lines_of(out) >= rows, "rows in the output")
            process.send_signal(number)
            process.wait(60)
        finally:
            process.kill()
        return process.returncode, written(out)

    def processes(self) -> list[int]:
        """Everything that was started in this home and lives."""
        mark = f"HOME={self.folder}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    def is_empty(self) -> bool:
        """Whether everything that was started here ends by itself."""
        with suppress(TimeoutError):
            _wait(lambda: not self.processes(), "the end of all processes", 60)
        return not self.processes()


@contextmanager
def a_home(folder: Path) -> Iterator[Home]:
    ray = Path(tempfile.mkdtemp(prefix="r"))  # a socket's path has a hundred characters at most
    home = Home(folder, ray)
    try:
        yield home
    finally:
        for process in home.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(ray, ignore_errors=True)


def _wait(until: Any, what: str, within_s: float = WITHIN_S) -> None:
    give_up = time.monotonic() + within_s
    while not until():
        if time.monotonic() > give_up:
            raise TimeoutError(what)
        time.sleep(0.1)


def _lines_of(out: Path) -> int:
    return out.read_bytes().count(b"\n") if out.exists() else 0


def written(out: Path) -> set[int]:
    """Rows of whole lines."""
    if not out.exists():
        return set()
    lines = out.read_bytes().split(b"\n")[:-1]
    return {json.loads(line)["row"] for line in lines}


def told(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_bytes().splitlines()]


def reports(count: int, seed: int = 5) -> list[dict[str, Any]]:
    """Made-up reports and readings of them, some right, some wrong, some in doubt."""
    dice, rows = random.Random(seed), list[dict[str, Any]]()
    for at in range(1, count + 1):
        finding, place = dice.choice(FINDINGS), dice.choice(PLACES)
        said, where = dice.choice([finding, dice.choice(FINDINGS)]), dice.choice([place, dice.choice(PLACES)])
        heard = f"There is {dice.choice(['', 'no ', 'mild ', 'possible '])}{said} in the {where}, image {at}."
        reference = f"{finding.capitalize()} of the {place}. Heart size is normal."
        rows.append({"id": f"c{at}", "response": heard, "reference": reference, "site": dice.choice("ABC")})
    return rows


def lines(path: Path, rows: Sequence[object]) -> Path:
    """Write rows, texts as they are."""
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def process_at(port: int) -> int:
    """The process that holds the client's end of a loopback connection."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port:
            mark = f"socket:[{fields[9]}]"
            for held in Path("/proc").glob("[0-9]*/fd/*"):
                with suppress(OSError):
                    if str(held.readlink()) == mark:
                        return int(held.parts[2])
    raise LookupError(port)
