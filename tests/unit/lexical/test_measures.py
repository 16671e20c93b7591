"""Entailment, consistency with oneself, cohesion and the test for English."""

import pytest

from judge_service.lexical import VERSION, cohesion, english, entailment, self_consistency

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
        "The mass measures 3 cm. A mass of 5 cm is seen in the liver.",
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


@pytest.mark.parametrize(
    "text",
    [
        "fracture tibia pain swelling ankle bone cast rest ice",
        "of the is pain and a in chest the of to because the",
    ],
)
def test_lists_and_scrambled_words_score_low(text: str) -> None:
    read = cohesion(text)
    assert read.value is not None
    assert read.value < 0.3
    assert read.flags == ("scrambled",)


@pytest.mark.parametrize("text", ["", "N/A", "I don't know."])
def test_silence_has_neither_cohesion_nor_consistency(text: str) -> None:
    assert cohesion(text).value is None
    assert self_consistency(text).value is None


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
    assert VERSION == "lexical-baseline-1"
