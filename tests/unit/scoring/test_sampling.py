from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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
from hypothesis import given
from hypothesis import strategies as st
from lines import BrokenLine, FakeCache, FakeLine
from tokens import in_doubt
from virtualtime import virtual

from judge_service.backends.base import Called, Completion, JudgeCallFailed
from judge_service.domain.verdict import Scored, Unscored
from judge_service.errors import BackendUnavailable, UnfitCase
from judge_service.prompts import Prompts
from judge_service.scoring.answering import check_samples
from judge_service.scoring.judge import Judge
from judge_service.scoring.reading import read
from judge_service.scoring.sampling import together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from judge_service.backends.base import Prompt

ACCURACY = a_criterion("accuracy", weight=4)


def verdict_of(levels: Sequence[object]) -> Scored | Unscored:
    readings = [
        read(a_completion(json.dumps({"accuracy": an_entry(level)})), [ACCURACY], "x") for level in levels
    ]
    return together([ACCURACY], readings).verdicts["accuracy"]


def scored(levels: Sequence[object]) -> Scored:
    found = verdict_of(levels)
    assert isinstance(found, Scored)
    return found


def test_the_level_that_came_most_often_is_the_verdict() -> None:
    found = scored([3, 5, 5, 4])
    assert (found.level, found.value) == (5, 100.0)
    assert found.expected == pytest.approx(85.0)
    assert (found.distribution_from, found.distribution_mass) == ("samples", 1.0)
    assert found.distribution == {"0": 0, "1": 0, "2": 0, "3": 0.25, "4": 0.25, "5": 0.5}


def test_of_levels_that_came_equally_often_the_lower_is_the_verdict() -> None:
    assert scored([5, 2]).level == 2


@given(st.lists(st.integers(0, 5), min_size=2, max_size=8), st.randoms())
def test_the_order_of_the_answers_does_not_matter(levels: list[int], random: Any) -> None:
    other = levels.copy()
    random.shuffle(other)
    assert scored(levels) == scored(other)


def test_a_single_answer_stays_what_it_is() -> None:
    assert scored([3]).distribution is None


def test_answers_without_a_level_are_told_and_take_the_distribution() -> None:
    found = scored([3, 3, None])
    assert found.flags == ("samples_unscored",)
    assert (found.expected, found.distribution_withheld) == (None, "mass_unseen")


@pytest.mark.parametrize("levels", [[None, None, 4], [None, 4]])
def test_no_level_is_told_unless_most_answers_have_one(levels: list[object]) -> None:
    found = verdict_of(levels)
    assert isinstance(found, Unscored)
    assert found.outcome == "abstained"
    assert f"of {len(levels)} answers" in found.reason


@pytest.mark.parametrize(
    ("spec", "samples", "score_from", "said"),
    [
        ({"temperature": 0}, 2, "level", "temperature above 0"),
        ({"kind": "scripted", "temperature": 0.7}, 2, "level", "temperature above 0"),
        ({"temperature": 0.7}, 1, "expected", "set its logprobs"),
    ],
)
def test_what_a_judge_cannot_give_is_refused(
    spec: dict[str, Any], samples: int, score_from: Any, said: str
) -> None:
    with pytest.raises(UnfitCase, match=said):
        check_samples(a_judge(FakeLine(), **spec), samples, score_from)


def test_what_a_judge_can_give_is_let_pass() -> None:
    check_samples(a_judge(FakeLine(), temperature=0), 1, "level")
    check_samples(a_judge(FakeLine(), temperature=0.5), 2, "expected")
    check_samples(a_judge(FakeLine(), logprobs=5), 1, "expected")


class InTurn(FakeLine):
    """Each asking gets the next level."""

    async def call(self, prompt: Any, read_: Callable[[Completion], Any], landing: Any) -> Called[Any]:
        self.completion = a_completion(a_reply(prompt.criteria, level=prompt.sample))
        self.attempts = (an_attempt(input_tokens=100, output_tokens=20, cost_microusd=2),)
        return await super().call(prompt, read_, landing)


def a_judge(line: Any, cache: FakeCache | None = None, **spec: Any) -> Judge:
    settings = {"temperature": 0.8, "seed": 7} | spec
    return Judge("default", a_spec(**settings), line, Prompts(b"key"), cache or FakeCache())


@virtual
async def test_several_samples_are_as_many_askings_each_with_its_own_number() -> None:
    line = InTurn()
    found = await a_judge(line).judge(a_matter(samples=3), cache="use", deadline=1000)
    assert sorted(prompt.sample for prompt in line.prompts) == [0, 1, 2]
    assert (len(found.attempts), found.usage.input_tokens, found.cost_microusd) == (3, 300, 6)
    verdict = found.verdicts["accuracy"]
    assert isinstance(verdict, Scored)
    assert (verdict.level, found.keeps) == (0, True)
    assert verdict.expected == pytest.approx(20.0)


@virtual
async def test_what_was_sampled_is_kept_apart_and_comes_back_whole() -> None:
    cache, line = FakeCache(), InTurn()
    judge = a_judge(line, cache)
    assert judge.key(a_matter(samples=3)) != judge.key(a_matter())
    first = await judge.judge(a_matter(samples=3), cache="use", deadline=1000)
    again = await judge.judge(a_matter(samples=3), cache="use", deadline=1000)
    assert (len(line.prompts), again.cache, again.verdicts) == (3, "hit", first.verdicts)


@virtual
async def test_one_sample_that_cannot_be_had_is_no_distribution_of_the_others() -> None:
    broken = BrokenLine(JudgeCallFailed(BackendUnavailable("gone"), ()))
    found = await a_judge(broken).judge(a_matter(samples=3), cache="use", deadline=1000)
    assert found.failure is not None
    assert {verdict.outcome for verdict in found.verdicts.values()} == {"provider_error"}


@virtual
async def test_the_guard_is_certain() -> None:
    rubric = a_stored_rubric(a_rubric(a_criterion("accuracy", when_degenerate=0)))
    matter = a_matter(a_case(response=""), rubric, samples=2)
    found = (await a_judge(InTurn()).judge(matter, cache="off", deadline=1000)).verdicts["accuracy"]
    assert isinstance(found, Scored)
    assert (found.expected, found.distribution_from) == (0.0, "guard")


def one_of(*completions: Completion) -> FakeLine:
    class Turns(FakeLine):
        async def call(self, prompt: Prompt, *args: Any) -> Any:
            self.completion = completions[prompt.sample]
            return await super().call(prompt, *args)

    return Turns()


@virtual
@pytest.mark.parametrize("odd", [a_completion("", finish="refusal"), a_completion("no JSON")])
async def test_samples_of_which_one_is_no_answer_are_told_and_not_kept(odd: Completion) -> None:
    cache, plain = FakeCache(), a_completion(a_reply(a_matter().criteria))
    judge = a_judge(one_of(plain, odd, plain), cache)
    found = await judge.judge(a_matter(samples=3), cache="use", deadline=1000)
    assert {verdict.outcome for verdict in found.verdicts.values()} == {"scored"}
    assert (found.keeps, cache.records) == (False, {})
    abstaining = a_completion(a_reply(a_matter().criteria, level=None))
    judge = a_judge(one_of(plain, abstaining, plain), cache)
    assert (await judge.judge(a_matter(samples=3), cache="use", deadline=1000)).keeps


@virtual
@pytest.mark.parametrize(("score_from", "keeps"), [("expected", False), ("level", True)])
@pytest.mark.parametrize(
    ("chances", "why"), [(None, "tokens_not_told"), (dict.fromkeys(range(6), 1.0), "mass_impossible")]
)
async def test_a_total_that_lacks_what_the_server_did_not_tell_is_not_kept(
    score_from: str, keeps: bool, chances: dict[int | str, float] | None, why: str
) -> None:
    stored = a_stored_rubric(a_rubric(score_from=score_from))
    reply = a_reply(stored.rubric.criteria)
    line = FakeLine(a_completion(reply, tokens=in_doubt(reply, chances) if chances else ()))
    found = await a_judge(line, logprobs=5).judge(a_matter(stored=stored), cache="use", deadline=1000)
    verdict = found.verdicts["accuracy"]
    assert isinstance(verdict, Scored)
    assert (verdict.distribution_withheld, found.keeps) == (why, keeps)
