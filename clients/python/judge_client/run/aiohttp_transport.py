"""The driver's transport: aiohttp, at a fraction of the CPU of httpx. The only module that imports it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from judge_client.calls import Call, Reply
from judge_client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_CONNECT_S = 10.0
# Shorter than what servers keep an idle connection for (uvicorn: 5 s), so that a call meets no closing door.
_KEPT_S = 4.0


class AiohttpTransport:
    """Carries calls over a pool of connections of one event loop."""

    def __init__(self, url: str, connections: int) -> None:
        self._url = url.rstrip("/")
        self._connections = connections
        self._open: aiohttp.ClientSession | None = None

    async def send(self, call: Call, timeout_s: float) -> Reply:
        """Make a call and read the answer, all within the time."""
        try:
            async with asyncio.timeout(timeout_s), self.stream(call, timeout_s) as answer:
                body = b"".join([piece async for piece in answer.pieces()])
                return Reply(answer.status, answer.headers, body)
        except TimeoutError:
            raise _late() from None

    @asynccontextmanager
    async def stream(self, call: Call, silence_s: float) -> AsyncIterator[_Streamed]:
        """Make a call and read its answer piece by piece."""
        body = call.body if isinstance(call.body, bytes | None) else b"".join(call.body())
        within = aiohttp.ClientTimeout(
            total=None, sock_connect=min(silence_s, _CONNECT_S), sock_read=silence_s
        )
        try:
            async with self._session().request(
                call.method,
                self._url + call.path,
                params=dict(call.query) or None,
                headers=dict(call.headers),
                data=body,
                timeout=within,
                allow_redirects=False,
            ) as answer:
                yield _Streamed(answer)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise _lost(exc) from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._open is not None:
            await self._open.close()

    def _session(self) -> aiohttp.ClientSession:
        """Made where it is used first: a session belongs to its event loop."""
        if self._open is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEPT_S)
            self._open = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        return self._open


@dataclass(frozen=True, slots=True)
class _Streamed:
    answer: aiohttp.ClientResponse

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.answer.headers.items()}

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self.answer.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise _lost(exc) from None


def _late() -> Unreachable:
    return Unreachable("the deadline passed before the answer was there", sent=True)


def _lost(exc: Exception) -> Unreachable:
    """What became of a call, in our words: the library's own may hold the address."""
    if isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return Unreachable("no connection: is the address right, is it up?", sent=False)
    if isinstance(exc, TimeoutError):
        return _late()
    return Unreachable(f"the connection was lost ({type(exc).__name__})", sent=True)
