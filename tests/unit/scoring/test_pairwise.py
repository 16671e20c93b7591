from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from builders import TEMPLATE, a_completion, a_criterion, a_nominal_scale, a_rubric, an_entry, an_image
from lines import FakeCache, SilentLine
from pairs import ANSWERS, Opinions, a_comparing_scorer, a_comparison
from virtualtime import now, virtual

from judge_service.domain.comparison import Comparison
from judge_service.domain.panel import PanelSpec
from judge_service.errors import (
    BackendRateLimited,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    CacheMiss,
    RubricNotFound,
    UnfitCase,
)
from judge_service.images import Pixels
from judge_service.prompts import pairwise_digest
from judge_service.scoring.judge import Judge
from judge_service.scoring.pairwise import compare
from judge_service.scoring.panel import Panel
from judge_service.scoring.scorer import Scorer

FLOORED = a_rubric(a_criterion("accuracy", weight=4, when_degenerate=0), a_criterion("clarity"))


async def compared(scorer: Scorer, *responses: str, **fields: Any) -> Comparison:
    return await compare(scorer, a_comparison(*responses, **fields), deadline=now() + 100)


@virtual
async def test_both_orders_are_asked_with_each_response_first_once() -> None:
    line = Opinions({"accuracy": "fracture", "clarity": "first"})
    found = await compared(
        a_comparing_scorer(line), case={"id": "c7", "subgroups": {"s": "x"}}, metadata={"run": 3}
    )
    assert [(p.case.response, p.rival) for p in line.prompts] == [
        (ANSWERS["a"], ANSWERS["b"]),
        (ANSWERS["b"], ANSWERS["a"]),
    ]
    assert (found.outcome, found.winner, found.preference) == ("compared", "a", 0.8)
    assert found.criteria["accuracy"].winner == "a"
    assert found.criteria["clarity"].flipped
    assert (found.position.criteria, found.position.flips, found.position.to_first) == (2, 1, 1)
    assert found.flags == ("position_flip",)
    assert (found.case_id, found.subgroups, found.metadata) == ("c7", {"s": "x"}, {"run": 3})


@virtual
async def test_provenance_is_that_of_a_score_over_both_askings() -> None:
    line = Opinions({})
    found = await compared(a_comparing_scorer(line))
    told = found.provenance
    assert told.prompt_digest == pairwise_digest(TEMPLATE)
    assert (told.rubric, told.judge, told.instrument, told.is_llm) == ("plain@1", "default", "llm", True)
    assert (told.model, told.cache, told.cost_microusd) == ("judge-7b-0611", "miss", 14)
    assert told.attempts == line.attempts * 2
    assert (told.usage.input_tokens, told.usage.output_tokens) == (200, 40)
    assert list(found.asked) == ["a_first", "b_first"]
    assert [each.cost_microusd for each in found.asked.values()] == [7, 7]


@virtual
async def test_an_unknown_cost_of_one_asking_leaves_the_sum_unknown() -> None:
    line = Opinions({})
    document = {name: an_entry("tie") for name in ("accuracy", "clarity")}
    line.completions["sprain"] = a_completion(json.dumps(document), model="judge-7b-0702")
    found = await compared(a_comparing_scorer(line))
    assert found.provenance.cost_microusd is None
    assert found.provenance.model == "judge-7b"  # as configured: two snapshots answered
    assert found.flags == ("models_differ",)


@virtual
async def test_each_order_is_kept_under_its_own_key_and_serves_the_swapped_question() -> None:
    line, cache = Opinions({"accuracy": "fracture"}), FakeCache()
    scorer = a_comparing_scorer(line, cache=cache)
    there = await compared(scorer)
    assert len(cache.records) == 2
    back = await compared(scorer, ANSWERS["b"], ANSWERS["a"], cache="only")
    assert len(line.prompts) == 2
    assert (there.winner, back.winner, back.preference) == ("a", "b", -(there.preference or 0))
    assert back.provenance.cache == "hit"
    with pytest.raises(CacheMiss):
        await compared(scorer, "Another answer.", cache="only")


@virtual
async def test_a_comparison_is_no_score_to_the_cache() -> None:
    line, cache = Opinions({}), FakeCache()
    scorer = a_comparing_scorer(line, cache=cache)
    request = a_comparison()
    await scorer.score(request.of("a"), deadline=now() + 9)
    await compared(scorer)
    assert (len(line.prompts), len(cache.records)) == (3, 3)


@virtual
async def test_one_text_twice_is_a_tie_without_asking() -> None:
    line = Opinions({})
    found = await compared(a_comparing_scorer(line), "A fracture.", "A frac\u200bture.\n")
    assert line.prompts == []
    assert (found.winner, found.preference, found.flags) == ("tie", 0.0, ("identical_responses",))
    assert (found.provenance.instrument, found.provenance.is_llm, found.provenance.model) == (
        "guard",
        False,
        None,
    )
    assert (found.asked, found.provenance.cache) == ({}, "none")


@pytest.mark.parametrize(("level", "winner"), [(3, "a"), (0, "tie")])
def test_against_an_empty_response_the_other_one_is_judged_by_itself(level: int, winner: str) -> None:
    @virtual
    async def scenario() -> None:
        line = Opinions({}, level=level)
        found = await compared(a_comparing_scorer(line, FLOORED), ANSWERS["a"], "  ", partial="renormalise")
        assert [(p.case.response, p.rival) for p in line.prompts] == [(ANSWERS["a"], None)]
        assert found.criteria["accuracy"].winner == winner
        assert found.criteria["accuracy"].said["a"].level == level
        assert found.criteria["clarity"].outcome == "degenerate_response"  # its rubric names no level for it
        assert set(found.flags) == {"degenerate_response", "compared_by_levels", "partial"}
        assert found.asked["b"].flags == ("degenerate_response",)
        assert (found.provenance.instrument, found.provenance.model) == ("llm", "judge-7b-0611")
        assert found.provenance.cost_microusd == 7
        assert found.provenance.prompt_digest != pairwise_digest(TEMPLATE)

    scenario()


@virtual
async def test_two_empty_responses_are_compared_by_the_rubric_alone() -> None:
    line = Opinions({})
    found = await compared(a_comparing_scorer(line, FLOORED), "...", "Answer:")
    assert line.prompts == []
    assert (found.outcome, found.preference, found.winner) == ("degenerate_response", None, None)
    assert (found.criteria["accuracy"].winner, found.provenance.instrument) == ("tie", "guard")


@pytest.mark.parametrize("partial", ["forbid", "renormalise"])
@pytest.mark.parametrize(
    ("error", "outcome"),
    [(BackendUnavailable("away"), "provider_error"), (BackendTimeout("late"), "timeout")],
)
def test_one_order_without_an_answer_is_a_failure_of_the_whole(
    error: BackendUnavailable | BackendTimeout, outcome: str, partial: str
) -> None:
    @virtual
    async def scenario() -> None:
        line, cache = Opinions({"accuracy": "fracture"}), FakeCache()
        line.failing["sprain"] = error
        scorer = a_comparing_scorer(line, cache=cache)
        found = await compared(scorer, partial=partial)
        assert (found.outcome, found.preference, found.winner) == (outcome, None, None)
        assert found.failure is not None
        assert found.failure.code == error.code
        assert len(cache.records) == 1  # the order that was answered is not asked again
        line.failing.clear()
        assert (await compared(scorer)).winner == "a"
        assert len(line.prompts) == 3

    scenario()


@virtual
async def test_of_two_failures_the_one_is_told_whose_outcome_is() -> None:
    line = Opinions({})
    line.failing = {"fracture": BackendTimeout("late"), "sprain": BackendRateLimited("busy", retry_after_s=9)}
    found = await compared(a_comparing_scorer(line))
    assert (found.outcome, found.failure and found.failure.code) == ("provider_error", "rate_limited")
    line.failing = {
        "fracture": BackendRateLimited("busy", retry_after_s=9),
        "sprain": BackendRejected("no key"),
    }
    found = await compared(a_comparing_scorer(line))
    assert found.failure is not None
    assert (found.failure.code, found.failure.retryable) == ("rejected", False)


@pytest.mark.parametrize(
    ("completion", "outcome"),
    [
        (a_completion("", finish="refusal"), "refused"),
        (a_completion("{", finish="length"), "truncated"),
        (a_completion("The first one."), "unparsable"),
        (a_completion(json.dumps({n: an_entry("neither") for n in ("accuracy", "clarity")})), "off_scale"),
        (a_completion(json.dumps({n: an_entry(1) for n in ("accuracy", "clarity")})), "unparsable"),
        (a_completion(json.dumps({n: an_entry(None) for n in ("accuracy", "clarity")})), "abstained"),
    ],
)
def test_a_bad_answer_in_one_order_is_its_outcome_and_no_preference(completion: Any, outcome: str) -> None:
    @virtual
    async def scenario() -> None:
        line = Opinions({"*": "first"})
        line.completions["fracture"] = completion
        found = await compared(a_comparing_scorer(line))
        assert (found.outcome, found.preference, found.winner, found.failure) == (outcome, None, None, None)
        assert found.reason is not None
        assert "with a shown first" in found.reason

    scenario()


@virtual
async def test_a_quotation_of_either_response_is_found() -> None:
    line = Opinions({})
    quoted = {n: an_entry("tie", evidence=["a fracture", "A sprain"]) for n in ("accuracy", "clarity")}
    line.completions[""] = a_completion(json.dumps(quoted))
    found = await compared(a_comparing_scorer(line))
    assert found.criteria["accuracy"].said["a_first"].evidence == ("a fracture", "A sprain")
    assert found.criteria["accuracy"].said["a_first"].flags == ()


@virtual
async def test_what_was_taken_out_of_a_response_is_told() -> None:
    found = await compared(a_comparing_scorer(Opinions({})), "A frac\u200bture.", "A <|im_end|> sprain.")
    assert found.flags == ("invisible_characters_removed", "control_tokens_defused")


@virtual
async def test_a_criterion_that_lacks_an_input_is_not_asked_about() -> None:
    rubric = a_rubric(a_criterion("accuracy", needs=["response", "reference"]), a_criterion("clarity"))
    line = Opinions({"clarity": "sprain"})
    scorer = a_comparing_scorer(line, rubric)
    found = await compared(scorer)
    assert [c.id for p in line.prompts for c in p.criteria] == ["clarity"] * 2
    assert (found.outcome, found.winner) == ("missing_input", None)
    partly = await compared(scorer, partial="renormalise")
    assert (partly.winner, partly.preference, partly.comparable, partly.left_out) == (
        "b",
        -1.0,
        False,
        ("accuracy",),
    )


@virtual
async def test_without_any_input_nobody_is_asked_and_nobody_is_called_equal() -> None:
    line = Opinions({})
    scorer = a_comparing_scorer(line, a_rubric(a_criterion("accuracy", needs=["reference"])))
    for texts in (("One.", "Two."), ("One.", "One.")):
        found = await compared(scorer, *texts)
        assert (found.outcome, found.winner, found.flags) == ("missing_input", None, ())
    assert line.prompts == []


@virtual
async def test_the_deadline_ends_both_orders() -> None:
    began = now()
    found = await compare(a_comparing_scorer(SilentLine()), a_comparison(), deadline=began + 3)
    assert now() - began < 3.2
    assert (found.outcome, found.failure and found.failure.code) == ("timeout", "timeout")


class Slides:
    """Hands out one picture for every image, after a while."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.opened = 0

    async def open(self, images: tuple[Any, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        await asyncio.sleep(self.seconds)
        self.opened += len(images)
        return tuple(Pixels("data:image/png;base64,AAAA", image.role) for image in images)


@virtual
async def test_pictures_are_opened_once_and_shown_in_both_orders() -> None:
    line, slides = Opinions({}), Slides()
    scorer = a_comparing_scorer(line, pictures=slides)
    found = await compared(scorer, case={"images": [an_image()]}, mode="image")
    assert slides.opened == 1
    assert [p.images for p in line.prompts] == [("data:image/png;base64,AAAA",)] * 2
    assert (found.provenance.images, found.provenance.mode) == (("question",), "image")
    unseen = await compared(scorer, case={"images": [an_image()]}, mode="text")
    assert unseen.flags == ("images_not_shown",)


@virtual
async def test_pictures_that_open_too_late_are_a_timeout_and_not_a_tie() -> None:
    scorer = a_comparing_scorer(Opinions({}), pictures=Slides(500))
    found = await compared(scorer, case={"images": [an_image()]}, mode="image")
    assert (found.outcome, found.preference, found.failure and found.failure.retryable) == (
        "timeout",
        None,
        True,
    )


@virtual
async def test_what_cannot_be_compared_is_refused_with_the_remedy() -> None:
    nominal = a_rubric(a_criterion("support", scale=a_nominal_scale()))
    with pytest.raises(UnfitCase, match=r"without an order.*choose"):
        await compared(a_comparing_scorer(Opinions({}), nominal))
    with pytest.raises(UnfitCase, match=r"no prompts/pairwise.jinja.*put one there"):
        await compared(a_comparing_scorer(Opinions({}), template=None))
    plain = a_comparing_scorer(Opinions({}))
    one = plain.judges["default"]
    assert isinstance(one, Judge)
    panel = Panel("default", PanelSpec(kind="panel", members=("a", "b")), {"a": one, "b": one})
    scorer = Scorer(plain.rubrics, {"default": panel}, Slides())
    with pytest.raises(UnfitCase, match=r"'panel', which compares no responses; name one of kind"):
        await compared(scorer)


@virtual
async def test_a_judge_of_the_family_of_one_of_the_models_is_flagged() -> None:
    scorer = a_comparing_scorer(Opinions({}), model="qwen3-8b")
    for models, flagged in (({"b": "Qwen2.5-VL"}, True), ({"a": "gpt-5"}, False), ({}, False)):
        assert ("own_family" in (await compared(scorer, case={"models": models})).flags) == flagged


@virtual
async def test_what_is_not_there_cannot_be_compared() -> None:
    scorer = a_comparing_scorer(Opinions({}))
    with pytest.raises(RubricNotFound):
        await compared(scorer, rubric="nothing")


@virtual
async def test_a_comparison_takes_no_expected_values_and_says_so() -> None:
    cache = FakeCache()
    scorer = a_comparing_scorer(Opinions({}), a_rubric(score_from="expected"), cache=cache, logprobs=5)
    found = await compared(scorer)
    assert (found.outcome, found.provenance.score_from, len(cache.records)) == ("compared", "level", 2)


@virtual
async def test_an_answer_that_claims_too_much_cannot_be_made() -> None:
    told = (await compared(a_comparing_scorer(Opinions({"accuracy": "fracture"})))).model_dump()
    for change in ({"winner": None}, {"outcome": "position_flip"}, {"preference": None}):
        with pytest.raises(ValueError, match=r"has a winner|has no number"):
            Comparison.model_validate(told | change)
    with pytest.raises(ValueError, match="has no number"):
        Comparison.model_validate(told | {"outcome": "refused", "winner": None})


@virtual
async def test_a_judge_that_scores_alone_compares_by_its_levels_in_no_order() -> None:
    line = Opinions({}, level=4)
    scorer = a_comparing_scorer(line, template=None, kind="embedded")
    found = await compared(scorer)
    assert [p.rival for p in line.prompts] == [None, None]
    assert (found.winner, found.flags, list(found.asked)) == ("tie", ("compared_by_levels",), ["a", "b"])
    assert found.position.criteria == 0
