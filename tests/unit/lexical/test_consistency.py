"""Contradictions within one text: what is caught, what is spared, and in which words."""

import pytest

from judge_service.lexical import self_consistency

# A contradiction, and its nearest sound neighbour.
PAIRS = [
    (
        "No pleural effusion is seen. The effusion should be drained.",
        "No pleural effusion is seen. Effusions should be drained when they are large.",
    ),
    (
        "The patient denies fever. As she is febrile, cultures were taken.",
        "The patient denies fever. If she becomes febrile, take cultures.",
    ),
    (
        "There is no bowel obstruction. The obstruction is caused by adhesions.",
        "There is no bowel obstruction. Obstruction may be caused by adhesions.",
    ),
    (
        "She has no drug allergies. Because of her penicillin allergy a macrolide was chosen.",
        "She has no drug allergies. Her mother has a penicillin allergy.",
    ),
    (
        "He has never smoked. His smoking is the main reason.",
        "He has never smoked. Smoking would be the main reason in others.",
    ),
    (
        "No fracture of the tibia. The fracture of the tibia is displaced.",
        "No fracture of the tibia. The fracture of the fibula is displaced.",
    ),
    (
        "The scan excludes pneumonia. Answer: pneumonia.",
        "The scan excludes pneumonia. Answer: bronchitis.",
    ),
    (
        "The scan excludes appendicitis. In summary, the patient has appendicitis.",
        "The scan cannot exclude appendicitis. In summary, the patient has appendicitis.",
    ),
    (
        "ST segments are not elevated. The ST elevation proves an infarction.",
        "ST segments are not depressed. The ST elevation proves an infarction.",
    ),
    (
        "The heart is of normal size. The cardiomegaly is marked.",
        "The heart is of normal size. The heart failure is diastolic.",
    ),
    (
        "The appendix is normal. The inflamed appendix must be removed.",
        "The appendix is normal. The inflamed ileum must be treated.",
    ),
    (
        "The lungs are clear. The consolidation at the base is dense.",
        "The lungs are otherwise clear. The consolidation at the base is dense.",
    ),
    (
        "The left kidney is normal. The enlarged left kidney is removed.",
        "The left kidney is normal. The enlarged right kidney is removed.",
    ),
    (
        "The optic disc is normal. The swollen optic disc is a warning.",
        "The optic disc was normal last year. The swollen optic disc is a warning.",
    ),
    (
        "The tendon is intact. The tear of the tendon is complete.",
        "The tendon is intact. The tear of the muscle is complete.",
    ),
    (
        "A nodule lies in the left upper lobe. The nodule in the right upper lobe is solid.",
        "A nodule lies in the left upper lobe. Another nodule in the right upper lobe is solid.",
    ),
    (
        "There is a fracture of the left clavicle. This right clavicle fracture needs a sling.",
        "There are fractures of both clavicles. The right clavicle fracture needs a sling.",
    ),
    (
        "There is a left pneumothorax. The pneumothorax on the right needs a drain.",
        "There is a left pneumothorax. The pneumothorax shifts the heart to the right.",
    ),
    (
        "The mass is in the right breast. This left breast mass must be removed.",
        "The right breast mass is solid. The left breast mass is cystic.",
    ),
    (
        "The lesion is benign. Because the lesion is malignant, it must go.",
        "The lesion is benign. The lesion can become malignant.",
    ),
    (
        "This is an acute subdural haematoma. The chronic subdural haematoma is old blood.",
        "This is an acute subdural haematoma. Chronic subdural haematomas are darker.",
    ),
    (
        "There is a mild stenosis of the valve. The severe stenosis needs surgery.",
        "There is a mild stenosis of the valve. It was moderate before.",
    ),
    (
        "The infection is viral. Since the infection is bacterial, give amoxicillin.",
        "The infection is viral. A second infection that is bacterial may follow.",
    ),
    (
        "The cyst measures 2 cm. Because the cyst measures 6 cm, operate.",
        "The cyst measures 2 cm. Cysts over 6 cm need an operation.",
    ),
    (
        "The nodule measures 8 mm. The nodule of 15 mm must be biopsied.",
        "The nodule measured 8 mm last year. The nodule now measures 15 mm.",
    ),
    (
        "The nodule is 8 mm wide. The width of the nodule is 15 mm.",
        "The nodule is 8 mm wide. The length of the nodule is 15 mm.",
    ),
    (
        "The aneurysm has a maximum diameter of 5.6 cm. The maximum diameter is 3.9 cm.",
        "The aneurysm has a maximum diameter of 5.6 cm. The maximum diameter is 56 mm.",
    ),
    (
        "The ejection fraction is 60 %. The ejection fraction of 25 % is low.",
        "The ejection fraction is 60 %. An ejection fraction of 25 % would be low.",
    ),
    (
        "Take metformin 500 mg twice daily. The metformin dose of 2000 mg twice daily is right.",
        "Take metformin 500 mg twice daily. The maximum metformin dose is 2000 mg daily.",
    ),
    (
        "The patient is a woman of 45 years. At 72 years of age she is too old.",
        "The patient is a woman of 45 years. People over 72 years of age are too old.",
    ),
    (
        "You should never take aspirin. Take aspirin every morning.",
        "You should never take aspirin with warfarin. Take aspirin every morning.",
    ),
]


@pytest.mark.parametrize(("wrong", "sound"), PAIRS)
def test_a_contradiction_is_told_from_its_sound_neighbour(wrong: str, sound: str) -> None:
    bad, good = self_consistency(wrong), self_consistency(sound)
    assert bad.value is not None
    assert bad.value < 0.5
    assert bad.flags == ("self_contradiction",)
    assert good.value == 1.0, good.reason
    assert good.flags == ()
    assert good.evidence == ()


@pytest.mark.parametrize("wrong", [wrong for wrong, _ in PAIRS])
def test_both_places_are_quoted_as_they_stand(wrong: str) -> None:
    read = self_consistency(wrong)
    assert len(read.evidence) >= 2
    assert all(piece in wrong for piece in read.evidence)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "No pleural effusion is seen. The effusion should be drained.",
            "The response both affirms and denies effusion.",
        ),
        (
            "The optic disc is normal. The swollen optic disc is a warning.",
            "The response calls the optic disc normal and also names papilloedema.",
        ),
        (
            "There is a left pneumothorax. The pneumothorax on the right needs a drain.",
            "The response puts the same pneumothorax on the left and on the right.",
        ),
        (
            "The polyp is benign. This malignant polyp must be staged.",
            "The response calls the same polyp benign and malignant.",
        ),
        (
            "The cyst measures 2 cm. Because the cyst measures 6 cm, operate.",
            "The response gives two different numbers for cyst: 2 cm and 6 cm.",
        ),
        (
            "The patient is a woman of 45 years. At 72 years of age she is too old.",
            "The response gives two different ages: 45 years and 72 years.",
        ),
        (
            "You should never take aspirin. Take aspirin every morning.",
            "The response advises both for and against aspirin.",
        ),
    ],
)
def test_the_reason_says_what_contradicts_what(text: str, words: str) -> None:
    assert self_consistency(text).reason == words


@pytest.mark.parametrize(
    "text",
    [
        "The left kidney shows hydronephrosis, whereas the right kidney has no hydronephrosis.",
        "There is a right pleural effusion. The left lung is clear and no effusion is seen on that side.",
        "The infarct lies in the left hemisphere, which explains the weakness of the right arm.",
        "The picture could be due to pneumonia or heart failure. Pneumonia is less likely without fever.",
        "Pulmonary embolism was excluded. The chest pain is muscular.",
        "The nodule measured 8 mm last year and now measures 11 mm.",
        "Start prednisolone 40 mg daily, then reduce to 20 mg after one week.",
        "Give ibuprofen 400 mg to adults and ibuprofen 200 mg to children.",
        "He has chronic kidney disease and now an acute kidney injury on top of it.",
        "An acute infarct lies next to a chronic infarct.",
        "Although the first ECG was normal, the second one shows ST elevation.",
        "Her father had a stroke. She has never had a stroke herself.",
        "The opacity was first thought to be a tumour. No tumour was found.",
        "No history of stroke. The CT shows an acute stroke of the left hemisphere.",
        "There is no pneumonia. The pneumonia vaccine is advised.",
        "There is no bleeding. The main danger of the drug is bleeding.",
        "The patient denies chest pain at rest, but chest pain appears when climbing stairs.",
        "The scan shows no acute bleeding. The dark rim is the remnant of a chronic bleed.",
        "There is no large effusion. The effusion is small.",
        "The mediastinum is normal. The lungs show consolidation at the base.",
    ],
)
def test_other_times_people_places_and_conditions_are_no_contradiction(text: str) -> None:
    read = self_consistency(text)
    assert read.value == 1.0, read.reason
    assert read.reason == "No contradiction found within the response."


def test_one_contradiction_is_worth_a_quarter_and_more_a_tenth() -> None:
    one = "The cyst measures 2 cm. Because the cyst measures 6 cm, operate."
    two = one + " The liver is unremarkable. The cirrhotic liver is small."
    assert self_consistency(one).value == 0.25
    assert self_consistency(two).value == 0.1


def test_sentences_in_another_order_contradict_each_other_as_well() -> None:
    read = self_consistency("The effusion is large. In conclusion, there is no effusion.")
    assert read.value == 0.25
