"""Visits to a gate, for its tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from virtualtime import now

from judge_service.backends.gate import Gate
from judge_service.domain.place import INTERACTIVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from judge_service.domain.place import Place


def a_gate(limit: int, random: Callable[[], float] = lambda: 0.5) -> Gate:
    return Gate(limit, clock=asyncio.get_running_loop().time, random=random)


class Visit:
    """A task that holds a slot until it is told how to end."""

    def __init__(
        self, gate: Gate, place: Place = INTERACTIVE, deadline: Callable[[], float] | None = None
    ) -> None:
        self.entered: float | None = None
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.fair = True
        self.task = asyncio.create_task(self._go(gate, place, deadline))

    async def _go(self, gate: Gate, place: Place, deadline: Callable[[], float] | None) -> None:
        async with gate.slot(place, deadline=deadline) as slot:
            slot.fair = self.fair
            self.entered = now()
            await self.end

    async def ends(self, error: Exception | None = None) -> None:
        self.end.set_exception(error) if error else self.end.set_result(None)
        await asyncio.wait([self.task])
        assert self.task.exception() is error


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def visit_once(gate: Gate, error: Exception | None = None, *, fair: bool = True) -> None:
    """Make one call that ends at once."""
    visit = Visit(gate)
    visit.fair = fair
    await settle()
    await visit.ends(error)


def who_is_inside(visits: list[Visit]) -> list[int]:
    return [i for i, visit in enumerate(visits) if visit.entered is not None]
