"""What the fronts that score under a rubric share: which rubric and judge, and a score or a problem."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import Depends, Query

from judge_service.api.fronts.telling import NoScore
from judge_service.api.state import TheObservation, TheScorer  # noqa: TC001  FastAPI reads them
from judge_service.domain.case import Case
from judge_service.domain.request import ScoreRequest
from judge_service.domain.verdict import Scored
from judge_service.errors import OptionRejected, UnfitCase
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from judge_service.domain.score import Score
    from judge_service.observation import Observation
    from judge_service.scoring.scorer import Scorer

Rubric = Annotated[str, Query(description="Needed: `id` or `id@version` of a rubric that gives a number.")]
JudgeName = Annotated[str, Query(description="Name of a configured judge.")]


class Numbered(NamedTuple):
    """A score, and its number."""

    score: Score
    number: float  # 0 to 100

    @property
    def share(self) -> float:
        """The number, from 0 to 1."""
        return round(self.number / 100, 9)

    @property
    def values(self) -> dict[str, float]:
        """Each criterion's value, 0 to 100."""
        verdicts = self.score.criteria.items()
        found = {key: verdict.value for key, verdict in verdicts if isinstance(verdict, Scored)}
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Bench:
    """A rubric with a number, the judge, and where what they say is counted."""

    rubric: str
    judge: str
    scorer: Scorer
    observation: Observation

    def order(self, case: Mapping[str, object], pointer: str) -> ScoreRequest:
        """A request for one case; raises `BodyRejected`."""
        read = validated(dict(case), Case, pointer)
        return ScoreRequest(rubric=self.rubric, judge=self.judge, case=read, calibration="none")

    async def score(self, order: ScoreRequest, deadline: float) -> Numbered:
        """A score that has a number; raises `NoScore`."""
        told = await self.scorer.score(order, deadline=deadline)
        self.observation.score(told)
        if told.score is None:
            raise NoScore(told)
        return Numbered(told, told.score)

    async def scores(self, orders: Iterable[ScoreRequest], deadline: float) -> list[Numbered]:
        """A score for each, or the first failure: then what is still asked is not waited for."""
        tasks = [asyncio.ensure_future(self.score(order, deadline)) for order in orders]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()


async def _bench(
    scorer: TheScorer, observation: TheObservation, rubric: Rubric = "", judge: JudgeName = "default"
) -> Bench:
    if not rubric:
        raise OptionRejected("option 'rubric': name one, as ?rubric=…", (("/rubric", "is missing"),))
    scorer.judge(judge)
    if not scorer.rubrics.get(rubric).rubric.is_numeric:
        raise UnfitCase(f"rubric {rubric!r} gives no number, and this answer is one")
    return Bench(rubric, judge, scorer, observation)


TheBench = Annotated[Bench, Depends(_bench)]


def soonest(deadline: float, within_s: float) -> float:
    """The deadline, or so many seconds from now where that is sooner."""
    return min(deadline, asyncio.get_running_loop().time() + within_s)
