"""What one text's ideas earn from another text."""

import pytest

from judge_service.lexical.coverage import (
    BY_BROADER,
    BY_NARROWER,
    BY_PARTS,
    BY_SPELLING,
    Coverage,
    Offer,
    coverage,
)
from judge_service.lexical.text import parse


def _covered(reference: str, response: str) -> Coverage:
    return coverage(parse(reference), Offer(parse(response)))


def _credit(reference: str, response: str) -> float:
    [credit] = _covered(reference, response).credits
    return credit.credit


@pytest.mark.parametrize(
    ("reference", "response", "credit"),
    [
        ("Pneumonia.", "A chest infection.", 1.0),
        ("Fracture.", "Colles fracture.", BY_NARROWER),
        ("Meningioma.", "A tumour.", BY_BROADER),
        ("Cardiomegaly.", "The heart is enlarged.", BY_PARTS),
        ("Pneumonia.", "Gout.", 0.0),
        ("Pneumonia.", "No pneumonia.", 0.0),
        ("Bicycles.", "Bicyclists.", BY_SPELLING),
        ("500 mg", "0.5 g", 1.0),
        ("500 mg", "0.7 g", 0.0),
    ],
)
def test_credit_falls_with_distance(reference: str, response: str, credit: float) -> None:
    assert _credit(reference, response) == pytest.approx(credit)


@pytest.mark.parametrize(
    ("reference", "response", "opposed"),
    [
        ("Pneumonia.", "No pneumonia.", True),
        ("No pneumonia.", "Pneumonia.", True),
        ("No pneumonia.", "Pneumonia is absent.", False),
        ("Pneumonia.", "Gout.", False),
    ],
)
def test_a_denied_idea_opposes_an_affirmed_one(reference: str, response: str, *, opposed: bool) -> None:
    [credit] = _covered(reference, response).credits
    assert credit.opposed is opposed


def test_what_is_denied_is_mentioned_but_not_covered() -> None:
    found = _covered("Pneumonia with fever.", "No pneumonia. Fever is present.")
    assert 0 < found.share() < found.mentioned() == 1.0


def test_key_terms_leave_out_small_words() -> None:
    found = _covered("Pneumonia is common.", "Pneumonia.")
    assert found.terms() == (1, 1)


def test_an_empty_coverage_shares_nothing() -> None:
    assert Coverage([]).share() == 0.0
    assert Coverage([]).mentioned() == 0.0
    assert Coverage([]).terms() == (0, 0)
