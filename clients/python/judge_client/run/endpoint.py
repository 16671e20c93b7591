"""The model under test, behind an OpenAI-compatible chat address."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from judge_client.async_running import AsyncFit, AsyncRunner
from judge_client.calls import Call, Operation, Reply, encoded
from judge_client.patience import Chance, Patience
from judge_client.run.completions import completion_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_client.run.completions import Completion
    from judge_client.transport import AsyncTransport

_REFUSED = 400
# An endpoint that says this was not paid for the call, and may do better next time.
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_DETAIL_CAP = 300


class ModelUnderTest:
    """Asks for completions; an error that passes is asked again, a call that may have been paid never is."""

    def __init__(
        self,
        transport: AsyncTransport,
        headers: Mapping[str, str],
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._runner = AsyncRunner(
            _Telling(transport), headers, patience, Chance(clock, draw), sleep, AsyncFit(checked=True)
        )

    async def ask(self, body: Mapping[str, Any]) -> Completion:
        """Make one chat request; raises one of the tree `JudgeClientError`."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        call = Call("POST", "/chat/completions", headers=headers, body=encoded(body))
        return await self._runner.run(Operation(call, completion_of, repeatable=False))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._runner.transport.aclose()


class _Telling:
    """A transport whose errors are told as the client tells those of our service: it then knows what to do."""

    def __init__(self, inner: AsyncTransport) -> None:
        self._inner = inner
        self.stream = inner.stream
        self.aclose = inner.aclose

    async def send(self, call: Call, timeout_s: float) -> Reply:
        reply = await self._inner.send(call, timeout_s)
        if reply.status < _REFUSED:
            return reply
        problem = {"detail": _detail(reply), "retryable": reply.status in _PASSING}
        headers = {**reply.headers, "content-type": "application/problem+json"}
        return replace(reply, headers=headers, body=json.dumps(problem).encode())


def _detail(reply: Reply) -> str:
    """What an endpoint says of its error: `error.message`, `message`, `detail`, or nothing that is of use."""
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        told = None
    found = told if isinstance(told, dict) else {}
    inner = found.get("error")
    places = (
        inner.get("message") if isinstance(inner, dict) else inner,
        found.get("message"),
        found.get("detail"),
    )
    words = next((str(place) for place in places if place), "no reason was given")
    return f"status {reply.status}: {words[:_DETAIL_CAP]}"
