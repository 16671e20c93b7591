"""The judge that needs nothing: a lexical baseline, which says so, and abstains where it cannot see."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from judge_service.backends.base import Completion
from judge_service.lexical import (
    Reading,
    Text,
    agreement,
    cohesion,
    english,
    entailment,
    parse,
    self_consistency,
    version,
)

if TYPE_CHECKING:
    from judge_service.backends.base import Prompt
    from judge_service.domain.case import Case
    from judge_service.domain.rubric import Criterion, LexicalMeasure, Scale


LONG = 8_000  # characters from which reading holds the event loop long enough to be felt


class Similarity(Protocol):
    """How near two texts are in meaning, in [0, 1]; from a folder of embedding weights."""

    def __call__(self, one: str, other: str) -> float: ...


class EmbeddedBackend:
    """Answers by rule in the form every judge answers in. It reads the case, not the prompt.

    A criterion says in its rubric which lexical measure stands for it. The baseline knows English words;
    it sees no image, follows no reasoning, and is no substitute for a language model's judgement.
    """

    def __init__(self, similarity: Similarity | None = None, *, name: str | None = None) -> None:
        self._similarity = similarity
        self._name = name or version()  # of what judges: with weights, of them too

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:  # noqa: ARG002  takes no time
        """Judge every criterion in about a millisecond; cannot fail."""
        if len(prompt.user) > LONG:
            text = await asyncio.to_thread(self._judged, prompt)
        else:
            text = self._judged(prompt)
        return Completion(text=text, finish="stop", model=self._name)

    async def ping(self) -> None:
        """Is always there."""

    async def aclose(self) -> None:
        """Holds nothing."""

    def _judged(self, prompt: Prompt) -> str:
        response = parse(prompt.case.response)
        readable = english(prompt.case.response)
        entries = {c.id: self._entry(c, prompt, response, readable=readable) for c in prompt.criteria}
        return json.dumps(entries)

    def _entry(
        self, criterion: Criterion, prompt: Prompt, response: Text, *, readable: bool
    ) -> dict[str, object]:
        measure = criterion.lexical
        if measure is None:
            return _abstention("The lexical baseline has no measure for this criterion.")
        if "images" in criterion.needs[prompt.mode]:
            return _abstention("The lexical baseline cannot see images.")
        against: str = (getattr(prompt.case, measure.against) if measure.against else None) or ""
        if not readable or (against and not english(against)):
            return _abstention("The lexical baseline reads English only.")
        if measure.measure == "entailment":
            relation, reading = entailment(response, against)
            return _entry(reading, None if reading.value is None else measure.levels.get(relation))
        reading = self._measured(measure, prompt.case, response, against)
        return _entry(reading, _nearest(criterion.scale, reading.value))

    def _measured(self, measure: LexicalMeasure, case: Case, response: Text, against: str) -> Reading:
        if measure.measure == "self_consistency":
            return self_consistency(response)
        if measure.measure == "cohesion":
            return cohesion(response)
        reading = agreement(response, against, extra_is_fine=measure.extra_is_fine)
        if measure.against == "visual_description":
            reading = replace(reading, reason=reading.reason.replace("reference", "description"))
        return (
            reading
            if self._similarity is None
            else blended(reading, self._similarity(case.response, against))
        )


def blended(reading: Reading, similarity: float) -> Reading:
    """Let nearness of meaning lift a paraphrase; a reading that found a contradiction is left as it is.

    Similarity cannot tell right from left, so it counts for at most half of the way that is left to the top.
    """
    if reading.value is None or reading.flags:
        return reading
    lifted = reading.value + (1 - reading.value) * 0.5 * max(0.0, similarity - 0.5) * 2
    return Reading(
        lifted, f"{reading.reason} Similarity of meaning {similarity:.2f}.", reading.flags, reading.evidence
    )


def _nearest(scale: Scale, value: float | None) -> int | str | None:
    if value is None or not scale.is_numeric:
        return None
    # Of two equally near levels the lower: a baseline does not round up.
    return min(scale.levels, key=lambda level: (abs((level.value or 0.0) - value), level.value or 0.0)).label


def _entry(reading: Reading, level: int | str | None) -> dict[str, object]:
    return {"rationale": reading.reason, "evidence": list(reading.evidence), "level": level}


def _abstention(reason: str) -> dict[str, object]:
    return {"rationale": reason, "evidence": [], "level": None}
