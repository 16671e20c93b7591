"""The cache as callers see it: asked once, kept over a restart, shared by replicas, done without if away."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from redis_server import redis_server
from serving import Client, Reply, openai_judge, served, serving, speaking_to
from stubjudge import StubJudge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CALLERS = 600


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as judge:
        yield judge


@pytest.fixture
async def client(stub: StubJudge) -> AsyncIterator[Client]:
    async with serving({"default": openai_judge(stub.url)}) as speaking:
        yield speaking


def how(reply: Reply) -> str:
    assert reply.status == 200, reply.raw
    cache: str = reply.body["provenance"]["cache"]
    return cache


async def test_the_second_asking_is_a_hit_and_says_the_same(client: Client, stub: StubJudge) -> None:
    first, second = await client.score(), await client.score()
    assert (how(first), how(second), stub.count) == ("miss", "hit", 1)
    for field in ("score", "criteria", "flags", "outcome"):
        assert first.body[field] == second.body[field]
    assert first.body["id"] != second.body["id"]


@pytest.mark.parametrize(
    "changed",
    [
        {"case": {"prompt": "Another question?"}},
        {"case": {"reference": "Another reference."}},
        {"case": {"claim": "A claim."}},
        {"rubric": "medical-qa@1", "case": {"visual_description": "A picture."}},
        {"judge": "warm"},
    ],
)
async def test_whatever_the_judge_is_shown_or_is_makes_another_key(
    stub: StubJudge, changed: dict[str, Any]
) -> None:
    judges = {"default": openai_judge(stub.url), "warm": openai_judge(stub.url, temperature=1.0)}
    async with serving(judges) as client:
        await client.score()
        assert how(await client.score(**changed)) == "miss"


@pytest.mark.parametrize(
    "changed",
    [
        {"case": {"id": "another"}},
        {"case": {"subgroups": {"organ": "lung"}}},
        {"metadata": {"run": 2}},
        {"rubric": "medical-qa@1"},
        {"partial": "renormalise"},
        {"deadline_ms": 5000},
        {"judge": "namesake"},
    ],
)
async def test_what_the_judge_never_sees_makes_no_other_key(stub: StubJudge, changed: dict[str, Any]) -> None:
    judges = {"default": openai_judge(stub.url), "namesake": openai_judge(stub.url, max_concurrency=3)}
    async with serving(judges) as client:
        await client.score()
        assert how(await client.score(**changed)) == "hit"


async def test_refresh_asks_anew_and_keeps_the_new_answer(client: Client, stub: StubJudge) -> None:
    stub.plays("normal", "abstains")
    await client.score()
    refreshed = await client.score(cache="refresh")
    assert (how(refreshed), refreshed.body["outcome"], stub.count) == ("miss", "abstained", 2)
    assert (await client.score()).body["outcome"] == "abstained"


async def test_a_failed_refresh_keeps_the_answer_that_was_there(client: Client, stub: StubJudge) -> None:
    stub.plays("normal", "fault_500")
    await client.score()
    assert (await client.score(cache="refresh")).status == 502
    assert how(await client.score()) == "hit"


async def test_off_neither_looks_nor_keeps(client: Client, stub: StubJudge) -> None:
    assert how(await client.score(cache="off")) == "off"
    assert (await client.score(cache="only")).status == 404
    await client.score()
    assert how(await client.score(cache="off")) == "off"
    assert stub.count == 3


async def test_only_asks_no_judge(client: Client, stub: StubJudge) -> None:
    missed = await client.score(cache="only")
    assert (missed.status, missed.kind, stub.count) == (404, "application/problem+json", 0)
    assert missed.body["type"] == "urn:judge-service:problem:cache-miss"
    await client.score()
    assert how(await client.score(cache="only")) == "hit"


async def test_equal_questions_at_one_time_are_one_call(client: Client, stub: StubJudge) -> None:
    stub.latency_s = 0.2
    replies = await asyncio.gather(*(client.score() for _ in range(20)))
    assert sorted(map(how, replies)) == ["joined"] * 19 + ["miss"]
    assert stub.count == 1


async def test_a_failure_is_shared_by_those_who_wait_and_asked_again_by_the_next(
    client: Client, stub: StubJudge
) -> None:
    stub.latency_s = 0.1
    stub.plays("fault_500", "normal")
    replies = await asyncio.gather(*(client.score() for _ in range(5)))
    assert [reply.status for reply in replies] == [502] * 5
    assert how(await client.score()) == "miss"
    assert stub.count == 2


async def test_answers_in_a_file_survive_a_restart(stub: StubJudge, tmp_path: Path) -> None:
    judges, store = {"default": openai_judge(stub.url)}, f"file://{tmp_path}/store"
    async with serving(judges, store_url=store) as client:
        before = await client.score()
    async with serving(judges, store_url=store) as client:
        after = await client.score()
    assert (how(before), how(after), stub.count) == ("miss", "hit", 1)
    assert before.body["criteria"] == after.body["criteria"]


async def test_a_key_follows_what_the_judge_is_and_not_its_name(stub: StubJudge, tmp_path: Path) -> None:
    store = f"file://{tmp_path}/store"
    async with serving({"default": openai_judge(stub.url, model="a")}, store_url=store) as client:
        assert how(await client.score()) == "miss"
    async with serving({"default": openai_judge(stub.url, model="b")}, store_url=store) as client:
        assert how(await client.score()) == "miss"
    async with serving({"renamed": openai_judge(stub.url, model="a")}, store_url=store) as client:
        assert how(await client.score(judge="renamed")) == "hit"


async def test_many_equal_questions_to_three_replicas_are_one_call(
    stub: StubJudge, tmp_path: Path, redis_url: str
) -> None:
    stub.latency_s = 0.3
    judges = {"default": openai_judge(stub.url)}
    with ExitStack() as processes:
        fleet = [processes.enter_context(served(tmp_path, judges, store_url=redis_url)) for _ in range(3)]
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(speaking_to(each.url)) for each in fleet]
            for client in clients:  # no replica is sent anything before it says that it is ready
                assert (await client.get("/readyz")).body == {"status": "ready", "degraded": []}
            replies = await asyncio.gather(*(clients[at % 3].score() for at in range(CALLERS)))
            assert stub.count == 1
            assert {reply.status for reply in replies} == {200}
            caches = [how(reply) for reply in replies]
            assert caches.count("miss") == 1
            assert (
                len(
                    {
                        reply.raw[reply.raw.find(b'"criteria"') : reply.raw.find(b'"interval"')]
                        for reply in replies
                    }
                )
                == 1
            )
            assert [how(await client.score()) for client in clients] == ["hit"] * 3


async def test_without_its_redis_it_serves_and_says_that_it_is_degraded(stub: StubJudge) -> None:
    judges = {"default": openai_judge(stub.url)}
    async with AsyncExitStack() as stack:
        redis = ExitStack()
        stack.callback(redis.close)
        port = redis.enter_context(redis_server())
        client = await stack.enter_async_context(serving(judges, store_url=f"redis://127.0.0.1:{port}/0"))
        assert how(await client.score()) == "miss"
        assert how(await client.score()) == "hit"
        assert (await client.get("/readyz")).body == {"status": "ready", "degraded": []}

        redis.close()
        began = asyncio.get_running_loop().time()
        assert how(await client.score()) == "miss"
        assert asyncio.get_running_loop().time() - began < 0.5
        ready = await client.get("/readyz")
        assert (ready.status, ready.body) == (200, {"status": "ready", "degraded": ["store"]})

        redis.enter_context(redis_server(port))
        async with asyncio.timeout(10):
            while how(await client.score()) != "hit":  # noqa: ASYNC110  the way back is seen by asking
                await asyncio.sleep(0.1)
        assert (await client.get("/readyz")).body["degraded"] == []


async def test_a_redis_that_is_not_there_at_the_start_stops_nothing(stub: StubJudge) -> None:
    async with serving({"default": openai_judge(stub.url)}, store_url="redis://127.0.0.1:1/0") as client:
        assert how(await client.score()) == "miss"
        assert (await client.get("/readyz")).body["degraded"] == ["store"]
