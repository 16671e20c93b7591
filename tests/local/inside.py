"""Asks a real engine through its door, in the Python that has vLLM, and prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from asking import asking
from builders import an_image

from judge_service.backends.vllm_engine import VllmEngineBackend
from judge_service.backends.vllm_model import Loading
from judge_service.domain.judge import JudgeSpec
from judge_service.errors import BackendError
from judge_service.local.arguments import Model, Wishes, engine_options, environment
from judge_service.local.machine import look

if TYPE_CHECKING:
    from judge_service.backends.base import Prompt

PIXEL = an_image().url


def door(folder: str) -> VllmEngineBackend:
    machine, model = look([sys.executable]), Model.at(folder)
    spec = JudgeSpec(kind="openai", base_url="http://127.0.0.1:9/v1", model="judge", text_cap=20)
    options = engine_options(machine, model, Wishes())
    return VllmEngineBackend(spec, Loading(options, environment(machine, model), "0" * 64))


async def fault(backend: VllmEngineBackend, prompt: Prompt, timeout_s: float = 60) -> BackendError:
    try:
        await backend.complete(prompt, timeout_s=timeout_s)
    except BackendError as error:
        return error
    raise AssertionError("it was answered")


async def account(backend: VllmEngineBackend) -> dict[str, Any]:
    """Use it well, badly, and after its end."""
    await backend.ping()
    began = time.monotonic()
    for at in range(10):
        await backend.complete(asking(f"One by one {at}"), timeout_s=60)
    alone = (time.monotonic() - began) * 4
    began = time.monotonic()
    answers = await asyncio.gather(*(backend.complete(asking(str(at)), timeout_s=60) for at in range(40)))
    found: dict[str, Any] = {
        "one_by_one_s": alone,
        "together_s": time.monotonic() - began,
        "finishes": [answer.finish for answer in answers],
        "criteria": [list(json.loads(answer.text)) for answer in answers],
    }
    call = asyncio.create_task(backend.complete(asking("Left."), timeout_s=60))
    await asyncio.sleep(0.1)
    call.cancel()
    left = (await asyncio.gather(call, return_exceptions=True))[0]
    late = await fault(backend, asking("Late."), timeout_s=0.05)
    found |= {"cancelled": type(left).__name__, "late": type(late).__name__}
    found["afterwards"] = (await backend.complete(asking("And on."), timeout_s=60)).finish
    found["unfinished"] = backend._work._model._llm.llm_engine.get_num_unfinished_requests()  # type: ignore[union-attr]
    seen = await fault(backend, asking(images=(PIXEL,)))
    found["picture"] = [type(seen).__name__, seen.code]
    await backend.aclose()
    return found | {"closed": type(await fault(backend, asking())).__name__}


def main() -> None:
    """Print the account."""
    print(json.dumps(asyncio.run(account(door(sys.argv[1])))), flush=True)  # noqa: T201  it is read by a test
