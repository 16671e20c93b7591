"""Around every request: its id, its size, its count. Plain ASGI: the base class costs 3.5 times more."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING

from judge_service.api import problems
from judge_service.errors import BodyTooLarge

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from judge_service.observation import Observation

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """Names a request, refuses a body above the cap before reading on, and counts the answer by its route."""

    def __init__(self, app: ASGIApp, *, observation: Observation, body_cap: int) -> None:
        self._app = app
        self._observation = observation
        self._cap = body_cap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex
        scope["request_id"] = request_id
        declared = headers.get(b"content-length", b"")
        # A length of many digits is not turned into a number: Python refuses more than 4,300 of them.
        refused = declared.isdigit() and int(declared[:20]) > self._cap
        read, started = 0, False

        async def bounded() -> Message:
            nonlocal read
            if refused:
                raise self._too_large()
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._cap:
                raise self._too_large()
            return message

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                route = scope.get("route")
                self._observation.request(getattr(route, "path", "unrouted"), message["status"])
            await send(message)

        try:
            await self._app(scope, bounded, named)
        except asyncio.CancelledError:  # the server does that at the end of its drain, and nobody else
            if not started:
                await problems.stopping(request_id)(scope, receive, named)
            raise

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the body is larger than {self._cap} bytes")
