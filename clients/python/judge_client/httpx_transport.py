"""The transport that comes with the client: httpx, its connections kept open. The only module that imports it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from judge_client.calls import Call, Reply
from judge_client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

# No longer than this for a connection; the rest of the time is the service's.
_CONNECT_S = 10.0


class HttpxTransport:
    """Carries calls over a pool of connections, from any number of threads."""

    def __init__(
        self,
        url: str,
        connections: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._client = httpx.Client(base_url=url, limits=_limits(connections))

    def send(self, call: Call, timeout_s: float) -> Reply:
        """Make a call and read the answer; the time is looked at between its pieces."""
        until = self._clock() + timeout_s
        with self.stream(call, timeout_s) as answer:
            body = bytearray()
            for piece in answer.pieces():
                body += piece
                if self._clock() > until:
                    raise _late()
            return Reply(answer.status, answer.headers, bytes(body))

    @contextmanager
    def stream(self, call: Call, silence_s: float) -> Iterator[_Streamed]:
        """Make a call and read its answer piece by piece."""
        try:
            with self._client.stream(**_request(call, silence_s)) as answer:
                yield _Streamed(answer)
        except httpx.RequestError as exc:
            raise _lost(exc) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncHttpxTransport:
    """Carries calls over a pool of connections of one event loop."""

    def __init__(self, url: str, connections: int) -> None:
        self._client = httpx.AsyncClient(base_url=url, limits=_limits(connections))

    async def send(self, call: Call, timeout_s: float) -> Reply:
        """Make a call and read the answer."""
        try:
            async with asyncio.timeout(timeout_s), self.stream(call, timeout_s) as answer:
                body = b"".join([piece async for piece in answer.pieces()])
                return Reply(answer.status, answer.headers, body)
        except TimeoutError:
            raise _late() from None

    @asynccontextmanager
    async def stream(self, call: Call, silence_s: float) -> AsyncIterator[_AsyncStreamed]:
        """Make a call and read its answer piece by piece."""
        request = _request(call, silence_s)
        if not isinstance(call.body, bytes | None):
            request["content"] = _in_turn(call.body())
        try:
            async with self._client.stream(**request) as answer:
                yield _AsyncStreamed(answer)
        except httpx.RequestError as exc:
            raise _lost(exc) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@dataclass(frozen=True, slots=True)
class _Streamed:
    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.answer.headers.items()}

    def pieces(self) -> Iterator[bytes]:
        try:
            yield from self.answer.iter_bytes()
        except httpx.RequestError as exc:
            raise _lost(exc) from None


@dataclass(frozen=True, slots=True)
class _AsyncStreamed:
    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.answer.headers.items()}

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self.answer.aiter_bytes():
                yield piece
        except httpx.RequestError as exc:
            raise _lost(exc) from None


def _request(call: Call, timeout_s: float) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "headers": dict(call.headers),
        "content": call.body if isinstance(call.body, bytes | None) else call.body(),
        "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)),
    }


async def _in_turn(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _limits(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


def _late() -> Unreachable:
    return Unreachable("the deadline passed before the answer was there", sent=True)


def _lost(exc: httpx.RequestError) -> Unreachable:
    """What became of a call, in our words: httpx's own may hold the address."""
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable("no connection to the service: is the address right, is it up?", sent=False)
    if isinstance(exc, httpx.PoolTimeout):
        return Unreachable("no connection was free before the deadline", sent=False)
    if isinstance(exc, httpx.TimeoutException):
        return _late()
    return Unreachable(f"the connection was lost ({type(exc).__name__})", sent=True)
