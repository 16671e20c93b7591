from __future__ import annotations

import asyncio

import pytest
from gatekeeping import Visit, a_gate, settle, visit_once
from virtualtime import now, virtual

from judge_service.backends.pace import BACK_TO, LEAST_PER_S
from judge_service.errors import (
    BackendRateLimited,
    BackendTimeout,
)


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 1.0), (0.5, 1.125), (1.0, 1.25)])
@virtual
async def test_retry_after_pauses_everybody_and_never_for_less(draw: float, factor: float) -> None:
    gate = a_gate(8, random=lambda: draw)
    visits = [Visit(gate) for _ in range(10)]
    await settle()
    said = now()
    await visits[0].ends(BackendRateLimited("x", retry_after_s=2))
    assert gate.paused_until == pytest.approx(said + 2 * factor)
    for visit in visits[1:8]:
        await visit.ends()
    late = Visit(gate)
    await asyncio.sleep(5)
    entered = [visit.entered or 0.0 for visit in (visits[8], visits[9], late)]
    apart = 1 / (BACK_TO * LEAST_PER_S)
    assert entered == pytest.approx([said + 2 * factor + at * apart for at in range(3)], abs=0.01)
    assert entered[0] >= said + 2 * factor
    for visit in (visits[8], visits[9], late):
        await visit.ends()


@virtual
async def test_a_shorter_retry_after_does_not_shorten_a_pause() -> None:
    gate = a_gate(4)
    one, other = Visit(gate), Visit(gate)
    await settle()
    await one.ends(BackendRateLimited("x", retry_after_s=20))
    until = gate.paused_until
    await other.ends(BackendRateLimited("x", retry_after_s=1))
    assert gate.paused_until == until


@pytest.mark.parametrize("unnamed", [None, 0.0, -3.0])
@virtual
async def test_rate_limits_without_a_time_pause_longer_each_time_in_a_row(unnamed: float | None) -> None:
    gate = a_gate(4, random=lambda: 0.0)
    pauses = []
    for _ in range(8):
        await visit_once(gate, BackendRateLimited("x", retry_after_s=unnamed))
        pauses.append(gate.paused_until - now())
        await asyncio.sleep(pauses[-1] + 0.5)
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 8, 8, 8])
    await visit_once(gate)
    await visit_once(gate, BackendRateLimited("x"))
    assert gate.paused_until - now() == pytest.approx(0.5)


@virtual
async def test_the_limit_stays_for_a_while_after_a_pause() -> None:
    gate = a_gate(8, random=lambda: 0.0)
    await visit_once(gate, BackendRateLimited("x", retry_after_s=1))
    low = gate.limit
    await asyncio.sleep(1)
    until = now() + 3
    while now() < until - 0.2:
        await visit_once(gate)
    assert gate.limit == low
    await asyncio.sleep(1)
    for _ in range(50):
        await visit_once(gate)
    assert gate.limit > low


@virtual
async def test_a_pause_between_the_turns_coming_and_the_tasks_waking_holds() -> None:
    gate = a_gate(2, random=lambda: 0.0)
    one, other, third, fourth = (Visit(gate) for _ in range(4))
    await settle()
    said = now()
    one.end.set_result(None)
    other.end.set_exception(BackendRateLimited("x", retry_after_s=3))
    await asyncio.sleep(10)
    assert isinstance(other.task.exception(), BackendRateLimited)
    assert third.entered is not None
    assert third.entered >= said + 3
    assert fourth.entered is None
    await third.ends()
    await fourth.ends()
    assert gate.inflight == 0


# --- deadlines


@virtual
async def test_the_deadline_ends_the_waiting() -> None:
    gate = a_gate(1)
    holder = Visit(gate)
    await settle()
    until = now() + 2
    with pytest.raises(BackendTimeout):
        async with gate.slot(deadline=lambda: until):
            pytest.fail("there is no room")
    assert now() == pytest.approx(until)
    assert gate.waiting == 0
    await holder.ends()


@virtual
async def test_a_deadline_that_grows_keeps_its_place_in_line() -> None:
    gate = a_gate(1)
    until = [now() + 1]
    holder = Visit(gate)
    first = Visit(gate, deadline=lambda: until[0])
    second = Visit(gate)
    await settle()
    until[0] += 10
    await asyncio.sleep(5)
    await holder.ends()
    await settle()
    assert first.entered is not None
    assert second.entered is None
    await first.ends()
    await second.ends()


@pytest.mark.parametrize(("pause", "left"), [(30.0, 10.0), (61.0, 500.0)])
@virtual
async def test_a_pause_longer_than_a_minute_or_the_deadline_is_told_at_once(
    pause: float, left: float
) -> None:
    gate = a_gate(4, random=lambda: 0.0)
    await visit_once(gate, BackendRateLimited("x", retry_after_s=pause))
    said = now()
    with pytest.raises(BackendRateLimited) as caught:
        async with gate.slot(deadline=lambda: said + left):
            pytest.fail("it is paused")
    assert caught.value.retry_after_s == pytest.approx(pause)
    assert now() == said
