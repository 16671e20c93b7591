"""A judge that plays a script: for tests, demonstrations and rehearsals of every failure."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

from judge_service.backends.base import Completion
from judge_service.domain.comparison import FIRST, SECOND, TIE
from judge_service.domain.judge import ScriptStep
from judge_service.errors import (
    BackendError,
    BackendRateLimited,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.backends.base import Finish, Prompt
    from judge_service.domain.judge import JudgeSpec
    from judge_service.domain.rubric import Criterion

MODEL: Final = "scripted"
EVERY_OTHER: Final = "*"
IMPROVISED: Final = ScriptStep()

_FINISHES: Final[Mapping[str, Finish]] = {"refused": "refusal", "content_filter": "content_filter"}
_ERRORS: Final[Mapping[str, type[BackendError]]] = {
    "timeout": BackendTimeout,
    "rate_limited": BackendRateLimited,
    "unavailable": BackendUnavailable,
    "rejected": BackendRejected,
}


class ScriptedBackend:
    """Plays the first step of `spec.script` that recognises the response."""

    def __init__(self, spec: JudgeSpec) -> None:
        self._script = spec.script

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Play one step."""
        shown = (prompt.case.response, prompt.rival or "")
        step = next((step for step in self._script if any(step.when in text for text in shown)), IMPROVISED)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.sleep(step.delay_ms / 1000)
        except TimeoutError:
            raise BackendTimeout(f"the scripted judge did not finish within {timeout_s:g} s") from None
        return _played(step, prompt)

    async def ping(self) -> None:
        """Be always there."""

    async def aclose(self) -> None:
        """Hold nothing."""


def _played(step: ScriptStep, prompt: Prompt) -> Completion:
    fault = step.fault or ""
    if fault in _ERRORS:
        raise _ERRORS[fault](f"the script plays the fault {fault!r}")
    if fault in _FINISHES:
        return Completion(text="", finish=_FINISHES[fault], model=MODEL)
    text = _document(step, prompt) if step.reply is None else step.reply
    if fault == "truncated":
        return Completion(text=text[: len(text) // 2], finish="length", model=MODEL)
    return Completion(text=text, finish="stop", model=MODEL)


def _document(step: ScriptStep, prompt: Prompt) -> str:
    answers = {criterion.id: _answer(step, criterion, prompt) for criterion in prompt.criteria}
    return json.dumps(answers, ensure_ascii=False)


def _answer(step: ScriptStep, criterion: Criterion, prompt: Prompt) -> dict[str, object]:
    level = _level(step, criterion) if prompt.rival is None else _preference(step, criterion, prompt)
    return {"rationale": "Played from the script.", "evidence": [], "level": level}


def _level(step: ScriptStep, criterion: Criterion) -> int | str | None:
    labels = criterion.scale.labels
    middle = labels[(len(labels) - 1) // 2]
    return step.levels.get(criterion.id, step.levels.get(EVERY_OTHER, middle))


def _preference(step: ScriptStep, criterion: Criterion, prompt: Prompt) -> str | None:
    """One of the labels as it is; any other text is looked for, and preferred where only one response has it."""
    wanted = step.prefers.get(criterion.id, step.prefers.get(EVERY_OTHER, TIE))
    if wanted is None or wanted in {FIRST, SECOND, TIE}:
        return wanted
    in_first, in_second = wanted in prompt.case.response, wanted in (prompt.rival or "")
    return TIE if in_first == in_second else FIRST if in_first else SECOND
