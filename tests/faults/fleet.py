"""Servers, workers, a Redis and a stub judge as processes that tests may kill, stop and start again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from redis_server import free_port
from serving import BINARY, Judges, Process, environment, openai_judge

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
LEASE_S = 2.0
UP_WITHIN_S = 120.0  # a busy machine takes its time


@dataclass
class Stub:
    """The stub judge's process."""

    url: str
    telling: str

    def told(self) -> dict[str, Any]:
        """What it has seen."""
        decoded: dict[str, Any] = json.loads(_get(f"{self.telling}/told"))
        return decoded

    def mood(self, **fields: float | str) -> None:
        """Change its latency or its rate from now on; an empty text takes the rate away."""
        _get(f"{self.telling}/mood?{'&'.join(f'{name}={value}' for name, value in fields.items())}")

    def judges(self, **settings: Any) -> dict[str, Any]:
        """One judge behind it, as people would set it."""
        return {"default": openai_judge(self.url, **{"max_attempts": 5, **settings})}


@contextmanager
def stub_judge(latency_s: float = 0.0) -> Iterator[Stub]:
    """Run the stub judge."""
    words = [sys.executable, str(HERE / "watched_stub.py"), "--latency-s", str(latency_s)]
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Stub(*process.stdout.readline().split())
        finally:
            process.kill()


@dataclass
class Engine:
    """Where jobs are kept; `server` is None where that is a file."""

    url: str
    server: RedisServer | None = None


@contextmanager
def file_engine(home: Path) -> Iterator[Engine]:
    """A file store."""
    yield Engine(f"file://{home}/store")


@contextmanager
def redis_engine(home: Path) -> Iterator[Engine]:
    """A Redis with its append-only file, synced every second."""
    server = RedisServer(home / "redis")
    server.start()
    try:
        yield Engine(f"redis://127.0.0.1:{server.port}/0", server)
    finally:
        server.kill()


@dataclass
class RedisServer:
    """A Redis on one port and one folder, however often it is killed."""

    folder: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    words: tuple[str, ...] = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")

    def start(self) -> float:
        """Start it; gives how long it took until it answered."""
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.fail("no redis-server: .ci/redis installs it")
        self.folder.mkdir(exist_ok=True)
        place = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        began = time.monotonic()
        self.process = subprocess.Popen(
            [binary, *self.words, *place, *self.options], stdout=subprocess.DEVNULL
        )
        until = began + UP_WITHIN_S
        while self.ask("PING") != "+PONG":
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.02)
        return time.monotonic() - began

    def ask(self, *words: str, whole: bool = False) -> str:
        """Send an inline command; gives the first line of the answer, or all, or why there is none."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"{' '.join(words)}\r\n".encode())
                told = connection.recv(65_536).decode()
                return told if whole else told.partition("\r\n")[0]
        except OSError as exc:
            return type(exc).__name__

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def cut_tail(self, size: int) -> int:
        """Cut bytes off the end of what it wrote last; gives how many were there."""
        (file,) = [
            path
            for path in (self.folder / "appendonlydir").iterdir()
            if path.suffix == ".aof" and ".incr." in path.name
        ]
        whole = file.stat().st_size
        os.truncate(file, max(0, whole - size))
        return whole


class Fleet:
    """Our processes. Whatever is still there at the end is killed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._env: dict[str, str] = {}
        self.processes: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGCONT)
                process.stop(signal.SIGKILL)

    def sets(self, engine: Engine, judges: Judges, **settings: object) -> Self:
        """Say what all processes are started with."""
        plain = {"store_url": engine.url, "job_lease_s": LEASE_S, "job_slots": 16, "drain_s": 10}
        chosen = {name: str(value) for name, value in {**plain, **settings}.items()}
        self._env = environment(self._home, judges, **chosen)
        return self

    def server(self, *, port: int | None = None, slots: int = 0) -> Process:
        """Start a server, which works on no jobs unless told to."""
        return self._start([str(BINARY), "serve"], port, {"JUDGE_SERVICE_JOB_SLOTS": str(slots)})

    def worker(self, *, launcher: Path | None = None, env: dict[str, str] | None = None) -> Process:
        """Start a worker, by the command or by a launcher of the test's."""
        words = [str(BINARY)] if launcher is None else [sys.executable, str(launcher)]
        return self._start([*words, "worker"], None, env or {})

    def _start(self, words: list[str], port: int | None, env: dict[str, str]) -> Process:
        chosen = port or free_port()
        log = self._home / f"{words[-1]}-{len(self.processes)}.log"
        with log.open("wb") as stderr:
            popen = subprocess.Popen(
                [*words, "--port", str(chosen)], env={**self._env, **env}, cwd=self._home, stderr=stderr
            )
        process = Process(popen, f"http://127.0.0.1:{chosen}", log)
        self.processes.append(process)
        return process


def ready(*processes: Process) -> None:
    """Wait until all of them say that they are ready."""
    until = time.monotonic() + UP_WITHIN_S
    for process in processes:
        while not is_ready(process.url):
            assert process.popen.poll() is None, process.log.read_text("utf-8")[-2000:]
            assert time.monotonic() < until, "not ready in time"
            time.sleep(0.05)


def is_ready(url: str) -> bool:
    """Ask once."""
    try:
        return bool(json.loads(_get(f"{url}/readyz"))["status"] == "ready")
    except (OSError, ValueError):
        return False


def killed(process: Process) -> float:
    """Kill -9; gives the moment."""
    process.popen.kill()
    process.popen.wait()
    return time.monotonic()


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310  loopback
        return bytes(reply.read())
