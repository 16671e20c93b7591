"""Entailment, consistency with oneself, cohesion and the test for English."""

import pytest

from judge_service.lexical import (
    NAME,
    agreement,
    cohesion,
    english,
    entailment,
    parse,
    self_consistency,
    version,
)
from judge_service.lexical.silence import silent

ANSWER = (
    "Most sore throats are caused by viruses and get better within a week. Antibiotics are not needed for a "
    "viral infection. You can take paracetamol 1 g up to four times a day for the pain. If the fever lasts "
    "more than three days, see your doctor. The swelling is on the left side of the neck."
)


@pytest.mark.parametrize(
    "claim",
    [
        "Sore throats are mostly caused by viruses.",
        "Paracetamol can be taken for the pain.",
        "Antibiotics are not necessary for viral infections.",
        "See a doctor if the fever lasts more than three days.",
    ],
)
def test_what_the_answer_says_is_entailed(claim: str) -> None:
    relation, read = entailment(ANSWER, claim)
    assert relation == "entailed"
    assert read.value is not None
    assert read.value >= 0.6
    assert read.evidence


@pytest.mark.parametrize(
    "claim",
    [
        "Gargling with salt water soothes the throat.",
        "Smoking makes laryngeal cancer more likely.",
        "Glandular fever is diagnosed with a blood test.",
    ],
)
def test_what_the_answer_leaves_open_is_neutral(claim: str) -> None:
    assert entailment(ANSWER, claim)[0] == "neutral"


@pytest.mark.parametrize(
    ("claim", "flag"),
    [
        ("Antibiotics are needed for a viral infection.", "negation_differs"),
        ("The swelling is on the right side of the neck.", "side_differs"),
        ("Paracetamol 4 g up to four times a day can be taken for the pain.", "number_differs"),
    ],
)
def test_what_the_answer_denies_is_contradicted(claim: str, flag: str) -> None:
    relation, read = entailment(ANSWER, claim)
    assert relation == "contradicted"
    assert flag in read.flags
    assert read.evidence
    assert all(piece in ANSWER for piece in read.evidence)
    assert "reference" not in read.reason


@pytest.mark.parametrize("response", ["", "N/A"])
def test_silence_entails_nothing(response: str) -> None:
    assert entailment(response, "Ibuprofen helps.")[0] == "neutral"


def test_a_claim_without_terms_abstains() -> None:
    relation, read = entailment(ANSWER, "It is.")
    assert relation == "neutral"
    assert read.value is None
    assert read.flags == ("no_measure",)


@pytest.mark.parametrize(
    "text",
    [
        "There is a left pneumothorax. No pneumothorax is seen.",
        "Fracture of the left tibia. The right tibia fracture is displaced.",
        "The mass measures 3 cm. The mass of 5 cm is seen in the liver.",
        "The patient has pneumonia. The lungs show no pneumonia.",
    ],
)
def test_a_contradiction_within_the_text_is_found(text: str) -> None:
    read = self_consistency(text)
    assert read.value is not None
    assert read.value < 0.5
    assert read.flags == ("self_contradiction",)
    assert read.evidence


@pytest.mark.parametrize(
    "text",
    [
        "No pneumonia on the left. There is pneumonia on the right.",
        "No other fracture. There is a fracture of the hip.",
        "There may be a fracture. If there is no fracture, you can walk.",
        "Fractures of both tibias: the left tibia fracture is displaced, the right is not.",
        "Take 500 mg of amoxicillin first. Then take 250 mg of amoxicillin.",
        "Pneumonia.",
        ANSWER,
    ],
)
def test_a_text_at_one_with_itself_keeps_full_marks(text: str) -> None:
    assert self_consistency(text).value == 1.0


def test_more_contradictions_weigh_more() -> None:
    one = self_consistency("There is a pneumothorax. There is no pneumothorax.").value
    two = self_consistency(
        "There is a pneumothorax. There is no pneumothorax. There is a fracture. There is no fracture."
    ).value
    assert one is not None
    assert two is not None
    assert two < one


@pytest.mark.parametrize("text", ["Right lower lobe pneumonia.", "Pneumonia", "The left tibia is broken."])
def test_one_sentence_hangs_together_by_itself(text: str) -> None:
    assert cohesion(text).value == 1.0


def test_linked_sentences_beat_unlinked_ones() -> None:
    linked = cohesion(
        "The antibiotic treats the infection. It works in two days. The infection then clears up."
    ).value
    loose = cohesion("The moon is cold. Insulin lowers glucose. Carpets are woven.").value
    assert linked is not None
    assert loose is not None
    assert linked > loose + 0.2


def test_a_conclusion_from_nothing_is_a_broken_link() -> None:
    sound = cohesion("The valve is calcified. The murmur is loud. Therefore an echo is needed.").value
    dangling = cohesion("Therefore an echo is needed. The valve is calcified. The murmur is loud.").value
    assert sound is not None
    assert dangling is not None
    assert sound > dangling


def test_a_joining_word_alone_ties_less_than_taking_up_what_was_said() -> None:
    joined = cohesion("Insulin lowers glucose. Therefore carpets are woven.").value
    taken_up = cohesion("Insulin lowers glucose. It is given under the skin.").value
    loose = cohesion("Insulin lowers glucose. Carpets are woven.").value
    assert joined is not None
    assert taken_up is not None
    assert loose is not None
    assert loose < joined < taken_up


def test_cohesion_says_in_words_how_many_steps_hold() -> None:
    read = cohesion("The antibiotic treats the infection. It works in two days. Carpets are woven.")
    assert read.reason == "1 of 2 steps from sentence to sentence take up what was said before."


@pytest.mark.parametrize(
    "text",
    [
        "tablet morning fluid heart valve fracture lens skin biopsy tendon fever lung",
        "fracture tibia pain swelling ankle bone cast rest ice",
        "of the is pain and a in chest the of to because the",
    ],
)
def test_lists_and_scrambled_words_score_low(text: str) -> None:
    read = cohesion(text)
    assert read.value is not None
    assert read.value < 0.3
    assert read.flags == ("scrambled",)


SILENCES = [
    "",
    "N/A",
    "I don't know.",
    "I'm sorry, I can't help with interpreting medical images. Please ask a doctor.",
    "Sorry, but I am not able to provide a diagnosis from this photograph.",
    "I cannot interpret radiographs. A radiologist should look at it, so please consult one.",
    "As an AI model I can't give medical advice. Please see your doctor.\nI am happy to explain terms.",
    "Unfortunately, I cannot analyse scans.",
]


@pytest.mark.parametrize("text", SILENCES)
def test_silence_is_judged_it_agrees_with_itself_and_has_no_line_of_thought(text: str) -> None:
    whole, thread = self_consistency(text), cohesion(text)
    assert whole.value == 1.0
    assert whole.flags == ()
    assert thread.value == 0.0
    assert thread.flags == ("says_nothing",)
    assert "says nothing" in thread.reason
    assert agreement(text, "Right lower lobe pneumonia.").value == 0.0
    assert entailment(text, "There is a pneumonia.")[0] == "neutral"


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, I cannot see a fracture. The swelling is over the ankle.",
        "I'm sorry you feel unwell. Drink plenty of water and rest.",
        "I cannot see an effusion. There is consolidation at the left base.",
        "I am unable to help with the dose. The rash is shingles and needs aciclovir.",
        "No fracture.",
    ],
)
def test_an_answer_that_opens_with_regret_is_still_an_answer(text: str) -> None:
    assert not silent(text)


@pytest.mark.parametrize("text", SILENCES[3:])
def test_a_long_answer_is_no_refusal(text: str) -> None:
    assert silent(text)
    assert not silent(text + " There is consolidation of the right lower lobe." * 2)


def test_a_text_may_be_read_once_for_all_measures() -> None:
    held = parse(ANSWER)
    assert parse(held) is held
    assert self_consistency(held) == self_consistency(ANSWER)
    assert cohesion(held) == cohesion(ANSWER)
    assert agreement(held, parse("Sore throats are viral.")) == agreement(ANSWER, "Sore throats are viral.")
    assert entailment(held, "Antibiotics help.") == entailment(ANSWER, "Antibiotics help.")


def test_texts_are_not_kept_between_calls() -> None:
    assert parse(ANSWER) is not parse(ANSWER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "Right lower lobe pneumonia",
        "No acute distress",
        "M\u00e9ni\u00e8re's disease",
        "Give 5 mg PO",
        "LA dilated, MET test negative",
        "Sj\u00f6gren syndrome with dry eyes",
        "The heart is normal.",
        "\u03b2-blocker, 5 \u00b5g",
        "Cerebral infarct",
        ANSWER,
    ],
)
def test_english_is_taken_as_english(text: str) -> None:
    assert english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Es besteht eine Fraktur des linken Radius.",
        "Die Lunge ist frei, das Herz nicht vergr\u00f6\u00dfert.",
        "Il existe une fracture du radius gauche.",
        "Pneumonie du lobe inf\u00e9rieur droit avec \u00e9panchement.",
        "Hay una fractura del radio izquierdo.",
        "El coraz\u00f3n es normal y los pulmones est\u00e1n limpios.",
        "C'\u00e8 una frattura della clavicola con versamento.",
        "\u5de6\u4fa7\u6861\u9aa8\u9aa8\u6298",
        "\u041f\u0435\u0440\u0435\u043b\u043e\u043c \u043a\u043e\u0441\u0442\u0438",
        "\u0643\u0633\u0631 \u0641\u064a \u0627\u0644\u0639\u0638\u0645",
    ],
)
def test_other_languages_are_told_apart(text: str) -> None:
    assert not english(text)


def test_the_version_is_named() -> None:
    assert version().startswith(NAME + "+")
    assert version() == version()
