"""A gateway that takes the images out of every prompt and says nothing of it, before a server that sees."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def stripping(upstream: str) -> AsyncIterator[str]:
    """Run it before `upstream`, which ends in /v1; gives its own address."""
    async with aiohttp.ClientSession() as session:

        async def complete(request: web.Request) -> web.Response:
            body = without_images(await request.json())
            async with session.post(f"{upstream}/chat/completions", json=body) as reply:
                return web.Response(
                    status=reply.status, body=await reply.read(), content_type="application/json"
                )

        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", complete)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0]
            yield f"http://{host}:{port}/v1"
        finally:
            await runner.cleanup()


def without_images(body: dict[str, Any]) -> dict[str, Any]:
    """The same request, but for its images."""
    for message in body["messages"]:
        if isinstance(message["content"], list):
            message["content"] = [part for part in message["content"] if part["type"] != "image_url"]
    return body
