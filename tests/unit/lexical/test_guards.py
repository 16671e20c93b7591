"""Each guard by itself: a reference, an answer with one thing wrong, and its right twin."""

import pytest

from judge_service.lexical import agreement

WRONG = [
    (
        "Right lower lobe pneumonia.",
        "Left lower lobe pneumonia.",
        "Pneumonia of the right lower lobe.",
        "side_differs",
    ),
    (
        "Left pneumothorax with mediastinal shift to the right.",
        "Right pneumothorax with mediastinal shift to the left.",
        "Pneumothorax on the left with mediastinal shift to the right.",
        "side_differs",
    ),
    (
        "Bilateral pleural effusions.",
        "Left pleural effusion.",
        "Effusions of the pleura on both sides.",
        "side_differs",
    ),
    (
        "Acute inferior myocardial infarction.",
        "Acute anterior myocardial infarction.",
        "Acute MI of the inferior wall.",
        "site_differs",
    ),
    (
        "Fracture of the proximal humerus.",
        "Fracture of the distal humerus.",
        "The humerus is fractured proximally.",
        "site_differs",
    ),
    (
        "Disc herniation at L4-L5.",
        "Disc herniation at L2-L3.",
        "Herniated disc at the level L4/L5.",
        "site_differs",
    ),
    (
        "Fracture of the tibial shaft.",
        "Fracture of the femoral shaft.",
        "The shaft of the tibia is broken.",
        "site_differs",
    ),
    (
        "Laceration of the index finger.",
        "Laceration of the ring finger.",
        "The forefinger has a laceration.",
        "site_differs",
    ),
    ("There is no fracture.", "There is a fracture.", "No evidence of fracture.", "negation_differs"),
    (
        "There is a small pleural effusion.",
        "No pleural effusion is seen.",
        "A small pleural effusion is seen.",
        "negation_differs",
    ),
    (
        "Pulmonary embolism is present.",
        "Pulmonary embolism has been ruled out.",
        "There is a PE.",
        "negation_differs",
    ),
    (
        "Ibuprofen is contraindicated in this patient.",
        "Ibuprofen can be given to this patient.",
        "Avoid ibuprofen in this patient.",
        "negation_differs",
    ),
    ("Ventilation is safe.", "Ventilation is unsafe.", "Ventilation is harmless.", "negation_differs"),
    (
        "Amoxicillin 500 mg three times daily for 7 days.",
        "Amoxicillin 500 mg three times daily for 14 days.",
        "Amoxicillin 0.5 g tds for one week.",
        "number_differs",
    ),
    ("Give adrenaline 0.5 mg.", "Give adrenaline 5 mg.", "Give adrenaline 500 micrograms.", "number_differs"),
    ("Paracetamol 15 mg/kg.", "Paracetamol 150 mg/kg.", "Paracetamol 15 mg per kg.", "number_differs"),
    ("Take it twice daily.", "Take it four times daily.", "Take it every 12 hours.", "number_differs"),
    ("The mass measures 3 cm.", "The mass measures 6 cm.", "A mass of 30 mm.", "number_differs"),
    (
        "Severe mitral regurgitation.",
        "Mild mitral regurgitation.",
        "Marked mitral regurgitation.",
        "severity_differs",
    ),
    ("Viral meningitis.", "Bacterial meningitis.", "Meningitis caused by a virus.", "nature_differs"),
    (
        "Stop metformin before the scan.",
        "Continue metformin before the scan.",
        "Withhold metformin before the scan.",
        "advice_differs",
    ),
    ("Type 1 diabetes.", "Type 2 diabetes.", "Diabetes of type 1.", "variant_differs"),
    (
        "Acute appendicitis.",
        "Acute pancreatitis.",
        "Acute inflammation of the appendix.",
        "main_term_differs",
    ),
]


@pytest.mark.parametrize(("reference", "wrong", "right", "flag"), WRONG)
def test_a_guard_caps_the_wrong_answer_and_spares_its_twin(
    reference: str, wrong: str, right: str, flag: str
) -> None:
    bad, good = agreement(wrong, reference), agreement(right, reference)
    assert flag in bad.flags
    assert bad.value is not None
    assert bad.value <= 0.55
    assert flag not in good.flags
    assert good.value is not None
    assert good.value > bad.value + 0.2


@pytest.mark.parametrize(("reference", "wrong", "right", "flag"), WRONG)
def test_a_guard_says_why_with_a_quote(reference: str, wrong: str, right: str, flag: str) -> None:
    read = agreement(wrong, reference)
    assert len(read.reason.split()) > 4
    assert "_" not in read.reason
    assert read.evidence
    assert all(piece in wrong for piece in read.evidence)


def test_words_name_both_sides() -> None:
    read = agreement("Left lower lobe pneumonia.", "Right lower lobe pneumonia.")
    assert read.reason.startswith("Side differs: reference right, response left.")


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("Give 2 g of ceftriaxone.", "Give 2 g of ceftriaxone and 1 g of paracetamol."),
        ("Fracture of the tibia.", "Fracture of the tibia. The fibula is intact."),
        ("Consolidation in the right lung.", "Consolidation in the right lung; the left lung is clear."),
        ("Pneumonia.", "Pneumonia. There is no pneumothorax and no pleural effusion."),
        ("Fracture of the femoral neck.", "Fracture of the femoral neck. No fracture of the pelvis."),
        ("Take paracetamol every 4 to 6 hours.", "Leave at least 4 hours between doses of paracetamol."),
        ("The lesion is 18 mm wide.", "The lesion is about 2 cm wide."),
    ],
)
def test_more_is_not_a_contradiction(reference: str, response: str) -> None:
    assert agreement(response, reference).flags == ()


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        (
            "Displaced fracture of the left distal radius dorsally angulated, and an ulnar styloid fracture.",
            "Styloid the angulated with of left radius an fracture dorsally distal ulnar displaced and.",
        ),
        (
            "Large attic retraction pocket with keratin debris in the left ear, that is cholesteatoma.",
            "Debris keeps a large ear, so the pocket of attic cholesteatoma is left in a keratin retraction.",
        ),
    ],
)
def test_words_of_the_reference_out_of_order_are_worth_nothing(reference: str, response: str) -> None:
    read = agreement(response, reference)
    assert "scrambled" in read.flags
    assert read.value is not None
    assert read.value < 0.02


def test_normal_denies_what_the_reference_finds() -> None:
    read = agreement("The chest radiograph is normal.", "Right upper lobe collapse with a hilar mass.")
    assert "negation_differs" in read.flags


@pytest.mark.parametrize(
    "response",
    ["", "  \n", "N/A", "n/a.", "I don't know.", "I do not know", "No answer", "I am not sure.", "None", "?"],
)
def test_a_response_that_says_nothing_scores_nothing(response: str) -> None:
    read = agreement(response, "Right lower lobe pneumonia.")
    assert read.value == 0.0
    assert read.flags == ("says_nothing",)
    assert read.evidence == ()


@pytest.mark.parametrize("response", ["No.", "No fracture.", "Not pneumonia."])
def test_a_denial_is_not_silence(response: str) -> None:
    assert "says_nothing" not in agreement(response, "No fracture.").flags


def test_without_a_reference_it_abstains() -> None:
    assert agreement("Pneumonia.", " ").value is None
    assert agreement("Pneumonia.", "...").value is None


def test_extra_is_fine_for_an_image_description() -> None:
    shown = "Opacity in the right lower zone with air bronchograms."
    said = (
        "There is an opacity in the right lower zone with air bronchograms. This is pneumonia, most likely "
        "pneumococcal. Give amoxicillin and repeat the film in six weeks; cancer is less likely."
    )
    strict, free = agreement(said, shown), agreement(said, shown, extra_is_fine=True)
    assert strict.value is not None
    assert free.value is not None
    assert free.value > strict.value
    assert free.value >= 0.95
    assert "side_differs" in agreement(said.replace("right", "left"), shown, extra_is_fine=True).flags


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("Acute myocardial infarction.", "Acute heart attack."),
        ("Deep vein thrombosis.", "DVT."),
        ("Haemorrhage and oedema of the oesophagus.", "Hemorrhage and edema of the esophagus."),
        ("Nephrolithiasis with haematuria.", "A kidney stone with blood in the urine."),
        ("RLL consolidation.", "Right lower lobe consolidation."),
        ("Cardiomegaly with pulmonary oedema.", "An enlarged heart with fluid on the lungs."),
        ("Shortness of breath and pyrexia.", "Dyspnoea and fever."),
    ],
)
def test_the_same_in_other_words_scores_high(reference: str, response: str) -> None:
    read = agreement(response, reference)
    assert read.flags == ()
    assert read.value is not None
    assert read.value >= 0.85
