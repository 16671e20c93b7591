"""Body sites: one finding in two places is a conflict, two things in two places are not."""

import pytest

from judge_service.lexical.coverage import Offer, coverage
from judge_service.lexical.sites import sites
from judge_service.lexical.text import parse


def _words(response: str, reference: str) -> list[str]:
    ours, theirs = parse(reference), parse(response)
    return [conflict.words for conflict in sites(ours, theirs, coverage(ours, Offer(theirs)))]


@pytest.mark.parametrize(
    ("reference", "response", "words"),
    [
        (
            "Fracture of the tibia.",
            "Fracture of the fibula.",
            "Site differs: reference tibia, response fibula.",
        ),
        (
            "Stenosis of the mitral valve.",
            "Stenosis of the aortic valve.",
            "Site differs: reference mitral valve, response aortic valve.",
        ),
        (
            "Haemorrhage in the frontal lobe.",
            "Haemorrhage in the cerebellum.",
            "Site differs: reference frontal, response cerebellum.",
        ),
        (
            "Abscess of the liver.",
            "Abscess of the spleen.",
            "Site differs: reference liver, response spleen.",
        ),
        (
            "Burn of the hand.",
            "Burn of the foot.",
            "Site differs: reference hand, response foot.",
        ),
        (
            "Ulcer on the big toe.",
            "Ulcer on the little toe.",
            "Site differs: reference big toe, response little toe.",
        ),
        (
            "Laceration of the scalp.",
            "Laceration of the knee.",
            "Site differs: reference scalp, response knee.",
        ),
    ],
)
def test_one_finding_in_two_places(reference: str, response: str, words: str) -> None:
    assert _words(response, reference) == [words]


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("The tibia is intact.", "Fracture of the fibula."),
        ("Fracture of the tibia.", "The fibula is intact."),
        ("Fracture of the tibia.", "Fracture of the tibia and of the fibula."),
        ("Haemorrhage along a vein; the optic disc is normal.", "Haemorrhage in the retina."),
        ("Occlusion of the middle cerebral artery.", "Occlusion explains the weakness of the arm."),
        ("Abscess of the liver.", "No abscess of the spleen."),
        ("Mitral regurgitation.", "The tricuspid valve is competent."),
        ("Rash on the face.", "Pain in the knee."),
        ("Pneumonia.", "Fracture of the fibula."),
    ],
)
def test_two_things_in_two_places(reference: str, response: str) -> None:
    assert _words(response, reference) == []


def test_the_site_is_quoted_where_the_response_names_it() -> None:
    ours, theirs = parse("Fracture of the tibia."), parse("Pain. There is a fracture of the fibula.")
    [conflict] = sites(ours, theirs, coverage(ours, Offer(theirs)))
    start, end = conflict.span
    assert theirs.source[start:end] == "There is a fracture of the fibula"
