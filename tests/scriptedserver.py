"""A server on a loopback socket that says word for word what a test gives it, or hangs up in the middle."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

JSON = "application/json"
PROBLEM = "application/problem+json"
VERSION: dict[str, Any] = {"version": "9.9.9", "api": 1}
SCORE: dict[str, Any] = {
    "id": "s-1",
    "outcome": "scored",
    "score": 75.0,
    "criteria": {"c": {"outcome": "scored", "level": 3, "value": 75.0, "weight": 1, "rationale": "r"}},
    "provenance": {
        "rubric": "r",
        "rubric_digest": "d",
        "prompt_digest": "d",
        "judge": "default",
        "judge_kind": "scripted",
        "is_llm": False,
        "instrument": "scripted",
        "mode": "text",
        "schema_mode": "none",
        "cache": "miss",
        "service_version": "9",
        "what_a_newer_one_adds": 1,
    },
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Says:
    """An answer. `cut`: hang up after so many bytes of the body; `silent`: say nothing at all, and wait;
    `drip_s`: seconds before every byte of the body.
    """

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False
    drip_s: float | None = None

    def head(self) -> bytes:
        names = {"content-type": self.kind, "content-length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} told", *(f"{name}: {value}" for name, value in names.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def says(told: object, status: int = 200, **more: Any) -> Says:
    """An answer of JSON."""
    return Says(status, json.dumps(told).encode(), **more)


def problem(status: int, *, retryable: bool, headers: dict[str, str] | None = None, **more: Any) -> Says:
    """A problem as the service tells it."""
    told = {"type": "urn:judge-service:problem:x", "title": "X", "status": status, "detail": "because"}
    return says(told | {"retryable": retryable} | more, status, kind=PROBLEM, headers=headers or {})


HANGS_UP = Says(cut=-1)
SILENT = Says(silent=True)


class ScriptedServer:
    """Plays its script, one answer a request, the last for ever; the version it tells by itself."""

    def __init__(self, script: list[Says], version: Says) -> None:
        self.script = list(script)
        self.version = version
        self.heard: list[Heard] = []
        self.asked_version = 0
        self.connections = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (heard := await _request(reader)) is not None:
                if not await self._answer(self._next(heard), reader, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _next(self, heard: Heard) -> Says:
        if heard.path == "/v1/version":
            self.asked_version += 1
            return self.version
        self.heard.append(heard)
        self.asked.set()
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    async def _answer(self, told: Says, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if told.silent:
            await reader.read()
            self.left.set()
            return False
        if told.cut == -1:
            return False
        writer.write(told.head())
        for piece in (
            (told.body[: told.cut],) if told.drip_s is None else map(bytes, zip(told.body, strict=True))
        ):
            await asyncio.sleep(told.drip_s or 0)
            writer.write(piece)
            await writer.drain()
        return told.cut is None


async def _request(reader: asyncio.StreamReader) -> Heard | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        return Heard(method, path, headers, await _chunks(reader))
    return Heard(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


@asynccontextmanager
async def scripted(*script: Says, version: Says | None = None) -> AsyncIterator[tuple[ScriptedServer, str]]:
    """Serve a script; gives the server and its address."""
    playing = ScriptedServer(list(script), version or says(VERSION))
    server = await asyncio.start_server(playing.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield playing, f"http://127.0.0.1:{port}"
