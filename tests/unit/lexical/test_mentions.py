"""How a text speaks of a thing: as known, firmly, in the plural, somewhere."""

import pytest

from judge_service.lexical.mentions import Mentions, beside, one_side
from judge_service.lexical.text import Unit, parse


def _held(text: str, key: str) -> tuple[Mentions, Unit]:
    at = Mentions(parse(text))
    return at, at.text.by_key[key][-1]


@pytest.mark.parametrize(
    ("text", "determiner"),
    [
        ("The effusion is large.", "the"),
        ("This effusion is large.", "this"),
        ("Her effusion is large.", "her"),
        ("The small left effusion is free.", "the"),
        ("The long-standing effusion is old.", "the"),
        ("An effusion is seen.", ""),
        ("No effusion is seen.", ""),
        ("The size of effusion varies.", ""),
        ("The lungs show effusion.", ""),
        ("Effusion.", ""),
        ("The effusion clinic is open.", ""),
        ("The lung is clear. Effusion is absent.", ""),
    ],
)
def test_a_determiner_counts_within_its_phrase_only(text: str, determiner: str) -> None:
    at, unit = _held(text, "effusion")
    assert at.determiner(unit) == determiner
    assert at.known(unit) is bool(determiner)


@pytest.mark.parametrize(
    ("text", "possessed"),
    [("Her diabetes is old.", True), ("The diabetes is old.", False), ("Diabetes is old.", False)],
)
def test_what_is_somebodys_is_possessed(text: str, *, possessed: bool) -> None:
    at, unit = _held(text, "diabetes")
    assert at.possessed(unit) is possessed


@pytest.mark.parametrize(
    ("text", "concluding"),
    [
        ("Answer: pneumonia.", True),
        ("Final answer: pneumonia.", True),
        ("In summary, this is pneumonia.", True),
        ("Diagnosis: pneumonia.", True),
        ("In conclusion, pneumonia.", True),
        ("The answer came late. There is pneumonia.", False),
        ("Diagnosis of pneumonia is hard.", False),
        ("There is pneumonia.", False),
    ],
)
def test_a_concluding_sentence_says_so_at_its_start(text: str, *, concluding: bool) -> None:
    at, unit = _held(text, "pneumonia")
    assert at.concluding(unit) is concluding


@pytest.mark.parametrize(
    ("text", "firm"),
    [
        ("There is a fracture.", True),
        ("There is no fracture.", True),
        ("The fracture should be fixed.", True),
        ("There may be a fracture.", False),
        ("A fracture or a sprain is seen.", False),
        ("If there is a fracture, rest.", False),
        ("Call us if the fracture hurts.", False),
        ("He had a previous fracture.", False),
        ("Her mother had a fracture.", False),
        ("In 2019 there was a fracture.", False),
        ("The dose of 2000 mg helps the fracture.", True),
        ("A fracture is suspected here, suspected fracture.", False),
        ("The line suggests a fracture.", False),
        ("The fracture suggests a fall.", True),
        ("History of fracture.", False),
        ("No history of fracture.", True),
    ],
)
def test_a_text_commits_itself_or_leaves_open(text: str, *, firm: bool) -> None:
    at, unit = _held(text, "fracture")
    assert at.firm(unit) is firm


@pytest.mark.parametrize(
    ("text", "key", "plural"),
    [
        ("Two nodules.", "nodule", True),
        ("One nodule.", "nodule", False),
        ("A stenosis.", "stenosis", False),
        ("A thrombus.", "clot", False),
        ("An abscess.", "abscess", False),
        ("Several cysts.", "cyst", True),
    ],
)
def test_the_plural_is_told_by_its_ending(text: str, key: str, *, plural: bool) -> None:
    at, unit = _held(text, key)
    assert at.plural(unit) is plural


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("A nodule in the right upper lobe.", {"right", "superior", "lobe"}),
        ("A severe nodule.", set()),
        ("The left lung is clear and no nodule is seen.", {"left", "lung"}),
        ("The left lung is clear. A nodule is seen.", set()),
    ],
)
def test_places_come_from_the_clause_or_the_one_before(text: str, places: set[str]) -> None:
    at, unit = _held(text, "nodule")
    assert at.places(unit) == places


@pytest.mark.parametrize(
    ("one", "other", "known", "together"),
    [
        (set(), {"left", "lung"}, False, True),
        ({"lung"}, {"left", "lung"}, False, True),
        ({"left"}, {"right"}, True, False),
        ({"left", "lung"}, {"right", "lung"}, True, False),
        ({"tibia"}, {"fibula"}, True, False),
        ({"tibia", "distal"}, {"tibia", "shaft"}, False, False),
        ({"tibia", "distal"}, {"tibia", "shaft"}, True, True),
        ({"left", "distal"}, {"left", "shaft"}, True, False),
    ],
)
def test_two_mentions_are_of_one_place_or_not(
    one: set[str], other: set[str], *, known: bool, together: bool
) -> None:
    assert beside(frozenset(one), frozenset(other), known=known) is together
    assert beside(frozenset(other), frozenset(one), known=known) is together


@pytest.mark.parametrize(
    ("places", "side"), [({"left", "lung"}, "left"), ({"left", "right"}, ""), ({"lung"}, ""), (set(), "")]
)
def test_one_side_or_none(places: set[str], side: str) -> None:
    assert one_side(frozenset(places)) == side
