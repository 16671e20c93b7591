"""A Redis of the tests' own: a real server on a loopback port that keeps nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL_VARIABLE = "JUDGE_SERVICE_TEST_REDIS_URL"
_START_WITHIN_S = 10.0
_ATTEMPTS = 5


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a running Redis: the one the environment names, or a fresh server."""
    given = os.environ.get(_URL_VARIABLE)
    if given:
        yield given
        return
    with redis_server() as port:
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis_server(port: int | None = None) -> Iterator[int]:
    """Run a server on the port, or on a free one, and give the port."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.fail(f"no redis-server: install it (apt-get install redis-server) or set {_URL_VARIABLE}")
    with tempfile.TemporaryDirectory(prefix="test-redis-") as folder:
        command = [binary, "--bind", "127.0.0.1", "--appendonly", "no", "--save", "", "--dir", folder]
        process, taken = started(command, port)
        try:
            yield taken
        finally:
            process.kill()
            process.wait()


def started(command: list[str], port: int | None = None) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server on the port, or on a free one; it answers when this returns, and is the caller's to end."""
    # Another process may take the free port before the server does: then it ends, and the next port is tried.
    for _ in range(_ATTEMPTS):
        taken = port or free_port()
        process = subprocess.Popen([*command, "--port", str(taken)], stdout=subprocess.DEVNULL)
        if _answers(process, taken):
            return process, taken
        process.kill()
        process.wait()
    return pytest.fail(f"redis-server did not start within {_START_WITHIN_S} s")


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    give_up = time.monotonic() + _START_WITHIN_S
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return process.poll() is None
        except OSError:
            time.sleep(0.02)
    return False


def free_port() -> int:
    """Give a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
