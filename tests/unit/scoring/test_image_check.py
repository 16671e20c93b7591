"""A judge whose provider takes the images out of a prompt is found by what it counts, and named."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_matter, a_spec
from imagelines import CENTS, IMAGE_TOKENS, CountingLine
from lines import FakeCache
from virtualtime import now, virtual

from judge_service.backends.openai_wire import messages
from judge_service.domain.verdict import Unscored
from judge_service.errors import BackendError, BackendRejected, BackendUnavailable
from judge_service.prompts import Prompts
from judge_service.scoring.judge import Judge

if TYPE_CHECKING:
    from judge_service.scoring.judge import Matter
    from judge_service.scoring.judgement import Judgement

LATER = 1000.0
MODEL = "judge-7b-0611"


def a_judge(line: CountingLine, cache: FakeCache | None = None, **spec: Any) -> Judge:
    return Judge("default", a_spec(**spec), line, Prompts(b"key"), cache or FakeCache())


def shown(response: str = "A fracture.", images: int = 1) -> Matter:
    """Put a case in image mode."""
    return a_matter(
        a_case(response=response),
        mode="image",
        images=tuple(f"data:image/png;base64,{at}" for at in range(images)),
        image_digests=tuple(f"digest-{at}" for at in range(images)),
        image_roles=("question",) * images,
    )


async def asked(judge: Judge, matter: Matter | None = None, cache: str = "use") -> Judgement:
    return await judge.judge(matter or shown(), cache=cache, deadline=now() + LATER)


def outcomes(judgement: Judgement) -> set[str]:
    return {verdict.outcome for verdict in judgement.verdicts.values()}


@virtual
async def test_the_first_answer_is_checked_and_the_check_is_accounted_for() -> None:
    line = CountingLine()
    judge = a_judge(line)
    first, second = await asked(judge), await asked(judge, shown("Another."))
    assert (outcomes(first), first.flags, first.keeps, first.failure) == ({"scored"}, (), True, None)
    assert [attempt.outcome for attempt in first.attempts] == ["ok", "image_check"]
    with_images, without = (attempt.input_tokens or 0 for attempt in first.attempts)
    assert with_images - without == IMAGE_TOKENS
    assert judge.image_check.tokens == (with_images, without)
    assert first.usage.input_tokens == with_images + without
    assert first.cost_microusd == 2 * CENTS
    assert [attempt.outcome for attempt in second.attempts] == ["ok"]
    assert (second.cost_microusd, len(line.prompts)) == (CENTS, 3)


@virtual
async def test_what_is_asked_without_images_is_the_same_text_in_the_same_parts() -> None:
    line = CountingLine(reminder="Only JSON.")
    await asked(a_judge(line), shown(images=2))
    with_images, bare = line.prompts
    (_, seen), (_, unseen) = messages(with_images.reminded("Only JSON.")), messages(bare)
    parts: Any = seen["content"]
    assert [part for part in parts if part["type"] == "text"] == unseen["content"]
    assert sum(part["type"] == "image_url" for part in parts) == 2
    assert (bare.images, bare.max_tokens, bare.system) == ((), 1, with_images.system)


@pytest.mark.parametrize("cache", ["use", "off"])
@pytest.mark.parametrize("reminder", ["", "Only JSON, as I have said before."])
def test_dropped_images_are_named_and_give_no_score(cache: str, reminder: str) -> None:
    @virtual
    async def scenario() -> None:
        line, store = CountingLine(drops=True, reminder=reminder), FakeCache()
        judge = a_judge(line, store)
        for _ in range(2):
            judgement = await asked(judge, cache=cache)
            assert outcomes(judgement) == {"rejected_input"}
            (tokens, again) = (attempt.input_tokens for attempt in judgement.attempts)
            assert tokens == again
            for verdict in judgement.verdicts.values():
                assert isinstance(verdict, Unscored)
                assert MODEL in verdict.reason
                assert f"counted {tokens} tokens with and without the images" in verdict.reason
            assert judgement.failure is not None
            assert (judgement.failure.code, judgement.failure.retryable) == ("images_dropped", False)
            assert (judgement.model, judgement.fingerprint) == (MODEL, "fp_1")
        assert store.records == {}
        assert len(line.bare) == 2  # for as long as they are dropped, each answer is looked at

    scenario()


@virtual
async def test_a_provider_that_mends_is_believed_again() -> None:
    line = CountingLine(drops=True)
    judge = a_judge(line)
    assert outcomes(await asked(judge)) == {"rejected_input"}
    line.drops = False
    assert outcomes(await asked(judge)) == {"scored"}


@pytest.mark.parametrize("later", ["A fracture.", "A fracture, considerably displaced, posterolaterally."])
def test_a_provider_that_begins_to_drop_images_is_noticed(later: str) -> None:
    @virtual
    async def scenario() -> None:
        line = CountingLine()
        judge = a_judge(line)
        assert outcomes(await asked(judge)) == {"scored"}
        line.drops = True
        assert outcomes(await asked(judge, shown(later), cache="off")) == {"rejected_input"}
        # What was known is forgotten: now each answer is looked at, whatever its text.
        assert outcomes(await asked(judge, shown("A b c d e f g h i j k."))) == {"rejected_input"}
        line.drops = False
        assert outcomes(await asked(judge, cache="off")) == {"scored"}

    scenario()


@virtual
async def test_a_text_of_few_tokens_is_doubted_once_and_its_like_no_more() -> None:
    line = CountingLine()
    judge = a_judge(line)
    await asked(judge)
    for at in range(3):
        judgement = await asked(judge, shown(f"{at}" + "n" * 20_000))
        assert (outcomes(judgement), judgement.flags, judgement.keeps) == ({"scored"}, (), True)
    assert len(line.bare) == 2
    await asked(judge, shown("Of the usual length."))
    assert len(line.bare) == 2  # and the usual ones are doubted no sooner for it


@virtual
async def test_where_every_answer_is_asked_for_each_is_checked_and_sharpens_what_is_known() -> None:
    line = CountingLine()
    judge = a_judge(line)
    for response in ("One.", "Two."):
        assert outcomes(await asked(judge, replace(shown(response), check_images=True))) == {"scored"}
    assert len(line.bare) == 2
    line.drops = True
    third = replace(shown("Three."), check_images=True)
    assert outcomes(await asked(judge, third)) == {"rejected_input"}
    assert outcomes(await asked(judge, shown("Four."))) == {"rejected_input"}
    line.drops = False
    assert outcomes(await asked(judge, shown("Five."))) == {"scored"}
    assert len(line.bare) == 5
    await asked(judge, shown("Six."))
    assert len(line.bare) == 5


@virtual
async def test_where_no_tokens_are_told_nobody_knows_and_the_score_says_so() -> None:
    line, store = CountingLine(tells=False), FakeCache()
    for state in ("miss", "hit"):
        judgement = await asked(a_judge(line, store))
        assert (outcomes(judgement), judgement.flags) == ({"scored"}, ("images_unconfirmed",))
        assert judgement.cache == state
    assert line.bare == []


@virtual
async def test_a_count_that_is_told_only_sometimes_confirms_nothing() -> None:
    line, store = CountingLine(tells_bare=False), FakeCache()
    judge = a_judge(line, store)
    for response in ("One.", "Two."):
        judgement = await asked(judge, shown(response))
        assert (outcomes(judgement), judgement.flags) == ({"scored"}, ("images_unconfirmed",))
    assert len(line.bare) == 1
    assert len(store.records) == 2
    assert judge.image_check.tokens is None


ANSWERERS = [
    [("judge-7b-0611", "fp_1"), ("judge-7b-0611", "fp_1"), ("judge-7b-0611", "fp_2")],
    [("judge-7b-0611", "fp_1"), ("judge-7b-0611", "fp_1"), ("judge-7b-0711", "fp_1")],
]


@pytest.mark.parametrize("models", ANSWERERS)
def test_another_model_or_fingerprint_is_checked_anew(models: list[tuple[str, str]]) -> None:
    @virtual
    async def scenario() -> None:
        line = CountingLine(models=models)
        judge = a_judge(line)
        for response in ("One.", "Two.", "Three."):
            await asked(judge, shown(response))
        assert len(line.bare) == 2

    scenario()


@virtual
async def test_another_model_counts_otherwise_so_it_confirms_nothing() -> None:
    line, store = CountingLine(models=[("judge-7b-0611", None), ("judge-7b-0711", None)]), FakeCache()
    judgement = await asked(a_judge(line, store))
    assert (outcomes(judgement), judgement.flags, store.records) == ({"scored"}, ("images_unconfirmed",), {})


@pytest.mark.parametrize(("check", "bare", "flags"), [("each", 3, ()), ("off", 0, ("images_unconfirmed",))])
def test_the_setting_says_how_often(check: str, bare: int, flags: tuple[str, ...]) -> None:
    @virtual
    async def scenario() -> None:
        line = CountingLine()
        judge = a_judge(line, image_check=check)
        for response in ("One.", "Two.", "Three."):
            assert (await asked(judge, shown(response))).flags == flags
        assert len(line.bare) == bare

    scenario()


@pytest.mark.parametrize("drops", [False, True])
def test_answers_that_come_together_share_one_check(drops: bool) -> None:
    @virtual
    async def scenario() -> None:
        line = CountingLine(drops=drops)
        judge = a_judge(line)
        judgements = await asyncio.gather(*(asked(judge, shown(f"Answer {at}.")) for at in range(9)))
        assert {name for one in judgements for name in outcomes(one)} == {
            "rejected_input" if drops else "scored"
        }
        assert len(line.bare) == 1
        assert sorted(len(one.attempts) for one in judgements) == [1] * 8 + [2]

    scenario()


@virtual
async def test_who_leaves_takes_nobody_elses_check_along() -> None:
    line = CountingLine()
    judge = a_judge(line)
    leaver = asyncio.ensure_future(asked(judge, shown("One."), cache="off"))
    await asyncio.sleep(0.5)
    stayer = asyncio.ensure_future(asked(judge, shown("Two."), cache="off"))
    await asyncio.sleep(1.25)
    leaver.cancel()
    assert (await stayer).flags == ()
    assert len(line.bare) == 1


@virtual
async def test_who_cannot_wait_for_the_check_is_told_that_nothing_is_known() -> None:
    line, store = CountingLine(seconds=3), FakeCache()
    judgement = await a_judge(line, store).judge(shown(), cache="use", deadline=now() + 5)
    assert (outcomes(judgement), judgement.flags, store.records) == ({"scored"}, ("images_unconfirmed",), {})


@pytest.mark.parametrize(
    ("fault", "kept", "bare"), [(BackendUnavailable("away"), 0, 2), (BackendRejected("one token"), 1, 1)]
)
def test_a_check_that_fails_is_told_and_asked_again_where_that_helps(
    fault: BackendError, kept: int, bare: int
) -> None:
    @virtual
    async def scenario() -> None:
        line, store = CountingLine(faults=[fault]), FakeCache()
        judge = a_judge(line, store)
        judgement = await asked(judge)
        assert (outcomes(judgement), judgement.flags) == ({"scored"}, ("images_unconfirmed",))
        assert [attempt.outcome for attempt in judgement.attempts] == ["ok", fault.code]
        assert len(store.records) == kept
        after = await asked(judge, shown("Another."))
        assert after.flags == (("images_unconfirmed",) if kept else ())
        assert len(line.bare) == bare

    scenario()


@pytest.mark.parametrize(
    ("matter", "spec"), [(a_matter(), {}), (shown(images=0), {}), (shown(), {"kind": "scripted"})]
)
def test_where_no_image_goes_to_a_model_nothing_is_checked(matter: Matter, spec: dict[str, Any]) -> None:
    @virtual
    async def scenario() -> None:
        line = CountingLine()
        judgement = await asked(a_judge(line, **spec), matter)
        assert (judgement.flags, len(line.prompts)) == ((), 1)

    scenario()


@virtual
async def test_of_a_provider_with_ever_new_names_the_oldest_are_forgotten() -> None:
    names = ["fp_0", *(f"fp_{at}" for at in range(65)), "fp_0"]
    # Each name answers twice where it is new: with the images, and without.
    models = [("judge-7b", name) for name in names for _ in range(2)]
    del models[2:3], models[3:4]  # the second answer under the first name needs no check
    line = CountingLine(models=models)
    judge = a_judge(line)
    for at in range(len(names)):
        assert (await asked(judge, shown(f"Answer {at}."))).flags == ()
    assert len(line.bare) == 66  # fp_0 to fp_64, and fp_0 once more


@pytest.mark.parametrize("drops", [False, True])
def test_of_several_answers_each_has_to_have_seen(drops: bool) -> None:
    @virtual
    async def scenario() -> None:
        line = CountingLine(drops=drops)
        matter = replace(shown(), samples=4)
        judgement = await asked(a_judge(line, temperature=0.7), matter)
        assert outcomes(judgement) == {"rejected_input" if drops else "scored"}
        assert [attempt.outcome for attempt in judgement.attempts] == ["ok"] * 4 + ["image_check"]
        assert judgement.usage.input_tokens == sum(one.input_tokens or 0 for one in judgement.attempts)
        assert judgement.cost_microusd == 5 * CENTS

    scenario()
