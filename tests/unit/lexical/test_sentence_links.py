"""How sentences hang on one another: by a shared thing, by taking up, by a joining word."""

import pytest

from judge_service.lexical import cohesion
from judge_service.lexical.cohesion import JOINED_BY_WORD, TIED_BY_WORD, links_of
from judge_service.lexical.text import parse


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("One sentence.", []),
        ("Insulin lowers glucose. Insulin is injected.", [1.0]),
        ("Insulin lowers glucose. It is injected.", [TIED_BY_WORD]),
        ("Insulin lowers glucose. Thus carpets are woven.", [JOINED_BY_WORD]),
        ("Insulin lowers glucose. For this reason carpets are woven.", [JOINED_BY_WORD]),
        ("Insulin lowers glucose. Carpets are woven.", [0.0]),
        ("Insulin lowers glucose. Carpets are woven. Insulin is injected.", [0.0, 0.5]),
        ("Insulin lowers glucose. The diabetic eats. Hyperglycaemia follows diabetes.", [0.0, 1.0]),
        ("Hence carpets are woven. Carpets are soft.", [1.0, 0.0]),
        ("Hence carpets are woven.", []),
    ],
)
def test_each_sentence_hangs_on_what_came_before(text: str, links: list[float]) -> None:
    assert links_of(parse(text)) == pytest.approx(links)


def test_a_wider_idea_links_as_well() -> None:
    assert links_of(parse("A meningioma was found. The tumour is benign.")) == [1.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Insulin lowers glucose.", 1.0),
        ("Insulin lowers glucose. Insulin is injected.", 1.0),
        ("Insulin lowers glucose. Carpets are woven.", 0.5),
        ("Insulin lowers glucose. Carpets are woven. Moles are brown. Bones hold calcium.", 0.4),
    ],
)
def test_links_weigh_more_in_a_longer_text(text: str, value: float) -> None:
    assert cohesion(text).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Insulin lowers glucose.", "One sentence, which hangs together by itself."),
        (
            "Insulin lowers glucose. Insulin is injected. Carpets are woven.",
            "1 of 2 steps from sentence to sentence take up what was said before.",
        ),
        (
            "fracture tibia pain swelling ankle bone cast rest ice",
            "The words do not form sentences that read as English.",
        ),
        ("", "The response says nothing, so there is no line of thought."),
    ],
)
def test_the_reason_is_in_plain_words(text: str, reason: str) -> None:
    assert cohesion(text).reason == reason


def test_shuffled_sentences_never_gain() -> None:
    told = "The mole has changed. This is a warning. Therefore it must be removed."
    shuffled = "Therefore it must be removed. The mole has changed. This is a warning."
    right, wrong = cohesion(told).value, cohesion(shuffled).value
    assert right is not None
    assert wrong is not None
    assert right > wrong
