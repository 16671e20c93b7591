"""What a sentence denies, concept by concept."""

import pytest

from judge_service.lexical.text import parse


def _said(text: str) -> tuple[set[str], set[str]]:
    units = [unit for unit in parse(text).units if unit.concept.kind not in {"general", "word", "axis"}]
    return (
        {unit.concept.key for unit in units if not unit.denied},
        {unit.concept.key for unit in units if unit.denied},
    )


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("No fever, cough or rash.", {"fever", "cough", "rash"}),
        ("The patient denies chest pain.", {"chest pain"}),
        ("Negative for pneumothorax.", {"pneumothorax"}),
        ("Absence of fracture.", {"fracture"}),
        ("Free of pain.", {"pain"}),
        ("Lack of oedema.", {"oedema"}),
        ("The scan rules out stroke.", {"stroke"}),
        ("Neither fracture nor dislocation.", {"fracture", "dislocation"}),
        ("Pneumothorax is absent.", {"pneumothorax"}),
        ("Appendicitis has been ruled out.", {"appendicitis"}),
        ("A fracture is not seen.", {"fracture"}),
        ("Pneumonia is unlikely.", {"pneumonia"}),
        ("Ibuprofen, naproxen and other NSAIDs should be avoided.", {"ibuprofen", "naproxen", "nsaid"}),
        ("Avoid warfarin.", {"warfarin"}),
        ("Aspirin is contraindicated.", {"aspirin"}),
        ("You can't have asthma.", {"asthma"}),
    ],
)
def test_a_cue_denies_what_it_governs(text: str, denied: set[str]) -> None:
    assert _said(text) == (set(), denied)


@pytest.mark.parametrize(
    ("text", "affirmed", "denied"),
    [
        ("No fracture, but there is an effusion.", {"effusion"}, {"fracture"}),
        ("There is an effusion without pneumothorax.", {"effusion"}, {"pneumothorax"}),
        ("Pneumonia, no effusion is seen.", {"pneumonia"}, {"effusion"}),
        ("Avoid ibuprofen and use paracetamol.", {"paracetamol"}, {"ibuprofen"}),
        ("A rash that does not itch, headache or fever.", {"rash", "headache", "fever"}, {"itch"}),
        ("Do not take ibuprofen during pregnancy.", {"pregnancy"}, {"ibuprofen"}),
        ("Never give aspirin after a stroke.", {"stroke"}, {"aspirin"}),
        ("Use paracetamol rather than codeine.", {"paracetamol"}, {"codeine"}),
    ],
)
def test_scope_ends_with_the_clause(text: str, affirmed: set[str], denied: set[str]) -> None:
    assert _said(text) == (affirmed, denied)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Pneumonia cannot be excluded.", "pneumonia"),
        ("There is no doubt about the fracture.", "fracture"),
        ("Not only pneumonia is seen.", "pneumonia"),
        ("Not all cases are caused by herpes.", "herpes"),
        ("If there is no fever, rest.", "fever"),
        ("Do not stop warfarin.", "warfarin"),
        ("Drink water to avoid constipation.", "constipation"),
    ],
)
def test_words_that_only_look_like_denial(text: str, key: str) -> None:
    assert key in _said(text)[0]


@pytest.mark.parametrize(
    ("text", "key", "denied"),
    [
        ("An undisplaced fracture.", "displaced", True),
        ("A displaced fracture.", "displaced", False),
        ("An abnormal heart.", "normal", True),
        ("No abnormality.", "normal", False),
        ("It is dangerous.", "safe", True),
        ("It is not dangerous.", "safe", False),
    ],
)
def test_a_name_that_denies_turns_the_denial_round(text: str, key: str, denied: bool) -> None:
    units = parse(text).by_key[key]
    assert [unit.denied for unit in units] == [denied]


@pytest.mark.parametrize(
    ("text", "affirmed", "denied"),
    [
        (
            "Consolidation without effusion, consistent with pneumonia.",
            {"consolidation", "pneumonia"},
            {"effusion"},
        ),
        ("No fracture, in keeping with a sprain.", {"sprain"}, {"fracture"}),
        ("No fever, most likely bronchitis.", {"bronchitis"}, {"fever"}),
        ("Without fever, pneumonia.", {"pneumonia"}, {"fever"}),
        ("Without fever, cough or rash.", set(), {"fever", "cough", "rash"}),
        ("No fever, cough, rash.", set(), {"fever", "cough", "rash"}),
        ("No fever, and cough.", set(), {"fever", "cough"}),
        ("No fever, this is bronchitis.", {"bronchitis"}, {"fever"}),
        ("Negative for fracture, suggesting a sprain.", {"sprain"}, {"fracture"}),
        ("No nausea, vomiting or diarrhoea, with a rash.", {"rash"}, {"nausea", "vomiting", "diarrhoea"}),
        ("No stenosis, thrombus, nor dissection.", set(), {"stenosis", "clot"}),
    ],
)
def test_a_denied_list_ends_at_the_comma_unless_another_item_follows(
    text: str, affirmed: set[str], denied: set[str]
) -> None:
    said, unsaid = _said(text)
    assert affirmed <= said
    assert denied <= unsaid
    assert not affirmed & unsaid
