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
from judge_client.errors import Incompatible
from judge_client.patience import Chance, Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from judge_client.transport import AsyncTransport

_REFUSED = 400
# An endpoint that says this was not paid for the call, and may do better next time.
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_DETAIL_CAP = 300


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said. `text` is empty where it said nothing; `tokens`: of the request and of the answer."""

    text: str
    finish: str | None
    model: str | None
    fingerprint: str | None
    tokens: tuple[int | None, int | None]
    thoughts: str | None = None


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
        return await self._runner.run(Operation(call, _completion, repeatable=False))

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
    except ValueError:
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


def _completion(reply: Reply) -> Completion:
    try:
        told = json.loads(reply.body)
        choice = told["choices"][0]
        message = choice["message"]
        usage = told.get("usage") or {}
        return Completion(
            text=_text(message.get("content")) or _text(message.get("refusal")),
            finish=choice.get("finish_reason"),
            model=told.get("model"),
            fingerprint=told.get("system_fingerprint"),
            tokens=(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))),
            thoughts=_text(message.get("reasoning_content")) or _text(message.get("reasoning")) or None,
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Incompatible(
            "the address of the model answers with something other than a chat completion"
        ) from None


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
