"""What a client needs of whatever carries its calls. httpx does by default; tests and drivers bring their own.

A transport raises nothing but `Unreachable`, and never asks twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from judge_client.calls import Call, Reply


class Streamed(Protocol):
    """An answer of which only the head was read. `pieces` raises `Unreachable` where the connection is lost."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def pieces(self) -> Iterator[bytes]: ...


class AsyncStreamed(Protocol):
    """The same for one event loop."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def pieces(self) -> AsyncIterator[bytes]: ...


class Transport(Protocol):
    """Carries calls; may be used by several threads at once."""

    def send(self, call: Call, timeout_s: float) -> Reply:
        """Make a call and read the answer, all within the time."""
        ...

    def stream(self, call: Call, silence_s: float) -> AbstractContextManager[Streamed]:
        """Make a call and read its answer piece by piece, with no silence longer than this."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


class AsyncTransport(Protocol):
    """Carries calls in one event loop; a cancelled call is ended at the service too."""

    async def send(self, call: Call, timeout_s: float) -> Reply:
        """Make a call and read the answer, all within the time."""
        ...

    def stream(self, call: Call, silence_s: float) -> AbstractAsyncContextManager[AsyncStreamed]:
        """Make a call and read its answer piece by piece, with no silence longer than this."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...
