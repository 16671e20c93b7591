"""litellm is imported late, off the event loop, and in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.clocked

PROGRAM = """
import asyncio, json, socket, sys, time

attempts = []

def refuse(*args, **kwargs):
    attempts.append(repr(args[-1]))
    raise OSError("no network here")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.create_connection = refuse

from judge_service.backends.litellm_backend import LiteLLMBackend
from judge_service.domain.judge import JudgeSpec

early = sorted({"litellm", "instructor", "openai", "httpx"} & set(sys.modules))
judge = LiteLLMBackend(JudgeSpec(kind="litellm", model="openai/judge"), None)

async def ticks():
    worst = 0.0
    while True:
        before = time.perf_counter()
        try:
            await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            return worst
        worst = max(worst, time.perf_counter() - before)

async def main():
    clock = asyncio.create_task(ticks())
    await asyncio.sleep(0)
    started = time.perf_counter()
    await judge.ping()
    assert "litellm" not in sys.modules
    await judge.load()
    took = time.perf_counter() - started
    clock.cancel()
    return await clock, took

worst, took = asyncio.run(main())
late = sorted({"litellm", "instructor", "openai.resources"} & set(sys.modules))
print(json.dumps({"early": early, "late": late, "attempts": attempts, "worst": worst, "took": took}))
"""


def test_litellm_is_imported_at_first_use_in_a_thread_and_calls_nobody() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LITELLM", "COV"))}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(run.stdout)
    assert seen["early"] == []
    assert seen["late"] == ["instructor", "litellm", "openai.resources"]
    assert seen["attempts"] == []
    assert seen["worst"] < seen["took"] / 2
    assert run.stderr == ""
