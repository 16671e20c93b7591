"""A `compute_score` for verl. Without a score it raises, or gives the number that its caller names, marked as failed.

verl's rate-limited reward manager makes a reward of 0.0 of everything that is raised: name a fallback there, and mask
the samples with `judge_failed`.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from judge_client.hooks.asking import Asker, Judged, NotJudged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client import JudgeClient


class ComputeScore(Protocol):
    """What verl's reward managers call, with keywords."""

    def __call__(
        self,
        data_source: str,
        solution_str: str,
        ground_truth: str,
        extra_info: Mapping[str, Any] | None = None,
        **rest: Any,
    ) -> float | dict[str, float]: ...


def judged(
    service: str | JudgeClient,
    rubric: str,
    *,
    fields: Mapping[str, str] | None = None,
    fallback: float | None = None,
    **options: Any,
) -> ComputeScore:
    """Make a `compute_score` from 0 to 1, the ground truth as the reference.

    `fields` says which keys of `extra_info` hold further fields of the case. With a `fallback` every result is a
    dictionary, `{"score": …, "judge_failed": 0 or 1}`; without one it is a number, and `NotJudged` is raised.
    Raises `ValueError` for a fallback that is no finite number.
    """
    if fallback is not None and not isfinite(fallback):
        raise ValueError("a fallback is a finite number")
    asker = Asker(service, rubric, options)

    def compute_score(
        data_source: str,  # noqa: ARG001  verl gives it by this name
        solution_str: str,
        ground_truth: str,
        extra_info: Mapping[str, Any] | None = None,
        **rest: Any,  # noqa: ARG001  the address of a reward model of verl's own
    ) -> float | dict[str, float]:
        known = extra_info or {}
        case = {field: known[key] for field, key in (fields or {}).items()}
        told = asker.one({**case, "response": solution_str, "reference": ground_truth})
        if isinstance(told, Judged):
            return told.value if fallback is None else {"score": told.value, "judge_failed": 0}
        if fallback is None:
            raise NotJudged(told)
        return {"score": fallback, "judge_failed": 1}

    return compute_score
