"""A rubric's scales as a study declares them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from judge_service.scoring.calibrating import TOTAL

if TYPE_CHECKING:
    from judge_service.domain.rubric import Criterion, Rubric

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class StudyScale:
    """`spec` as in a study's `scales`; `points`, the ends of the levels where those are numbers that rise.

    `is_even`: a level's worth is its place between the ends, so that a total follows from the points.
    """

    spec: dict[str, Any] | None
    points: tuple[int, int] | None = None
    is_even: bool = False


def scale_of(criterion: Criterion) -> StudyScale:
    """One criterion. Words that have a worth are rated by it; numbers without an order by nobody."""
    scale = criterion.scale
    labels, values = list(scale.labels), [level.value for level in scale.levels]
    if values[0] is None or scale.kind == "nominal":
        worded = all(isinstance(label, str) for label in labels)
        return StudyScale({"kind": "nominal", "values": labels} if worded else None)
    worth = [value for value in values if value is not None]
    numbers = [label for label in labels if isinstance(label, int)]
    if scale.kind == "binary" and (labels == [0, 1] or not numbers):
        spec = {"kind": "binary"} | ({} if numbers else {"values": labels})
        return StudyScale(spec, (0, 1) if numbers else None, is_even=worth == [0, 1])
    if numbers and all(a < b for a, b in pairwise(numbers)):
        low, high = numbers[0], numbers[-1]
        even = all(
            abs((label - low) / (high - low) - value) < _SLACK
            for label, value in zip(numbers, worth, strict=True)
        )
        return StudyScale({"kind": "ordinal", "values": numbers}, (low, high), is_even=even)
    if (worth[0], worth[-1]) == (0, 1):
        return StudyScale({"kind": "ordinal", "values": worth}, is_even=True)
    return StudyScale({"kind": "interval", "low": 0, "high": 1}, is_even=True)


def scales_of(rubric: Rubric) -> dict[str, Any]:
    """The scales of a study made of a rubric's answers, with that of the total."""
    scales = {criterion.id: scale_of(criterion).spec for criterion in rubric.criteria}
    declared = {name: spec for name, spec in scales.items() if spec is not None}
    return declared | ({TOTAL: {"kind": "interval", "low": 0, "high": 100}} if rubric.is_numeric else {})


def composite_of(rubric: Rubric) -> dict[str, Any]:
    """How raters' totals follow from their levels; nothing where they do not."""
    if not rubric.is_numeric or not all(scale_of(criterion).is_even for criterion in rubric.criteria):
        return {}
    return {TOTAL: {"weights": {criterion.id: criterion.weight for criterion in rubric.criteria}}}
