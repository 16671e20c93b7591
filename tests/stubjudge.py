"""A stub OpenAI-compatible judge on a loopback socket, which can also misbehave on the wire."""

from __future__ import annotations

import argparse
import asyncio
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Self, cast

import msgspec
import uvloop
from stubshapes import AT_CAP, MARKER, SHAPES, Shape, answering, document_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MARKER", "SHAPES", "Call", "Shape", "StubJudge", "answering"]

DRIP_S = 0.1
TEXT_TOKENS = 321  # of any prompt's texts
IMAGE_TOKENS = 85  # of each image that arrives
KEPT_CALLS = 10_000
MODELS = b'{"object": "list", "data": [{"id": "stub-judge", "object": "model"}]}'


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    head: bytes
    raw: bytes
    at: float
    port: int = 0  # of the client

    @property
    def body(self) -> dict[str, Any]:
        """The decoded body."""
        decoded: dict[str, Any] = msgspec.json.decode(self.raw)
        return decoded

    @property
    def images(self) -> list[str]:
        """The data URIs it holds, in their order."""
        contents = [message.get("content") for message in self.body.get("messages", ())]
        parts = [part for content in contents if isinstance(content, list) for part in content]
        return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name."""
        pairs = (line.partition(":") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


class StubJudge:
    """Plays one shape per request: those given to `plays`, in order, the last for ever."""

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        rate_per_s: float | None = None,
        schema: Mapping[str, Any] | None = None,
        choose: Callable[[Call], Shape] | None = None,
        drops_images: bool = False,
    ) -> None:
        self.latency_s = latency_s
        self.rate_per_s = rate_per_s
        self.schema = schema or {}  # for requests that bring none
        self.choose = choose
        self.drops_images = drops_images  # as some gateways do: they are not counted, and nothing is said
        self.calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self.count = 0
        self.in_flight = 0
        self.peak = 0
        self.connections = 0
        self.left = 0  # clients that went away before their answer was sent
        self.url = ""
        self._allowance: tuple[float, float] = (rate_per_s or 0.0, time.monotonic())
        self._plan: list[Shape] = [SHAPES["normal"]]
        self._somebody_asked = asyncio.Event()
        self._somebody_left = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    def plays(self, *shapes: str | Shape) -> None:
        """Set what comes next."""
        self._plan = [SHAPES[shape] if isinstance(shape, str) else shape for shape in shapes]

    async def start(self, port: int = 0) -> Self:
        """Listen on loopback; port 0 picks a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port, backlog=2048)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for transport in list(self._open):
            transport.abort()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def somebody_asked(self, within_s: float = 2.0) -> None:
        """Wait until a request has arrived whole."""
        await asyncio.wait_for(self._somebody_asked.wait(), within_s)

    async def somebody_left(self, within_s: float = 2.0) -> None:
        """Wait until a client has gone away before its answer."""
        await asyncio.wait_for(self._somebody_left.wait(), within_s)

    def next_shape(self, call: Call) -> Shape:
        """Decide how to answer this request."""
        self.calls.append(call)
        self.count += 1
        self._somebody_asked.set()
        if self.rate_per_s is not None and not self._admits():
            return SHAPES["rate_seconds_one"]
        if self.choose is not None:
            return self.choose(call)
        return self._plan.pop(0) if len(self._plan) > 1 else self._plan[0]

    def _admits(self) -> bool:
        rate = self.rate_per_s or 0.0
        tokens, then = self._allowance
        now = time.monotonic()
        tokens = min(rate, tokens + (now - then) * rate)
        self._allowance = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1

    def enters(self, transport: asyncio.Transport) -> None:
        """Count a new connection."""
        self.connections += 1
        self._open.add(transport)

    def leaves(self, transport: asyncio.Transport, *, waiting: bool) -> None:
        """Note a closed connection."""
        self._open.discard(transport)
        if waiting:
            self.left += 1
            self._somebody_left.set()


class _Connection(asyncio.Protocol):
    """One client; one request at a time."""

    def __init__(self, stub: StubJudge) -> None:
        self._stub = stub
        self._buffer = bytearray()
        self._busy = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._stub.enters(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stub.leaves(self._transport, waiting=self._busy)
        self._done()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._take()

    def _take(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end])
        length = _content_length(head)
        if len(self._buffer) < end + 4 + length:
            return
        raw = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        method, path, _ = head[: head.find(b"\r\n")].decode("latin-1").split(" ", 2)
        port = self._transport.get_extra_info("peername")[1]
        self._answer(Call(method, path, head, raw, time.monotonic(), port))

    def _answer(self, call: Call) -> None:
        stub = self._stub
        if call.path == "/v1/models":
            self._transport.write(_reply(Shape(), MODELS))
            return
        self._busy = True
        stub.in_flight += 1
        stub.peak = max(stub.peak, stub.in_flight)
        shape = stub.next_shape(call)
        if stub.latency_s and shape.status != 429:  # a gateway says so before any model is asked
            asyncio.get_running_loop().call_later(stub.latency_s, self._send, shape, call)
        else:
            self._send(shape, call)

    def _send(self, shape: Shape, call: Call) -> None:
        if shape.wire == "silence" or not self._busy:
            return
        if shape.wire == "reset":
            self._reset()
            return
        body = _completion(shape, call, self._stub) if shape.body is None else shape.body
        reply = _reply(shape, body)
        if shape.wire == "drip":
            self._drip(reply, 0)
        elif shape.wire == "whole":
            self._transport.write(reply)
            self._done()
            self._take()
        else:
            self._break_off(
                reply[: len(reply) - 30] if shape.wire == "cut" else b"\x00\x01\x02 what?\r\n\r\n"
            )

    def _done(self) -> None:
        self._stub.in_flight -= self._busy
        self._busy = False

    def _break_off(self, data: bytes) -> None:
        self._done()
        self._transport.write(data)
        self._transport.close()

    def _reset(self) -> None:
        self._done()
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _drip(self, reply: bytes, sent: int) -> None:
        if self._busy and sent < len(reply):
            self._transport.write(reply[sent : sent + 1])
            asyncio.get_running_loop().call_later(DRIP_S, self._drip, reply, sent + 1)


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    return int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def _reply(shape: Shape, body: bytes) -> bytes:
    headers = dict(shape.headers)
    if shape.retry_in_s is not None:
        headers["Retry-After"] = formatdate(time.time() + shape.retry_in_s, usegmt=True)
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {shape.status} X\r\nContent-Type: {shape.content_type}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n{extra}\r\n".encode() + body


def _completion(shape: Shape, call: Call, stub: StubJudge) -> bytes:
    request = call.body
    asked = request.get("response_format", {}).get("json_schema", {}).get("schema", stub.schema)
    prompt_tokens = TEXT_TOKENS + (0 if stub.drops_images else IMAGE_TOKENS * len(call.images))
    tokens = request.get("max_tokens", 0) if shape.output_tokens == AT_CAP else shape.output_tokens
    content = shape.content(document_of(asked))
    message = {"role": "assistant", "content": content, **shape.message}
    tokens_told = shape.tokens_told(str(content)) if request.get("logprobs") and shape.tokens_told else None
    completion: dict[str, Any] = {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": f"{request.get('model', 'stub-judge')}-001",  # a revision of what was asked for
        "system_fingerprint": "fp_stub",
        "choices": [{"index": 0, "message": message, "finish_reason": shape.finish, "logprobs": tokens_told}],
    }
    if tokens == 0:  # as servers that do not count say
        prompt_tokens = 0
    if tokens is not None:
        completion["usage"] = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": prompt_tokens + tokens,
        }
    return msgspec.json.encode(completion)


async def _serve(port: int, latency_s: float, rate_per_s: float | None) -> None:
    stub = await StubJudge(latency_s=latency_s, rate_per_s=rate_per_s).start(port)
    sys.stdout.write(f"{stub.url}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed; for benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=None, help="requests per second that are let in")
    chosen = parser.parse_args()
    uvloop.run(_serve(chosen.port, chosen.latency_ms / 1000, chosen.rate))


if __name__ == "__main__":
    main()
