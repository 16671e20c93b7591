from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter

import pytest
from gatekeeping import Visit, a_gate, settle, visit_once, who_is_inside
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


@virtual
async def test_lets_in_as_many_as_the_limit_and_the_next_when_one_leaves() -> None:
    gate = a_gate(3)
    visits = [Visit(gate) for _ in range(5)]
    await settle()
    assert who_is_inside(visits) == [0, 1, 2]
    assert (gate.limit, gate.inflight, gate.waiting) == (3, 3, 2)
    await visits[1].ends()
    await settle()
    assert who_is_inside(visits) == [0, 1, 2, 3]
    for i in (0, 2, 3, 4):
        await visits[i].ends()
        await settle()
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_interactive_calls_go_before_batch_calls_and_each_kind_in_its_order() -> None:
    gate = a_gate(1)
    batch = Place("batch")
    places = [batch, batch, INTERACTIVE, batch, INTERACTIVE]
    visits = [Visit(gate, place) for place in places]
    order: list[int] = []
    for _ in places:
        await settle()
        (inside,) = [i for i in who_is_inside(visits) if i not in order]
        order.append(inside)
        await visits[inside].ends()
    assert order == [0, 2, 4, 1, 3]


@virtual
async def test_a_newcomer_does_not_overtake_the_one_whose_turn_has_just_come() -> None:
    gate = a_gate(1)
    first, second = Visit(gate), Visit(gate)
    await settle()
    first.end.set_result(None)
    await asyncio.sleep(0)
    newcomer = Visit(gate)
    await settle()
    assert second.entered is not None
    assert newcomer.entered is None
    await second.ends()
    await newcomer.ends()


@virtual
async def test_a_newcomer_does_not_overtake_the_line_when_a_pause_has_just_ended() -> None:
    clock = [0.0]
    gate = Gate(1, clock=lambda: clock[0], random=lambda: 0.0)
    await visit_once(gate, BackendRateLimited("x", retry_after_s=5))
    waiter = Visit(gate)
    await settle()
    clock[0] = 6.0
    newcomer = Visit(gate)
    await settle()
    assert waiter.entered is not None
    assert newcomer.entered is None
    clock[0] = 7.0
    await waiter.ends()
    await newcomer.ends()


@virtual
async def test_a_burst_at_most_doubles_every_50_ms_one_after_the_other() -> None:
    gate = a_gate(64)
    began = now()
    visits = [Visit(gate) for _ in range(64)]
    await asyncio.sleep(0.3)
    entered = sorted(visit.entered - began for visit in visits if visit.entered is not None)
    assert entered[:8] == [0.0] * 8
    assert [bisect_right(entered, t) for t in (0.0501, 0.1001, 0.1501)] == [16, 32, 64]
    assert max(Counter(round(at, 4) for at in entered[8:]).values()) <= 2
    for visit in visits:
        await visit.ends()


# --- cancellation


@virtual
async def test_a_cancelled_waiter_takes_no_place() -> None:
    gate = a_gate(1)
    holder, leaver, stayer = Visit(gate), Visit(gate), Visit(gate)
    await settle()
    leaver.task.cancel()
    await settle()
    assert gate.waiting == 1
    await holder.ends()
    await settle()
    assert stayer.entered is not None
    assert leaver.entered is None
    await stayer.ends()
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_a_waiter_cancelled_just_as_its_turn_comes_passes_it_on() -> None:
    gate = a_gate(1)
    holder, leaver, stayer = Visit(gate), Visit(gate), Visit(gate)
    await settle()
    holder.end.set_result(None)
    await asyncio.sleep(0)
    assert gate.waiting == 1  # the turn has come, the task has not yet seen it
    leaver.task.cancel()
    await settle()
    assert leaver.entered is None
    assert stayer.entered is not None
    await stayer.ends()
    assert gate.inflight == 0


@virtual
async def test_a_call_cancelled_at_the_judge_gives_its_place_back_and_says_nothing() -> None:
    gate = a_gate(1)
    visit, other = Visit(gate), Visit(gate)
    await settle()
    visit.task.cancel()
    await settle()
    assert other.entered is not None
    assert gate.limit == 1
    await other.ends()


# --- the limit


@pytest.mark.parametrize("overload", [BackendRateLimited, BackendTimeout])
@virtual
async def test_overload_halves_at_most_once_per_half_second(overload: type[BackendError]) -> None:
    gate = a_gate(8)
    visits = [Visit(gate) for _ in range(8)]
    await settle()
    await visits[0].ends(overload("x"))
    assert gate.limit == 4
    await visits[1].ends(overload("x"))
    assert gate.limit == 4
    await asyncio.sleep(2)
    await visits[2].ends(overload("x"))
    assert gate.limit == 4, "it began before the cut and knows nothing of the new limit"
    for visit in visits[3:]:
        await visit.ends(BackendBroken("x"))
    await asyncio.sleep(2)
    await visit_once(gate, overload("x"))
    assert gate.limit == 2 if overload is BackendTimeout else gate.limit == 1


@virtual
async def test_a_second_overload_within_half_a_second_does_not_cut_again() -> None:
    gate = a_gate(8)
    await visit_once(gate, BackendTimeout("x"))
    await asyncio.sleep(0.3)
    await visit_once(gate, BackendTimeout("x"))
    assert gate.limit == 4
    await asyncio.sleep(0.3)
    await visit_once(gate, BackendTimeout("x"))
    assert gate.limit == 2


@virtual
async def test_never_falls_below_one() -> None:
    gate = a_gate(4)
    for _ in range(8):
        await visit_once(gate, BackendTimeout("x"))
        await asyncio.sleep(1)
    assert gate.limit == 1


@virtual
async def test_a_rate_limit_halves_what_was_in_flight_but_not_below_an_eighth_of_the_limit() -> None:
    gate = a_gate(64)
    visits = [Visit(gate) for _ in range(24)]
    await asyncio.sleep(0.2)
    await visits[0].ends(BackendRateLimited("x", retry_after_s=1))
    assert gate.limit == 12
    for visit in visits[1:]:
        await visit.ends()
    lonely = a_gate(64)
    await visit_once(lonely, BackendRateLimited("x", retry_after_s=1))
    assert lonely.limit == 8


@virtual
async def test_grows_by_about_one_per_round_of_successes_up_to_the_maximum() -> None:
    gate = a_gate(8)
    await visit_once(gate, BackendTimeout("x"))
    assert gate.limit == 4
    for _ in range(4):
        await visit_once(gate)
    assert gate.limit == 4
    await visit_once(gate)
    assert gate.limit == 5
    for _ in range(100):
        await visit_once(gate)
    assert gate.limit == 8


@virtual
async def test_other_errors_leave_the_limit_alone() -> None:
    gate = a_gate(8)
    for error in (BackendUnavailable("x"), BackendBroken("x"), BackendRejected("x"), ValueError("x")):
        await visit_once(gate, error)
    assert gate.limit == 8


@virtual
async def test_a_timeout_that_is_the_callers_fault_says_nothing_about_the_judge() -> None:
    gate = a_gate(8)
    for _ in range(50):
        await visit_once(gate, BackendTimeout("x"), fair=False)
    assert (gate.limit, gate.circuit) == (8, "closed")


# --- pauses


@virtual
async def test_what_the_judge_has_borne_enters_at_once_until_it_says_no() -> None:
    gate = a_gate(64)
    for _ in range(2):
        visits = [Visit(gate) for _ in range(64)]
        began = now()
        await asyncio.sleep(0.3)
        last = max(visit.entered - began for visit in visits if visit.entered is not None)
        for visit in visits:
            await visit.ends()
    assert last == 0
    await visit_once(gate, BackendRateLimited("x", retry_after_s=1.0))
    visits = [Visit(gate) for _ in range(16)]
    await asyncio.sleep(1.26)
    assert len(who_is_inside(visits)) == 8
    await asyncio.sleep(1)
    for visit in visits:
        await visit.ends()
