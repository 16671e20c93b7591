"""A rubric's scales as a study declares them, so that its own answers and physicians' levels fit."""

from __future__ import annotations

from typing import Any

import pytest
from builders import RUBRICS, a_criterion, a_nominal_scale, a_rubric, a_scale

from judge_calibration.scales import scales_from
from judge_service.calibrations.rubric_scales import composite_of, scale_of, scales_of
from judge_service.rubric_store import load_rubrics

SHIPPED = load_rubrics(RUBRICS).all()


def scale(kind: str, *levels: tuple[object, float | None]) -> Any:
    return a_scale(
        kind=kind, levels=[{"label": label, "value": value, "means": "so"} for label, value in levels]
    )


@pytest.mark.parametrize(
    ("given", "spec", "points", "even"),
    [
        (a_scale(), {"kind": "ordinal", "values": [0, 1, 2, 3, 4, 5]}, (0, 5), True),
        (
            scale("ordinal", (1, 0.0), (2, 0.1), (3, 1.0)),
            {"kind": "ordinal", "values": [1, 2, 3]},
            (1, 3),
            False,
        ),
        (scale("ordinal", (3, 0.0), (1, 1.0)), {"kind": "ordinal", "values": [0, 1]}, None, True),
        (scale("ordinal", ("poor", 0.0), ("good", 1.0)), {"kind": "ordinal", "values": [0, 1]}, None, True),
        (
            scale("ordinal", ("poor", 0.1), ("good", 1.0)),
            {"kind": "interval", "low": 0, "high": 1},
            None,
            True,
        ),
        (scale("binary", (0, 0.0), (1, 1.0)), {"kind": "binary"}, (0, 1), True),
        (scale("binary", (0, 0.0), (1, 0.5)), {"kind": "binary"}, (0, 1), False),
        (scale("binary", ("no", 0.0), ("yes", 1.0)), {"kind": "binary", "values": ["no", "yes"]}, None, True),
        (scale("binary", (1, 0.0), (2, 1.0)), {"kind": "ordinal", "values": [1, 2]}, (1, 2), True),
        (a_nominal_scale("a", "b"), {"kind": "nominal", "values": ["a", "b"]}, None, False),
        (scale("nominal", (1, None), (2, None)), None, None, False),
    ],
)
def test_a_scale_is_declared_in_the_labels_that_people_use_where_those_are_points(
    given: Any, spec: dict[str, Any] | None, points: tuple[int, int] | None, even: bool
) -> None:
    found = scale_of(a_criterion(scale=given))
    assert (found.spec, found.points, found.is_even) == (spec, points, even)
    if spec is not None:
        assert scales_from({"accuracy": spec})


@pytest.mark.parametrize("stored", SHIPPED, ids=lambda stored: stored.rubric.ref)
def test_the_library_reads_the_scales_of_every_rubric_that_ships(stored: Any) -> None:
    declared = scales_from(scales_of(stored.rubric))
    assert set(declared) - {"score"} == {criterion.id for criterion in stored.rubric.criteria}
    assert ("score" in declared) == stored.rubric.is_numeric


def test_totals_follow_from_levels_where_worth_rises_evenly() -> None:
    weights = {"score": {"weights": {"accuracy": 4.0, "clarity": 1.0}}}
    assert composite_of(a_rubric()) == weights
    uneven = a_criterion("clarity", scale=scale("ordinal", (0, 0.0), (1, 0.9), (2, 1.0)))
    assert composite_of(a_rubric(a_criterion("accuracy"), uneven)) == {}
    assert composite_of(a_rubric(a_criterion(scale=a_nominal_scale()))) == {}
