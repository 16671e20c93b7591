"""A metric for DeepEval. Without a score it raises: recorded as an error with `ErrorConfig(ignore_errors=True)`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from deepeval.metrics import BaseMetric

from judge_client.hooks.asking import Asker, Judged, NotJudged, Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepeval.test_case import LLMTestCase

    from judge_client import JudgeClient


class JudgeMetric(BaseMetric):  # type: ignore[misc]  # not installed where types are checked
    """Scores an actual output from 0 to 1, the expected one as the reference; a case passes at the threshold.

    `options` are a request's other fields, such as `{"judge": "panel"}`.
    """

    def __init__(
        self,
        service: str | JudgeClient,
        rubric: str,
        threshold: float = 0.5,
        options: Mapping[str, Any] | None = None,
        name: str = "Judge",
    ) -> None:
        # DeepEval makes a copy for each case, of the attributes that are named as these arguments are.
        self.asker = Asker(service, rubric, options or {})
        self.service = self.asker.client
        self.rubric = rubric
        self.threshold = threshold
        self.options = options
        self.name = name
        self.evaluation_model = (options or {}).get("judge", "default")

    @property
    def __name__(self) -> str:
        return self.name

    def measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
        """The score; raises `NotJudged` where there is none."""
        self._forget()
        return self._take(self.asker.one(_case(test_case)))

    async def a_measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
        """The same, beside others."""
        self._forget()
        return self._take(await asyncio.to_thread(self.asker.one, _case(test_case)))

    def is_successful(self) -> bool:
        """Whether there is a score, and it reaches the threshold."""
        self.success = self.error is None and self.score is not None and self.score >= self.threshold
        return self.success

    def _forget(self) -> None:
        """What was said of the case before, for a call that is refused says nothing of this one."""
        self.score: float | None = None
        self.reason: str | None = None
        self.error: str | None = None
        self.success = False

    def _take(self, told: Told) -> float:
        self.reason = told.explanation
        if not isinstance(told, Judged):
            self.error = told.explanation
            raise NotJudged(told)
        self.score = told.value
        self.is_successful()
        return told.value


def _case(case: LLMTestCase) -> dict[str, Any]:
    return {"prompt": case.input, "reference": case.expected_output, "response": case.actual_output}
