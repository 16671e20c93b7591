"""Two responses to one question, and a judge that compares them, for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from builders import TEMPLATE, a_completion, a_rubric, a_spec, a_stored_rubric, an_attempt, an_entry
from lines import FakeCache

from judge_service.backends.base import Called, JudgeCallFailed
from judge_service.domain.comparison import ComparisonRequest
from judge_service.prompts import Prompts
from judge_service.rubric_store import RubricStore
from judge_service.scoring.judge import Judge
from judge_service.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from judge_service.backends.base import Completion, Landing, Prompt
    from judge_service.domain.rubric import Rubric
    from judge_service.domain.score import Attempt
    from judge_service.errors import BackendError
    from judge_service.scoring.judge import Line, R
    from judge_service.scoring.scorer import Pictures

ANSWERS = {"a": "A fracture of the left wrist.", "b": "A sprain of the left wrist."}


def a_comparison(a: str = ANSWERS["a"], b: str = ANSWERS["b"], /, **fields: Any) -> ComparisonRequest:
    case = {"prompt": "What is it?", "responses": {"a": a, "b": b}} | fields.pop("case", {})
    return ComparisonRequest.model_validate({"rubric": "plain", "case": case} | fields)


class Opinions:
    """Prefers, by criterion, the response that holds a text, or a position; says what it was asked."""

    def __init__(self, opinions: Mapping[str, str | None], level: int = 3) -> None:
        self.opinions = opinions
        self.level = level
        self.prompts: list[Prompt] = []
        self.attempts: tuple[Attempt, ...] = (
            an_attempt(input_tokens=100, output_tokens=20, cost_microusd=7),
        )
        self.failing: dict[str, BackendError] = {}  # a text that the response shown first holds → error
        self.completions: dict[str, Completion] = {}

    async def call(self, prompt: Prompt, read: Callable[[Completion], R], landing: Landing) -> Called[R]:
        self.prompts.append(prompt)
        for text, error in self.failing.items():
            if text in prompt.case.response:
                raise JudgeCallFailed(error, ())
        completion = next(
            (each for text, each in self.completions.items() if text in prompt.case.response), None
        )
        document = {c.id: an_entry(self._answer(c.id, prompt)) for c in prompt.criteria}
        if completion is not None:  # of a cost that nobody knows
            return Called(completion, read(completion), (an_attempt(input_tokens=100, output_tokens=20),))
        completion = a_completion(json.dumps(document))
        return Called(completion, read(completion), self.attempts)

    def _answer(self, criterion: str, prompt: Prompt) -> int | str | None:
        wanted = self.opinions.get(criterion, "tie")
        if prompt.rival is None:
            return self.level
        if wanted is None or wanted in {"first", "second", "tie", "neither"}:
            return wanted
        return "first" if wanted in prompt.case.response else "second"


class NoPictures:
    async def open(self, images: object, most_pixels: int | None = None) -> tuple[Any, ...]:
        return ()


def a_comparing_scorer(
    line: Line,
    rubric: Rubric | None = None,
    *,
    template: str | None = TEMPLATE,
    pictures: Pictures | None = None,
    cache: FakeCache | None = None,
    **spec: Any,
) -> Scorer:
    prompts = Prompts(b"key", template)
    judge = Judge("default", a_spec(**spec), line, prompts, cache or FakeCache())
    store = RubricStore([a_stored_rubric(rubric or a_rubric())], template)
    return Scorer(store, {"default": judge}, pictures or NoPictures())
