from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest
from callers import (
    GOOD,
    PROMPT,
    RateLimitedJudge,
    Read,
    ScriptedBackend,
    a_caller,
    asked,
    outcomes,
    read,
    says,
)
from virtualtime import virtual

from judge_service.backends.base import FORMAT_REMINDER
from judge_service.backends.budget import RetryBudget
from judge_service.domain.judge import JudgeSpec
from judge_service.errors import (
    BackendError,
    BackendRejected,
    BackendUnavailable,
)

if TYPE_CHECKING:
    from judge_service.backends.base import Completion, Finish


@pytest.mark.parametrize("fault", ["unparsable", "off_scale"])
@virtual
async def test_an_unreadable_answer_is_asked_for_once_more_with_a_reminder_of_the_form(fault: str) -> None:
    backend = ScriptedBackend([says(fault), GOOD])
    called = await asked(a_caller(backend, budget=RetryBudget(reserve=0)))
    assert called.completion is GOOD
    assert outcomes(called) == [fault, "ok"]
    assert backend.prompts == [PROMPT, PROMPT.reminded(FORMAT_REMINDER)]


@virtual
async def test_a_cut_answer_is_asked_for_once_more_with_more_room() -> None:
    backend = ScriptedBackend([says("truncated", "length"), GOOD])
    called = await asked(a_caller(backend))
    assert outcomes(called) == ["truncated", "ok"]
    assert backend.prompts == [PROMPT, PROMPT.roomier()]


@pytest.mark.parametrize(
    ("first", "second"),
    [("unparsable", "off_scale"), ("truncated", "truncated"), ("off_scale", "truncated")],
)
@virtual
async def test_an_answer_still_faulty_is_returned_as_the_last_one_reads(first: str, second: str) -> None:
    backend = ScriptedBackend([says(first), says(second), GOOD])
    called = await asked(a_caller(backend))
    assert called.reading == Read(second, read(says(second)).fault)
    assert outcomes(called) == [first, second]


@pytest.mark.parametrize("finish", ["refusal", "content_filter"])
@pytest.mark.parametrize("text", ["unparsable", "fine"])
@virtual
async def test_a_refusal_is_never_asked_again(finish: Finish, text: str) -> None:
    backend = ScriptedBackend([says(text, finish), GOOD])
    called = await asked(a_caller(backend))
    assert called.completion.finish == finish
    assert outcomes(called) == [finish]


@virtual
async def test_failures_in_between_do_not_use_up_the_second_asking() -> None:
    lines: list[Completion | BackendError] = [
        BackendUnavailable("x"),
        says("unparsable"),
        BackendUnavailable("x"),
        GOOD,
    ]
    backend = ScriptedBackend(lines)
    called = await asked(a_caller(backend))
    assert outcomes(called) == ["unavailable", "unparsable", "unavailable", "ok"]
    assert [prompt.reminder for prompt in backend.prompts] == ["", "", FORMAT_REMINDER, FORMAT_REMINDER]


@pytest.mark.parametrize("error", [BackendRejected("x"), BackendUnavailable("x")])
@virtual
async def test_when_the_second_asking_fails_for_good_the_first_answer_stands(error: BackendError) -> None:
    first = says("off_scale")
    backend = ScriptedBackend([first, error])
    called = await asked(a_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=3)))
    assert called.completion is first
    assert called.reading.fault == "off_scale"
    assert outcomes(called) == ["off_scale"] + [error.code] * (1 if not error.retryable else 3)


@virtual
async def test_both_askings_share_one_count_of_failed_calls() -> None:
    failed = BackendUnavailable("x")
    backend = ScriptedBackend([failed, failed, says("unparsable"), failed])
    called = await asked(a_caller(backend, spec=JudgeSpec(kind="scripted", max_attempts=3)))
    assert outcomes(called) == ["unavailable", "unavailable", "unparsable", "unavailable"]


def test_the_reminder_is_constant_and_quotes_nothing() -> None:
    assert "{" not in FORMAT_REMINDER
    assert "%" not in FORMAT_REMINDER


# --- a storm of rate limits


@pytest.mark.parametrize("limit", [8, 16, 64, 256])
@pytest.mark.parametrize(("retry_after_s", "within"), [(1.0, 30.0), (10.0, 120.0), (None, 30.0)])
@virtual
async def test_a_burst_of_six_hundred_against_a_rate_limit_all_succeeds(
    limit: int, retry_after_s: float | None, within: float
) -> None:
    judge = RateLimitedJudge(retry_after_s)
    spec = JudgeSpec(kind="scripted", max_concurrency=limit)
    caller = a_caller(judge, spec=spec, random=Random(limit).random)
    called = await asyncio.gather(*(asked(caller, within=within) for _ in range(600)))
    assert [one.reading.fault for one in called] == [None] * 600
    assert sum(len(one.attempts) for one in called) == judge.calls
    assert 600 <= judge.calls <= 660
    assert (judge.calls > 600) == (limit > 8), "the storm must be one"
    assert judge.too_early == 0
    assert (caller.gate.inflight, caller.gate.waiting) == (0, 0)


@pytest.mark.parametrize("bucket", [10.0, 50.0])
@pytest.mark.parametrize("replicas", [2, 4])
@pytest.mark.parametrize(("retry_after_s", "within"), [(1.0, 30.0), (None, 30.0)])
@virtual
async def test_replicas_that_know_nothing_of_each_other_waste_few_calls_too(
    replicas: int, bucket: float, retry_after_s: float | None, within: float
) -> None:
    judge = RateLimitedJudge(retry_after_s, bucket, bucket)
    spec = JudgeSpec(kind="scripted", max_concurrency=64, max_attempts=5)
    callers = [a_caller(judge, spec=spec, random=Random(at).random) for at in range(replicas)]
    called = await asyncio.gather(*(asked(callers[at % replicas], within=within) for at in range(600)))
    assert [one.reading.fault for one in called] == [None] * 600
    assert 600 < judge.calls <= 660


@pytest.mark.parametrize(("replicas", "items"), [(1, 150), (2, 150), (1, 600), (2, 600)])
@virtual
async def test_items_that_come_one_after_the_other_waste_few_calls(replicas: int, items: int) -> None:
    """Each replica works on 64 at a time, as a worker of jobs does: its places are all taken from the start."""
    judge = RateLimitedJudge(1.0, 50.0, 50.0)
    spec = JudgeSpec(kind="scripted", max_concurrency=64, max_attempts=5)
    callers = [a_caller(judge, spec=spec, random=Random(at).random) for at in range(replicas)]
    left = iter(range(items))

    async def place(at: int) -> None:
        for _ in left:
            assert (await asked(callers[at % replicas], within=60.0)).reading.fault is None

    await asyncio.gather(*(place(at) for at in range(64 * replicas)))
    assert items < judge.calls <= 1.1 * items
