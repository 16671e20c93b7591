"""The declared scale: read strictly, and the only source of categories."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_calibration.errors import OptionRejected
from judge_calibration.scales import MOST_VALUES, Scale, finite_number, scale_from, scales_from

ORDINAL = scale_from([0, 1, 2, 3, 4, 5])
BINARY = scale_from({"kind": "binary"})
WORDED = scale_from({"kind": "binary", "values": ["unmet", "met"]})
NOMINAL = scale_from({"kind": "nominal", "values": ["b", "a", "c"]})
INTERVAL = scale_from({"kind": "interval", "low": 0, "high": 100})

numbers = st.lists(st.integers(-40, 40).map(lambda n: n / 4), min_size=2, max_size=20, unique=True).map(
    sorted
)
words = st.lists(st.text("abcdefg ", min_size=1, max_size=9), min_size=2, max_size=9, unique=True)
specs: st.SearchStrategy[Any] = st.one_of(
    numbers,
    words.map(lambda values: {"kind": "nominal", "values": values}),
    words.filter(lambda values: len(values) == 2).map(lambda values: {"kind": "binary", "values": values}),
    numbers.map(lambda values: {"kind": "interval", "low": values[0], "high": values[-1]}),
)


def test_a_list_of_rising_numbers_is_an_ordinal_scale() -> None:
    assert scale_from({"kind": "ordinal", "values": [0, 1, 2, 3, 4, 5]}) == ORDINAL
    assert (ORDINAL.kind, ORDINAL.low, ORDINAL.high, ORDINAL.size) == ("ordinal", 0.0, 5.0, 6)
    assert ORDINAL.is_numeric
    assert ORDINAL.is_discrete


def test_an_integral_number_is_the_same_value_however_it_is_written() -> None:
    assert ORDINAL.code(3) == ORDINAL.code(3.0) == ORDINAL.code(np.int64(3)) == 3
    assert ORDINAL.store(np.float64(3)) == 3.0


@pytest.mark.parametrize(
    "value", ["3", True, None, [3], {"score": 3}, 6, -1, 2.5, math.nan, math.inf, 10**400]
)
def test_what_is_not_on_the_scale_has_neither_code_nor_number(value: object) -> None:
    assert ORDINAL.code(value) is None
    assert ORDINAL.store(value) is None


@pytest.mark.parametrize("scale", [BINARY, WORDED])
def test_true_and_false_are_one_and_zero_on_every_binary_scale(scale: Scale) -> None:
    assert [scale.store(value) for value in (False, True, 0, 1.0)] == [0.0, 1.0, 0.0, 1.0]
    assert (scale.low, scale.high, scale.unit) == (0.0, 1.0, 1.0)


def test_binary_words_stand_for_unmet_and_met_in_this_order() -> None:
    assert [WORDED.store("unmet"), WORDED.store("met"), WORDED.store("Met")] == [0.0, 1.0, None]
    assert BINARY.store("met") is None
    assert [WORDED.told(0.0), WORDED.told(1.0), BINARY.told(1.0)] == ["unmet", "met", 1]


def test_nominal_values_keep_their_declared_order() -> None:
    assert [NOMINAL.store(word) for word in ("b", "a", "c", "d", 0)] == [0.0, 1.0, 2.0, None, None]
    assert NOMINAL.numeric.tolist() == [0.0, 1.0, 2.0]
    assert (NOMINAL.is_numeric, NOMINAL.low, NOMINAL.high, NOMINAL.unit) == (False, None, None, 1.0)


def test_an_interval_holds_every_number_between_its_bounds_and_has_no_codes() -> None:
    assert [INTERVAL.store(value) for value in (0, 12.34, 100, 100.1, True)] == [
        0.0,
        12.34,
        100.0,
        None,
        None,
    ]
    assert INTERVAL.code(12) is None
    assert (INTERVAL.size, INTERVAL.is_discrete, INTERVAL.values) == (0, False, ())


@pytest.mark.parametrize(
    ("spec", "unit"),
    [
        ([0, 1, 2, 3, 4, 5], 1.0),
        ([1, 1.5, 2, 2.5, 3], 1.0),
        ([0, 50, 100], 50.0),
        ([0, 0.25, 0.5, 1], 0.25),
        ([0, 0.5, 1], 0.5),
        ([0, 1], 1.0),
        ({"kind": "interval", "low": 0, "high": 100}, 100.0),
        ({"kind": "interval", "low": 0, "high": 1}, 1.0),
        ({"kind": "interval", "low": 0.5, "high": 1}, 0.5),
    ],
)
def test_one_point_is_a_point_where_the_scale_counts_in_points(spec: object, unit: float) -> None:
    assert scale_from(spec).unit == unit


@pytest.mark.parametrize(
    "spec",
    [
        None,
        3,
        "ordinal",
        [],
        [1],
        [1, 1],
        [2, 1],
        [0, "1"],
        [0, True],
        [0, math.nan],
        [0, math.inf],
        [0, 10**400],
        [0, 1e-12],
        list(range(MOST_VALUES + 1)),
        {},
        {"kind": "ordinal"},
        {"kind": "ratio", "values": [0, 1]},
        {"kind": ["ordinal"], "values": [0, 1]},
        {"kind": "ordinal", "values": {"0": 1}},
        {"kind": "ordinal", "values": [0, 1], "low": 0},
        {"kind": "binary", "values": [1, 2]},
        {"kind": "binary", "values": [True, False]},
        {"kind": "binary", "values": ["met"]},
        {"kind": "binary", "values": ["met", "met"]},
        {"kind": "nominal", "values": ["a"]},
        {"kind": "nominal", "values": ["a", "a"]},
        {"kind": "nominal", "values": ["a", 1]},
        {"kind": "nominal", "values": ["a", ""]},
        {"kind": "nominal", "values": ["a", "\ud800"]},
        {"kind": "interval"},
        {"kind": "interval", "low": 1, "high": 1},
        {"kind": "interval", "low": 0, "high": math.inf},
        {"kind": "interval", "low": -1e300, "high": 1e300},
        {"kind": "interval", "low": False, "high": True},
    ],
)
def test_what_is_no_scale_is_refused_by_the_name_of_its_criterion(spec: object) -> None:
    with pytest.raises(OptionRejected) as rejected:
        scales_from({"quality": spec})
    assert rejected.value.option == "scales.quality"


@pytest.mark.parametrize("specs", [None, {}, [], "x", {"": [0, 1]}, {3: [0, 1]}, {"a" * 257: [0, 1]}])
def test_scales_are_named_and_at_least_one(specs: object) -> None:
    with pytest.raises(OptionRejected) as rejected:
        scales_from(specs)
    assert rejected.value.option == "scales"


def test_there_is_a_most_to_the_number_of_criteria() -> None:
    with pytest.raises(OptionRejected, match="200 is the most"):
        scales_from({str(at): [0, 1] for at in range(201)})


def test_scales_stand_in_the_order_of_their_names() -> None:
    assert list(scales_from({"b": [0, 1], "a": INTERVAL})) == ["a", "b"]


@settings(max_examples=50, deadline=None)
@given(specs)
def test_a_scale_is_read_again_from_its_json(spec: object) -> None:
    scale = scale_from(spec)
    assert scale_from(scale.as_json()) == scale


@settings(max_examples=50, deadline=None)
@given(specs)
def test_every_declared_value_is_stored_at_its_code_and_told_as_it_was(spec: object) -> None:
    scale = scale_from(spec)
    for at, value in enumerate(scale.values):
        assert scale.code(value) == at
        assert scale.store(value) == scale.numeric[at]
        assert scale.told(scale.numeric[at]) == value
    if scale.values and scale.low is not None and scale.high is not None:
        assert (scale.low, scale.high) == (scale.numeric[0], scale.numeric[-1])
    assert scale.unit > 0


@pytest.mark.parametrize(
    ("value", "number"), [(True, None), (-0.0, 0.0), (np.int64(2), 2.0), (np.bool_(1), None)]
)
def test_a_number_is_a_finite_one(value: object, number: float | None) -> None:
    found = finite_number(value)
    assert found == number
    assert found is None or math.copysign(1, found) == 1
