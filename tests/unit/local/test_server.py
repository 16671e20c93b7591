"""The server is a child that is waited for, watched, and never left behind."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from judge_service.errors import ConfigurationError
from judge_service.local.server import ServerFailed, served, serving

FAKE = str(Path(__file__).parents[2] / "fake_vllm.py")
HOST = "127.0.0.1"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def command(port: int, name: str = "judge") -> list[str]:
    return [sys.executable, FAKE, "serve", "--served-model-name", name, "--host", HOST, "--port", str(port)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"


def gone(pid: int) -> bool:
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_it_is_found_by_the_names_that_it_serves(port: int) -> None:
    assert served(HOST, port) is None
    with serving(command(port), {}, 5) as process:
        assert process.wait_ready(HOST, port, 20) < 20
        assert served(HOST, port) == ["judge"]
    assert served(HOST, port) is None


@pytest.mark.parametrize("mode", ["", "deaf"])
def test_nothing_of_it_is_left(port: int, mode: str, tmp_path: Path) -> None:
    kept = tmp_path / "child"
    surroundings = {"FAKE_VLLM": mode, "FAKE_VLLM_CHILD": str(kept)}
    with serving(command(port), surroundings, 1) as process:
        process.wait_ready(HOST, port, 20)
        child = int(kept.read_text("ascii"))
        assert alive(child)
    assert gone(child)
    assert served(HOST, port) is None


def test_one_that_dies_at_the_start_is_not_waited_for(port: int) -> None:
    began = time.monotonic()
    with (
        pytest.raises(ServerFailed, match="ended by itself \\(exit code 7\\)"),
        serving(command(port), {"FAKE_VLLM": "dies"}, 5) as process,
    ):
        process.wait_ready(HOST, port, 60)
    assert time.monotonic() - began < 30


def test_one_that_is_never_healthy_is_given_up(port: int) -> None:
    with (
        pytest.raises(ServerFailed, match="not healthy after 1 s"),
        serving(command(port), {"FAKE_VLLM": "never"}, 5) as process,
    ):
        process.wait_ready(HOST, port, 1)


def test_one_that_ends_while_it_is_watched_is_told(port: int) -> None:
    with (
        pytest.raises(ServerFailed, match="exit code 9"),
        serving(command(port), {"FAKE_VLLM": "later"}, 5) as process,
    ):
        process.watch()


def test_a_program_that_is_none_is_a_mistake() -> None:
    with (
        pytest.raises(ConfigurationError, match="no-such-program cannot be started"),
        serving(["/nowhere/no-such-program"], {}, 5),
    ):
        pass


@pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"])
def test_somebody_else_at_the_port_is_told(said: bytes) -> None:
    with socket.create_server((HOST, 0)) as other:

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ConfigurationError, match="is taken by a server"):
            served(HOST, other.getsockname()[1])
