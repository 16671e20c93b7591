from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import (
    a_case,
    a_completion,
    a_criterion,
    a_nominal_scale,
    a_reply,
    a_request,
    a_rubric,
    a_spec,
    a_stored_rubric,
    an_attempt,
    an_entry,
    an_image,
)
from hypothesis import given
from hypothesis import strategies as st
from lines import BrokenLine, FakeCache, FakeLine, SilentLine
from strategies import replies
from virtualtime import now, virtual

from judge_service import __version__
from judge_service.backends.base import JudgeCallFailed
from judge_service.domain.place import INTERACTIVE, Place
from judge_service.domain.score import Score
from judge_service.domain.verdict import Unscored
from judge_service.errors import (
    BackendUnavailable,
    CacheMiss,
    ImageRejected,
    JudgeNotFound,
    RubricNotFound,
    UnfitCase,
)
from judge_service.images import Pixels
from judge_service.prompts import Prompts
from judge_service.rubric_store import RubricStore
from judge_service.scoring.judge import Judge, Line
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from judge_service.domain.case import Image
    from judge_service.domain.rubric import Rubric

PICTURE = an_image()
GROUNDED = a_rubric(
    a_criterion("accuracy", weight=4, needs=["response", "reference"]),
    a_criterion("sight", weight=2, needs={"text": ["response", "visual_description"], "image": ["images"]}),
    a_criterion("clarity", when_degenerate=0),
)


class FakePictures:
    """Opens every image, and counts."""

    def __init__(self) -> None:
        self.opened = 0
        self.most_pixels: int | None = None

    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        self.most_pixels = most_pixels
        self.opened += len(images)
        return tuple(Pixels(f"data:image/png;base64,{at}", f"digest-{at}") for at in range(len(images)))


class ClosedPictures:
    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        raise ImageRejected("images[0]: not a readable PNG image")


def a_scorer(
    rubric: Rubric | None = None,
    line: Line | None = None,
    pictures: FakePictures | ClosedPictures | None = None,
    **spec: Any,
) -> Scorer:
    judge = Judge("default", a_spec(**spec), line or FakeLine(), Prompts(b"key"), FakeCache())
    store = RubricStore([a_stored_rubric(rubric)])
    return Scorer(store, {"default": judge}, pictures or FakePictures())


def score(scorer: Scorer, seconds: float = 100, **fields: Any) -> Score:
    @virtual
    async def ask() -> Score:
        return await scorer.score(a_request(**fields), deadline=now() + seconds)

    return ask()


def outcomes(found: Score) -> dict[str, str]:
    return {name: verdict.outcome for name, verdict in found.criteria.items()}


def test_a_case_gets_a_score_that_says_where_it_comes_from() -> None:
    attempts = (an_attempt(input_tokens=1490, output_tokens=212, cost_microusd=9),)
    line = FakeLine(a_completion(fingerprint="fp_1"), attempts)
    found = score(a_scorer(line=line, seed=3), case=a_case(id="c-7"), metadata={"run": "r7"})
    assert (found.outcome, found.score, found.reason) == ("scored", 80.0, None)
    assert outcomes(found) == {"accuracy": "scored", "clarity": "scored"}
    assert (found.case_id, found.metadata) == ("c-7", {"run": "r7"})
    assert (found.comparable, found.left_out, found.flags, found.failure) == (True, (), (), None)
    stored, told = a_stored_rubric(), found.provenance
    assert (told.rubric, told.rubric_digest) == ("plain@1", stored.digest)
    assert told.prompt_digest == stored.prompt_digest
    assert (told.judge, told.judge_kind, told.is_llm, told.instrument) == ("default", "openai", True, "llm")
    assert (told.model, told.model_fingerprint) == ("judge-7b-0611", "fp_1")
    assert told.sampling == {"temperature": 0.0, "max_tokens": 2048, "seed": 3}
    assert (told.mode, told.schema_mode, told.cache) == ("text", "json_schema", "miss")
    assert (told.images, told.attempts, told.cost_microusd, told.spent_microusd) == ((), attempts, 9, 9)
    assert (told.usage.input_tokens, told.usage.output_tokens) == (1490, 212)
    assert told.service_version == __version__


def test_every_answer_has_an_id_of_its_own() -> None:
    scorer = a_scorer()
    assert score(scorer).id != score(scorer).id


def test_the_configured_model_stands_where_the_provider_names_none() -> None:
    found = score(a_scorer(line=FakeLine(a_completion(model=None))))
    assert found.provenance.model == "judge-7b"


def test_weights_count_in_the_total() -> None:
    text = json.dumps({"accuracy": an_entry(5), "clarity": an_entry(0)})
    assert score(a_scorer(line=FakeLine(a_completion(text)))).score == 80.0


@pytest.mark.parametrize("ref", ["plain", "plain@1"])
def test_a_rubric_is_found_by_id_and_by_version(ref: str) -> None:
    assert score(a_scorer(), rubric=ref).provenance.rubric == "plain@1"


def test_a_request_for_what_there_is_not_says_what_there_is() -> None:
    with pytest.raises(RubricNotFound, match="known: plain"):
        score(a_scorer(), rubric="fancy")
    with pytest.raises(JudgeNotFound, match="known: default"):
        score(a_scorer(), judge="fancy")
    with pytest.raises(CacheMiss):
        score(a_scorer(), cache="only")


def test_a_criterion_without_its_input_is_not_judged_and_the_total_is_null() -> None:
    line = FakeLine()
    found = score(a_scorer(GROUNDED, line), case=a_case(reference=" "))
    assert outcomes(found) == {"accuracy": "missing_input", "sight": "missing_input", "clarity": "scored"}
    assert [criterion.id for criterion in line.prompts[0].criteria] == ["clarity"]
    assert (found.outcome, found.score) == ("missing_input", None)
    assert found.reason == "accuracy: the case has no reference"
    assert list(found.criteria) == ["accuracy", "sight", "clarity"]


def test_renormalising_is_told_and_makes_scores_incomparable() -> None:
    found = score(a_scorer(GROUNDED), case=a_case(reference=None), partial="renormalise")
    assert (found.outcome, found.score) == ("scored", 80.0)
    assert not found.comparable
    assert found.left_out == ("accuracy", "sight")
    assert found.flags == ("partial",)


def test_a_case_that_lacks_everything_costs_no_call() -> None:
    line = FakeLine()
    rubric = a_rubric(a_criterion(needs=["reference", "claim"]))
    found = score(a_scorer(rubric, line), case=a_case(reference=None), partial="renormalise")
    assert line.prompts == []
    told = found.provenance
    assert (told.cache, told.cost_microusd, told.spent_microusd) == ("none", 0, 0)
    assert (told.spent_usage.input_tokens, told.spent_usage.output_tokens) == (0, 0)
    assert (found.outcome, found.score) == ("missing_input", None)
    assert found.reason == "accuracy: the case has no reference and no claim"


SEEN = {"images": [PICTURE]}
TOLD = {"visual_description": "A fracture."}


@pytest.mark.parametrize(
    ("modes", "asked", "sees", "case", "chosen"),
    [
        (("text", "image"), "auto", True, {}, "text"),
        (("text", "image"), "auto", True, TOLD, "text"),
        (("text", "image"), "auto", True, SEEN, "image"),
        (("text", "image"), "auto", True, SEEN | TOLD, "text"),
        (("text", "image"), "auto", True, SEEN | {"visual_description": " "}, "image"),
        (("text", "image"), "auto", False, SEEN, "text"),
        (("text", "image"), "text", True, SEEN, "text"),
        (("text", "image"), "image", True, SEEN | TOLD, "image"),
        (("text",), "auto", True, SEEN, "text"),
        (("text",), "text", True, SEEN, "text"),
        (("image",), "auto", True, SEEN | TOLD, "image"),
        (("image",), "auto", True, TOLD, "image"),
        (("text",), "image", True, SEEN, None),
        (("image",), "text", True, TOLD, None),
        (("text", "image"), "image", False, SEEN, None),
        (("image",), "auto", False, SEEN, None),
    ],
)
def test_the_mode_is_chosen_by_what_the_case_brings_and_never_exchanged(
    modes: tuple[str, ...], asked: str, sees: bool, case: dict[str, Any], chosen: str | None
) -> None:
    scorer = a_scorer(a_rubric(modes=modes), images=sees)
    if chosen is None:
        with pytest.raises(UnfitCase):
            score(scorer, case=a_case(**case), mode=asked)
    else:
        found = score(scorer, case=a_case(**case), mode=asked)
        assert found.provenance.mode == chosen
        assert ("images_not_shown" in found.flags) == (chosen == "text" and "images" in case)


def test_pictures_are_shown_as_reencoded_and_named_by_what_was_shown() -> None:
    line, pictures = FakeLine(), FakePictures()
    found = score(a_scorer(line=line, pictures=pictures), case=a_case(images=[PICTURE, PICTURE]))
    assert pictures.opened == 2
    assert line.prompts[0].images == ("data:image/png;base64,0", "data:image/png;base64,1")
    assert found.provenance.images == ("digest-0", "digest-1")


def test_a_judge_is_shown_no_more_images_than_its_setting_allows() -> None:
    line, pictures = FakeLine(), FakePictures()
    scorer = a_scorer(line=line, pictures=pictures, max_images=2)
    with pytest.raises(UnfitCase, match=r"has 3 images, and judge 'default' is shown at most 2 .*max_images"):
        score(scorer, case=a_case(images=[PICTURE] * 3))
    assert (line.prompts, pictures.opened) == ([], 0)
    assert score(scorer, case=a_case(images=[PICTURE] * 2)).outcome == "scored"
    assert score(scorer, case=a_case(images=[PICTURE] * 3), mode="text").flags == ("images_not_shown",)


@pytest.mark.parametrize("most", [None, 1_000_000])
def test_the_opener_is_told_how_large_an_image_the_judge_is_shown(most: int | None) -> None:
    pictures = FakePictures()
    score(a_scorer(pictures=pictures, max_image_pixels=most), case=a_case(images=[PICTURE]))
    assert (pictures.opened, pictures.most_pixels) == (1, most)


def test_pictures_nobody_is_shown_are_not_opened() -> None:
    pictures = FakePictures()
    found = score(a_scorer(pictures=pictures), case=a_case(images=[PICTURE]), mode="text")
    assert pictures.opened == 0
    assert found.provenance.images == ()
    assert found.flags == ("images_not_shown",)


def test_a_picture_that_cannot_be_opened_is_the_callers_to_mend() -> None:
    with pytest.raises(ImageRejected, match=r"images\[0\]"):
        score(a_scorer(pictures=ClosedPictures()), case=a_case(images=[PICTURE]))


def test_in_image_mode_the_needs_are_those_of_image_mode() -> None:
    found = score(a_scorer(GROUNDED), case=a_case(images=[PICTURE]), mode="image")
    assert outcomes(found) == {"accuracy": "scored", "sight": "scored", "clarity": "scored"}
    bare = score(a_scorer(GROUNDED), case=a_case(**TOLD), mode="image")
    assert outcomes(bare)["sight"] == "missing_input"


def test_a_response_without_content_gets_the_floor_only_where_the_rubric_names_one() -> None:
    line = FakeLine()
    found = score(a_scorer(GROUNDED, line), case=a_case(response="Solution:", **TOLD))
    assert line.prompts == []
    assert outcomes(found)["clarity"] == "scored"
    assert (found.outcome, found.score) == ("degenerate_response", None)
    assert found.flags == ("degenerate_response",)
    floor = score(a_scorer(a_rubric(a_criterion(when_degenerate=0))), case=a_case(response=""))
    assert (floor.outcome, floor.score, floor.flags) == ("scored", 0.0, ("degenerate_response",))
    assert floor.provenance.attempts == ()


def test_a_scale_without_values_is_scored_without_a_number() -> None:
    rubric = a_rubric(a_criterion(scale=a_nominal_scale()))
    line = FakeLine(a_completion(a_reply(rubric.criteria, "supported")))
    found = score(a_scorer(rubric, line))
    assert (found.outcome, found.score, found.flags) == ("scored", None, ("no_numeric_scale",))
    assert found.criteria["accuracy"].level == "supported"


def test_no_answer_is_in_the_score_with_the_reason_and_the_attempts() -> None:
    error = BackendUnavailable("the judge is away", retry_after_s=2)
    found = score(a_scorer(line=BrokenLine(JudgeCallFailed(error, (an_attempt(outcome="unavailable"),)))))
    assert (found.outcome, found.score) == ("provider_error", None)
    assert found.reason == "accuracy: the judge is away"
    assert found.failure is not None
    assert (found.failure.code, found.failure.retryable, found.failure.retry_after_s) == (
        "unavailable",
        True,
        2,
    )
    assert found.provenance.attempts[0].outcome == "unavailable"


def test_a_passed_deadline_is_an_outcome() -> None:
    found = score(a_scorer(line=SilentLine()), seconds=3)
    assert (found.outcome, found.score) == ("timeout", None)


@given(replies, st.sampled_from(["forbid", "renormalise"]), st.sampled_from(["stop", "length", "refusal"]))
def test_whatever_a_judge_says_there_is_a_number_or_a_reason(text: str, partial: str, finish: str) -> None:
    scorer = a_scorer(line=FakeLine(a_completion(text, finish=finish)))
    found = score(scorer, partial=partial, cache="off")
    assert (found.score is None) == (found.outcome != "scored")
    assert (found.score is None) == bool(found.reason)
    assert set(found.left_out) == {
        name
        for name, verdict in found.criteria.items()
        if isinstance(verdict, Unscored) and found.score is not None
    }
    assert Score.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("cache", ["use", "refresh", "off"])
@virtual
async def test_the_callers_place_reaches_the_judges_line(cache: str) -> None:
    line = FakeLine()
    scorer, place = a_scorer(line=line), Place("batch", "ward 7")
    await scorer.score(a_request(cache=cache), deadline=now() + 100, place=place)
    await scorer.score(a_request(cache=cache, case=a_case(id="2", prompt="?")), deadline=now() + 100)
    assert line.places == [place, INTERACTIVE]
