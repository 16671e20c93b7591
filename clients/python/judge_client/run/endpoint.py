"""The model under test, behind an OpenAI-compatible chat address."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from judge_client.async_running import AsyncFit, AsyncRunner
from judge_client.calls import Call, Operation, Reply, encoded
from judge_client.errors import NoAnswer, Refused, Unreachable
from judge_client.patience import Chance, Patience
from judge_client.run.completions import completion_of
from judge_client.run.discretion import discreet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_client.run.completions import Completion
    from judge_client.transport import AsyncTransport

_REDIRECT, _REFUSED = 300, 400
# Who says this has not begun the call: it was not paid, and may go better next time. Of 503 that is sure only where
# it is said when to come again; any other error of a server, and 408, may come after the model has worked.
_NOT_BEGUN = frozenset({425, 429, 529})
_AWAY, _LATE = 503, 408
_DETAIL_CAP = 300


@dataclass(slots=True)
class Sent:
    """Counts the requests that one call took."""

    requests: int = 0


def may_be_paid(fault: Exception) -> bool:
    """Whether the provider may ask money for a call that ended so."""
    if isinstance(fault, Unreachable):
        return fault.sent
    if isinstance(fault, Refused):
        return fault.status == _LATE
    return not (isinstance(fault, NoAnswer) and fault.retryable)


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
        self._transport = transport
        self._key = headers.get("authorization", "").removeprefix("Bearer ")
        self._runner = AsyncRunner(
            transport, headers, patience, Chance(clock, draw), sleep, AsyncFit(checked=True)
        )

    async def ask(self, body: Mapping[str, Any], sent: Sent) -> Completion:
        """Make one chat request, and count in `sent` what it took; raises one of the tree `JudgeClientError`."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        call = Call("POST", "/chat/completions", headers=headers, body=encoded(body))
        runner = replace(self._runner, transport=_Telling(self._transport, sent, self._key))
        return await runner.run(Operation(call, completion_of, repeatable=False))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class _Telling:
    """A transport whose errors are told as the client tells those of our service: it then knows what to do."""

    def __init__(self, inner: AsyncTransport, sent: Sent, key: str) -> None:
        self._inner = inner
        self._sent = sent
        self._key = key
        self.stream = inner.stream
        self.aclose = inner.aclose

    async def send(self, call: Call, timeout_s: float) -> Reply:
        try:
            reply = await self._inner.send(call, timeout_s)
        except Unreachable as exc:
            self._sent.requests += exc.sent
            raise
        self._sent.requests += 1
        if reply.status < _REDIRECT:
            return reply
        if reply.status < _REFUSED:
            words = (
                f"the model's endpoint answers with a redirect (status {reply.status}): is its address right?"
            )
            raise Refused(words, status=reply.status, type="about:blank")
        asked = json.loads(call.body) if isinstance(call.body, bytes) else {}
        told = discreet(_words(reply), self._key, asked.get("messages"))
        detail = f"status {reply.status}: {told[:_DETAIL_CAP]}"
        problem = {"detail": detail, "retryable": _has_not_begun(reply)}
        headers = {**reply.headers, "content-type": "application/problem+json"}
        return replace(reply, headers=headers, body=json.dumps(problem).encode())


def _has_not_begun(reply: Reply) -> bool:
    return reply.status in _NOT_BEGUN or (reply.status == _AWAY and "retry-after" in reply.headers)


def _words(reply: Reply) -> str:
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
    return next((str(place) for place in places if place), "no reason was given")
