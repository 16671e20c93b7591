"""Around every request: its id, its size, its count. Plain ASGI: the base class costs 3.5 times more."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING

from judge_service.api import problems
from judge_service.errors import BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from judge_service.observation import Observation

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_DIGITS = 20  # Python refuses to read a number of more than 4,300 digits


class Envelope:
    """Names a request, refuses a body above the cap before reading on, and counts the answer by its route."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        observation: Observation,
        body_cap: int,
        caps: Mapping[str, int] | None = None,
    ) -> None:
        """`caps`: path → a cap of its own, where a body is read as it comes."""
        self._app = app
        self._observation = observation
        self._cap = body_cap
        self._caps = caps or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cap = self._caps.get(scope["path"], self._cap)
        exchange = _Exchange(scope, receive, send, self._observation, cap)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:  # the server does that at the end of its drain, and nobody else
            if not exchange.answered:
                await problems.stopping(exchange.request_id)(scope, receive, exchange.send)
            raise


class _Exchange:
    def __init__(
        self, scope: Scope, receive: Receive, send: Send, observation: Observation, cap: int
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._observation = observation
        self._cap = cap
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        self.request_id = given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex
        scope["request_id"] = self.request_id
        declared = headers.get(b"content-length", b"")
        self._declared = int(declared[:_DIGITS]) if declared.isdigit() else 0
        self._read = 0
        self.answered = False

    async def receive(self) -> Message:
        if self._declared <= self._cap:
            message = await self._receive()
            self._read += len(message.get("body", b""))
        if max(self._declared, self._read) > self._cap:
            raise BodyTooLarge(f"the body is larger than {self._cap} bytes")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered = True
            message["headers"] = [*message["headers"], (b"x-request-id", self.request_id.encode())]
            route = self._scope.get("route")
            self._observation.request(getattr(route, "path", "unrouted"), message["status"])
        await self._send(message)
