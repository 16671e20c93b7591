"""From characters to words, sentences and clauses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.lexical.scan import LONGEST_TEXT, tokens


def _sentences(text: str) -> list[str]:
    found: dict[int, list[str]] = {}
    for token in tokens(text):
        found.setdefault(token.sentence, []).append(token.word)
    return [" ".join(words) for words in found.values()]


def _clauses(text: str) -> list[str]:
    found: dict[int, list[str]] = {}
    for token in tokens(text):
        if not token.mark:
            found.setdefault(token.clause, []).append(token.word)
    return [" ".join(words) for words in found.values()]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One thing. Another thing.", 2),
        ("One thing! Another thing? A third.", 3),
        ("Give e.g. aspirin.", 1),
        ("Seen by Dr. Smith.", 1),
        ("A dose of 0.5 mg.", 1),
        ("It is 60 %. The rest is fine.", 2),
        ("It lasts 5. Then it ends.", 2),
        ("First line\nsecond line", 2),
        ("No full stop", 1),
        ("(An aside.) And more.", 2),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len([sentence for sentence in _sentences(text) if sentence.strip("\n ().")]) == count


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("There is pain but no fever.", ["there is pain", "but no fever"]),
        ("The lung is clear and no effusion is seen.", ["the lung is clear", "and no effusion is seen"]),
        ("The mass, which is solid, is large.", ["the mass", "which is solid", "is large"]),
        ("Pain, fever and cough.", ["pain fever and cough"]),
        ("Rest; drink water.", ["rest", "drink water"]),
        ("Rest when it hurts.", ["rest", "when it hurts"]),
    ],
)
def test_clauses_break_at_joining_words_and_keep_lists_together(text: str, clauses: list[str]) -> None:
    assert _clauses(text) == clauses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RLL", ["right", "lower", "lobe"]),
        ("isn't", ["is", "not"]),
        ("tds", ["three", "times", "daily"]),
        ("w/o", ["w", "/", "o"]),
        ("M\u00e9ni\u00e8re", ["meniere"]),
        ("5mg", ["5", "mg"]),
        ("1,000", ["1,000"]),
        ("\u2264 5", ["5"]),
    ],
)
def test_shorthand_is_written_out_and_words_are_made_plain(text: str, words: list[str]) -> None:
    assert [token.word for token in tokens(text)] == words


@given(st.text(max_size=200))
def test_tokens_stand_where_they_say_and_numbers_never_fall(text: str) -> None:
    found = tokens(text)
    for token in found:
        assert 0 <= token.start < token.end <= len(text)
    assert [t.sentence for t in found] == sorted(t.sentence for t in found)
    assert [t.clause for t in found] == sorted(t.clause for t in found)


def test_a_very_long_text_is_read_up_to_its_limit() -> None:
    assert tokens("a " * LONGEST_TEXT)[-1].end <= LONGEST_TEXT


@pytest.mark.parametrize(("text", "capitals"), [("MI", True), ("mi", False), ("A", False), ("Mi", False)])
def test_capitals_are_remembered(text: str, *, capitals: bool) -> None:
    assert tokens(text)[0].capitals is capitals
