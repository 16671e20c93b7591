"""The fourth judge of the swap: a real vLLM under the pipeline that the other three were under."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from builders import REPOSITORY
from serving import openai_judge
from stubjudge import StubJudge

if TYPE_CHECKING:
    from local_server import Local


async def test_a_real_server_answers_the_same_pipeline_in_the_same_shape(text_server: Local) -> None:
    spec = json.loads(text_server.binding.partition("=")[2].strip("'"))["default"]
    patient = spec | {"attempt_timeout_s": 120, "max_attempts": 8, "text_cap": 40, "max_concurrency": 4}
    async with StubJudge() as stub:
        judges = {"remote": openai_judge(stub.url), "vllm": patient}
        words = [f"{name}={json.dumps(judge)}" for name, judge in judges.items()]
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "examples/swap.py", *words],
            cwd=REPOSITORY,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    sys.stdout.write(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every answer has the same shape." in done.stdout
