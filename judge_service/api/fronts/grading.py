"""Runs graders: each is looked at whole before anything is asked, and gives a reward or none."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from judge_service.api.fronts.formula import FUNCTIONS, NAME, BadFormula, Formula, NoValue
from judge_service.api.fronts.grader_asking import OwnWords, RubricsWords
from judge_service.api.fronts.grader_orders import (
    LabelModelGrader,
    MultiGrader,
    PythonGrader,
    ScoreModelGrader,
    StringCheckGrader,
    TextSimilarityGrader,
)
from judge_service.api.fronts.places import Known, filled, places
from judge_service.api.fronts.similarity import CAP, LEAST, MEASURES, words
from judge_service.api.fronts.telling import NoScore
from judge_service.domain.case import Case
from judge_service.domain.request import ScoreRequest
from judge_service.domain.verdict import Scored
from judge_service.domain.visible import shows
from judge_service.errors import GraderRejected, NotScored, UnfitCase
from judge_service.strict_json import validated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_service.api.fronts.grader_orders import Grader, SamplingParams, Single
    from judge_service.domain.score import Score
    from judge_service.rubric_store import StoredRubric
    from judge_service.scoring.scorer import Scorer

_DIGITS = 9
_NO_REFERENCE = "there is nothing to compare with: the reference is empty"


class Given(NamedTuple):
    """A reward, and what it was made of."""

    reward: float
    scores: tuple[Score, ...] = ()  # of the judges that were asked
    parts: Mapping[str, float] = {}


@dataclass(slots=True)
class Occasion:
    """One run: what is graded, until when, and what the judges said, which is also known where a run fails."""

    known: Known
    deadline: float  # event-loop time
    observe: Callable[[Score], None]
    scores: list[Score] = field(default_factory=list)


class Plan(Protocol):
    """A grader that was found sound."""

    async def run(self, occasion: Occasion) -> Given:
        """Raises `NoScore` or `NotScored` where there is no reward."""
        ...


def planned(grader: Grader | Single, scorer: Scorer, pointer: str = "/grader") -> Plan:
    """Look at a grader whole; raises `GraderRejected`, `JudgeNotFound` or `RubricNotFound`."""
    match grader:
        case StringCheckGrader():
            return _StringCheck.of(grader, pointer)
        case TextSimilarityGrader():
            return _Similarity.of(grader, pointer)
        case MultiGrader():
            return _Multi.of(grader, scorer, pointer)
        case PythonGrader():
            raise _rejected(f"{pointer}/type", "is python, and nothing that a caller sends is executed here")
        case _:
            return _Asking.of(grader, scorer, pointer)


@dataclass(frozen=True, slots=True)
class _StringCheck:
    grader: StringCheckGrader

    @classmethod
    def of(cls, grader: StringCheckGrader, pointer: str) -> _StringCheck:
        _check_texts(grader, pointer)
        return cls(grader)

    async def run(self, occasion: Occasion) -> Given:
        said, reference = _texts(self.grader, occasion.known)
        holds = self.grader.operation in {"like", "ilike"}  # and every text contains an empty one
        if not shows(reference) and (holds or shows(self.grader.reference)):
            raise NotScored(_NO_REFERENCE)
        match self.grader.operation:
            case "eq":
                found = said == reference
            case "ne":
                found = said != reference
            case "like":
                found = reference in said
            case _:
                found = reference.casefold() in said.casefold()
        return Given(float(found))


@dataclass(frozen=True, slots=True)
class _Similarity:
    grader: TextSimilarityGrader

    @classmethod
    def of(cls, grader: TextSimilarityGrader, pointer: str) -> _Similarity:
        _check_texts(grader, pointer)
        if grader.evaluation_metric not in MEASURES:
            rule = f"is one that is not offered here (offered: {', '.join(MEASURES)})"
            raise _rejected(f"{pointer}/evaluation_metric", rule)
        return cls(grader)

    async def run(self, occasion: Occasion) -> Given:
        said, reference = _texts(self.grader, occasion.known)
        if max(len(said), len(reference)) > CAP:
            raise NotScored(f"a text to compare has more than {CAP} characters")
        if not shows(reference):
            raise NotScored(_NO_REFERENCE)
        if len(words(reference)) < LEAST[self.grader.evaluation_metric]:
            raise NotScored(f"the reference has fewer words than {self.grader.evaluation_metric} compares")
        # A row of 20,000 characters takes a while, and the loop has others to serve.
        return Given(await asyncio.to_thread(MEASURES[self.grader.evaluation_metric], said, reference))


@dataclass(frozen=True, slots=True)
class _Asking:
    """A judge is asked: in the grader's own words, or in those of the rubric that it names."""

    grader: ScoreModelGrader | LabelModelGrader
    scorer: Scorer
    judge: str
    rubric: StoredRubric
    words: OwnWords | RubricsWords

    @classmethod
    def of(cls, grader: ScoreModelGrader | LabelModelGrader, scorer: Scorer, pointer: str) -> _Asking:
        judge, slash, rubric = grader.model.partition("/")
        sampling = scorer.judge(judge).spec.sampling
        if isinstance(grader, ScoreModelGrader) and grader.sampling_params is not None:
            _check_sampling(grader.sampling_params, sampling, f"{pointer}/sampling_params")
        if slash:
            stored = scorer.rubrics.get(rubric)
            _check_scale(grader, stored, pointer)
            return cls(grader, scorer, judge, stored, RubricsWords.of(grader, pointer))
        words = OwnWords.of(grader, pointer)
        return cls(grader, scorer.under(words.stored), judge, words.stored, words)

    async def run(self, occasion: Occasion) -> Given:
        case = validated(self.words.case(occasion.known), Case, "/item")
        order = ScoreRequest(rubric=self.rubric.rubric.ref, judge=self.judge, case=case, calibration="none")
        score = await self.scorer.score(order, deadline=occasion.deadline)
        occasion.observe(score)
        occasion.scores.append(score)
        if score.outcome != "scored":
            raise NoScore(score)
        return Given(self._reward(score), (score,))

    def _reward(self, score: Score) -> float:
        if isinstance(self.grader, LabelModelGrader):
            (verdict,) = score.criteria.values()
            if not isinstance(verdict, Scored):
                raise NoScore(score)
            return float(str(verdict.level) in self.grader.passing_labels)
        if score.score is None:
            raise NoScore(score)
        low, high = self.grader.ends
        # To nine digits of the range: of a narrow one, nine decimals would leave nothing but its lower end.
        digits = _DIGITS - min(0, math.floor(math.log10(high - low)))
        return round(low + (high - low) * (score.score / 100), digits)


@dataclass(frozen=True, slots=True)
class _Multi:
    plans: Mapping[str, Plan]
    formula: Formula

    @classmethod
    def of(cls, grader: MultiGrader, scorer: Scorer, pointer: str) -> _Multi:
        for name in grader.graders:
            if not NAME.fullmatch(name) or name in FUNCTIONS:
                raise _rejected(
                    f"{pointer}/graders", "has a name that no formula can say: letters, digits, _"
                )
        at = f"{pointer}/calculate_output"
        try:
            formula = Formula.read(grader.calculate_output)
        except BadFormula as exc:
            raise _rejected(at, f"is no formula: {exc}") from None
        if unknown := formula.names - grader.graders.keys():
            raise _rejected(at, f"names a grader that there is not: {min(unknown)[:40]!r}")
        plans = {
            name: planned(one, scorer, f"{pointer}/graders/{name}") for name, one in grader.graders.items()
        }
        return cls(plans, formula)

    async def run(self, occasion: Occasion) -> Given:
        tasks = [asyncio.ensure_future(plan.run(occasion)) for plan in self.plans.values()]
        try:
            given = dict(zip(self.plans, await asyncio.gather(*tasks), strict=True))
        finally:  # where one has none there is no reward, and the others need not be paid
            for task in tasks:
                task.cancel()
        parts = {name: one.reward for name, one in given.items()}
        try:
            reward = self.formula.value(parts)
        except NoValue as exc:
            raise NotScored(str(exc)) from None
        return Given(reward, tuple(score for one in given.values() for score in one.scores), parts)


def _check_texts(grader: StringCheckGrader | TextSimilarityGrader, pointer: str) -> None:
    places(grader.input, f"{pointer}/input")
    places(grader.reference, f"{pointer}/reference")


def _texts(grader: StringCheckGrader | TextSimilarityGrader, known: Known) -> tuple[str, str]:
    return filled(grader.input, known.text), filled(grader.reference, known.text)


def _check_sampling(asked: SamplingParams, settings: Mapping[str, object], pointer: str) -> None:
    """A judge samples as it is configured; a request that wants it otherwise is not quietly served as it is."""
    of_judge = {
        "temperature": settings.get("temperature"),
        "seed": settings.get("seed"),
        "max_completions_tokens": settings.get("max_tokens"),
        "top_p": 1.0,
        "reasoning_effort": None,
    }
    for name, value in asked.model_dump(exclude_none=True).items():
        if value != of_judge[name]:
            raise _rejected(f"{pointer}/{name}", f"is not as the judge is set (there: {of_judge[name]})")


def _check_scale(grader: ScoreModelGrader | LabelModelGrader, stored: StoredRubric, pointer: str) -> None:
    rubric = stored.rubric
    if isinstance(grader, ScoreModelGrader):
        if not rubric.is_numeric:
            raise UnfitCase(f"rubric {rubric.ref!r} gives no number; use a label_model grader")
        return
    labels = {str(label) for label in rubric.criteria[0].scale.labels}
    if len(rubric.criteria) > 1 or labels != set(grader.labels):
        rule = f"are not the levels of the one criterion of a rubric; {rubric.ref!r} has other ones"
        raise _rejected(f"{pointer}/labels", rule)


def _rejected(pointer: str, rule: str) -> GraderRejected:
    return GraderRejected(f"{pointer}: {rule}", ((pointer, rule),))
