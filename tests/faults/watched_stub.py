"""A stub judge in a process of its own that tells which items it was asked about, and changes its mood."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvloop
from stubjudge import Call, StubJudge
from stubshapes import SHAPES, Shape

_ITEM = re.compile(rb"item-\d+")


class Watched(StubJudge):
    """Answers by the model's name, where that is a shape's, and notes who was asked about."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.asked: list[tuple[float, str]] = []
        self.limited = 0

    def next_shape(self, call: Call) -> Shape:
        found = _ITEM.search(call.raw)
        self.asked.append((call.at, found.group().decode() if found else ""))
        shape = super().next_shape(call)
        if shape is SHAPES["rate_seconds_one"]:
            self.limited += 1
            return shape
        return SHAPES.get(str(call.body["model"]), shape)

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on the second port at once: `/told` tells, `/mood?...` sets."""
        path = urlsplit((await reader.readline()).split(b" ")[1].decode())
        for name, value in parse_qsl(path.query, keep_blank_values=True):
            setattr(self, name, float(value) if value else None)
        body = json.dumps(self.told()).encode()
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    def told(self) -> dict[str, Any]:
        """What was seen so far."""
        return {
            "count": self.count,
            "limited": self.limited,
            "in_flight": self.in_flight,
            "peak": self.peak,
            "left": self.left,
            "asked": self.asked,
        }


async def _serve(stub: Watched, port: int) -> None:
    await stub.start(port)
    telling = await asyncio.start_server(stub.ask, "127.0.0.1", 0)
    sys.stdout.write(f"{stub.url} http://127.0.0.1:{telling.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-s", type=float, default=0.0)
    chosen = parser.parse_args()
    uvloop.run(_serve(Watched(latency_s=chosen.latency_s), chosen.port))


if __name__ == "__main__":
    main()
