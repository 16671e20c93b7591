"""Word forms and the tables of concepts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.lexical.text import parse
from judge_service.lexical.vocabulary import WEIGHTS, roots, vocabulary
from judge_service.lexical.words import plain, stem

DATA = Path(__file__).parents[3] / "judge_service" / "lexical" / "data" / "vocabulary.txt"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("haemorrhage", "hemorrhages"),
        ("tumour", "tumors"),
        ("oedema", "edema"),
        ("anaemia", "anemic"),
        ("fractured", "fractures"),
        ("stenosis", "stenotic"),
        ("inflammation", "inflamed"),
        ("infected", "infection"),
        ("paralysed", "paralyzed"),
        ("perforated", "perforation"),
        ("arteries", "arterial"),
        ("sulphate", "sulfate"),
    ],
)
def test_forms_of_one_word_share_a_root(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("several", "severe"),
        ("frontal", "front"),
        ("later", "lateral"),
        ("mass", "massive"),
        ("position", "positive"),
        ("organ", "organism"),
        ("number", "numb"),
        ("hypertension", "hypotension"),
    ],
)
def test_different_words_keep_different_roots(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@given(st.text(max_size=60))
def test_a_root_is_never_longer_than_a_plain_word_with_one_letter_more(word: str) -> None:
    lowered = plain(word)
    assert len(stem(lowered)) <= len(lowered) + 1


def test_accents_and_curly_marks_are_taken_off() -> None:
    assert plain("M\u00e9ni\u00e8re\u2019s") == "meniere's"


def test_the_tables_are_large_and_well_formed() -> None:
    words = vocabulary()
    names = [name for found in words.names.values() for name in found]
    concepts = {name.concept.key: name.concept for name in names}
    assert len(names) > 2500
    assert len(concepts) > 700
    assert {concept.kind for concept in concepts.values()} == set(WEIGHTS)
    assert len({name.roots for name in names}) == len(names)


def test_every_region_names_known_sites() -> None:
    words = vocabulary()
    keys = {name.concept.key for found in words.names.values() for name in found}
    assert set(words.regions) <= keys


@pytest.mark.parametrize("short", sorted(vocabulary().expansions))
def test_shorthand_does_not_hide_a_name(short: str) -> None:
    single = {name.roots for name in vocabulary().names.get(roots(short)[0], ()) if len(name.roots) == 1}
    assert roots(short) not in single or short == "pt"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("heart attack", ["myocardial infarction"]),
        ("MI", ["myocardial infarction"]),
        ("high blood pressure", ["hypertension"]),
        ("AS", ["aortic stenosis"]),
        ("as", []),
        ("LVH", ["left", "ventricle", "enlarged"]),
        ("RLL", ["right", "inferior", "lobe"]),
        ("gastro-oesophageal reflux", ["gastro oesophageal reflux"]),
        ("non-displaced", ["displaced"]),
        ("C5", ["c5"]),
    ],
)
def test_the_longest_name_wins(text: str, keys: list[str]) -> None:
    assert [unit.concept.key for unit in parse(text).units] == keys


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("hidradenitis", "diagnosis"),
        ("ixekizumab", "drug"),
        ("nebivolol", "drug"),
        ("septoplasty", "treatment"),
        ("bicycle", "word"),
    ],
)
def test_unlisted_words_are_placed_by_their_endings(word: str, kind: str) -> None:
    assert [unit.concept.kind for unit in parse(word).units] == [kind]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("cancer", "cancer"),
        ("haemorrhage", "bleeding"),
        ("obstruction", "occlusion"),
        ("test", "check"),
        ("fluid", "effusion"),
        ("radiation", "radiotherapy"),
        ("urine", "urine"),
        ("should", "recommend"),
        ("shoulders", "shoulder"),
        ("dangerous", "safe"),
    ],
)
def test_near_forms_do_not_steal_a_word(text: str, key: str) -> None:
    assert [unit.concept.key for unit in parse(text).units] == [key]


def test_no_two_concepts_claim_one_name() -> None:
    owner: dict[tuple[str, ...], str] = {}
    for line in DATA.read_text(encoding="utf-8").splitlines():
        if not line or line[0] in "#[":
            continue
        names = line.partition(">")[0].replace("!", "|").split("|")
        for name in (found.strip() for found in names):
            if not name.isupper():
                assert owner.setdefault(roots(name), names[0]) == names[0], name
