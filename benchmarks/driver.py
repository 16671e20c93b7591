"""The driver beside a bare loop: 1,000 open questions, a model and a judge that each take 200 ms, 64 in flight.

Both stubs run in processes of their own. The bare loop asks the model, then the judge, with 64 tasks over aiohttp,
and does nothing else: no prompt, no folder, no validation. Ideal: 1,000 × 0.4 s / 64 = 6.25 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from stubjudge import Call, Shape, StubJudge

from judge_client.run import session
from judge_client.run.items import Dataset, Item
from judge_client.run.plan import Judge, Model, Plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LATENCY_S = 0.2
REPLY = "Reasoning: an opacity in the right lower lobe.\nAnswer: pneumonia"
COMPLETION = {
    "model": "stub",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": REPLY}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 300, "completion_tokens": 40},
}
VERDICT = {
    "outcome": "scored",
    "level": 4,
    "value": 80.0,
    "weight": 1.0,
    "rationale": "It agrees but for a detail.",
}
NAMES = ("consistency", "coherence", "visual_accuracy", "ground_truth")
PROVENANCE = {
    "cache": "miss",
    "instrument": "llm",
    "is_llm": True,
    "judge": "default",
    "judge_kind": "openai",
    "mode": "text",
    "model": "stub",
    "prompt_digest": "sha256:0",
    "rubric": "med-cmr@1",
    "rubric_digest": "sha256:0",
    "schema_mode": "json_schema",
    "service_version": "0",
    "spent_microusd": 10,
}
SCORE = {
    "id": "s",
    "outcome": "scored",
    "score": 80.0,
    "criteria": dict.fromkeys(NAMES, VERDICT),
    "provenance": PROVENANCE,
}
RUBRIC = {
    "about": "",
    "aggregate": "weighted_mean",
    "answer_schema": {},
    "criteria": [],
    "digest": "sha256:0",
    "id": "med-cmr",
    "modes": ["text"],
    "prompt_digest": "sha256:0",
    "template": "",
    "title": "",
    "version": 1,
}
JUDGES = {
    "judges": [
        {
            "images": False,
            "instrument": "llm",
            "is_llm": True,
            "kind": "openai",
            "max_concurrency": 64,
            "max_images": 8,
            "max_image_pixels": 1_000_000,
            "model": "stub",
            "name": "default",
            "sampling": {},
        }
    ]
}
BODIES: Mapping[str, Any] = {
    "/v1/chat/completions": COMPLETION,
    "/v1/scores": SCORE,
    "/v1/version": {"version": "0", "api": 1},
    "/v1/rubrics/med-cmr": RUBRIC,
    "/v1/judges": JUDGES,
}


def shape_of(call: Call) -> Shape:
    return SHAPES[call.path]


SHAPES = {path: Shape(body=json.dumps(body).encode()) for path, body in BODIES.items()}


async def serve() -> None:
    stub = await StubJudge(latency_s=LATENCY_S, choose=shape_of).start()
    print(stub.url, flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def stub() -> AsyncIterator[str]:
    """A stub in a process of its own; gives its address, up to and with /v1."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


class Silent:
    """Shows nothing: a terminal's speed is not measured. Knows when the first call could be made."""

    def __init__(self) -> None:
        self.began = 0.0

    def expects(self, *_: object) -> None:
        self.began = time.perf_counter()

    def heard(self, stage: str, line: Mapping[str, Any]) -> None: ...


def items(count: int) -> list[Item]:
    described = "Frontal chest radiograph with an opacity in the right lower lobe. " * 4
    groups = ("SOD", "FDD", "SU", "TP", "CR", "LTG", "MSI")
    return [
        Item(
            str(at),
            "open",
            f"What is shown in picture {at}?",
            "Right lower lobe pneumonia.",
            visual_description=described,
            groups={"dimension": groups[at % 7]},
        )
        for at in range(count)
    ]


async def driven(
    count: int, model_url: str, judge_url: str, each: int, in_flight: int | None = None
) -> tuple[float, float]:
    """Wall time and CPU time of a run with its folder, summary and page, from the first call on.

    Before that the service tells its version, rubric and judges; the stub takes 200 ms for each of these as well.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Dataset("bench", tuple(items(count)), Path(folder))
        plan = Plan(
            data,
            Model("stub", model_url, concurrency=each),
            Judge(judge_url.removesuffix("/v1"), "med-cmr", concurrency=each),
            in_flight=in_flight,
        )
        watch, cpu = Silent(), time.process_time()
        summary = await session.run(plan, Path(folder) / "run", watch)
        took = time.perf_counter() - watch.began, time.process_time() - cpu
        assert summary["open"]["all"]["scored"] == count
    return took


async def bare(count: int, model_url: str, judge_url: str, in_flight: int) -> tuple[float, float]:
    """The same calls by a plain loop."""
    left = iter(range(count))
    connector = aiohttp.TCPConnector(limit=in_flight)
    wall, cpu = time.perf_counter(), time.process_time()
    async with aiohttp.ClientSession(connector=connector) as http:

        async def work() -> None:
            for _ in left:
                for url in (f"{model_url}/chat/completions", f"{judge_url}/scores"):
                    async with http.post(url, json={"messages": []}) as answer:
                        await answer.json()

        await asyncio.gather(*(work() for _ in range(in_flight)))
    return time.perf_counter() - wall, time.process_time() - cpu


async def main(count: int) -> None:
    ideal = count * 2 * LATENCY_S / 64
    async with stub() as model_url, stub() as judge_url:
        await bare(64, model_url, judge_url, 64)
        print(f"{count} items, {os.cpu_count()} cores; ideal with 64 in flight {ideal:.2f} s")
        for name, took in (
            ("bare loop, 64 in flight", await bare(count, model_url, judge_url, 64)),
            ("driver, 64 in flight", await driven(count, model_url, judge_url, 64, 64)),
            ("driver, 32 + 32 in flight", await driven(count, model_url, judge_url, 32)),
            ("driver, 64 + 64 in flight", await driven(count, model_url, judge_url, 64)),
            ("bare loop again", await bare(count, model_url, judge_url, 64)),
        ):
            print(f"{name:28s} wall {took[0]:6.2f} s  {took[0] / ideal:5.2f} × ideal  CPU {took[1]:5.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--serve", action="store_true", help="be a stub; for the benchmark itself")
    chosen = parser.parse_args()
    asyncio.run(serve() if chosen.serve else main(chosen.items))
