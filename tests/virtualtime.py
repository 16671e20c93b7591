"""A loop whose clock jumps to the next timer, so that minutes pass in no time and a hang is an error."""

from __future__ import annotations

import asyncio
import functools
import selectors
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")


class EverybodyWaits(Exception):
    """No callback is ready and no timer is set: somebody was forgotten."""


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._now = 100.0
        self._jumper = _Jumper(self)
        super().__init__(self._jumper)

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class _Jumper(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise EverybodyWaits
        if not events and timeout:
            self._loop.jump(timeout)
        return events


def virtual(scenario: Callable[P, Coroutine[object, object, T]]) -> Callable[P, T]:
    """Make an async test a plain one that runs on a virtual clock."""

    @functools.wraps(scenario)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(scenario(*args, **kwargs))

    return run


def now() -> float:
    return asyncio.get_running_loop().time()
