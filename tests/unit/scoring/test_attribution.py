"""A verdict is told, and kept, under the name of what made it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_completion, a_criterion, a_matter, a_request, a_rubric, a_spec, a_stored_rubric
from lines import FakeCache, FakeLine
from virtualtime import now, virtual

from judge_service.domain.case import Case, Image
from judge_service.images import Pixels
from judge_service.prompts import Prompts
from judge_service.rubric_store import RubricStore
from judge_service.scoring.judge import Judge
from judge_service.scoring.judgement import to_record
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from judge_service.domain.score import Score

PROMPTS = Prompts(b"key")


def a_judge(line: FakeLine | None = None, version: str = "", **spec: Any) -> Judge:
    return Judge("default", a_spec(**spec), line or FakeLine(), PROMPTS, FakeCache(), version=version)


@pytest.mark.parametrize(
    ("answered", "keeps"), [("big-70b", True), ("big-70b-2026", True), ("tiny-1b", False)]
)
@virtual
async def test_a_verdict_of_another_model_is_flagged_and_not_kept(answered: str, keeps: bool) -> None:
    judge = a_judge(FakeLine(a_completion(model=answered)), model="big-70b")
    judgement = await judge.judge(a_matter(), cache="use", deadline=now() + 9)
    assert ("other_model" in judgement.flags) is not keeps
    assert (to_record(judgement) is not None) is keeps
    assert judgement.model == answered


def test_the_code_of_a_judge_of_ours_is_part_of_what_it_is() -> None:
    assert a_judge(version="rules-1").identity != a_judge(version="rules-2").identity
    assert a_judge(version="rules-1").key(a_matter()) != a_judge(version="rules-2").key(a_matter())
    assert a_judge(max_concurrency=1).identity == a_judge(max_concurrency=2).identity


class Slides:
    """Hands out one picture for every image."""

    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        return tuple(Pixels("data:image/png;base64,AAAA", image.role) for image in images)


async def scored(
    case: Case, line: FakeLine, pictures: Slides | StuckSlides | None = None, **fields: Any
) -> Score:
    needs = {"text": ["response"], "image": ["response", "images"]}
    rubric = a_rubric(a_criterion("sight", when_degenerate=0, needs=needs), modes=("text", "image"))
    stored = a_stored_rubric(rubric)
    scorer = Scorer(RubricStore([stored]), {"default": a_judge(line)}, pictures or Slides())
    return await scorer.score(a_request(case, rubric=rubric.id, **fields), deadline=now() + 9)


@virtual
async def test_a_floor_is_the_guards_and_no_models() -> None:
    line = FakeLine()
    score = await scored(a_case(response=" "), line)
    provenance = score.provenance
    assert (score.score, score.flags) == (0.0, ("degenerate_response",))
    assert (provenance.instrument, provenance.is_llm, provenance.model) == ("guard", False, None)
    assert (provenance.sampling, provenance.attempts, line.prompts) == ({}, (), [])


@virtual
async def test_the_judge_is_told_which_image_is_which() -> None:
    images = tuple(Image(role=role, url="data:") for role in ("question", "reference"))
    line = FakeLine()
    await scored(a_case(images=images), line, mode="image")
    (prompt,) = line.prompts
    assert prompt.labels == (
        "\nImage 1 (belongs to the question):\n",
        "\nImage 2 (part of the reference answer):\n",
    )
    assert prompt.closing.startswith("\nEnd of the case.")
    assert "End of the case." not in prompt.user
    await scored(a_case(), line)
    text = line.prompts[1]
    assert (text.labels, text.closing, "End of the case." in text.user) == ((), "", True)


@virtual
async def test_subgroups_come_back() -> None:
    score = await scored(a_case(subgroups={"organ": "lung"}), FakeLine())
    assert score.subgroups == {"organ": "lung"}


class StuckSlides:
    """Never has the pictures open."""

    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


@virtual
async def test_opening_the_images_is_within_the_deadline_too() -> None:
    line, began = FakeLine(), now()
    case = a_case(images=(Image(role="question", url="data:"),))
    score = await scored(case, line, pictures=StuckSlides(), mode="image")
    assert (score.outcome, score.score, now() - began) == ("timeout", None, 9)
    assert score.failure is not None
    assert score.failure.retryable
    assert line.prompts == []
