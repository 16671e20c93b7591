"""The envelope and the watch for a client that leaves, without a server around them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from judge_service.api.middleware import Envelope
from judge_service.api.presence import ClientGone, while_present
from judge_service.errors import BodyTooLarge
from judge_service.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CAP = 10


def scope(**headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": "/", "headers": raw}


def chunks(*bodies: bytes) -> Callable[[], Awaitable[Message]]:
    left = list(bodies)

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return receive


class Reader:
    """An application that reads its whole body and says how much there was."""

    def __init__(self) -> None:
        self.read = 0
        self.messages = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            self.messages += 1
            self.read += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def through(app: ASGIApp, asked: dict[str, Any], receive: Receive) -> tuple[list[Message], Observation]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    observation = Observation()
    await Envelope(app, observation=observation, body_cap=CAP)(asked, receive, send)
    return sent, observation


async def test_a_body_up_to_the_cap_passes_in_pieces() -> None:
    reader = Reader()
    await through(reader, scope(), chunks(b"12345", b"67890"))
    assert (reader.read, reader.messages) == (CAP, 2)


async def test_a_body_over_the_cap_is_refused_at_the_piece_that_is_too_much() -> None:
    reader = Reader()
    with pytest.raises(BodyTooLarge, match="10 bytes"):
        await through(reader, scope(), chunks(b"12345", b"678901", b"never read"))
    assert reader.read == 5


@pytest.mark.parametrize("declared", ["11", "9" * 30, "9" * 5000])
async def test_a_declared_length_over_the_cap_is_refused_before_anything_is_read(declared: str) -> None:
    async def receive() -> Message:
        raise AssertionError("nothing may be read")

    with pytest.raises(BodyTooLarge):
        await through(Reader(), scope(content_length=declared), receive)


@pytest.mark.parametrize("declared", ["", "-1", "ten", "0x1", "²"])
async def test_a_declared_length_that_is_no_number_says_nothing(declared: str) -> None:
    reader = Reader()
    await through(reader, scope(content_length=declared), chunks(b"12345"))
    assert reader.read == 5


async def test_an_answer_is_counted_by_route_and_never_by_address() -> None:
    sent, observation = await through(Reader(), scope() | {"path": "/SECRET"}, chunks(b""))
    told = observation.exposition().decode()
    assert 'judge_requests_total{route="unrouted",status="200"} 1.0' in told
    assert "SECRET" not in told
    assert dict(sent[0]["headers"])[b"x-request-id"]


async def test_other_protocols_pass_untouched() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await through(app, {"type": "lifespan"}, chunks())
    assert seen == ["lifespan"]


async def test_a_request_that_is_cut_is_answered_and_the_cut_goes_on() -> None:
    entered = asyncio.Event()
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    envelope = Envelope(app, observation=Observation(), body_cap=CAP)
    task = asyncio.create_task(envelope(scope(), chunks(b""), send))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sent[0]["status"] == 503
    assert b"urn:judge-service:problem:stopping" in sent[1]["body"]


def watched(messages: asyncio.Queue[Message]) -> Request:
    return Request(scope(), messages.get)


async def test_work_is_answered_while_the_client_is_there() -> None:
    async def work() -> int:
        return 7

    before = len(asyncio.all_tasks())
    assert await while_present(watched(asyncio.Queue()), work()) == 7
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


async def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await while_present(watched(asyncio.Queue()), work())


async def test_work_ends_with_the_client_and_has_time_to_clear_up() -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    entered, cleared = asyncio.Event(), False

    async def work() -> None:
        nonlocal cleared
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleared = True

    task = asyncio.create_task(while_present(watched(messages), work()))
    await entered.wait()
    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    messages.put_nowait({"type": "http.disconnect"})
    with pytest.raises(ClientGone):
        await task
    assert cleared


async def test_work_that_is_done_when_the_client_leaves_is_answered() -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "http.disconnect"})

    async def work() -> int:
        return 7

    assert await while_present(watched(messages), work()) == 7
