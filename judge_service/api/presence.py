"""Ends the work of a request when its client has gone, so that nobody pays for an answer nobody reads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.requests import Request

T = TypeVar("T")
CLIENT_CLOSED = 499  # a status that nobody reads; the count shows it


class ClientGone(Exception):
    """There is nobody left to answer."""


async def while_present(request: Request, work: Coroutine[object, object, T]) -> T:
    """Run the work; cancel it and raise `ClientGone` when the connection closes first.

    The framework cancels nothing by itself: it has to be asked for `http.disconnect`. The body must have
    been read before.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task})
        raise ClientGone
    finally:
        for each in (task, gone):
            each.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
