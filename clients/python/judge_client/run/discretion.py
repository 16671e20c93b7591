"""What others say of an error, fit to be kept: without a key, and without what was asked about a patient."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager

    from judge_client.calls import Call, Reply
    from judge_client.transport import AsyncStreamed, AsyncTransport

_REFUSED = 400
_QUOTE = 20  # characters in a row: fewer are the same by chance
_QUOTES = "the reason quotes the request, and is not kept"


def discreet(words: str, key: str | None, asked: object) -> str:
    """These words without the key; none of them where they quote a text of what was asked."""
    said = _QUOTES if _quotes(words, asked) else words
    return said.replace(key, "…") if key else said


@dataclass(frozen=True, slots=True)
class Discreet:
    """A transport to the judge whose errors are fit to be kept: a gateway before it may say what it was sent."""

    inner: AsyncTransport
    key: str | None

    async def send(self, call: Call, timeout_s: float) -> Reply:
        """Make the call; of an error, every text is looked at."""
        reply = await self.inner.send(call, timeout_s)
        if reply.status < _REFUSED:
            return reply
        try:
            told = json.loads(reply.body)
        except (ValueError, RecursionError):
            return reply  # then only its status is told
        return replace(reply, body=json.dumps(self._clean(told, _case_of(call))).encode())

    def stream(self, call: Call, silence_s: float) -> AbstractAsyncContextManager[AsyncStreamed]:
        """Make the call; the driver streams nothing from the judge."""
        return self.inner.stream(call, silence_s)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.inner.aclose()

    def _clean(self, told: Any, asked: object) -> Any:
        if isinstance(told, str):
            return discreet(told, self.key, asked)
        if isinstance(told, dict):
            return {name: self._clean(value, asked) for name, value in told.items()}
        return [self._clean(value, asked) for value in told] if isinstance(told, list) else told


def _case_of(call: Call) -> object:
    """What is said of a patient; names of rubrics and judges may be told."""
    body = json.loads(call.body) if isinstance(call.body, bytes) else {}
    return body.get("case")


def _quotes(words: str, asked: object) -> bool:
    """Whether words give back a text of the request: what is said of a patient belongs into no log."""
    # As it stands, and as JSON or Python would write it.
    written = {form for text in _texts(asked) for form in (text, json.dumps(text)[1:-1])}
    pieces = (text[at : at + _QUOTE] for text in written for at in range(0, len(text) - _QUOTE + 1, _QUOTE))
    return any(piece in words for piece in pieces)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
