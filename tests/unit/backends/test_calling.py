from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from callers import (
    GOOD,
    PROMPT,
    Read,
    ScriptedBackend,
    Tally,
    Wait,
    a_caller,
    asked,
    how_it_failed,
    outcomes,
    read,
)
from virtualtime import now, virtual

from judge_service.backends.base import JudgeCallFailed
from judge_service.backends.budget import RetryBudget
from judge_service.backends.calling import Caller
from judge_service.domain.judge import JudgeSpec
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
async def test_a_good_answer_takes_one_call_and_is_recorded() -> None:
    tally = Tally()
    backend = ScriptedBackend([GOOD], seconds=0.2)
    called = await asked(a_caller(backend, observe=tally))
    assert called.completion is GOOD
    assert called.reading == Read("fine", None)
    (attempt,) = called.attempts
    assert attempt.outcome == "ok"
    assert attempt.latency_ms == pytest.approx(200)
    assert (attempt.waited_ms, attempt.input_tokens, attempt.output_tokens) == (0, 7, 3)
    ((judge, outcome, seconds),) = tally.seen
    assert (judge, outcome) == ("main", "ok")
    assert seconds == pytest.approx(0.2)


@virtual
async def test_has_a_gate_as_wide_as_the_judge_allows() -> None:
    backend = ScriptedBackend([GOOD])
    caller = Caller("main", JudgeSpec(kind="scripted", max_concurrency=3), backend)
    assert caller.gate.limit == 3
    assert (await asked(caller)).reading.fault is None


@pytest.mark.parametrize(("within", "given_s"), [(600, 20.0), (5, 5.0)])
@virtual
async def test_an_attempt_has_the_judges_time_or_what_the_deadline_leaves(
    within: float, given_s: float
) -> None:
    backend = ScriptedBackend([GOOD], seconds=1e6)
    spec = JudgeSpec(kind="scripted", attempt_timeout_s=20, max_attempts=1)
    began = now()
    failed = await how_it_failed(a_caller(backend, spec=spec), within=within)
    assert backend.timeouts == [20]
    assert now() - began == pytest.approx(given_s)
    assert isinstance(failed.error, BackendTimeout)
    assert outcomes(failed) == ["timeout"]
    assert backend.cancelled == 1


@pytest.mark.parametrize(("within", "told"), [(150, "150.0 s"), (0.02, "20 ms"), (1e-6, "1 ms")])
@virtual
async def test_a_time_that_was_short_is_told_as_one_that_was(within: float, told: str) -> None:
    spec = JudgeSpec(kind="scripted", attempt_timeout_s=600, max_attempts=1)
    failed = await how_it_failed(a_caller(ScriptedBackend([GOOD], seconds=1e6), spec=spec), within=within)
    assert str(failed.error) == f"the judge did not finish within {told}"


@virtual
async def test_an_attempt_goes_on_for_those_who_come_to_wait_meanwhile() -> None:
    backend = ScriptedBackend([GOOD], seconds=7)
    caller = a_caller(backend, spec=JudgeSpec(kind="scripted", attempt_timeout_s=20))
    landing = Wait(now() + 2)
    call = asyncio.create_task(caller.call(PROMPT, read, landing))
    for _ in range(3):
        await asyncio.sleep(1.9)
        landing.deadline += 2
    assert (await call).reading.fault is None
    assert len(backend.times) == 1


@virtual
async def test_a_cancelled_caller_cancels_the_judge_and_leaves_nothing_behind() -> None:
    backend = ScriptedBackend([GOOD], seconds=1e6)
    caller = a_caller(backend)
    task = asyncio.create_task(asked(caller, within=1e7))
    await asyncio.sleep(1)
    assert caller.gate.inflight == 1
    task.cancel()
    before = now()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert now() == before
    assert (backend.cancelled, caller.gate.inflight, len(backend.prompts)) == (1, 0, 1)


@virtual
async def test_a_cancelled_caller_stops_waiting_to_ask_again() -> None:
    backend = ScriptedBackend([BackendRateLimited("x", retry_after_s=30)])
    caller = a_caller(backend)
    task = asyncio.create_task(asked(caller))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(backend.prompts) == 1
    assert (caller.gate.inflight, caller.gate.waiting) == (0, 0)


@virtual
async def test_a_deadline_already_over_asks_nobody() -> None:
    backend = ScriptedBackend([GOOD])
    caller = a_caller(backend)
    failed = await how_it_failed(caller, within=0)
    assert isinstance(failed.error, BackendTimeout)
    assert failed.attempts == ()
    assert backend.prompts == []
    assert caller.gate.limit == 64


@virtual
async def test_an_error_that_is_no_backends_is_not_dressed_up() -> None:
    def fall() -> None:
        raise ZeroDivisionError

    caller = a_caller(ScriptedBackend([GOOD], on_call=fall))
    with pytest.raises(ZeroDivisionError):
        await asked(caller)
    assert caller.gate.inflight == 0


# --- asking again after a failure in transport


@pytest.mark.parametrize("error", [BackendTimeout, BackendUnavailable, BackendBroken])
@virtual
async def test_failures_are_asked_again_and_every_call_is_recorded(error: type[BackendError]) -> None:
    backend = ScriptedBackend([error("a"), error("b"), GOOD])
    tally = Tally()
    called = await asked(a_caller(backend, observe=tally))
    assert outcomes(called) == [error.code, error.code, "ok"]
    assert [outcome for _, outcome, _ in tally.seen] == outcomes(called)
    assert backend.prompts == [PROMPT] * 3


@virtual
async def test_waits_are_full_jitter_that_doubles_up_to_eight_seconds() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    spec = JudgeSpec(kind="scripted", max_attempts=8)
    failed = await how_it_failed(a_caller(backend, spec=spec, random=lambda: 1.0))
    gaps = [b - a for a, b in zip(backend.times, backend.times[1:], strict=False)]
    assert gaps == pytest.approx([0.5, 1, 2, 4, 8, 8, 8])
    assert [attempt.waited_ms for attempt in failed.attempts] == pytest.approx(
        [0, *(gap * 1000 for gap in gaps)]
    )
    none = ScriptedBackend([BackendUnavailable("x")])
    await how_it_failed(a_caller(none, random=lambda: 0.0))
    assert none.times[0] == none.times[-1]


@pytest.mark.parametrize("attempts", [1, 3, 5])
@virtual
async def test_gives_up_after_the_judges_attempts_with_the_last_error(attempts: int) -> None:
    last = BackendUnavailable("the last")
    backend = ScriptedBackend([*[BackendTimeout("x")] * (attempts - 1), last])
    failed = await how_it_failed(a_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=attempts)))
    assert failed.error is last
    assert failed.__cause__ is last
    assert str(failed) == "the last"
    assert len(failed.attempts) == len(backend.prompts) == attempts


@virtual
async def test_a_rejected_request_is_never_asked_again() -> None:
    backend = ScriptedBackend([BackendRejected("x", code="too_large")])
    failed = await how_it_failed(a_caller(backend))
    assert outcomes(failed) == ["too_large"]
    assert not failed.error.retryable


@virtual
async def test_an_empty_budget_allows_no_retry() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    failed = await how_it_failed(a_caller(backend, budget=RetryBudget(reserve=2)))
    assert len(backend.prompts) == 3
    assert failed.error.retryable


@virtual
async def test_a_failing_judge_is_asked_little_more_often_than_it_is_needed() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    caller = a_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=20))
    failures = [await how_it_failed(caller) for _ in range(60)]
    assert failures[-1].error.code == "circuit_open"
    assert len(backend.prompts) == 20, "of 60 callers; then it was left alone"


@virtual
async def test_a_success_earns_budget() -> None:
    budget = RetryBudget(reserve=0)
    caller = a_caller(ScriptedBackend([GOOD]), budget=budget)
    for _ in range(10):
        await asked(caller)
    assert budget.spend()
    assert not budget.spend()


@virtual
async def test_an_open_circuit_fails_at_once_and_records_no_call() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    caller = a_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=1))
    for _ in range(20):
        await how_it_failed(caller)
    before = now()
    failed = await how_it_failed(a_caller(backend, gate=caller.gate))
    assert now() == before
    assert (failed.error.code, failed.error.retryable, failed.attempts) == ("circuit_open", True, ())
    assert failed.error.retry_after_s == pytest.approx(15)
    assert len(backend.prompts) == 20
    await asyncio.sleep(16)
    backend.lines = [GOOD]
    assert outcomes(await asked(caller)) == ["ok"]


# --- rate limits and deadlines


@pytest.mark.parametrize("draw", [0.0, 0.5, 1.0])
@virtual
async def test_never_comes_before_retry_after_and_at_most_a_quarter_later(draw: float) -> None:
    backend = ScriptedBackend([BackendRateLimited("x", retry_after_s=20), GOOD])
    called = await asked(a_caller(backend, random=lambda: draw))
    gap = backend.times[1] - backend.times[0]
    assert 20 <= gap <= 25 + 0.06
    assert gap == pytest.approx(20 * (1 + draw / 4), abs=0.06)
    assert called.attempts[1].waited_ms == pytest.approx(gap * 1000)


@virtual
async def test_other_errors_with_a_retry_after_wait_for_it_too() -> None:
    backend = ScriptedBackend([BackendUnavailable("x", retry_after_s=20), GOOD])
    await asked(a_caller(backend, random=lambda: 0.0))
    assert backend.times[1] - backend.times[0] == pytest.approx(20)


@virtual
async def test_rate_limits_with_a_time_end_at_the_deadline_only_and_cost_no_budget() -> None:
    budget = RetryBudget(reserve=0)
    backend = ScriptedBackend([*[BackendRateLimited("x", retry_after_s=2)] * 30, GOOD])
    called = await asked(a_caller(backend, budget=budget))
    assert len(called.attempts) == 31
    backend = ScriptedBackend([BackendRateLimited("x", retry_after_s=2)])
    began = now()
    failed = await how_it_failed(a_caller(backend, budget=budget), within=30)
    assert failed.error.code == "rate_limited"
    assert failed.error.retryable
    assert 20 < now() - began < 30, "the next wait would have ended after the deadline"


@virtual
async def test_rate_limits_without_a_time_cost_attempts_but_no_budget() -> None:
    backend = ScriptedBackend([BackendRateLimited("x")])
    failed = await how_it_failed(a_caller(backend, budget=RetryBudget(reserve=0)))
    assert len(failed.attempts) == 5


@pytest.mark.parametrize(("named", "within"), [(61.0, 600.0), (20.0, 19.0)])
@virtual
async def test_a_wait_above_a_minute_or_beyond_the_deadline_fails_at_once(
    named: float, within: float
) -> None:
    error = BackendRateLimited("x", retry_after_s=named)
    backend = ScriptedBackend([error])
    caller = a_caller(backend)
    before = now()
    failed = await how_it_failed(caller, within=within)
    assert failed.error is error
    assert failed.error.retryable
    assert now() == before
    other = await how_it_failed(caller, within=within)
    assert other.attempts == ()
    assert other.error.code == "rate_limited"
    assert other.error.retry_after_s is not None
    assert other.error.retry_after_s >= named
    assert (now(), len(backend.prompts)) == (before, 1)


@virtual
async def test_a_deadline_that_grows_while_we_work_is_honoured() -> None:
    wait = Wait(now() + 5)
    backend = ScriptedBackend([BackendUnavailable("x", retry_after_s=10), GOOD])
    backend.on_call = lambda: setattr(wait, "deadline", now() + 60)
    called = await a_caller(backend).call(PROMPT, read, wait)
    assert outcomes(called) == ["unavailable", "ok"]


@virtual
async def test_no_place_is_held_while_waiting_to_ask_again() -> None:
    spec = JudgeSpec(kind="scripted", max_concurrency=1)
    backend = ScriptedBackend([BackendUnavailable("x", retry_after_s=10), GOOD])
    caller = a_caller(backend, spec=spec)
    slow = asyncio.create_task(asked(caller))
    await asyncio.sleep(1)
    before = now()
    assert outcomes(await asked(caller)) == ["ok"]
    assert now() == before
    assert outcomes(await slow) == ["unavailable", "ok"]


@virtual
async def test_time_in_the_queue_is_recorded_and_ends_with_the_deadline() -> None:
    spec = JudgeSpec(kind="scripted", max_concurrency=1)
    backend = ScriptedBackend([GOOD], seconds=10)
    caller = a_caller(backend, spec=spec)
    first, second, third = (asyncio.create_task(asked(caller, within=within)) for within in (60, 60, 15))
    assert (await first).attempts[0].waited_ms == 0
    with pytest.raises(JudgeCallFailed) as caught:
        await third
    assert isinstance(caught.value.error, BackendTimeout)
    assert caught.value.attempts == ()
    (attempt,) = (await second).attempts
    assert attempt.waited_ms == pytest.approx(10_000)
    assert attempt.latency_ms == pytest.approx(10_000)


@pytest.mark.parametrize(("within", "state"), [(1.0, "closed"), (1000.0, "open")])
@virtual
async def test_impatient_callers_cannot_make_a_judge_look_broken(within: float, state: str) -> None:
    spec = JudgeSpec(kind="scripted", attempt_timeout_s=10, max_attempts=1)
    caller = a_caller(ScriptedBackend([GOOD], seconds=1e6), spec=spec)
    failures = await asyncio.gather(*(how_it_failed(caller, within=within) for _ in range(30)))
    assert {failed.error.code for failed in failures} == {"timeout"}
    assert caller.gate.circuit == state
    assert (caller.gate.limit == 64) == (state == "closed")


# --- asking again after an answer that cannot be used


@virtual
async def test_a_call_in_line_moves_up_when_somebody_more_urgent_waits_for_it() -> None:
    backend = ScriptedBackend([GOOD], seconds=1)
    caller = a_caller(backend, spec=JudgeSpec(kind="scripted", max_concurrency=1))
    batch = Place("batch", "one")
    waits = [Wait(now() + 60, batch) for _ in range(4)]
    calls = [
        asyncio.create_task(caller.call(replace(PROMPT, user=str(at)), read, wait))
        for at, wait in enumerate(waits)
    ]
    await asyncio.sleep(0.5)
    assert [len(wait.urges) for wait in waits] == [1, 1, 1, 1]
    waits[3].urges[0](INTERACTIVE)
    await asyncio.gather(*calls)
    assert [prompt.user for prompt in backend.prompts] == ["0", "3", "1", "2"]
    assert [wait.urges for wait in waits] == [[], [], [], []]
