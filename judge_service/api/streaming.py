"""Answers that are sent in pieces, as their parts are done."""

from __future__ import annotations

from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import StreamingResponse

from judge_service.api.presence import ClientGone, while_present

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope, Send

# A proxy that gathers an answer before it passes it on would undo all of it.
_UNGATHERED = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}


class Streamed(StreamingResponse):
    """Sends each piece when it comes; when the client goes, the pieces' work is closed at once."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], media_type: str) -> None:
        super().__init__(pieces, media_type=media_type, headers=_UNGATHERED)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all of it, or as much as there is somebody for. The request's body must have been read."""
        with suppress(ClientGone):
            await while_present(Request(scope, receive), self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        async with aclosing(self._pieces):
            await self.stream_response(send)
