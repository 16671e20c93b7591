"""Numbers with their units, however they are written."""

import pytest

from judge_service.lexical.quantities import Quantity
from judge_service.lexical.text import parse


def _read(text: str) -> list[Quantity]:
    return parse(text).quantities


@pytest.mark.parametrize(
    ("text", "of", "low", "high"),
    [
        ("500 mg", "mass", 500, 500),
        ("0.5 g", "mass", 500, 500),
        ("500mg", "mass", 500, 500),
        ("1,000 mg", "mass", 1000, 1000),
        ("250 micrograms", "mass", 0.25, 0.25),
        ("2-3 cm", "length", 20, 30),
        ("5 to 7 days", "duration", 120, 168),
        ("one week", "duration", 168, 168),
        ("15 mg/kg", "mass/kg", 15, 15),
        ("15 mg per kg", "mass/kg", 15, 15),
        ("6.8 mmol/L", "amount/l", 6.8, 6.8),
        ("25 %", "percent", 25, 25),
        ("twice daily", "frequency", 2, 2),
        ("2 times a day", "frequency", 2, 2),
        ("bd", "frequency", 2, 2),
        ("every 12 hours", "frequency", 2, 2),
        ("8 hourly", "frequency", 3, 3),
        ("every 4 to 6 hours", "frequency", 4, 6),
        ("once a week", "frequency", 1 / 7, 1 / 7),
        ("tds", "frequency", 3, 3),
        ("140/90", "ratio", 140_090, 140_090),
        ("stage II", "stage", 2, 2),
        ("grade 3", "grade", 3, 3),
        ("the score is 4", "value scor", 4, 4),
        ("three nodules", "count nodul", 3, 3),
    ],
)
def test_a_quantity_is_read_in_base_units(text: str, of: str, low: float, high: float) -> None:
    [read] = _read(text)
    assert read.of == of
    assert read.low == pytest.approx(low)
    assert read.high == pytest.approx(high)


@pytest.mark.parametrize("text", ["one of them", "L4-L5", "the first day", "daylight", ""])
def test_what_is_no_quantity_is_left_alone(text: str) -> None:
    assert _read(text) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("500 mg", "0.5 g", True),
        ("5 mg", "50 mg", False),
        ("5-7 days", "one week", True),
        ("18 mm", "2 cm", False),
        ("18 mm", "about 2 cm", True),
        ("about 2 cm", "3 cm", False),
        ("100 mg", "101 mg", True),
    ],
)
def test_quantities_meet_within_their_room(one: str, other: str, same: bool) -> None:
    assert _read(one)[0].meets(_read(other)[0]) is same
    assert _read(other)[0].meets(_read(one)[0]) is same


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Give 0.5 g now.", "0.5 g"),
        ("It lasts 5 to 7 days in all.", "5 to 7 days"),
        ("Take it twice a day.", "twice a day"),
        ("A blood pressure of 140/90 is high.", "140/90"),
        ("15 mg per kg.", "15 mg per kg"),
    ],
)
def test_a_quantity_can_be_quoted_as_written(text: str, written: str) -> None:
    read = parse(text)
    assert [read.written(quantity) for quantity in read.quantities] == [written]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 g", "1000 mg"),
        ("1 mg", "1000 micrograms"),
        ("2 cm", "20 mm"),
        ("1 litre", "1000 ml"),
        ("2 weeks", "14 days"),
        ("1 day", "24 hours"),
        ("90 minutes", "1.5 hours"),
        ("every 6 hours", "four times daily"),
        ("once a week", "weekly"),
        ("ten mg", "10 mg"),
        ("25 %", "25 percent"),
        ("2 tablets", "two tablets"),
    ],
)
def test_units_of_one_kind_are_compared_in_one_base(one: str, other: str) -> None:
    [mine], [theirs] = _read(one), _read(other)
    assert mine.of == theirs.of
    assert mine.meets(theirs)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1 g", "1 ml"), ("2 cm", "2 weeks"), ("5 mg", "5 mg/kg"), ("5 %", "5 mg"), ("2 tablets", "2 puffs")],
)
def test_units_of_different_kinds_are_never_compared(one: str, other: str) -> None:
    assert _read(one)[0].of != _read(other)[0].of
