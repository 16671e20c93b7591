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
    """Answers by the model's name, where that is a shape's. `/v1/told` tells, `/v1/mood?...` sets."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.asked: list[tuple[float, str]] = []
        self.limited = 0

    def next_shape(self, call: Call) -> Shape:
        path = urlsplit(call.path)
        if path.path == "/v1/told":
            return Shape(body=json.dumps(self._told()).encode())
        if path.path == "/v1/mood":
            for name, value in parse_qsl(path.query):
                setattr(self, name, float(value) if value else None)
            return Shape(body=b"{}")
        found = _ITEM.search(call.raw)
        self.asked.append((call.at, found.group().decode() if found else ""))
        shape = super().next_shape(call)
        if shape is SHAPES["rate_seconds_one"]:
            self.limited += 1
            return shape
        return SHAPES.get(str(call.body["model"]), shape)

    def _told(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "limited": self.limited,
            "in_flight": self.in_flight - 1,  # this call is none
            "peak": self.peak,
            "left": self.left,
            "asked": self.asked,
        }


async def _serve(stub: Watched, port: int) -> None:
    await stub.start(port)
    sys.stdout.write(f"{stub.url}\n")
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
