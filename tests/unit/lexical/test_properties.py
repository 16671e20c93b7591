"""What holds for any text at all."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge_service.lexical import Reading, agreement, cohesion, english, entailment, self_consistency

WORDS = [
    "right", "left", "no", "not", "pneumonia", "fracture", "of", "the", "tibia", "5", "mg", "daily",
    "and", ",", ".", "is", "with", "without", "severe", "avoid", "ibuprofen", "twice", "L4", "MI",
    "bilateral", "3-5", "days", "if", "effusion", "normal", "heart", "(", ")", ":", "10", "%",
    "stop", "warfarin", "lobe", "upper",
    "\n",
]  # fmt: skip
CLINICAL = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)
ANY = st.one_of(st.text(max_size=300), CLINICAL)


def _readings(response: str, other: str) -> list[Reading]:
    return [
        agreement(response, other),
        agreement(response, other, extra_is_fine=True),
        entailment(response, other)[1],
        self_consistency(response),
        cohesion(response),
    ]


@given(ANY, ANY)
def test_values_stay_between_nothing_and_one(response: str, other: str) -> None:
    for read in _readings(response, other):
        assert read.value is None or 0.0 <= read.value <= 1.0
        assert read.reason


@given(ANY, ANY)
def test_evidence_is_a_piece_of_the_response(response: str, other: str) -> None:
    for read in _readings(response, other):
        assert all(piece and piece in response for piece in read.evidence)


@given(ANY, ANY)
def test_the_same_texts_get_the_same_reading(response: str, other: str) -> None:
    assert _readings(response, other) == _readings(response, other)
    assert entailment(response, other) == entailment(response, other)


@given(CLINICAL, CLINICAL)
def test_flags_are_names_and_abstentions_carry_one(response: str, other: str) -> None:
    for read in _readings(response, other):
        assert all(flag.islower() and flag.replace("_", "").isalpha() for flag in read.flags)
        assert read.value is not None or read.flags


@given(ANY)
def test_english_never_raises(text: str) -> None:
    assert english(text) in {True, False}


REFERENCES = [
    "Right lower lobe pneumonia.",
    "Displaced fracture of the left distal radius; no dislocation of the wrist.",
    "Take amoxicillin 500 mg three times daily for 7 days and drink plenty of water.",
    "Do not stop warfarin suddenly. If you bleed, call your doctor. Avoid aspirin and ibuprofen.",
    "The heart is normal in size and the lungs are clear. No pneumothorax or effusion.",
    "Most colds are viral, so antibiotics do not help; they clear up within 10 days.",
]


@pytest.mark.parametrize("text", REFERENCES)
def test_the_reference_itself_agrees_fully(text: str) -> None:
    read = agreement(text, text)
    assert read.value is not None
    assert read.value >= 0.95
    assert read.flags == ()


@given(st.lists(st.sampled_from(REFERENCES), min_size=1, max_size=4, unique=True).map(" ".join))
def test_any_text_agrees_with_itself(text: str) -> None:
    value = agreement(text, text).value
    assert value is not None
    assert value >= 0.95


@settings(max_examples=20)
@given(st.sampled_from(REFERENCES), st.sampled_from(["upper", "spaced"]))
def test_spacing_and_case_of_the_first_letter_do_not_matter(text: str, how: str) -> None:
    other = text[0].lower() + text[1:] if how == "upper" else text.replace(" ", "  ")
    assert agreement(other, text).value == agreement(text, text).value


def _seconds(response: str) -> float:
    started = time.process_time()
    agreement(response, response)
    entailment(response, response[:2000])
    self_consistency(response)
    cohesion(response)
    english(response)
    return time.process_time() - started


@pytest.mark.clocked
@pytest.mark.parametrize(
    "unit",
    [
        "The left lung shows pneumonia, not 5 mg of aspirin. ",
        "no fracture of the right tibia and ",
        "5 mg 6 mg 7 cm ",
        "a",
        "(.",
        "\u80ba\u708e ",
    ],
)
def test_time_grows_in_step_with_length(unit: str) -> None:
    _seconds("warm up")
    short = unit * (8_000 // len(unit))
    long = unit * (64_000 // len(unit))
    least = min(_seconds(short + " x" * k) for k in range(3))
    assert min(_seconds(long + " x" * k) for k in range(3)) < 8 * least * 4 + 0.2
