from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from judge_service.api.streaming import Streamed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


class Pieces:
    """Work that tells how it ended."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.closed = False

    async def flow(self) -> AsyncGenerator[bytes, None]:
        try:
            for piece in self.pieces:
                yield piece
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as one who waits for what he cancelled
            self.closed = True


class Client:
    """Takes a number of pieces, then reads no further; leaves when told."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.sent: list[bytes] = []
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            if len(self.sent) == self.takes:
                await asyncio.Event().wait()
            self.sent.append(message["body"])


@pytest.mark.parametrize("takes", [0, 1, 9])
async def test_whoever_leaves_closes_the_work_also_while_a_piece_is_sent(takes: int) -> None:
    pieces, client = Pieces(b"1", b"2"), Client(takes)
    answering = asyncio.create_task(Streamed(pieces.flow(), "text/plain")(SCOPE, client.receive, client.send))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (client.sent, pieces.closed) == ([b"1", b"2"][:takes], False)
    client.leaves.set()
    await asyncio.wait_for(answering, 1)
    assert pieces.closed
