"""A vLLM server that `judge-service local up` starts for a test."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redis_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

VENV = Path(os.environ.get("JUDGE_SERVICE_TEST_LOCAL", ".venv-local")).absolute()
READY_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Local:
    """A server that `judge-service local up` started, and how it is bound."""

    port: int
    binding: str
    ready_s: float

    def metric(self, name: str) -> float:
        """A figure of the server's own, summed over its series."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, found))


def up(model: Path, home: Path, *more: str) -> Iterator[Local]:
    """Start a model as a user does, give it, and stop it as a user does."""
    port = free_port()
    words = ["local", "up", "--model", str(model), "--port", str(port), "--vllm", str(VENV / "bin" / "vllm")]
    log, out = home / "vllm.log", home / "out.log"
    began = time.monotonic()
    with log.open("wb") as errors, out.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("judge-service"), *words, "--wait-s", str(READY_WITHIN_S), *more],
            stdout=output,
            stderr=errors,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        while not (found := re.findall(r"^JUDGE_SERVICE_JUDGES=.*$", out.read_text("utf-8"), re.MULTILINE)):
            assert process.poll() is None, log.read_text("utf-8")[-4000:] + out.read_text("utf-8")[-4000:]
            assert time.monotonic() - began < READY_WITHIN_S + 60
            time.sleep(0.2)
        yield Local(port, found[0], time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0
