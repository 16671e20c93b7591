"""Drawings: what is drawn stands where and is as large as the figure says, and no label leaves the canvas."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_calibration.drawings.axes import Axis, apart, axis_over
from judge_calibration.drawings.canvas import ELLIPSIS, WIDTH, cut, width_of
from judge_calibration.drawings.grids import score_use
from judge_calibration.drawings.intervals import Mark, Row, interval_rows
from judge_calibration.drawings.scatter import Level, bland_altman, calibration_curve

WORDS = {"name": "x", "title": "Title", "caption": "Caption."}


@given(st.lists(st.floats(0, 300), min_size=1, max_size=8))
def test_labels_are_moved_apart_in_their_order_and_no_farther_than_it_takes(places: list[float]) -> None:
    moved = apart(places, 15)
    order = sorted(range(len(places)), key=places.__getitem__)
    assert all(moved[b] - moved[a] >= 15 - 1e-6 for a, b in pairwise(order))
    assert sum(moved) == pytest.approx(sum(places))
    if all(places[b] - places[a] >= 15 for a, b in pairwise(order)):
        assert moved == pytest.approx(places)


@pytest.mark.parametrize("span", [(0.0, 5.0), (-3.0, 100.0), (0.0, 0.004), (2.0, 2.0)])
def test_ticks_are_round_and_within_the_axis(span: tuple[float, float]) -> None:
    axis = axis_over(span, 0, 100)
    assert axis.low < span[0]
    assert span[1] < axis.high
    assert 3 <= len(axis.ticks) <= 8
    steps = {round(b - a, 9) for a, b in pairwise(axis.ticks)}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


def test_values_beyond_an_axis_stand_at_its_end() -> None:
    assert Axis(0, 1, 10, 20).at(7) == 20


@pytest.mark.parametrize("counts", [(1, 1, 1), (1, 4, 9), (1, 50, 200)])
def test_the_area_of_a_bubble_is_the_number_of_items_but_a_single_one_is_seen(
    counts: tuple[int, int, int],
) -> None:
    points = [(float(at), float(at), n) for at, n in enumerate(counts)]
    drawn = bland_altman(points, [], slope=None, centre=1.0, **WORDS)
    radii = [float(found) for found in re.findall(r'class="bubble"[^>]* r="([\d.]+)"', drawn)]
    assert len(radii) == 3
    for radius, n in zip(radii, counts, strict=True):
        assert radius == pytest.approx(max(1.8, radii[-1] * math.sqrt(n / counts[-1])), abs=0.01)
    assert max(radii) <= 12


def test_the_names_of_close_levels_do_not_overlap() -> None:
    levels = [Level(0.01 * at, f"level {at}") for at in range(3)]
    drawn = bland_altman([(1.0, -3.0, 2), (2.0, 3.0, 1)], levels, slope=None, centre=1.0, **WORDS)
    places = sorted(float(y) for y in re.findall(r'y="([\d.]+)">level \d', drawn))
    assert all(b - a >= 14.9 for a, b in pairwise(places))


def test_numbers_beside_points_of_a_curve_do_not_overlap() -> None:
    points = [(50 + at * 0.5, 50 + at * 0.5, None, None, 10 + at) for at in range(12)] + [
        (5.0, 5.0, 4.0, 6.0, 99)
    ]
    drawn = calibration_curve(points, [], low=0, high=100, method="none", **WORDS)
    told = re.findall(r'<text class="tick over" x="([\d.]+)" y="([\d.]+)"[^>]*>(\d+)<', drawn)
    assert "99" in {n for _, _, n in told}
    assert len(told) < len(points)
    places = [(float(x), float(y)) for x, y, _ in told]
    for at, (x, y) in enumerate(places):
        assert all(abs(x - a) > 18 or abs(y - b) > 9 for a, b in places[:at])


@pytest.mark.parametrize(
    "values", [("0", "1"), tuple(f"{at}0–{at + 1}0" for at in range(10)), ("a word " * 9,) * 4]
)
def test_the_key_of_a_scale_stays_on_the_canvas(values: tuple[str, ...]) -> None:
    drawn = score_use(values, [("A", [1] * len(values))], **WORDS)
    keys = re.findall(r'<text class="key" x="([\d.]+)" y="([\d.]+)">([^<]*)', drawn)
    assert len(keys) == len(values)
    for x, _, shown in keys:
        assert float(x) + width_of(shown) <= WIDTH + 1
    (bar,) = re.findall(r'y="([\d.]+)"[^>]*>A</text>', drawn)
    assert float(bar) > max(float(y) for _, y, _ in keys)


@given(st.text("abc ", min_size=1, max_size=40), st.floats(1, 300))
def test_a_label_is_cut_to_its_room_and_keeps_both_ends(label: str, room: float) -> None:
    shown = cut(label, room)
    assert width_of(shown) <= max(room, width_of("a")) + 1e-9
    start, ellipsis, end = shown.partition(ELLIPSIS)
    assert label.startswith(start)
    assert label.endswith(end)
    assert ellipsis or shown == label
    assert len(start) - len(end) in {0, 1} or not ellipsis


def test_a_scale_deepens_from_its_first_value_to_its_last() -> None:
    drawn = score_use([str(at) for at in range(10)], [("A", [1] * 10)], **WORDS)
    depths = [float(found) for found in re.findall(r'height="12" fill-opacity="([\d.]+)"', drawn)]
    assert len(depths) == 9  # the last is whole
    assert depths == sorted(set(depths))


def test_each_series_has_a_colour_and_a_shape_of_its_own() -> None:
    rows = [Row("r", (Mark("judge", 0.5, 0.4, 0.6),)), Row("s", (Mark("physician", 0.1, 0.0, 0.2),))]
    drawn = interval_rows(
        rows, name="x", title="Title", caption="Caption.", measure="points", series=("judge", "physician")
    )
    assert '<circle class="s1"' in drawn.split(">s</text>")[0].split(">r</text>")[1]
    assert '<polygon class="s2"' in drawn.split(">s</text>")[1]


def test_a_question_ends_as_one() -> None:
    asked = score_use(["0"], [("A", [1])], name="x", title="Does it hold?", caption="Caption.")
    assert "<b>Does it hold?</b>" in asked
    assert "<b>Title.</b>" in score_use(["0"], [("A", [1])], **WORDS)
