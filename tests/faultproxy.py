"""A TCP proxy that misbehaves on command: between the service and its Redis, or a judge."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from types import TracebackType

Mode = Literal["ok", "blackhole", "reset", "latency"]

_CHUNK = 65536


class FaultProxy:
    """Forwards to an upstream port; `turn` changes its mood for open and for new connections.

    `blackhole` takes in everything and answers nothing, `reset` tears every connection down, `latency` holds
    each chunk back by `delay_s` in each direction.
    """

    def __init__(self, upstream_port: int, *, mode: Mode = "ok", delay_s: float = 0.1) -> None:
        self._upstream_port = upstream_port
        self._mode: Mode = mode
        self._delay_s = delay_s
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None] | None] = set()
        self.port = 0
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._tear_down()
        await asyncio.gather(*filter(None, self._serving))
        await self._server.wait_closed()

    def turn(self, mode: Mode) -> None:
        """Change the mood."""
        self._mode = mode
        if mode == "reset":
            self._tear_down()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        self._serving.add(serving := asyncio.current_task())
        try:
            await self._forward(reader, writer)
        except OSError:
            pass
        finally:
            self._serving.discard(serving)
            self._writers.discard(writer)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "reset":
            _reset(writer)
            return
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        self._writers.add(upstream_writer)
        ways = [
            asyncio.create_task(self._pump(reader, upstream_writer)),
            asyncio.create_task(self._pump(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._writers.discard(upstream_writer)
            upstream_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            if self._mode == "latency":
                await asyncio.sleep(self._delay_s)
            if self._mode != "blackhole":
                writer.write(chunk)
                await writer.drain()

    def _tear_down(self) -> None:
        for writer in self._writers:
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    # Lingering for zero seconds makes the kernel send RST instead of FIN.
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() != -1:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
