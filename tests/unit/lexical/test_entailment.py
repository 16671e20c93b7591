"""Relations of a claim to a longer answer: stated, left open, contradicted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.lexical import entailment

DOSE = "Take amoxicillin 500 mg three times daily for 7 days. Finish the course even if you feel better."
SCAN = (
    "The CT shows a mass of 3 cm in the left kidney. There is no metastasis in the liver. "
    "The right kidney is normal. Surgery is recommended."
)
ADVICE = (
    "Most headaches are harmless. Paracetamol relieves the pain, and ibuprofen is an alternative. "
    "Do not take ibuprofen during pregnancy. A sudden severe headache needs urgent care."
)

STATED = [
    (DOSE, "Amoxicillin is taken three times daily."),
    (DOSE, "The dose of amoxicillin is 500 mg."),
    (DOSE, "Amoxicillin 0.5 g for one week."),
    (SCAN, "There is a mass in the left kidney."),
    (SCAN, "The liver holds no metastasis."),
    (SCAN, "The mass in the kidney measures 30 mm."),
    (SCAN, "Surgery is advised."),
    (ADVICE, "Ibuprofen should be avoided during pregnancy."),
    (ADVICE, "Paracetamol relieves pain."),
    (ADVICE, "A sudden severe headache is an emergency."),
]
OPEN = [
    (DOSE, "Amoxicillin can cause a rash."),
    (DOSE, "Penicillin allergy must be excluded."),
    (SCAN, "The adrenal gland is enlarged."),
    (SCAN, "Smoking is a cause of bladder cancer."),
    (ADVICE, "Migraine is treated with sumatriptan."),
    (ADVICE, "A CT is needed for every child with vomiting."),
]
CONTRADICTED = [
    (DOSE, "Take amoxicillin 250 mg three times daily for 7 days.", "number_differs"),
    (DOSE, "Take amoxicillin 500 mg three times daily for 14 days.", "number_differs"),
    (SCAN, "There is a mass of 3 cm in the right kidney.", "side_differs"),
    (SCAN, "There is metastasis in the liver.", "negation_differs"),
    (SCAN, "A mass of 9 cm in the left kidney.", "number_differs"),
    (ADVICE, "Take ibuprofen during pregnancy.", "negation_differs"),
]


@pytest.mark.parametrize(("answer", "claim"), STATED)
def test_a_stated_claim_is_entailed(answer: str, claim: str) -> None:
    relation, read = entailment(answer, claim)
    assert relation == "entailed"
    assert read.reason.startswith("Stated: ")
    assert read.flags == ()


@pytest.mark.parametrize(("answer", "claim"), OPEN)
def test_a_claim_left_open_is_neutral(answer: str, claim: str) -> None:
    relation, read = entailment(answer, claim)
    assert relation == "neutral"
    assert read.reason.startswith("Not stated: ")
    assert read.value is not None
    assert read.value < 0.6


@pytest.mark.parametrize(("answer", "claim", "flag"), CONTRADICTED)
def test_a_claim_that_says_otherwise_is_contradicted(answer: str, claim: str, flag: str) -> None:
    relation, read = entailment(answer, claim)
    assert relation == "contradicted"
    assert flag in read.flags
    assert read.value == 0.0
    assert all(piece in answer for piece in read.evidence)


@pytest.mark.parametrize("text", [DOSE, SCAN, ADVICE])
def test_an_answer_entails_each_of_its_sentences(text: str) -> None:
    for sentence in text.removesuffix(".").split(". "):
        assert entailment(text, sentence)[0] == "entailed"


@given(st.sampled_from([claim for _, claim in OPEN]), st.sampled_from([DOSE, SCAN, ADVICE]))
def test_adding_the_claim_itself_makes_it_stated(claim: str, answer: str) -> None:
    assert entailment(f"{answer} {claim}", claim)[0] == "entailed"


def test_evidence_is_the_sentence_that_states_it() -> None:
    assert entailment(SCAN, "Surgery is advised.")[1].evidence == ("Surgery is recommended.",)


def test_a_place_of_another_thing_contradicts_nothing() -> None:
    assert entailment(SCAN, "The right kidney is healthy.")[0] == "entailed"
