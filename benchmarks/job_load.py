"""A large job on a stub judge with two workers, beside a plain aiohttp loop, in one run.

    .venv/bin/python benchmarks/job_load.py [--items 50000] [--slots 16] [--latency-ms 200] [--store redis|file]

A stub judge answers after a fixed time, and each worker may ask it so many calls at once (`--slots`); the ideal is
what these of both workers could have brought in that time. The plain loop posts chat completions of the size of the
workers' straight to the same stub at the same concurrency, before the job and after it. Stub, Redis, server, two
workers and this script share the machine's cores, so the slots must be few enough for these: the CPU that each
process used is told.
Memory is each process's resident size when a tenth of the items is finished, and when all are.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from cold_scores import SERVICE, answers, case, cpu_seconds, free_port, plain_round, running

if TYPE_CHECKING:
    import subprocess

WORKERS = 2
PATIENCE = 5  # times that a start may take as long as that of one server on a quiet machine
HERE = Path(__file__).resolve().parent


def lines(count: int) -> bytes:
    made = (
        {"custom_id": f"item-{n}", "method": "POST", "url": "/v1/scores", "body": case(str(n))}
        for n in range(count)
    )
    return b"".join(json.dumps(one).encode() + b"\n" for one in made)


def resident_mib(process: subprocess.Popen[bytes]) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def redis(stack: ExitStack, folder: str) -> tuple[str, subprocess.Popen[bytes]]:
    binary = shutil.which("redis-server")
    if binary is None:
        raise SystemExit("no redis-server: `make redis` installs it, or choose --store file")
    port = free_port()
    words = f"--port {port} --bind 127.0.0.1 --appendonly yes --appendfsync everysec --save".split()
    process = stack.enter_context(running([binary, *words, "", "--dir", folder]))
    return f"redis://127.0.0.1:{port}/0", process


def settings(stub: str, store: str, slots: int) -> dict[str, str]:
    judge = {"kind": "openai", "base_url": stub, "model": "stub", "max_concurrency": slots}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("JUDGE_SERVICE_")}
    return kept | {
        "JUDGE_SERVICE_STORE_URL": store,
        "JUDGE_SERVICE_JUDGES": json.dumps({"default": judge}),
        "JUDGE_SERVICE_LOG_LEVEL": "WARNING",
    }


def started(stack: ExitStack, kind: str, env: dict[str, str], slots: int) -> tuple[str, Any]:
    port = free_port()
    command = [str(SERVICE), kind, "--port", str(port)]
    places = slots + slots // 2  # as docs/jobs.md advises: an item is not with its judge all of its time
    process = stack.enter_context(running(command, env | {"JUDGE_SERVICE_JOB_SLOTS": str(places)}))
    return f"http://127.0.0.1:{port}", process


async def worked_off(url: str, body: bytes, processes: dict[str, Any]) -> tuple[dict[str, Any], Any, Any]:
    """Hand the job over and watch it; gives its end, and the sizes at a tenth of it and at its end."""
    async with aiohttp.ClientSession() as session:
        headers = {"Content-Type": "application/x-ndjson"}
        began = time.perf_counter()
        async with session.post(f"{url}/v1/jobs", data=body, headers=headers) as reply:
            job = await reply.json()
            if reply.status != 202:
                raise SystemExit(f"the job was not taken: {job}")
        print(f"handed over {len(body) / 2**20:.0f} MiB in {time.perf_counter() - began:.1f} s")
        early: dict[str, float] = {}
        while True:
            async with session.get(f"{url}/v1/jobs/{job['id']}") as reply:
                told: dict[str, Any] = await reply.json()
            done = told["counts"]["completed"] + told["counts"]["failed"]
            if not early and done >= told["counts"]["total"] / 10:
                early = {name: resident_mib(process) for name, process in processes.items()}
            if told["state"] == "completed":
                return told, early, {name: resident_mib(process) for name, process in processes.items()}
            await asyncio.sleep(1.0)


async def main(args: argparse.Namespace) -> None:
    width = WORKERS * args.slots
    stub_port = free_port()
    stub = f"http://127.0.0.1:{stub_port}/v1"
    command = [sys.executable, str(HERE.parent / "tests" / "stubjudge.py")]
    command += ["--port", str(stub_port), "--latency-ms", str(args.latency_ms)]
    plain = argparse.Namespace(cases=min(args.items, width * 100), in_flight=width)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        judging = stack.enter_context(running(command))
        await answers(stub + "/models")
        store, server = redis(stack, folder) if args.store == "redis" else (f"file://{folder}", None)
        env = settings(stub, store, args.slots)
        parts = [started(stack, "serve", env, 0)]
        parts += [started(stack, "worker", env, args.slots) for _ in range(WORKERS)]
        for url, _ in parts * PATIENCE:
            with suppress(SystemExit):
                await answers(f"{url}/readyz")
        names = ["server", *(f"worker {n}" for n in range(1, WORKERS + 1))]
        processes = {name: process for name, (_, process) in zip(names, parts, strict=True)}
        loops = [await plain_round(stub, plain)]
        everybody = processes | {"stub judge": judging} | ({"redis": server} if server else {})
        before = {name: cpu_seconds(process) for name, process in everybody.items()}
        told, early, late = await worked_off(parts[0][0], lines(args.items), processes)
        spent = {name: cpu_seconds(process) - before[name] for name, process in everybody.items()}
        loops.append(await plain_round(stub, plain))
    report(args, told, plain.cases / min(loops), spent)
    for name in processes:
        grown = late[name] - early[name]
        print(f"{name:10} {early[name]:.0f} MiB at a tenth, {late[name]:.0f} at the end: {grown:+.0f} MiB")


def report(args: argparse.Namespace, told: dict[str, Any], plain: float, spent: dict[str, float]) -> None:
    seconds = told["completed_at"] - told["in_progress_at"]
    rate, ideal = args.items / seconds, WORKERS * args.slots / (args.latency_ms / 1000)
    print(
        f"{args.items} items on {args.store}, {WORKERS} workers with {args.slots} calls at once: {told['outcomes']}"
    )
    print(f"{seconds:.1f} s, {rate:.1f} items/s; ideal {ideal:.1f}/s; plain loop {plain:.1f}/s")
    print(f"{rate / ideal:.3f} of the ideal, {rate / plain:.3f} of the plain loop")
    used = ", ".join(f"{name} {cpu / args.items * 1000:.2f}" for name, cpu in spent.items())
    print(f"CPU, ms an item: {used}; {sum(spent.values()) / seconds:.2f} cores of {os.cpu_count()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--slots", type=int, default=16, help="calls at once of each worker")
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--store", choices=["redis", "file"], default="redis")
    asyncio.run(main(parser.parse_args()))
