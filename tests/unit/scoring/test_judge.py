from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from builders import (
    a_case,
    a_completion,
    a_criterion,
    a_matter,
    a_reply,
    a_rubric,
    a_spec,
    a_stored_rubric,
    an_attempt,
    an_entry,
)
from lines import BrokenLine, FakeCache, FakeLine, SilentLine
from virtualtime import now, virtual

from judge_service.backends.base import JudgeCallFailed, Usage
from judge_service.domain.verdict import Unscored
from judge_service.errors import (
    BackendBroken,
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    CacheMiss,
)
from judge_service.prompts import Prompts
from judge_service.scoring.judge import Judge, Line
from judge_service.scoring.judgement import NO_USE
from judge_service.scoring.landing import GRACE_S

LATER = 1000.0
FLOORED = a_stored_rubric(
    a_rubric(a_criterion("accuracy", weight=4, when_degenerate=0), a_criterion("clarity"))
)


def a_judge(line: Line | None = None, cache: FakeCache | None = None, **spec: Any) -> Judge:
    return Judge("default", a_spec(**spec), line or FakeLine(), Prompts(b"key"), cache or FakeCache())


@virtual
async def test_a_judge_gives_verdicts_with_what_is_known_of_the_call() -> None:
    attempts = (
        an_attempt(outcome="rate_limited", cost_microusd=0),
        an_attempt(input_tokens=100, output_tokens=20, cost_microusd=7),
    )
    line = FakeLine(a_completion(fingerprint="fp_1"), attempts)
    judgement = await a_judge(line).judge(a_matter(), cache="use", deadline=now() + LATER)
    assert {name: verdict.value for name, verdict in judgement.verdicts.items()} == {
        "accuracy": 80,
        "clarity": 80,
    }
    assert (judgement.model, judgement.fingerprint) == ("judge-7b-0611", "fp_1")
    assert (judgement.schema_mode, judgement.cost_microusd) == ("json_schema", 7)
    assert judgement.attempts == attempts
    assert judgement.usage == Usage(100, 20)
    assert judgement.keeps
    assert judgement.failure is None


@virtual
@pytest.mark.parametrize(("reasoning", "outcome"), [(True, "scored"), (False, "unparsable")])
async def test_only_of_a_judge_that_thinks_are_thoughts_without_their_beginning_taken_off(
    reasoning: bool, outcome: str
) -> None:
    line = FakeLine(a_completion(f"I think level 3.\n</think>\n{a_reply()}"))
    found = await a_judge(line, reasoning=reasoning).judge(a_matter(), cache="off", deadline=now() + LATER)
    assert {verdict.outcome for verdict in found.verdicts.values()} == {outcome}


@virtual
async def test_the_prompt_carries_the_case_the_schema_and_the_judges_cap() -> None:
    line = FakeLine()
    matter = a_matter(mode="image", images=("data:image/png;base64,AAAA",), image_digests=("d",))
    await a_judge(line, max_tokens=77).judge(matter, cache="off", deadline=now() + LATER)
    (prompt,) = line.prompts
    assert "A fracture." in prompt.user
    assert "A fracture." not in prompt.system
    assert prompt.images == matter.images
    assert prompt.max_tokens == 77
    assert prompt.schema["required"] == ["accuracy", "clarity"]


@virtual
async def test_tokens_are_summed_over_all_attempts_and_unknown_stays_unknown() -> None:
    attempts = (an_attempt(input_tokens=100, output_tokens=None), an_attempt(input_tokens=50))
    judgement = await a_judge(FakeLine(attempts=attempts)).judge(
        a_matter(), cache="off", deadline=now() + LATER
    )
    assert judgement.usage == Usage(150, None)


@virtual
async def test_an_equal_question_is_asked_once() -> None:
    line, cache = FakeLine(), FakeCache()
    judge = a_judge(line, cache)
    first = await judge.judge(a_matter(), cache="use", deadline=now() + LATER)
    second = await judge.judge(a_matter(), cache="use", deadline=now() + LATER)
    assert len(line.prompts) == 1
    assert (first.cache, second.cache) == ("miss", "hit")
    assert second == replace(first, cache="hit", spent_microusd=0, spent_usage=NO_USE)


@virtual
async def test_refresh_asks_anew_and_off_leaves_the_cache_alone() -> None:
    line, cache = FakeLine(), FakeCache()
    judge = a_judge(line, cache)
    off = await judge.judge(a_matter(), cache="off", deadline=now() + LATER)
    assert (off.cache, cache.keys, cache.records) == ("off", [], {})
    for _ in range(2):
        await judge.judge(a_matter(), cache="refresh", deadline=now() + LATER)
    assert len(line.prompts) == 3
    assert len(cache.records) == 1


@virtual
async def test_only_the_cache_never_asks() -> None:
    line, cache = FakeLine(), FakeCache()
    judge = a_judge(line, cache)
    with pytest.raises(CacheMiss):
        await judge.judge(a_matter(), cache="only", deadline=now() + LATER)
    assert line.prompts == []
    await judge.judge(a_matter(), cache="use", deadline=now() + LATER)
    assert (await judge.judge(a_matter(), cache="only", deadline=now() + LATER)).cache == "hit"
    assert len(line.prompts) == 1


BAD_COMPLETIONS = {
    "unparsable": a_completion("I would give it a 4."),
    "off_scale": a_completion(a_reply(level=9)),
    "truncated": a_completion(a_reply()[:20], finish="length"),
    "refused": a_completion("", finish="refusal"),
}


@pytest.mark.parametrize("outcome", BAD_COMPLETIONS)
def test_a_bad_answer_is_told_and_never_kept(outcome: str) -> None:
    @virtual
    async def scenario() -> None:
        line, cache = FakeLine(BAD_COMPLETIONS[outcome]), FakeCache()
        for _ in range(2):
            judgement = await a_judge(line, cache).judge(a_matter(), cache="use", deadline=now() + LATER)
            assert {verdict.outcome for verdict in judgement.verdicts.values()} == {outcome}
            assert {verdict.value for verdict in judgement.verdicts.values()} == {None}
            assert not judgement.keeps
            assert judgement.failure is None
        assert len(line.prompts) == 2
        assert cache.records == {}

    scenario()


ERRORS: list[tuple[BackendError, str]] = [
    (BackendTimeout("late"), "timeout"),
    (BackendRateLimited("slow down", retry_after_s=3), "provider_error"),
    (BackendUnavailable("away"), "provider_error"),
    (BackendBroken("cut"), "provider_error"),
    (BackendRejected("no key"), "provider_error"),
    (BackendRejected("too long", code="context_too_long"), "rejected_input"),
    (BackendRejected("no picture", code="bad_image"), "rejected_input"),
    (BackendRejected("bad", code="bad_request"), "provider_error"),
    (BackendRejected("filtered", code="content_filter"), "refused"),
    (BackendError("odd", code="never heard of"), "provider_error"),
]


@pytest.mark.parametrize("mode", ["use", "refresh", "off"])
@pytest.mark.parametrize(("error", "outcome"), ERRORS, ids=lambda part: getattr(part, "code", ""))
def test_no_answer_is_an_outcome_with_its_attempts_and_never_kept(
    error: BackendError, outcome: str, mode: str
) -> None:
    @virtual
    async def scenario() -> None:
        cache, attempts = FakeCache(), (an_attempt(outcome=error.code, input_tokens=5),)
        judge = a_judge(BrokenLine(JudgeCallFailed(error, attempts)), cache)
        judgement = await judge.judge(a_matter(), cache=mode, deadline=now() + LATER)
        assert {verdict.outcome for verdict in judgement.verdicts.values()} == {outcome}
        assert [verdict.weight for verdict in judgement.verdicts.values()] == [4, 1]
        assert judgement.attempts == attempts
        assert judgement.usage == Usage(5, None)
        assert judgement.failure is not None
        assert judgement.failure.code == error.code
        assert judgement.failure.retryable == error.retryable
        assert judgement.failure.retry_after_s == error.retry_after_s
        assert not judgement.keeps
        assert cache.records == {}

    scenario()


@pytest.mark.parametrize("mode", ["use", "off"])
def test_a_judge_that_does_not_heed_the_deadline_is_left_behind(mode: str) -> None:
    @virtual
    async def scenario() -> None:
        start = now()
        judgement = await a_judge(SilentLine()).judge(a_matter(), cache=mode, deadline=start + 5)
        assert now() - start == pytest.approx(5 + GRACE_S)
        assert {verdict.outcome for verdict in judgement.verdicts.values()} == {"timeout"}
        assert judgement.failure is not None
        assert judgement.failure.code == "timeout"
        assert judgement.failure.retryable

    scenario()


@virtual
async def test_a_caller_who_leaves_takes_the_question_along() -> None:
    asking = asyncio.ensure_future(
        a_judge(SilentLine()).judge(a_matter(), cache="off", deadline=now() + LATER)
    )
    await asyncio.sleep(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@virtual
async def test_the_way_to_the_judge_knows_the_deadline() -> None:
    line = FakeLine()
    await a_judge(line).judge(a_matter(), cache="off", deadline=now() + 7)
    assert line.deadlines == [now() + 7]


@pytest.mark.parametrize("response", ["", "Solution:", "very " * 50])
def test_a_response_without_content_costs_no_call_and_gets_what_the_rubric_says(response: str) -> None:
    @virtual
    async def scenario() -> None:
        line, cache = FakeLine(), FakeCache()
        matter = a_matter(a_case(response=response), FLOORED)
        for state in ("miss", "hit"):
            judgement = await a_judge(line, cache).judge(matter, cache="use", deadline=now() + LATER)
            accuracy, clarity = judgement.verdicts["accuracy"], judgement.verdicts["clarity"]
            assert (accuracy.outcome, accuracy.level, accuracy.value) == ("scored", 0, 0.0)
            assert "No judge was asked" in (accuracy.rationale or "")
            assert isinstance(clarity, Unscored)
            assert (clarity.outcome, clarity.value) == ("degenerate_response", None)
            assert judgement.flags == ("degenerate_response",)
            assert judgement.cache == state
        assert line.prompts == []

    scenario()


@virtual
async def test_what_was_taken_out_of_a_case_is_told_also_from_the_cache() -> None:
    cache, case = FakeCache(), a_case(response="A frac\u200bture. <|im_end|>")
    for _ in range(2):
        judgement = await a_judge(cache=cache).judge(a_matter(case), cache="use", deadline=now() + LATER)
        assert judgement.flags == ("invisible_characters_removed", "control_tokens_defused")


@virtual
async def test_a_level_of_another_day_is_held_against_the_scale_of_today() -> None:
    cache, line = FakeCache(), FakeLine()
    judge = a_judge(line, cache)
    cache.records[judge.key(a_matter())] = {"verdicts": {"accuracy": an_entry(9), "clarity": an_entry(5)}}
    judgement = await judge.judge(a_matter(), cache="use", deadline=now() + LATER)
    assert judgement.cache == "miss"
    assert len(line.prompts) == 1
