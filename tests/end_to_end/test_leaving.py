"""A client that goes away takes its question along, unless somebody else waits for the same answer."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from serving import Client, openai_judge, serving, speaking_to
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.clocked


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as judge:
        yield judge


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    async with serving({"default": openai_judge(stub.url)}) as speaking:
        yield speaking


async def _leaves(url: str, after_s: float, **asked: Any) -> None:
    """Ask over a connection of one's own and hang up before the answer."""
    async with speaking_to(url) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await client.score(**asked)


@pytest.mark.parametrize("cache", ["use", "refresh", "off"])
@pytest.mark.parametrize("shape", ["silence", "drip"])
async def test_the_judges_connection_is_closed_within_a_second(
    client: Client, stub: StubJudge, cache: str, shape: str
) -> None:
    stub.plays(shape)
    await _leaves(client.url, 0.3, cache=cache)
    await stub.somebody_left(1.0)
    assert (stub.left, stub.in_flight) == (1, 0)


async def test_it_goes_on_for_another_who_waits(client: Client, stub: StubJudge) -> None:
    stub.latency_s = 0.6
    waits = asyncio.create_task(client.score())
    await stub.somebody_asked()
    await _leaves(client.url, 0.2)
    reply = await waits
    assert (reply.status, reply.body["outcome"]) == (200, "scored")
    assert (stub.left, stub.count) == (0, 1)


async def test_it_goes_on_for_one_who_came_later_when_the_first_leaves(
    client: Client, stub: StubJudge
) -> None:
    stub.latency_s = 0.8
    first = asyncio.create_task(_leaves(client.url, 0.4))
    await stub.somebody_asked()
    later = await client.score()
    await first
    assert (later.status, later.body["provenance"]["cache"]) == (200, "joined")
    assert (stub.left, stub.count) == (0, 1)


async def test_hanging_up_at_any_moment_leaves_nothing_behind(client: Client, stub: StubJudge) -> None:
    chance = random.Random(7)
    stub.latency_s = 0.1
    await client.score()
    tasks = len(asyncio.all_tasks())
    for _ in range(4):
        moments = [chance.uniform(0.0, 0.25) for _ in range(25)]
        await asyncio.gather(
            *(
                _leaves(client.url, moment, case={"prompt": str(chance.randrange(10))}, cache="off")
                for moment in moments
            )
        )
    await asyncio.sleep(0.3)
    assert stub.in_flight == 0
    assert len(asyncio.all_tasks()) <= tasks + 1
    assert (await client.score()).status == 200


async def test_who_left_is_counted_apart(client: Client, stub: StubJudge) -> None:
    stub.plays("silence")
    await _leaves(client.url, 0.2)
    await stub.somebody_left(1.0)
    assert await client.counted("judge_requests_total", route="/v1/scores", status="499") == 1
    assert await client.counted("judge_scores_total") == 0
