"""Cold scores over HTTP through the whole service, beside a plain aiohttp loop, in one run.

    .venv/bin/python benchmarks/cold_scores.py [--cases 1000] [--in-flight 64] [--latency-ms 200] [--rounds 3]

A stub judge answers after a fixed time; ideal is cases * latency / in_flight. The service runs as people
run it (`judge-service serve`), with a store in memory and then with the default file store. The plain loop
posts the same number of chat completions straight to the stub: it is the floor for any client. The rounds
alternate, so that a busy machine troubles all of them; the ratio of medians is what to quote.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

HERE = Path(__file__).resolve().parent
SERVICE = Path(sys.executable).with_name("judge-service")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


async def answers(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            try:
                async with session.get(url) as reply:
                    if reply.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


async def in_flight(count: int, width: int, one: Callable[[int], Awaitable[None]]) -> float:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await one(number)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(width)))
    return time.perf_counter() - began


def case(mark: str) -> dict[str, object]:
    said = "The radiograph shows a dense consolidation in the right lower lobe without pleural effusion. "
    return {
        "rubric": "med-cmr",
        "case": {
            "prompt": "What does the chest radiograph show? " * 5,
            "visual_description": said * 4,
            "reference": said * 3,
            "response": f"{said * 6} Case {mark}.",
        },
    }


async def plain_round(stub: str, args: argparse.Namespace) -> float:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    body = {
        "model": "stub",
        "messages": [{"role": "user", "content": json.dumps(case("plain"))}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    }
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(_: int) -> None:
            async with session.post(stub + "/chat/completions", json=body) as reply:
                await reply.json()

        return await in_flight(args.cases, args.in_flight, one)


async def service_round(url: str, args: argparse.Namespace, mark: str) -> float:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int) -> None:
            async with session.post(url + "/v1/scores", json=case(f"{mark}-{number}")) as reply:
                answer = await reply.json()
                if answer.get("outcome") != "scored" or answer["provenance"]["cache"] != "miss":
                    raise SystemExit(f"not a cold score: {json.dumps(answer)[:300]}")

        return await in_flight(args.cases, args.in_flight, one)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settings(stub: str, store: str, width: int) -> dict[str, str]:
    judge = {"kind": "openai", "base_url": stub, "model": "stub", "max_concurrency": max(width, 64)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("JUDGE_SERVICE_")}
    return {
        **kept,
        "JUDGE_SERVICE_STORE_URL": store,
        "JUDGE_SERVICE_JUDGES": json.dumps({"default": judge}),
    }


async def main(args: argparse.Namespace) -> None:
    stub_port, ideal = free_port(), args.cases * args.latency_ms / 1000 / args.in_flight
    stub = f"http://127.0.0.1:{stub_port}/v1"
    stub_command = [sys.executable, str(HERE.parent / "tests" / "stubjudge.py")]
    stub_command += ["--port", str(stub_port), "--latency-ms", str(args.latency_ms)]
    times: dict[str, list[float]] = {"plain aiohttp loop": []}
    cpu: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, running(stub_command):
        await answers(stub + "/models")
        stores = {"service, memory store": "memory://", "service, file store": f"file://{folder}"}
        for turn in range(args.rounds):
            times["plain aiohttp loop"].append(await plain_round(stub, args))
            for name, store in stores.items():
                port = free_port()
                command = [str(SERVICE), "serve", "--port", str(port)]
                with running(command, settings(stub, store, args.in_flight)) as process:
                    url = f"http://127.0.0.1:{port}"
                    await answers(url + "/readyz")
                    await service_round(url, argparse.Namespace(cases=64, in_flight=64), f"warm{turn}")
                    before = cpu_seconds(process)
                    times.setdefault(name, []).append(await service_round(url, args, f"{name}{turn}"))
                    cpu.setdefault(name, []).append((cpu_seconds(process) - before) / args.cases * 1000)
    report(args, ideal, times, cpu)


def report(
    args: argparse.Namespace, ideal: float, times: dict[str, list[float]], cpu: dict[str, list[float]]
) -> None:
    print(f"{args.cases} cases, {args.in_flight} in flight, judge {args.latency_ms} ms: ideal {ideal:.3f} s")
    floor = statistics.median(times["plain aiohttp loop"])
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        line = f"{name:24} median {middle:.3f} s  best {min(seconds):.3f} s"
        line += f"  x ideal {middle / ideal:.3f}  x plain {middle / floor:.3f}"
        if name in cpu:
            line += f"  service CPU {statistics.median(cpu[name]):.2f} ms a case"
        print(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(parser.parse_args()))
