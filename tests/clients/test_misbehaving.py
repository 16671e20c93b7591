"""What both clients do where a service hangs up, is busy, tells nonsense, or is another one."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from bothclients import Either, either
from scriptedserver import HANGS_UP, SCORE, SILENT, Says, problem, says, scripted

from judge_client import (
    AsyncJudgeClient,
    Incompatible,
    JudgeClientError,
    NoAnswer,
    Patience,
    Refused,
    ScoredCase,
    Unreachable,
)

GOOD = says(SCORE)
BUSY = problem(503, retryable=True, headers={"retry-after": "3"})


async def ask(client: Either, **more: Any) -> Any:
    return await client.do("score", rubric="r", response="secret", **more)


async def test_what_passes_is_asked_again_and_the_service_s_wait_is_kept(kind: str) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)
    dated = problem(503, retryable=True, headers={"retry-after": soon})
    async with scripted(HANGS_UP, BUSY, dated, GOOD) as (server, url), either(kind, url) as client:
        told = await ask(client)
    assert isinstance(told, ScoredCase)
    assert told.score == 75.0
    first, second, third = client.naps.taken
    assert first == 0.5
    assert 3 <= second < 3.2
    assert 7 <= third < 9.5
    assert len({heard.body for heard in server.heard}) == 1


async def test_a_connection_is_kept_and_the_version_asked_once(kind: str) -> None:
    async with scripted(GOOD) as (server, url), either(kind, url) as client:
        for _ in range(5):
            await ask(client)
    assert (server.connections, server.asked_version, len(server.heard)) == (1, 1, 5)


async def test_the_time_that_is_left_is_told_and_shrinks(kind: str) -> None:
    async with scripted(BUSY, GOOD) as (server, url), either(kind, url) as client:
        await ask(client)
    first, second = (int(heard.headers["x-request-deadline-ms"]) for heard in server.heard)
    assert 20_000 < first <= 29_500
    assert 3000 <= first - second < 10_000


async def test_a_wait_beyond_the_deadline_is_not_begun(kind: str) -> None:
    late = problem(
        503, retryable=True, headers={"retry-after": "60"}, outcome="provider_error", code="rate_limited"
    )
    async with scripted(late) as (server, url), either(kind, url) as client:
        with pytest.raises(NoAnswer) as raised:
            await ask(client)
    assert (raised.value.retry_after_s, raised.value.code) == (60.0, "rate_limited")
    assert (client.naps.taken, len(server.heard)) == ([], 1)


async def test_who_says_nothing_is_left_when_the_time_is_over(kind: str) -> None:
    patience = Patience(deadline_s=0.4)
    async with scripted(SILENT) as (server, url), either(kind, url, patience=patience) as client:
        with pytest.raises(Unreachable) as raised:
            await ask(client)
        async with asyncio.timeout(5):
            await server.left.wait()
    assert raised.value.sent


async def test_who_says_it_bit_by_bit_is_left_then_too(kind: str) -> None:
    drip = Says(200, GOOD.body, drip_s=0.05)
    patience = Patience(deadline_s=0.3)
    async with scripted(drip) as (server, url), either(kind, url, patience=patience) as client:
        async with asyncio.timeout(5):
            with pytest.raises(Unreachable, match="deadline"):
                await ask(client)
    assert len(server.heard) == 1


@pytest.mark.parametrize("cache", ["off", "refresh"])
async def test_what_may_have_been_paid_is_not_asked_twice(kind: str, cache: str) -> None:
    """An answer that is kept nowhere is lost with its connection; asking again would buy another one."""
    async with scripted(HANGS_UP, GOOD) as (server, url), either(kind, url) as client:
        with pytest.raises(Unreachable):
            await ask(client, cache=cache)
        assert len(server.heard) == 1
    proxy = Says(502, b"<html>bad gateway", kind="text/html")
    async with scripted(proxy, GOOD) as (server, url), either(kind, url) as client:
        with pytest.raises(NoAnswer):
            await ask(client, cache=cache)
    async with scripted(BUSY, GOOD) as (server, url), either(kind, url) as client:
        assert isinstance(
            await ask(client, cache=cache), ScoredCase
        )  # the service says itself that it may be


async def test_a_proxy_s_own_words_are_an_error_of_ours(kind: str) -> None:
    proxy = Says(503, b"<html>away", kind="text/html")
    async with scripted(proxy, GOOD) as (_, url), either(kind, url) as client:
        assert isinstance(await ask(client), ScoredCase)
    denied = Says(401, b"<html>who are you", kind="text/html")
    async with scripted(denied) as (server, url), either(kind, url) as client:
        with pytest.raises(Refused) as raised:
            await ask(client)
    assert (raised.value.status, raised.value.type, len(server.heard)) == (401, "about:blank", 1)


async def test_what_is_not_to_be_repeated_is_not(kind: str) -> None:
    broken = problem(500, retryable=False)
    async with scripted(broken, GOOD) as (server, url), either(kind, url) as client:
        with pytest.raises(NoAnswer):
            await ask(client)
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "told",
    [
        says(SCORE | {"score": None}),
        says(SCORE | {"outcome": "refused"}),
        says({key: value for key, value in SCORE.items() if key != "score"}),
        says(SCORE | {"score": "75 secret"}),
        says(SCORE | {"score": "75"}),
        says(SCORE | {"score": -5}),
        Says(200, GOOD.body.replace(b'"score": 75.0', b'"score": 1e999')),
        Says(200, GOOD.body.replace(b'"score": 75.0', b'"score": NaN')),
        Says(200, b"<html>secret"),
        Says(302, b"", headers={"location": "http://elsewhere.example/"}),
    ],
)
async def test_an_answer_that_is_none_is_never_a_score_and_is_not_quoted(kind: str, told: Says) -> None:
    async with scripted(told) as (_, url), either(kind, url) as client:
        with pytest.raises(Incompatible) as raised:
            await ask(client)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (says({"version": "3.0", "api": 2}), "use a newer client"),
        (says({"version": "0.0", "api": 0}), "use a newer service"),
        (problem(404, retryable=False), "older than this client"),
        (Says(404, b"<html>", kind="text/html"), "is the address right"),
        (Says(200, b"<html>welcome", kind="text/html"), "no Judge Service"),
        (says({"version": "1.0"}), "Version"),
    ],
)
async def test_another_service_is_told_before_anything_is_asked_of_it(
    kind: str, version: Says, words: str
) -> None:
    async with scripted(GOOD, version=version) as (server, url), either(kind, url) as client:
        for _ in range(2):
            with pytest.raises(Incompatible, match=words):
                await ask(client)
        assert server.heard == []


async def test_a_gateway_that_wants_a_key_is_no_other_service(kind: str) -> None:
    denied = Says(401, b"", kind="text/html")
    async with scripted(GOOD, version=denied) as (_, url), either(kind, url) as client:
        with pytest.raises(Refused):
            await ask(client)


async def test_headers_and_tenant_go_with_every_call(kind: str) -> None:
    more: dict[str, Any] = {"tenant": "ward-7", "headers": {"Authorization": "Bearer of-a-gateway"}}
    async with scripted(GOOD) as (server, url), either(kind, url, **more) as client:
        await ask(client)
    headers = server.heard[0].headers
    assert headers["x-tenant"] == "ward-7"
    assert headers["authorization"] == "Bearer of-a-gateway"
    assert headers["user-agent"].startswith("judge-client/")


async def test_a_job_is_handed_over_again_under_its_key_and_whole(kind: str) -> None:
    in_use = problem(409, retryable=True, type="urn:judge-service:problem:key-in-use")
    job = {"id": "job_1", "state": "in_progress", "priority": "normal", "counts": {}, "usage": {}}
    given = says(job | {"created_at": 0.0, "expires_at": 1.0}, 202)
    async with scripted(HANGS_UP, in_use, given) as (server, url), either(kind, url) as client:
        lines = ((f"c{at}", {"rubric": "r", "case": {"response": "x" * 100}}) for at in range(2000))
        told = await client.do("jobs.submit", lines)
    assert told.id == "job_1"
    keys = {heard.headers["idempotency-key"] for heard in server.heard}
    assert len(keys) == 1
    assert [len(heard.body.splitlines()) for heard in server.heard] == [2000] * 3


async def test_what_was_dropped_by_a_lost_answer_is_dropped(kind: str) -> None:
    gone = problem(404, retryable=False)
    async with scripted(HANGS_UP, gone) as (_, url), either(kind, url) as client:
        assert await client.do("jobs.delete", "job_1") is None
    async with scripted(gone) as (_, url), either(kind, url) as client:
        with pytest.raises(Refused):
            await client.do("jobs.delete", "job_1")


async def test_a_cancelled_call_leaves_at_once_and_the_client_goes_on() -> None:
    async with scripted(SILENT, GOOD) as (server, url), AsyncJudgeClient(url) as client:
        task = asyncio.create_task(client.score(rubric="r", response="x"))
        await server.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await server.left.wait()
        assert isinstance(await client.score(rubric="r", response="x"), ScoredCase)


async def test_first_calls_at_once_ask_for_the_version_once() -> None:
    async with scripted(GOOD) as (server, url), AsyncJudgeClient(url) as client:
        await asyncio.gather(*(client.score(rubric="r", response="x") for _ in range(8)))
    assert server.asked_version == 1


def test_every_error_is_of_one_tree() -> None:
    assert {kind.__mro__[1] for kind in (Refused, NoAnswer, Unreachable, Incompatible)} == {JudgeClientError}


def test_the_stub_says_what_the_real_service_does() -> None:
    assert json.loads(BUSY.body)["retryable"] is True
