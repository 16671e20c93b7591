"""Whether a text reads as sentences and keeps the order of the words it shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.lexical.structure import FEWEST_SHARED, broken, scrambled, shape
from judge_service.lexical.text import parse

REFERENCE = (
    "A displaced fracture of the left distal radius with an ulnar styloid fracture and dorsal angulation."
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The fracture is displaced.", 0),
        ("The of fracture is a in.", 2),
        ("It is of the.", 1),
        ("It came from within.", 0),
        ("This is his.", 0),
        ("A the an fracture.", 2),
    ],
)
def test_impossible_neighbours_are_counted(text: str, count: int) -> None:
    assert broken(parse(text).tokens)[0] == count


def test_the_first_impossible_place_is_given() -> None:
    text = "The lung is clear and of the is seen."
    place = broken(parse(text).tokens)[1]
    assert place is not None
    assert text[slice(*place)] == "the is"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("The fracture of the radius is displaced and the ulna is intact.", 0.0, 0.0),
        ("fracture radius displaced ulna intact styloid dorsal wrist cast", 1.0, 1.0),
        ("Styloid the of left radius an the fracture of is ulnar displaced and the.", 0.9, 1.0),
        ("Fracture, dorsal.", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_a_mess_is_told_from_sentences_and_from_brief_notes(text: str, low: float, high: float) -> None:
    assert low <= scrambled(parse(text))[0] <= high


@given(st.permutations(REFERENCE.rstrip(".").split()))
def test_no_order_of_the_words_keeps_more_than_the_right_one(words: list[str]) -> None:
    ours = parse(REFERENCE)
    assert shape(ours, ours).kept == pytest.approx(1.0)
    assert shape(ours, parse(" ".join(words))).kept <= 1.0


def test_few_shared_words_say_nothing_of_order() -> None:
    found = shape(parse(REFERENCE), parse("The radius is fractured."))
    assert found.shared < FEWEST_SHARED
    assert found.kept == 1.0
    assert found.reuse == 0.0


def test_reuse_is_the_share_of_the_response_taken_from_the_reference() -> None:
    whole = shape(parse(REFERENCE), parse(REFERENCE)).reuse
    diluted = shape(
        parse(REFERENCE), parse(f"{REFERENCE} Bed rest, aspirin, a cast and physiotherapy.")
    ).reuse
    assert whole == 1.0
    assert 0.5 < diluted < whole
