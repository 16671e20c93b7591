from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import pytest
from virtualtime import now, virtual

from judge_service.backends.base import Called, Completion, Finish, JudgeCallFailed, Prompt, Usage
from judge_service.backends.budget import RetryBudget
from judge_service.backends.calling import FORMAT_REMINDER, Caller, Fault
from judge_service.backends.gate import Gate
from judge_service.domain.case import Case
from judge_service.domain.judge import JudgeSpec
from judge_service.domain.rubric import Criterion, Level, Rubric, Scale
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

SCALE = Scale(
    kind="binary",
    levels=(Level(label=0, value=0, means="It is not."), Level(label=1, value=1, means="It is.")),
)
CRITERION = Criterion.model_validate(
    {"id": "safe", "title": "Safe", "question": "Is it safe?", "needs": ["response"], "scale": SCALE}
)
RUBRIC = Rubric(
    id="safety",
    version=1,
    title="Safety",
    about="For tests.",
    prompt="prompts/any.jinja",
    criteria=(CRITERION,),
)
PROMPT = Prompt(
    rubric=RUBRIC,
    criteria=(CRITERION,),
    case=Case(response="Rest."),
    mode="text",
    system="Judge.",
    user="Rest.",
    schema={},
    schema_name="answer",
    max_tokens=100,
)


@dataclass(frozen=True)
class Read:
    """A reading that takes the completion's text for its fault."""

    text: str
    fault: Fault | None


def read(completion: Completion) -> Read:
    faults: dict[str, Fault] = {
        "unparsable": "unparsable",
        "off_scale": "off_scale",
        "truncated": "truncated",
    }
    return Read(completion.text, faults.get(completion.text))


@dataclass
class Wait:
    """The deadline, which may move."""

    deadline: float


def says(text: str, finish: Finish = "stop") -> Completion:
    return Completion(text=text, finish=finish, usage=Usage(input_tokens=7, output_tokens=3))


GOOD = says("fine")


@dataclass
class ScriptedBackend:
    """Plays its lines one after the other, the last one for ever; each takes `seconds`."""

    lines: list[Completion | BackendError]
    seconds: float = 0.0
    on_call: Callable[[], None] = lambda: None
    prompts: list[Prompt] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    cancelled: int = 0

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.prompts.append(prompt)
        self.times.append(now())
        self.timeouts.append(timeout_s)
        self.on_call()
        line = self.lines[min(len(self.prompts), len(self.lines)) - 1]
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(line, BackendError):
            raise line
        return line

    async def ping(self) -> None: ...

    async def aclose(self) -> None: ...


@dataclass
class Tally:
    seen: list[tuple[str, str, float]] = field(default_factory=list)

    def attempt(self, judge: str, outcome: str, seconds: float) -> None:
        self.seen.append((judge, outcome, seconds))


def _caller(
    backend: ScriptedBackend | RateLimitedJudge,
    *,
    spec: JudgeSpec | None = None,
    gate: Gate | None = None,
    budget: RetryBudget | None = None,
    observe: Tally | None = None,
    random: Callable[[], float] = lambda: 0.5,
) -> Caller:
    spec = spec or JudgeSpec(kind="scripted")
    clock = asyncio.get_running_loop().time
    gate = gate or Gate(spec.max_concurrency, clock=clock, random=random)
    return Caller(
        "main",
        spec,
        backend,
        gate=gate,
        budget=budget,
        observe=observe or Tally(),
        random=random,
        clock=clock,
    )


async def _call(caller: Caller, *, within: float = 600) -> Called[Read]:
    return await caller.call(PROMPT, read, Wait(now() + within))


async def _failure(caller: Caller, *, within: float = 600) -> JudgeCallFailed:
    with pytest.raises(JudgeCallFailed) as caught:
        await _call(caller, within=within)
    return caught.value


def _outcomes(called: Called[Read] | JudgeCallFailed) -> list[str]:
    return [attempt.outcome for attempt in called.attempts]


# --- one call


@virtual
async def test_a_good_answer_takes_one_call_and_is_recorded() -> None:
    tally = Tally()
    backend = ScriptedBackend([GOOD], seconds=0.2)
    called = await _call(_caller(backend, observe=tally))
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
    assert (await _call(caller)).reading.fault is None


@pytest.mark.parametrize(("within", "given_s"), [(600, 20.0), (5, 5.0)])
@virtual
async def test_an_attempt_has_the_judges_time_or_what_the_deadline_leaves(
    within: float, given_s: float
) -> None:
    backend = ScriptedBackend([GOOD], seconds=1e6)
    spec = JudgeSpec(kind="scripted", attempt_timeout_s=20, max_attempts=1)
    began = now()
    failed = await _failure(_caller(backend, spec=spec), within=within)
    assert backend.timeouts == [pytest.approx(given_s)]
    assert now() - began == pytest.approx(given_s)
    assert isinstance(failed.error, BackendTimeout)
    assert _outcomes(failed) == ["timeout"]
    assert backend.cancelled == 1


@virtual
async def test_a_cancelled_caller_cancels_the_judge_and_leaves_nothing_behind() -> None:
    backend = ScriptedBackend([GOOD], seconds=1e6)
    caller = _caller(backend)
    task = asyncio.create_task(_call(caller, within=1e7))
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
    caller = _caller(backend)
    task = asyncio.create_task(_call(caller))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(backend.prompts) == 1
    assert (caller.gate.inflight, caller.gate.waiting) == (0, 0)


@virtual
async def test_a_deadline_already_over_asks_nobody() -> None:
    backend = ScriptedBackend([GOOD])
    caller = _caller(backend)
    failed = await _failure(caller, within=0)
    assert isinstance(failed.error, BackendTimeout)
    assert failed.attempts == ()
    assert backend.prompts == []
    assert caller.gate.limit == 64


@virtual
async def test_an_error_that_is_no_backends_is_not_dressed_up() -> None:
    def fall() -> None:
        raise ZeroDivisionError

    caller = _caller(ScriptedBackend([GOOD], on_call=fall))
    with pytest.raises(ZeroDivisionError):
        await _call(caller)
    assert caller.gate.inflight == 0


# --- asking again after a failure in transport


@pytest.mark.parametrize("error", [BackendTimeout, BackendUnavailable, BackendBroken])
@virtual
async def test_failures_are_asked_again_and_every_call_is_recorded(error: type[BackendError]) -> None:
    backend = ScriptedBackend([error("a"), error("b"), GOOD])
    tally = Tally()
    called = await _call(_caller(backend, observe=tally))
    assert _outcomes(called) == [error.code, error.code, "ok"]
    assert [outcome for _, outcome, _ in tally.seen] == _outcomes(called)
    assert backend.prompts == [PROMPT] * 3


@virtual
async def test_waits_are_full_jitter_that_doubles_up_to_eight_seconds() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    spec = JudgeSpec(kind="scripted", max_attempts=8)
    failed = await _failure(_caller(backend, spec=spec, random=lambda: 1.0))
    gaps = [b - a for a, b in zip(backend.times, backend.times[1:], strict=False)]
    assert gaps == pytest.approx([0.5, 1, 2, 4, 8, 8, 8])
    assert [attempt.waited_ms for attempt in failed.attempts] == pytest.approx(
        [0, *(gap * 1000 for gap in gaps)]
    )
    none = ScriptedBackend([BackendUnavailable("x")])
    await _failure(_caller(none, random=lambda: 0.0))
    assert none.times[0] == none.times[-1]


@pytest.mark.parametrize("attempts", [1, 3, 5])
@virtual
async def test_gives_up_after_the_judges_attempts_with_the_last_error(attempts: int) -> None:
    last = BackendUnavailable("the last")
    backend = ScriptedBackend([*[BackendTimeout("x")] * (attempts - 1), last])
    failed = await _failure(_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=attempts)))
    assert failed.error is last
    assert failed.__cause__ is last
    assert str(failed) == "the last"
    assert len(failed.attempts) == len(backend.prompts) == attempts


@virtual
async def test_a_rejected_request_is_never_asked_again() -> None:
    backend = ScriptedBackend([BackendRejected("x", code="too_large")])
    failed = await _failure(_caller(backend))
    assert _outcomes(failed) == ["too_large"]
    assert not failed.error.retryable


@virtual
async def test_an_empty_budget_allows_no_retry() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    failed = await _failure(_caller(backend, budget=RetryBudget(reserve=2)))
    assert len(backend.prompts) == 3
    assert failed.error.retryable


@virtual
async def test_a_failing_judge_is_asked_little_more_often_than_it_is_needed() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    caller = _caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=20))
    failures = [await _failure(caller) for _ in range(60)]
    assert failures[-1].error.code == "circuit_open"
    assert len(backend.prompts) == 20, "of 60 callers; then it was left alone"


@virtual
async def test_a_success_earns_budget() -> None:
    budget = RetryBudget(reserve=0)
    caller = _caller(ScriptedBackend([GOOD]), budget=budget)
    for _ in range(10):
        await _call(caller)
    assert budget.spend()
    assert not budget.spend()


@virtual
async def test_an_open_circuit_fails_at_once_and_records_no_call() -> None:
    backend = ScriptedBackend([BackendUnavailable("x")])
    caller = _caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=1))
    for _ in range(20):
        await _failure(caller)
    before = now()
    failed = await _failure(_caller(backend, gate=caller.gate))
    assert now() == before
    assert (failed.error.code, failed.error.retryable, failed.attempts) == ("circuit_open", True, ())
    assert failed.error.retry_after_s == pytest.approx(15)
    assert len(backend.prompts) == 20
    await asyncio.sleep(16)
    backend.lines = [GOOD]
    assert _outcomes(await _call(caller)) == ["ok"]


# --- rate limits and deadlines


@pytest.mark.parametrize("draw", [0.0, 0.5, 1.0])
@virtual
async def test_never_comes_before_retry_after_and_at_most_a_quarter_later(draw: float) -> None:
    backend = ScriptedBackend([BackendRateLimited("x", retry_after_s=20), GOOD])
    called = await _call(_caller(backend, random=lambda: draw))
    gap = backend.times[1] - backend.times[0]
    assert 20 <= gap <= 25 + 0.06
    assert gap == pytest.approx(20 * (1 + draw / 4), abs=0.06)
    assert called.attempts[1].waited_ms == pytest.approx(gap * 1000)


@virtual
async def test_other_errors_with_a_retry_after_wait_for_it_too() -> None:
    backend = ScriptedBackend([BackendUnavailable("x", retry_after_s=20), GOOD])
    await _call(_caller(backend, random=lambda: 0.0))
    assert backend.times[1] - backend.times[0] == pytest.approx(20)


@virtual
async def test_rate_limits_with_a_time_end_at_the_deadline_only_and_cost_no_budget() -> None:
    budget = RetryBudget(reserve=0)
    backend = ScriptedBackend([*[BackendRateLimited("x", retry_after_s=2)] * 30, GOOD])
    called = await _call(_caller(backend, budget=budget))
    assert len(called.attempts) == 31
    backend = ScriptedBackend([BackendRateLimited("x", retry_after_s=2)])
    began = now()
    failed = await _failure(_caller(backend, budget=budget), within=30)
    assert failed.error.code == "rate_limited"
    assert failed.error.retryable
    assert 20 < now() - began < 30, "the next wait would have ended after the deadline"


@virtual
async def test_rate_limits_without_a_time_cost_attempts_but_no_budget() -> None:
    backend = ScriptedBackend([BackendRateLimited("x")])
    failed = await _failure(_caller(backend, budget=RetryBudget(reserve=0)))
    assert len(failed.attempts) == 5


@pytest.mark.parametrize(("named", "within"), [(61.0, 600.0), (20.0, 19.0)])
@virtual
async def test_a_wait_above_a_minute_or_beyond_the_deadline_fails_at_once(
    named: float, within: float
) -> None:
    error = BackendRateLimited("x", retry_after_s=named)
    backend = ScriptedBackend([error])
    caller = _caller(backend)
    before = now()
    failed = await _failure(caller, within=within)
    assert failed.error is error
    assert failed.error.retryable
    assert now() == before
    other = await _failure(caller, within=within)
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
    called = await _caller(backend).call(PROMPT, read, wait)
    assert _outcomes(called) == ["unavailable", "ok"]


@virtual
async def test_no_place_is_held_while_waiting_to_ask_again() -> None:
    spec = JudgeSpec(kind="scripted", max_concurrency=1)
    backend = ScriptedBackend([BackendUnavailable("x", retry_after_s=10), GOOD])
    caller = _caller(backend, spec=spec)
    slow = asyncio.create_task(_call(caller))
    await asyncio.sleep(1)
    before = now()
    assert _outcomes(await _call(caller)) == ["ok"]
    assert now() == before
    assert _outcomes(await slow) == ["unavailable", "ok"]


@virtual
async def test_time_in_the_queue_is_recorded_and_ends_with_the_deadline() -> None:
    spec = JudgeSpec(kind="scripted", max_concurrency=1)
    backend = ScriptedBackend([GOOD], seconds=10)
    caller = _caller(backend, spec=spec)
    first, second, third = (asyncio.create_task(_call(caller, within=within)) for within in (60, 60, 15))
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
    caller = _caller(ScriptedBackend([GOOD], seconds=1e6), spec=spec)
    failures = await asyncio.gather(*(_failure(caller, within=within) for _ in range(30)))
    assert {failed.error.code for failed in failures} == {"timeout"}
    assert caller.gate.circuit == state
    assert (caller.gate.limit == 64) == (state == "closed")


# --- asking again after an answer that cannot be used


@pytest.mark.parametrize("fault", ["unparsable", "off_scale"])
@virtual
async def test_an_unreadable_answer_is_asked_for_once_more_with_a_reminder_of_the_form(fault: str) -> None:
    backend = ScriptedBackend([says(fault), GOOD])
    called = await _call(_caller(backend, budget=RetryBudget(reserve=0)))
    assert called.completion is GOOD
    assert _outcomes(called) == [fault, "ok"]
    assert backend.prompts == [PROMPT, PROMPT.reminded(FORMAT_REMINDER)]


@virtual
async def test_a_cut_answer_is_asked_for_once_more_with_more_room() -> None:
    backend = ScriptedBackend([says("truncated", "length"), GOOD])
    called = await _call(_caller(backend))
    assert _outcomes(called) == ["truncated", "ok"]
    assert backend.prompts == [PROMPT, PROMPT.roomier()]


@pytest.mark.parametrize(
    ("first", "second"),
    [("unparsable", "off_scale"), ("truncated", "truncated"), ("off_scale", "truncated")],
)
@virtual
async def test_an_answer_still_faulty_is_returned_as_the_last_one_reads(first: str, second: str) -> None:
    backend = ScriptedBackend([says(first), says(second), GOOD])
    called = await _call(_caller(backend))
    assert called.reading == Read(second, read(says(second)).fault)
    assert _outcomes(called) == [first, second]


@pytest.mark.parametrize("finish", ["refusal", "content_filter"])
@pytest.mark.parametrize("text", ["unparsable", "fine"])
@virtual
async def test_a_refusal_is_never_asked_again(finish: Finish, text: str) -> None:
    backend = ScriptedBackend([says(text, finish), GOOD])
    called = await _call(_caller(backend))
    assert called.completion.finish == finish
    assert _outcomes(called) == [finish]


@virtual
async def test_failures_in_between_do_not_use_up_the_second_asking() -> None:
    lines: list[Completion | BackendError] = [
        BackendUnavailable("x"),
        says("unparsable"),
        BackendUnavailable("x"),
        GOOD,
    ]
    backend = ScriptedBackend(lines)
    called = await _call(_caller(backend))
    assert _outcomes(called) == ["unavailable", "unparsable", "unavailable", "ok"]
    assert [prompt.reminder for prompt in backend.prompts] == ["", "", FORMAT_REMINDER, FORMAT_REMINDER]


@pytest.mark.parametrize("error", [BackendRejected("x"), BackendUnavailable("x")])
@virtual
async def test_when_the_second_asking_fails_for_good_the_first_answer_stands(error: BackendError) -> None:
    first = says("off_scale")
    backend = ScriptedBackend([first, error])
    called = await _call(_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=3)))
    assert called.completion is first
    assert called.reading.fault == "off_scale"
    assert _outcomes(called) == ["off_scale"] + [error.code] * (1 if not error.retryable else 3)


@virtual
async def test_both_askings_share_one_count_of_failed_calls() -> None:
    failed = BackendUnavailable("x")
    backend = ScriptedBackend([failed, failed, says("unparsable"), failed])
    called = await _call(_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=3)))
    assert _outcomes(called) == ["unavailable", "unavailable", "unparsable", "unavailable"]


def test_the_reminder_is_constant_and_quotes_nothing() -> None:
    assert "{" not in FORMAT_REMINDER
    assert "%" not in FORMAT_REMINDER


# --- a storm of rate limits


@dataclass
class RateLimitedJudge:
    """Takes 50 calls per second and ten at once from a full bucket; says no to the others."""

    retry_after_s: float | None
    tokens: float = 10.0
    filled_at: float = field(default_factory=now)
    calls: int = 0
    closed_until: float = 0.0
    too_early: int = 0

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        self.calls += 1
        self.too_early += now() < self.closed_until - 1e-9
        await asyncio.sleep(0.005)
        self.tokens = min(10.0, self.tokens + (now() - self.filled_at) * 50)
        self.filled_at = now()
        if self.tokens < 1:
            await asyncio.sleep(0.005)
            self.closed_until = max(self.closed_until, now() + (self.retry_after_s or 0))
            raise BackendRateLimited("x", retry_after_s=self.retry_after_s)
        self.tokens -= 1
        await asyncio.sleep(0.2)
        return GOOD

    async def ping(self) -> None: ...

    async def aclose(self) -> None: ...


@pytest.mark.parametrize("limit", [8, 16, 64, 256])
@pytest.mark.parametrize(("retry_after_s", "within"), [(1.0, 30.0), (10.0, 120.0), (None, 30.0)])
@virtual
async def test_a_burst_of_six_hundred_against_a_rate_limit_all_succeeds(
    limit: int, retry_after_s: float | None, within: float
) -> None:
    judge = RateLimitedJudge(retry_after_s)
    spec = JudgeSpec(kind="scripted", max_concurrency=limit)
    caller = _caller(judge, spec=spec, random=Random(limit).random)
    called = await asyncio.gather(*(_call(caller, within=within) for _ in range(600)))
    assert [one.reading.fault for one in called] == [None] * 600
    assert sum(len(one.attempts) for one in called) == judge.calls
    assert 600 <= judge.calls <= 660
    assert (judge.calls > 600) == (limit > 8), "the storm must be one"
    assert judge.too_early == 0
    assert (caller.gate.inflight, caller.gate.waiting) == (0, 0)
