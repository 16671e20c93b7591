"""What sharing the front of every prompt saves: a vLLM with its prefix cache beside one without, in one run.

    .venv/bin/python benchmarks/prefix_cache.py [--vllm .venv-local/bin/vllm] [--cases 32] [--in-flight 1 16]
                                                [--hidden 512] [--layers 8] [--rounds 2]

Both serve the same model of random weights, made on the spot, with the arguments of `judge-service local up`; only
the cache differs. The cases of one rubric go through the service's own prompts, each text once. The rounds
alternate, so that a busy machine troubles both; quote the ratios, not the seconds. A larger model computes more for
each token that it does not find: `--hidden 128 --layers 2` shows how little a tiny one has to save.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from judge_service.backends.openai_wire import request_body
from judge_service.domain.case import Case
from judge_service.domain.judge import JudgeSpec
from judge_service.local.arguments import Model, Wishes, arguments, environment
from judge_service.local.command import python_of
from judge_service.local.machine import look
from judge_service.local.server import serving
from judge_service.prompts import Prompts
from judge_service.rubric_store import load_rubrics

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
CACHE = "--enable-prefix-caching"
READY_WITHIN_S = 600
TEXT_CAP = 20  # short answers: what is looked at is the prompt


@dataclass(slots=True)
class Served:
    """One of the two servers, and what it took."""

    name: str
    port: int
    spec: JudgeSpec
    seconds: dict[int, float] = field(default_factory=dict)
    told_cached: int = 0

    async def metric(self, session: aiohttp.ClientSession, name: str) -> float:
        async with session.get(f"http://{HOST}:{self.port}/metrics") as reply:
            text = await reply.text()
        found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, found))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def start(stack: ExitStack, name: str, vllm: Path, model: Path) -> Served:
    """Start a server with the cache on or off."""
    machine, one, port = look(python_of(str(vllm))), Model.at(str(model)), free_port()
    words = [*arguments(machine, one, Wishes(port=port, images=0)), "--uvicorn-log-level", "warning"]
    if name == "off":
        words[words.index(CACHE)] = CACHE.replace("--", "--no-")
    quiet = {**environment(machine, one), "VLLM_LOGGING_LEVEL": "ERROR"}
    if not machine.gpus:
        quiet["VLLM_CPU_KVCACHE_SPACE"] = "1"  # GiB, and enough: two servers share the machine
    process = stack.enter_context(serving([str(vllm), "serve", *words], quiet, 60))
    ready = process.wait_ready(HOST, port, READY_WITHIN_S)
    print(f"cache {name}: healthy after {ready:.0f} s", flush=True)
    spec = JudgeSpec(
        kind="openai", base_url=f"http://{HOST}:{port}/v1", model="judge", text_cap=TEXT_CAP, max_tokens=1024
    )
    return Served(name, port, spec)


def cases(count: int) -> Iterator[Case]:
    """The cases that ship, over and over, no two alike."""
    lines = (ROOT / "examples" / "cases" / "med-cmr.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = [row["case"] for row in rows]
    full = [case for case in found if case.get("response") and case.get("reference")]
    for at in range(count):
        one = full[at % len(full)]
        yield Case.model_validate({**one, "images": (), "response": f"{one['response']} (Answer {at}.)"})


def bodies(spec: JudgeSpec, rubric: str, chosen: list[Case]) -> list[dict[str, Any]]:
    """What the service would send."""
    stored, prompts = load_rubrics(ROOT / "rubrics").get(rubric), Prompts(b"benchmark")
    rendered = (
        prompts.render(stored, stored.rubric.criteria, case, "text", (), spec.max_tokens) for case in chosen
    )
    return [request_body(spec, one.prompt) for one in rendered]


async def ask(session: aiohttp.ClientSession, served: Served, body: dict[str, Any]) -> None:
    async with session.post(f"{served.spec.base_url}/chat/completions", json=body) as reply:
        answer = await reply.json()
        assert reply.status == 200, answer
    details = answer["usage"].get("prompt_tokens_details") or {}
    served.told_cached += details.get("cached_tokens") or 0


async def measure(
    session: aiohttp.ClientSession, served: Served, asked: list[dict[str, Any]], in_flight: int
) -> None:
    """Ask all, so many at a time, and add up the seconds."""
    waiting = iter(asked)

    async def work() -> None:
        for body in waiting:
            await ask(session, served, body)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    taken = time.perf_counter() - began
    served.seconds[in_flight] = served.seconds.get(in_flight, 0.0) + taken


async def compare(both: list[Served], chosen: argparse.Namespace) -> None:
    """Alternate between the servers, and print what came out."""
    total = chosen.cases * chosen.rounds * len(chosen.in_flight)
    every = list(cases(total))
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for served in both:  # what is paid once by any rubric, on another one than is measured
            for body in bodies(served.spec, "claim-support", [Case(response="Warm.", claim="It is.")]):
                await ask(session, served, body)
            served.told_cached = 0
        names = (
            "vllm:prefix_cache_hits_total",
            "vllm:prefix_cache_queries_total",
            "vllm:prompt_tokens_total",
        )
        before = {served.name: [await served.metric(session, name) for name in names] for served in both}
        for at in range(chosen.rounds * len(chosen.in_flight)):
            some = every[at * chosen.cases : (at + 1) * chosen.cases]
            for served in both if at % 2 else both[::-1]:
                in_flight = chosen.in_flight[at % len(chosen.in_flight)]
                await measure(session, served, bodies(served.spec, "med-cmr", some), in_flight)
        gained = {
            served.name: [
                await served.metric(session, name) - before[served.name][i] for i, name in enumerate(names)
            ]
            for served in both
        }
    tell(both, gained, chosen, total)


def tell(both: list[Served], gained: dict[str, list[float]], chosen: argparse.Namespace, total: int) -> None:
    on, off = both
    hits, queries, prompt = gained["on"]
    print(f"\n{total} cases of one rubric, {prompt / total:.0f} prompt tokens each")
    print(f"found in the cache   {hits / queries:.1%} of {queries:.0f} tokens (server's metrics)")
    print(f"                     {on.told_cached / prompt:.1%} (sum of each answer's cached_tokens)")
    print(f"without the cache    {gained['off'][0]:.0f} found, {off.told_cached} told")
    computed = [gained["off"][2] - gained["off"][0], prompt - hits]
    fewer = computed[0] / computed[1]
    print(f"computed             off {computed[0]:.0f}, on {computed[1]:.0f}: {fewer:.1f} times fewer\n")
    print("in flight   off s     on s   off / on")
    for in_flight in chosen.in_flight:
        slow, fast = off.seconds[in_flight], on.seconds[in_flight]
        print(f"{in_flight:9d} {slow:7.1f}  {fast:7.1f}   {slow / fast:7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    home = Path(os.environ.get("JUDGE_SERVICE_TEST_LOCAL", ROOT / ".venv-local"))
    parser.add_argument("--vllm", type=Path, default=home / "bin" / "vllm", help="the vllm program")
    parser.add_argument("--cases", type=int, default=32, help="in each round")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    chosen = parser.parse_args()
    if not chosen.vllm.is_file():
        parser.error(f"{chosen.vllm} is not here: `make test-local` installs it, or name one by --vllm")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        maker = ROOT / "tests" / "local" / "tiny_models.py"
        shape = (str(chosen.hidden), str(chosen.layers))
        subprocess.run([*python_of(str(chosen.vllm)), maker, folder, *shape], check=True)
        both = [start(stack, name, chosen.vllm, Path(folder) / "text") for name in ("on", "off")]
        asyncio.run(compare(both, chosen))


if __name__ == "__main__":
    main()
