"""A batch at work: what is done is told, who leaves takes the work along, who waits for one answer goes first."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from serving import Client, Reply, openai_judge, order, serving, speaking_to
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

pytestmark = pytest.mark.clocked

PRICE = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 100}
COST = 321 * 10 + 77 * 100  # micro-dollars of what the stub counts
FIRST_S = 2.0  # of those calls that are to be with the judge while others come to stand in line
NDJSON = {"Accept": "application/x-ndjson", "Content-Type": "application/json"}


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server


@asynccontextmanager
async def judging(stub: StubJudge, **more: Any) -> AsyncIterator[Client]:
    judges = {"default": openai_judge(stub.url, **more), "scripted": {"kind": "scripted"}}
    async with serving(judges) as client:
        yield client


def some(count: int, who: str = "it", **fields: Any) -> list[dict[str, Any]]:
    return [order(f"Pneumonia on the right, says {who}, {at}.", **fields) for at in range(count)]


async def post(client: Client, items: list[Any], /, *, tenant: str = "default", **fields: Any) -> Reply:
    headers = {"X-Tenant": tenant}
    return await client.post("/v1/scores:batch", json.dumps({"items": items, **fields}), headers=headers)


@asynccontextmanager
async def streaming(client: Client, items: list[Any]) -> AsyncIterator[aiohttp.ClientResponse]:
    import aiohttp

    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{client.url}/v1/scores:batch", json={"items": items}, headers=NDJSON) as response,
    ):
        yield response


async def next_line(response: aiohttp.ClientResponse) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(await response.content.readline())
    return line


async def quiet(stub: StubJudge, within_s: float = 1.0) -> None:
    """Wait until nobody asks the judge any more."""
    async with asyncio.timeout(within_s):
        while stub.in_flight:  # noqa: ASYNC110  the stub tells of one who left, and not of the last one
            await asyncio.sleep(0.01)


async def in_line(client: Client, stub: StubJudge, at_least: int) -> None:
    """Wait until so many calls stand in the judge's line; then let it be quick."""
    async with asyncio.timeout(FIRST_S):
        while await client.counted("judge_gate", what="waiting") < at_least:  # noqa: ASYNC110  it is scraped
            await asyncio.sleep(0.002)
    stub.latency_s = 0.03


def asked_by(stub: StubJudge) -> str:
    """Who asked, in order: the first letter of the name in each response."""
    return "".join(call.raw.decode().partition("says ")[2][0] for call in stub.calls)


# --- lines


async def test_a_line_comes_when_its_item_is_done_and_not_when_all_are(stub: StubJudge) -> None:
    stub.plays("silence")
    async with (
        judging(stub) as client,
        streaming(client, [*some(1, deadline_ms=2000), *some(2, judge="scripted")]) as lines,
    ):
        early = [await next_line(lines) for _ in range(2)]
        await stub.somebody_asked()
        assert (stub.in_flight, sorted(line["index"] for line in early)) == (1, [1, 2])
        late, end = await next_line(lines), await next_line(lines)
    assert (late["index"], late["status"], late["problem"]["outcome"]) == (0, 504, "timeout")
    assert (end["done"], end["counts"]) == (True, {"scored": 2, "timeout": 1})
    assert end["spent"]["cost_microusd"] is None


# --- leaving


async def test_who_leaves_a_document_takes_every_call_along(stub: StubJudge) -> None:
    stub.plays("silence")
    async with judging(stub, max_concurrency=16) as client:
        async with speaking_to(client.url) as leaver:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await post(leaver, some(40))
        await quiet(stub)
        asked = stub.count
        assert asked >= 8
        assert await client.counted("judge_requests_total", route="/v1/scores:batch", status="499") == 1
        assert await client.counted("judge_gate", what="waiting") == 0
        assert (await post(client, some(1, judge="scripted"))).status == 200
        assert (stub.count, stub.left) == (asked, asked)


async def test_who_leaves_amid_the_lines_takes_every_call_along(stub: StubJudge) -> None:
    stub.plays("silence")
    async with judging(stub, max_concurrency=16) as client:
        tasks = len(asyncio.all_tasks())
        async with streaming(client, [*some(40), *some(1, judge="scripted")]) as lines:
            assert (await next_line(lines))["index"] == 40
            await stub.somebody_asked()
        await quiet(stub)
        asked = stub.count
        assert await client.counted("judge_gate", what="waiting") == 0
        await asyncio.sleep(0.2)
        assert (stub.count, stub.left) == (asked, asked)
        assert len(asyncio.all_tasks()) <= tasks + 1


async def test_what_others_wait_for_as_well_goes_on(stub: StubJudge) -> None:
    stub.latency_s = 0.6
    async with judging(stub) as client:
        async with streaming(client, [*some(3), *some(1, judge="scripted")]) as lines:
            await next_line(lines)
            await stub.somebody_asked()
            waits = asyncio.create_task(client.post("/v1/scores", json.dumps(some(1)[0])))
            await asyncio.sleep(0.2)
        reply = await waits
        assert (reply.status, reply.body["provenance"]["cache"]) == (200, "joined")
        assert (stub.count, stub.left) == (3, 2)


# --- money and time


async def test_equal_items_cost_one_call(stub: StubJudge) -> None:
    stub.latency_s = 0.1
    async with judging(stub, price=PRICE) as client:
        body = (await post(client, some(1) * 20)).body
    assert (body["counts"], stub.count) == ({"scored": 20}, 1)
    assert body["spent"] == {
        "asked": 1,
        "input_tokens": 321,
        "output_tokens": 77,
        "cost_microusd": COST,
        "prices_as_of": "settings",
    }


async def test_one_cap_holds_for_all_items(stub: StubJudge) -> None:
    async with judging(stub, price=PRICE) as client:
        body = (await post(client, some(40), max_cost_usd=0.5)).body
    scored = body["counts"]["scored"]
    assert body["counts"] == {"scored": scored, "cost_cap": 40 - scored}
    assert 1 <= scored == stub.count < 40
    assert body["spent"]["cost_microusd"] == scored * COST <= 500_000
    refused = [each for each in body["items"] if each["status"] == 422]
    assert {each["problem"]["type"] for each in refused} == {"urn:judge-service:problem:cost-cap"}


async def test_an_items_own_cap_holds_within_that_of_all(stub: StubJudge) -> None:
    async with judging(stub, price=PRICE) as client:
        given = [*some(1, max_cost_usd=0), *some(2)[1:], *some(3, max_cost_usd=1)[2:]]
        assert [each["status"] for each in (await post(client, given, max_cost_usd=1)).body["items"]] == [
            422,
            200,
            200,
        ]
        small = await post(client, some(1, max_cost_usd=1, cache="off"), max_cost_usd=0.001)
        assert small.body["counts"] == {"cost_cap": 1}


async def test_one_deadline_holds_for_all_and_an_items_own_may_be_sooner(stub: StubJudge) -> None:
    stub.plays("silence")
    async with (
        judging(stub) as client,
        streaming(client, [*some(1, deadline_ms=60_000), *some(2, deadline_ms=300)[1:]]) as lines,
    ):
        assert (await next_line(lines))["index"] == 1
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await post(client, some(2, who="her"), deadline_ms=500)
        assert reply.body["counts"] == {"timeout": 2}
        assert loop.time() - began < 1.5


# --- who goes first


async def test_a_single_question_overtakes_a_batch(stub: StubJudge) -> None:
    stub.latency_s = FIRST_S
    async with judging(stub, max_concurrency=1) as client:
        batch = asyncio.create_task(post(client, some(20, "batch")))
        await in_line(client, stub, 19)
        single = await client.post("/v1/scores", json.dumps(some(1, "single")[0]))
        assert single.status == 200
        assert asked_by(stub).index("s") < 8, "of twenty that came before"
        assert (await batch).body["counts"] == {"scored": 20}


async def test_a_single_question_brings_forward_the_same_one_in_a_batch(stub: StubJudge) -> None:
    stub.latency_s = FIRST_S
    async with judging(stub, max_concurrency=1) as client:
        batch = asyncio.create_task(post(client, [*some(20, "batch"), *some(1, "single")]))
        await in_line(client, stub, 20)
        single = await client.post("/v1/scores", json.dumps(some(1, "single")[0]))
        assert single.body["provenance"]["cache"] == "joined"
        assert asked_by(stub).index("s") < 8, "of twenty that came before"
        assert (await batch).body["counts"] == {"scored": 21}


async def test_tenants_take_turns(stub: StubJudge) -> None:
    stub.latency_s = FIRST_S
    async with judging(stub, max_concurrency=4) as client:
        many = asyncio.create_task(post(client, some(60, "many"), tenant="many"))
        await in_line(client, stub, 40)
        await post(client, some(10, "few"), tenant="few")
        await many
    asked = asked_by(stub)
    assert len(asked) == 70
    first, last = asked.index("f"), asked.rindex("f")
    assert (first < 30, last - first < 2 * 10 + 4) == (True, True), asked
