"""The caller's deadline holds, whatever the judge does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from serving import Client, openai_judge, serving
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.clocked

LATENESS_S = 0.2
TRIES = 4  # a busy machine may be late once; a deadline that is not kept is late each time


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as judge:
        yield judge


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    async with serving({"default": openai_judge(stub.url, max_attempts=5)}) as speaking:
        yield speaking


async def _is_late(client: Client, after_s: float, **asked: Any) -> None:
    loop, took_s = asyncio.get_running_loop(), 1e9
    for _ in range(TRIES):
        began = loop.time()
        reply = await client.score(**asked)
        took_s = min(took_s, loop.time() - began)
        if took_s <= after_s + LATENESS_S:
            break
    assert after_s - 0.05 <= took_s <= after_s + LATENESS_S
    assert (reply.status, reply.kind) == (504, "application/problem+json")
    assert (reply.body["outcome"], reply.body["code"], reply.body["retryable"]) == (
        "timeout",
        "timeout",
        True,
    )
    assert reply.body["type"] == "urn:judge-service:problem:judge-timeout"


@pytest.mark.parametrize("shape", ["drip", "silence"])
@pytest.mark.parametrize("cache", ["use", "off"])
async def test_a_judge_that_does_not_end_is_left_at_the_deadline(
    client: Client, stub: StubJudge, shape: str, cache: str
) -> None:
    stub.plays(shape)
    await _is_late(client, 1.0, deadline_ms=1000, cache=cache)
    assert stub.count == 1
    assert await client.counted("judge_upstream_attempts_total", judge="default", result="timeout") == 1
    assert await client.counted("judge_scores_total", outcome="timeout") == 1
    assert await client.counted("judge_requests_total", route="/v1/scores", status="504") == 1
    await stub.somebody_left(1.0)


async def test_a_deadline_ends_the_asking_again(client: Client, stub: StubJudge) -> None:
    stub.plays("rate_seconds_one")
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await client.score(deadline_ms=700)
    assert loop.time() - began <= 0.7 + LATENESS_S
    assert (reply.status, reply.body["outcome"]) == (503, "provider_error")


@pytest.mark.parametrize(
    ("header", "asked", "after_s"), [("300", 60_000, 0.3), ("60000", 300, 0.3), ("300", None, 0.3)]
)
async def test_the_smaller_of_header_and_field_wins(
    client: Client, stub: StubJudge, header: str, asked: int | None, after_s: float
) -> None:
    stub.plays("silence")
    await _is_late(client, after_s, deadline_ms=asked, headers={"X-Request-Deadline-Ms": header})


@pytest.mark.parametrize("garbage", ["soon", "-5", "1e3", "", "٣٠٠", "1.5", "300, 300"])
async def test_a_header_that_is_no_number_says_nothing(client: Client, garbage: str) -> None:
    reply = await client.score(deadline_ms=5000, headers={"X-Request-Deadline-Ms": garbage})
    assert (reply.status, reply.body["outcome"]) == (200, "scored")


async def test_one_callers_deadline_is_not_its_neighbours(client: Client, stub: StubJudge) -> None:
    stub.latency_s = 0.6
    hasty, patient = await asyncio.gather(client.score(deadline_ms=200), client.score(deadline_ms=5000))
    assert (hasty.status, patient.status) == (504, 200)
    assert stub.count == 1


async def test_a_late_answer_is_not_kept(client: Client, stub: StubJudge) -> None:
    stub.plays("silence")
    await client.score(deadline_ms=200)
    assert (await client.score(cache="only")).status == 404


async def test_a_header_of_no_time_left_is_heeded(client: Client, stub: StubJudge) -> None:
    stub.latency_s = 2.0
    reply = await client.score(deadline_ms=5000, headers={"X-Request-Deadline-Ms": "0"})
    assert (reply.status, reply.body["outcome"]) == (504, "timeout")
