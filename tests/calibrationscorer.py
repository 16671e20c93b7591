"""A scorer of one judge over given calibration maps, asked on a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builders import a_request, a_spec, a_stored_rubric
from lines import FakeCache, FakeLine
from virtualtime import now, virtual

from judge_service.prompts import Prompts
from judge_service.rubric_store import RubricStore
from judge_service.scoring.judge import Judge, Line
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from judge_service.domain.case import Image
    from judge_service.domain.rubric import Rubric
    from judge_service.domain.score import Score
    from judge_service.images import Pixels
    from judge_service.scoring.calibrating import Maps


class NoPictures:
    async def open(self, images: tuple[Image, ...], most_pixels: int | None = None) -> tuple[Pixels, ...]:
        raise AssertionError("these cases have none")


def a_scorer(
    maps: Maps | None,
    line: Line | None = None,
    rubric: Rubric | None = None,
    *,
    version: str = "",
    **spec: Any,
) -> Scorer:
    settings = a_spec(**spec)
    judge = Judge("default", settings, line or FakeLine(), Prompts(b"key"), FakeCache(), version=version)
    return Scorer(RubricStore([a_stored_rubric(rubric)]), {"default": judge}, NoPictures(), maps)


def score(scorer: Scorer, seconds: float = 100, **fields: Any) -> Score:
    @virtual
    async def ask() -> Score:
        return await scorer.score(a_request(**fields), deadline=now() + seconds)

    return ask()
