from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtualtime import now, virtual

from judge_service.backends.gate import Gate
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

    from judge_service.backends.gate import Priority


def _gate(limit: int, random: Callable[[], float] = lambda: 0.5) -> Gate:
    return Gate(limit, clock=asyncio.get_running_loop().time, random=random)


class Visit:
    """A task that holds a slot until it is told how to end."""

    def __init__(
        self, gate: Gate, priority: Priority = "interactive", deadline: Callable[[], float] | None = None
    ) -> None:
        self.entered: float | None = None
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.fair = True
        self.task = asyncio.create_task(self._go(gate, priority, deadline))

    async def _go(self, gate: Gate, priority: Priority, deadline: Callable[[], float] | None) -> None:
        async with gate.slot(priority, deadline=deadline) as slot:
            slot.fair = self.fair
            self.entered = now()
            await self.end

    async def ends(self, error: Exception | None = None) -> None:
        self.end.set_exception(error) if error else self.end.set_result(None)
        await asyncio.wait([self.task])
        assert self.task.exception() is error


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def _call(gate: Gate, error: Exception | None = None, *, fair: bool = True) -> None:
    """Make one call that ends at once."""
    visit = Visit(gate)
    visit.fair = fair
    await _settle()
    await visit.ends(error)


def _inside(visits: list[Visit]) -> list[int]:
    return [i for i, visit in enumerate(visits) if visit.entered is not None]


# --- places and the line


@virtual
async def test_lets_in_as_many_as_the_limit_and_the_next_when_one_leaves() -> None:
    gate = _gate(3)
    visits = [Visit(gate) for _ in range(5)]
    await _settle()
    assert _inside(visits) == [0, 1, 2]
    assert (gate.limit, gate.inflight, gate.waiting) == (3, 3, 2)
    await visits[1].ends()
    await _settle()
    assert _inside(visits) == [0, 1, 2, 3]
    for i in (0, 2, 3, 4):
        await visits[i].ends()
        await _settle()
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_interactive_calls_go_before_batch_calls_and_each_kind_in_its_order() -> None:
    gate = _gate(1)
    kinds: list[Priority] = ["batch", "batch", "interactive", "batch", "interactive"]
    visits = [Visit(gate, kind) for kind in kinds]
    order: list[int] = []
    for _ in kinds:
        await _settle()
        (inside,) = [i for i in _inside(visits) if i not in order]
        order.append(inside)
        await visits[inside].ends()
    assert order == [0, 2, 4, 1, 3]


@virtual
async def test_a_newcomer_does_not_overtake_the_one_whose_turn_has_just_come() -> None:
    gate = _gate(1)
    first, second = Visit(gate), Visit(gate)
    await _settle()
    first.end.set_result(None)
    await asyncio.sleep(0)
    newcomer = Visit(gate)
    await _settle()
    assert second.entered is not None
    assert newcomer.entered is None
    await second.ends()
    await newcomer.ends()


@virtual
async def test_a_newcomer_does_not_overtake_the_line_when_a_pause_has_just_ended() -> None:
    clock = [0.0]
    gate = Gate(1, clock=lambda: clock[0], random=lambda: 0.0)
    await _call(gate, BackendRateLimited("x", retry_after_s=5))
    waiter = Visit(gate)
    await _settle()
    clock[0] = 6.0
    newcomer = Visit(gate)
    await _settle()
    assert waiter.entered is not None
    assert newcomer.entered is None
    await waiter.ends()
    await newcomer.ends()


@virtual
async def test_a_burst_at_most_doubles_every_tick() -> None:
    gate = _gate(64)
    began = now()
    visits = [Visit(gate) for _ in range(64)]
    await asyncio.sleep(0.3)
    entered = [round(visit.entered - began, 3) for visit in visits if visit.entered is not None]
    assert [entered.count(t) for t in sorted(set(entered))] == [8, 8, 16, 32]
    assert max(entered) == pytest.approx(0.15, abs=0.01)
    for visit in visits:
        await visit.ends()


# --- cancellation


@virtual
async def test_a_cancelled_waiter_takes_no_place() -> None:
    gate = _gate(1)
    holder, leaver, stayer = Visit(gate), Visit(gate), Visit(gate)
    await _settle()
    leaver.task.cancel()
    await _settle()
    assert gate.waiting == 1
    await holder.ends()
    await _settle()
    assert stayer.entered is not None
    assert leaver.entered is None
    await stayer.ends()
    assert (gate.inflight, gate.waiting) == (0, 0)


@virtual
async def test_a_waiter_cancelled_just_as_its_turn_comes_passes_it_on() -> None:
    gate = _gate(1)
    holder, leaver, stayer = Visit(gate), Visit(gate), Visit(gate)
    await _settle()
    holder.end.set_result(None)
    await asyncio.sleep(0)
    assert gate.waiting == 1  # the turn has come, the task has not yet seen it
    leaver.task.cancel()
    await _settle()
    assert leaver.entered is None
    assert stayer.entered is not None
    await stayer.ends()
    assert gate.inflight == 0


@virtual
async def test_a_call_cancelled_at_the_judge_gives_its_place_back_and_says_nothing() -> None:
    gate = _gate(1)
    visit, other = Visit(gate), Visit(gate)
    await _settle()
    visit.task.cancel()
    await _settle()
    assert other.entered is not None
    assert gate.limit == 1
    await other.ends()


# --- the limit


@pytest.mark.parametrize("overload", [BackendRateLimited, BackendTimeout])
@virtual
async def test_overload_halves_at_most_once_per_half_second(overload: type[BackendError]) -> None:
    gate = _gate(8)
    visits = [Visit(gate) for _ in range(8)]
    await _settle()
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
    await _call(gate, overload("x"))
    assert gate.limit == 2 if overload is BackendTimeout else gate.limit == 1


@virtual
async def test_a_second_overload_within_half_a_second_does_not_cut_again() -> None:
    gate = _gate(8)
    await _call(gate, BackendTimeout("x"))
    await asyncio.sleep(0.3)
    await _call(gate, BackendTimeout("x"))
    assert gate.limit == 4
    await asyncio.sleep(0.3)
    await _call(gate, BackendTimeout("x"))
    assert gate.limit == 2


@virtual
async def test_never_falls_below_one() -> None:
    gate = _gate(4)
    for _ in range(8):
        await _call(gate, BackendTimeout("x"))
        await asyncio.sleep(1)
    assert gate.limit == 1


@virtual
async def test_a_rate_limit_halves_what_was_in_flight_but_not_below_an_eighth_of_the_limit() -> None:
    gate = _gate(64)
    visits = [Visit(gate) for _ in range(24)]
    await asyncio.sleep(0.2)
    await visits[0].ends(BackendRateLimited("x", retry_after_s=1))
    assert gate.limit == 12
    for visit in visits[1:]:
        await visit.ends()
    lonely = _gate(64)
    await _call(lonely, BackendRateLimited("x", retry_after_s=1))
    assert lonely.limit == 8


@virtual
async def test_grows_by_about_one_per_round_of_successes_up_to_the_maximum() -> None:
    gate = _gate(8)
    await _call(gate, BackendTimeout("x"))
    assert gate.limit == 4
    for _ in range(4):
        await _call(gate)
    assert gate.limit == 4
    await _call(gate)
    assert gate.limit == 5
    for _ in range(100):
        await _call(gate)
    assert gate.limit == 8


@virtual
async def test_other_errors_leave_the_limit_alone() -> None:
    gate = _gate(8)
    for error in (BackendUnavailable("x"), BackendBroken("x"), BackendRejected("x"), ValueError("x")):
        await _call(gate, error)
    assert gate.limit == 8


@virtual
async def test_a_timeout_that_is_the_callers_fault_says_nothing_about_the_judge() -> None:
    gate = _gate(8)
    for _ in range(50):
        await _call(gate, BackendTimeout("x"), fair=False)
    assert (gate.limit, gate.circuit) == (8, "closed")


# --- pauses


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 1.0), (0.5, 1.125), (1.0, 1.25)])
@virtual
async def test_retry_after_pauses_everybody_and_never_for_less(draw: float, factor: float) -> None:
    gate = _gate(8, random=lambda: draw)
    visits = [Visit(gate) for _ in range(10)]
    await _settle()
    said = now()
    await visits[0].ends(BackendRateLimited("x", retry_after_s=2))
    assert gate.paused_until == pytest.approx(said + 2 * factor)
    for visit in visits[1:8]:
        await visit.ends()
    late = Visit(gate)
    await asyncio.sleep(5)
    for visit in (visits[8], visits[9], late):
        assert visit.entered is not None
        assert said + 2 * factor <= visit.entered <= said + 2 * factor + 0.06
        await visit.ends()


@virtual
async def test_a_shorter_retry_after_does_not_shorten_a_pause() -> None:
    gate = _gate(4)
    one, other = Visit(gate), Visit(gate)
    await _settle()
    await one.ends(BackendRateLimited("x", retry_after_s=20))
    until = gate.paused_until
    await other.ends(BackendRateLimited("x", retry_after_s=1))
    assert gate.paused_until == until


@pytest.mark.parametrize("unnamed", [None, 0.0, -3.0])
@virtual
async def test_rate_limits_without_a_time_pause_longer_each_time_in_a_row(unnamed: float | None) -> None:
    gate = _gate(4, random=lambda: 0.0)
    pauses = []
    for _ in range(8):
        await _call(gate, BackendRateLimited("x", retry_after_s=unnamed))
        pauses.append(gate.paused_until - now())
        await asyncio.sleep(pauses[-1] + 0.5)
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 8, 8, 8])
    await _call(gate)
    await _call(gate, BackendRateLimited("x"))
    assert gate.paused_until - now() == pytest.approx(0.5)


@virtual
async def test_the_limit_stays_for_a_while_after_a_pause() -> None:
    gate = _gate(8, random=lambda: 0.0)
    await _call(gate, BackendRateLimited("x", retry_after_s=1))
    low = gate.limit
    await asyncio.sleep(1)
    for _ in range(50):
        await _call(gate)
    assert gate.limit == low
    await asyncio.sleep(3)
    for _ in range(50):
        await _call(gate)
    assert gate.limit > low


@virtual
async def test_a_pause_between_the_turns_coming_and_the_tasks_waking_holds() -> None:
    gate = _gate(2, random=lambda: 0.0)
    one, other, third, fourth = (Visit(gate) for _ in range(4))
    await _settle()
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
    gate = _gate(1)
    holder = Visit(gate)
    await _settle()
    until = now() + 2
    with pytest.raises(BackendTimeout):
        async with gate.slot(deadline=lambda: until):
            pytest.fail("there is no room")
    assert now() == pytest.approx(until)
    assert gate.waiting == 0
    await holder.ends()


@virtual
async def test_a_deadline_that_grows_keeps_its_place_in_line() -> None:
    gate = _gate(1)
    until = [now() + 1]
    holder = Visit(gate)
    first = Visit(gate, deadline=lambda: until[0])
    second = Visit(gate)
    await _settle()
    until[0] += 10
    await asyncio.sleep(5)
    await holder.ends()
    await _settle()
    assert first.entered is not None
    assert second.entered is None
    await first.ends()
    await second.ends()


@pytest.mark.parametrize(("pause", "left"), [(30.0, 10.0), (61.0, 500.0)])
@virtual
async def test_a_pause_longer_than_a_minute_or_the_deadline_is_told_at_once(
    pause: float, left: float
) -> None:
    gate = _gate(4, random=lambda: 0.0)
    await _call(gate, BackendRateLimited("x", retry_after_s=pause))
    said = now()
    with pytest.raises(BackendRateLimited) as caught:
        async with gate.slot(deadline=lambda: said + left):
            pytest.fail("it is paused")
    assert caught.value.retry_after_s == pytest.approx(pause)
    assert now() == said


# --- the circuit


def _circuit(gate: Gate) -> str:
    return gate.circuit


async def _broken(gate: Gate) -> None:
    for _ in range(20):
        await _call(gate, BackendUnavailable("x"))


@virtual
async def test_turns_everybody_away_once_it_opens_also_those_in_line() -> None:
    gate = _gate(2)
    for _ in range(19):
        await _call(gate, BackendUnavailable("x"))
    last, holder, *waiting = (Visit(gate) for _ in range(5))
    await _settle()
    await last.ends(BackendUnavailable("x"))
    assert _circuit(gate) == "open"
    await _settle()
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
    gate = _gate(2)
    for _ in range(19):
        await _call(gate, BackendUnavailable("x"))
    limited, last, waiter = (Visit(gate) for _ in range(3))
    await _settle()
    await limited.ends(BackendRateLimited("x", retry_after_s=30))
    await last.ends(BackendUnavailable("x"))
    await _settle()
    assert _circuit(gate) == "open"
    assert waiter.task.done()
    assert isinstance(waiter.task.exception(), BackendUnavailable)


@virtual
async def test_rate_limits_do_not_open_it() -> None:
    gate = _gate(1, random=lambda: 0.0)
    for _ in range(40):
        await _call(gate, BackendRateLimited("x", retry_after_s=0.001))
        await asyncio.sleep(0.01)
    assert _circuit(gate) == "closed"


@pytest.mark.parametrize("error", [BackendTimeout, BackendBroken, BackendUnavailable])
@virtual
async def test_failures_of_the_judge_open_it(error: type[BackendError]) -> None:
    gate = _gate(64)
    for _ in range(20):
        await _call(gate, error("x"))
    assert _circuit(gate) == "open"


@virtual
async def test_refused_requests_do_not_open_it() -> None:
    gate = _gate(4)
    for _ in range(40):
        await _call(gate, BackendRejected("x"))
    assert _circuit(gate) == "closed"


@pytest.mark.parametrize("error", [None, BackendRejected("x"), BackendRateLimited("x", retry_after_s=0.001)])
@virtual
async def test_any_answer_to_the_probe_closes_it(error: Exception | None) -> None:
    gate = _gate(4)
    await _broken(gate)
    await asyncio.sleep(15.1)
    await _call(gate, error)
    assert _circuit(gate) == "closed"


@virtual
async def test_a_cancelled_probe_makes_room_for_another() -> None:
    gate = _gate(4)
    await _broken(gate)
    await asyncio.sleep(15.1)
    probe, turned_away = Visit(gate), Visit(gate)
    await _settle()
    assert isinstance(turned_away.task.exception(), BackendUnavailable)
    probe.task.cancel()
    await _settle()
    await _call(gate)
    assert _circuit(gate) == "closed"


@virtual
async def test_a_probe_cancelled_in_line_makes_room_for_another() -> None:
    gate = _gate(1)
    holder = Visit(gate)
    await _settle()
    gate._maximum = gate._limit = 2
    await _broken(gate)
    gate._maximum = gate._limit = 1
    await asyncio.sleep(15.1)
    probe = Visit(gate)
    await _settle()
    assert (probe.entered, gate.waiting, gate.circuit) == (None, 1, "half_open")
    probe.task.cancel()
    await holder.ends()
    assert _circuit(gate) == "half_open", "the holder began before it opened"
    await _call(gate)
    assert _circuit(gate) == "closed"


@virtual
async def test_a_turn_that_came_just_before_it_opened_is_taken_back() -> None:
    gate = _gate(2)
    for _ in range(19):
        await _call(gate, BackendUnavailable("x"))
    one, other, third = (Visit(gate) for _ in range(3))
    await _settle()
    one.end.set_result(None)
    other.end.set_exception(BackendUnavailable("x"))
    await _settle()
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
        self.gate = _gate(limit, self.random.random)
        self.inside = 0
        self.quiet_until = 0.0
        self.cut_at = 0.0
        self.ends: dict[str, int] = {}

    async def caller(self) -> None:
        await asyncio.sleep(self.random.uniform(0, 5))
        patience = now() + self.random.uniform(0.1, 40)
        deadline = (lambda: patience) if self.random.random() < 0.5 else None
        kind: Priority = "batch" if self.random.random() < 0.5 else "interactive"
        error: Exception | None = None
        try:
            async with self.gate.slot(kind, deadline=deadline):
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


@virtual
async def _leave_a_waiter_behind(gate: Gate) -> None:
    await _call(gate, BackendRateLimited("x", retry_after_s=5))
    Visit(gate)
    await _settle()
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
