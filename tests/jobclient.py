"""A client of jobs over HTTP, which bears servers that die, and the laws that a job's end must keep."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serving import Client, Reply

NDJSON = {"Content-Type": "application/x-ndjson"}
FINAL = {"completed", "failed", "expired", "cancelled"}


async def hand_over(
    client: Client,
    body: Any,
    key: str | None = None,
    options: str = "",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Post a job."""
    named = {} if key is None else {"Idempotency-Key": key}
    return await client.send(
        "POST", f"/v1/jobs{options}", data=body, headers={**NDJSON, **named, **(headers or {})}
    )


async def job_of(client: Client, job: str) -> dict[str, Any]:
    """Look at a job, for as long as it takes a server to come back."""
    while True:
        try:
            reply = await client.get(f"/v1/jobs/{job}")
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
            continue
        if reply.status == 200:
            return reply.body
        assert reply.status in {502, 503}, (reply.status, reply.raw)
        await asyncio.sleep(0.1)


async def when(
    client: Client, job: str, holds: Callable[[dict[str, Any]], bool], within_s: float, poll_s: float = 0.1
) -> dict[str, Any]:
    """Wait until something holds of a job."""
    told: dict[str, Any] = {}
    try:
        async with asyncio.timeout(within_s):
            while not holds(told := await job_of(client, job)):  # noqa: ASYNC110 (another machine's event)
                await asyncio.sleep(poll_s)
    except TimeoutError:
        raise AssertionError(f"after {within_s} s: {told.get('state')}, {told.get('counts')}") from None
    return told


async def job_ended(client: Client, job: str, within_s: float, poll_s: float = 0.1) -> dict[str, Any]:
    """Wait for a job's end."""
    return await when(client, job, lambda told: told["state"] in FINAL, within_s, poll_s)


def finished(told: dict[str, Any]) -> int:
    """How many items have their end."""
    counts = told["counts"]
    return int(counts["completed"] + counts["failed"])


async def file_of(client: Client, job: str, kind: str) -> list[dict[str, Any]]:
    """A job's results or errors."""
    reply = await client.get(f"/v1/jobs/{job}/{kind}")
    assert reply.status == 200
    return [json.loads(line) for line in reply.raw.splitlines()]


async def nothing_lost_or_doubled(client: Client, job: str, items: int, errors: int = 0) -> None:
    """Each of `item-0`... has one line in one of the files, and the counts say the same as the files."""
    told = await job_of(client, job)
    results, failed = await file_of(client, job, "results"), await file_of(client, job, "errors")
    ids = [line["custom_id"] for line in (*results, *failed)]
    assert len(ids) == len(set(ids)), "doubled"
    assert set(ids) == {f"item-{n}" for n in range(items)}, "lost"
    assert (told["counts"]["completed"], told["counts"]["failed"]) == (len(results), len(failed))
    assert told["counts"]["total"] == items
    assert len(failed) == errors, [(line["custom_id"], line["error"]) for line in failed[:9]]
    assert all(line["response"]["body"]["outcome"] == "scored" for line in results)
    assert all(0 <= line["response"]["body"]["score"] <= 100 for line in results)


async def timed(asked: Any) -> tuple[float, Any]:
    """How long it took, and what came."""
    began = time.monotonic()
    told = await asked
    return time.monotonic() - began, told
