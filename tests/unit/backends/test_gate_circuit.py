from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtualtime import now, virtual

from judge_service.backends.gate import Gate
from judge_service.domain.place import INTERACTIVE, Place
from judge_service.errors import (
    BackendBroken,
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable


from gatekeeping import Visit, a_gate, settle, visit_once

# --- the circuit


def _circuit(gate: Gate) -> str:
    return gate.circuit


async def _broken(gate: Gate) -> None:
    for _ in range(20):
        await visit_once(gate, BackendUnavailable("x"))


@virtual
async def test_turns_everybody_away_once_it_opens_also_those_in_line() -> None:
    gate = a_gate(2)
    for _ in range(19):
        await visit_once(gate, BackendUnavailable("x"))
    last, holder, *waiting = (Visit(gate) for _ in range(5))
    await settle()
    await last.ends(BackendUnavailable("x"))
    assert _circuit(gate) == "open"
    await settle()
    for visit in waiting:
        error = visit.task.exception()
        assert isinstance(error, BackendUnavailable)
        assert error.code == "circuit_open"
    await holder.ends()
    began = now()
    with pytest.raises(BackendUnavailable, match="left alone"):
        async with gate.slot():
            pytest.fail("it is open")
    assert now() == began
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_those_who_wait_for_a_pause_hear_at_once_that_it_opens() -> None:
    gate = a_gate(2)
    for _ in range(19):
        await visit_once(gate, BackendUnavailable("x"))
    limited, last, waiter = (Visit(gate) for _ in range(3))
    await settle()
    await limited.ends(BackendRateLimited("x", retry_after_s=30))
    await last.ends(BackendUnavailable("x"))
    await settle()
    assert _circuit(gate) == "open"
    assert waiter.task.done()
    assert isinstance(waiter.task.exception(), BackendUnavailable)


@virtual
async def test_rate_limits_do_not_open_it() -> None:
    gate = a_gate(1, random=lambda: 0.0)
    for _ in range(40):
        await visit_once(gate, BackendRateLimited("x", retry_after_s=0.001))
        await asyncio.sleep(0.01)
    assert _circuit(gate) == "closed"


@pytest.mark.parametrize("error", [BackendTimeout, BackendBroken, BackendUnavailable])
@virtual
async def test_failures_of_the_judge_open_it(error: type[BackendError]) -> None:
    gate = a_gate(64)
    for _ in range(20):
        await visit_once(gate, error("x"))
    assert _circuit(gate) == "open"


@virtual
async def test_refused_requests_do_not_open_it() -> None:
    gate = a_gate(4)
    for _ in range(40):
        await visit_once(gate, BackendRejected("x"))
    assert _circuit(gate) == "closed"


@pytest.mark.parametrize("error", [None, BackendRejected("x"), BackendRateLimited("x", retry_after_s=0.001)])
@virtual
async def test_any_answer_to_the_probe_closes_it(error: Exception | None) -> None:
    gate = a_gate(4)
    await _broken(gate)
    await asyncio.sleep(15.1)
    await visit_once(gate, error)
    assert _circuit(gate) == "closed"


@virtual
async def test_a_cancelled_probe_makes_room_for_another() -> None:
    gate = a_gate(4)
    await _broken(gate)
    await asyncio.sleep(15.1)
    probe, turned_away = Visit(gate), Visit(gate)
    await settle()
    assert isinstance(turned_away.task.exception(), BackendUnavailable)
    probe.task.cancel()
    await settle()
    await visit_once(gate)
    assert _circuit(gate) == "closed"


@virtual
async def test_a_probe_cancelled_in_line_makes_room_for_another() -> None:
    gate = a_gate(1)
    holder = Visit(gate)
    await settle()
    gate._maximum = gate._limit = 2
    await _broken(gate)
    gate._maximum = gate._limit = 1
    await asyncio.sleep(15.1)
    probe = Visit(gate)
    await settle()
    assert (probe.entered, gate.waiting, gate.circuit) == (None, 1, "half_open")
    probe.task.cancel()
    await holder.ends()
    assert _circuit(gate) == "half_open", "the holder began before it opened"
    await visit_once(gate)
    assert _circuit(gate) == "closed"


@virtual
async def test_a_turn_that_came_just_before_it_opened_is_taken_back() -> None:
    gate = a_gate(2)
    for _ in range(19):
        await visit_once(gate, BackendUnavailable("x"))
    one, other, third = (Visit(gate) for _ in range(3))
    await settle()
    one.end.set_result(None)
    other.end.set_exception(BackendUnavailable("x"))
    await settle()
    assert _circuit(gate) == "open"
    assert isinstance(other.task.exception(), BackendUnavailable)
    assert third.entered is None
    assert isinstance(third.task.exception(), BackendUnavailable)
    assert (gate.inflight, gate.waiting) == (0, 0)


# --- conservation

ENDINGS: list[Callable[[], Exception | None]] = [
    lambda: None,
    lambda: None,
    lambda: None,
    lambda: BackendRateLimited("x", retry_after_s=1.5),
    lambda: BackendRateLimited("x"),
    lambda: BackendTimeout("x"),
    lambda: BackendUnavailable("x"),
]


class Crowd:
    """Many callers that come, wait, call, fail, give up and are cancelled, all from one seed."""

    def __init__(self, seed: int, limit: int) -> None:
        self.random = Random(seed)
        self.gate = a_gate(limit, self.random.random)
        self.inside = 0
        self.quiet_until = 0.0
        self.cut_at = 0.0
        self.ends: dict[str, int] = {}

    async def caller(self) -> None:
        await asyncio.sleep(self.random.uniform(0, 5))
        patience = now() + self.random.uniform(0.1, 40)
        deadline = (lambda: patience) if self.random.random() < 0.5 else None
        place = Place("batch", self.random.choice("abc")) if self.random.random() < 0.5 else INTERACTIVE
        error: Exception | None = None
        try:
            async with self.gate.slot(place, deadline=deadline):
                error = await self._at_the_judge()
        except BackendError as caught:
            end = "failed" if caught is error else caught.code
        except asyncio.CancelledError:
            end = "cancelled"
        else:
            end = "ok"
        self.ends[end] = self.ends.get(end, 0) + 1

    async def _at_the_judge(self) -> Exception | None:
        assert now() >= self.quiet_until - 1e-9
        self.inside += 1
        assert self.inside <= self.gate.inflight
        # Places given at the very instant of a cut were given under the limit before it.
        assert self.gate.inflight <= self.gate.limit or now() == self.cut_at
        try:
            await asyncio.sleep(self.random.choice([0, 0.001, 0.2, 1.0]))
        finally:
            self.inside -= 1
        error = self.random.choice(ENDINGS)()
        if isinstance(error, BackendRateLimited | BackendTimeout):
            self.cut_at = now()
        if isinstance(error, BackendRateLimited) and error.retry_after_s:
            self.quiet_until = max(self.quiet_until, now() + error.retry_after_s)
        if error is not None:
            raise error
        return error

    async def disturber(self, tasks: list[asyncio.Task[None]]) -> None:
        for _ in range(len(tasks) // 4):
            await asyncio.sleep(self.random.choice([0, 0.01, 0.3]))
            self.random.choice(tasks).cancel()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.integers(1, 24), count=st.integers(1, 120))
@virtual
async def test_nobody_is_forgotten_and_no_place_is_lost(seed: int, limit: int, count: int) -> None:
    crowd = Crowd(seed, limit)
    tasks = [asyncio.create_task(crowd.caller()) for _ in range(count)]
    await crowd.disturber(tasks)
    # A lost wake-up would leave a task with nothing to wait for: the loop raises EverybodyWaits.
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [task for task in tasks if not task.cancelled() and task.exception()] == []
    assert (crowd.gate.inflight, crowd.gate.waiting, crowd.inside) == (0, 0, 0)
    assert 1 <= crowd.gate.limit <= limit
    assert crowd.gate._timer is None
    assert not crowd.gate._line._held


@virtual
async def _leave_a_waiter_behind(gate: Gate) -> None:
    await visit_once(gate, BackendRateLimited("x", retry_after_s=5))
    Visit(gate)
    await settle()
    assert gate.waiting == 1


@virtual
async def _wait_for_the_pause_to_end(gate: Gate) -> None:
    visit = Visit(gate)
    await asyncio.sleep(6)
    assert visit.entered == pytest.approx(105)
    await visit.ends()


def test_outlives_the_loop_it_was_used_on() -> None:
    gate = Gate(1, clock=now, random=lambda: 0.0)
    _leave_a_waiter_behind(gate)
    assert (gate.inflight, gate.waiting) == (0, 0)
    _wait_for_the_pause_to_end(gate)
