"""The lean door's own manners on the wire."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from asking import asking
from stubjudge import Shape, StubJudge

from judge_service.backends.openai_http import OpenAIBackend
from judge_service.domain.judge import JudgeSpec
from judge_service.errors import (
    BackendBroken,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.clocked


def door_to(url: str, key: str | None = None) -> OpenAIBackend:
    return OpenAIBackend(JudgeSpec(kind="openai", base_url=url, model="judge"), key)


@pytest.fixture
async def stub() -> AsyncIterator[StubJudge]:
    async with StubJudge() as server:
        yield server


@pytest.fixture
async def door(stub: StubJudge) -> AsyncIterator[OpenAIBackend]:
    backend = door_to(stub.url)
    yield backend
    await backend.aclose()


async def test_one_connection_serves_one_call_after_another(door: OpenAIBackend, stub: StubJudge) -> None:
    stub.plays("normal", "rate_bare", "normal")
    await door.complete(asking(), timeout_s=5)
    with pytest.raises(Exception, match="429"):
        await door.complete(asking(), timeout_s=5)
    await door.complete(asking(), timeout_s=5)
    assert stub.connections == 1


async def test_a_connection_that_was_left_early_is_not_used_again(
    door: OpenAIBackend, stub: StubJudge
) -> None:
    stub.plays("silence", "normal")
    with pytest.raises(BackendTimeout):
        await door.complete(asking(), timeout_s=0.05)
    await door.complete(asking(), timeout_s=5)
    assert stub.connections == 2


async def test_calls_in_flight_are_not_held_back(door: OpenAIBackend, stub: StubJudge) -> None:
    stub.latency_s = 0.2
    await asyncio.gather(*(door.complete(asking(), timeout_s=5) for _ in range(150)))
    assert stub.peak == 150


async def test_without_a_key_none_is_sent(door: OpenAIBackend, stub: StubJudge) -> None:
    await door.complete(asking(), timeout_s=5)
    assert "authorization" not in stub.calls[0].headers


async def test_cookies_are_not_kept(door: OpenAIBackend, stub: StubJudge) -> None:
    stub.plays(Shape(headers={"Set-Cookie": "who=you; Path=/"}))
    await door.complete(asking(), timeout_s=5)
    await door.complete(asking(), timeout_s=5)
    assert "cookie" not in stub.calls[1].headers


async def test_a_redirect_is_not_followed(door: OpenAIBackend, stub: StubJudge) -> None:
    stub.plays(Shape(status=307, body=b"", headers={"Location": stub.url + "/elsewhere"}))
    with pytest.raises(BackendRejected):
        await door.complete(asking(), timeout_s=5)
    assert stub.count == 1


async def test_a_proxy_of_the_environment_is_not_used(
    stub: StubJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    door = door_to(stub.url + "/")
    assert (await door.complete(asking(), timeout_s=5)).finish == "stop"
    assert stub.calls[0].path == "/v1/chat/completions"
    await door.aclose()


async def test_a_server_that_does_not_read_cannot_hold_a_large_image() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    gone = asyncio.Event()
    server = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1024)
    door = door_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    started = time.monotonic()
    with pytest.raises(BackendTimeout):
        await door.complete(asking(images=("data:image/png;base64," + "A" * 30_000_000,)), timeout_s=0.5)
    assert time.monotonic() - started < 1.5
    gone.set()
    await door.aclose()
    server.close()


@pytest.mark.parametrize("status", [200, 400])
async def test_a_reply_that_goes_on_and_on_is_left(door: OpenAIBackend, stub: StubJudge, status: int) -> None:
    stub.plays(Shape(status=status, body=b'"' + b"x" * 20_000_000 + b'"'))
    with pytest.raises(BackendBroken if status == 200 else BackendRejected):
        await door.complete(asking(), timeout_s=5)


async def test_text_that_utf8_cannot_carry_is_refused_here(door: OpenAIBackend, stub: StubJudge) -> None:
    with pytest.raises(BackendRejected) as caught:
        await door.complete(asking(system="\ud800"), timeout_s=5)
    assert caught.value.code == "bad_request"
    assert stub.count == 0


async def test_a_closed_door_stays_closed(door: OpenAIBackend) -> None:
    await door.complete(asking(), timeout_s=5)
    await door.aclose()
    with pytest.raises(BackendUnavailable):
        await door.complete(asking(), timeout_s=5)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/v1", "http://[::1"])
async def test_an_address_that_leads_nowhere_is_unavailable(url: str) -> None:
    door = door_to(url)
    with pytest.raises(BackendUnavailable):
        await door.complete(asking(), timeout_s=5)
    await door.aclose()


async def test_a_ping_reports_a_wrong_key() -> None:
    async with StubJudge() as stub:
        door = door_to(stub.url.replace("/v1", "/v2"))
        stub.plays("unauthorized")
        with pytest.raises(BackendRejected) as caught:
            await door.ping()
        assert caught.value.code == "unauthorized"
        await door.aclose()
