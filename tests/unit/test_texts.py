from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.texts import THOUGHT_TAGS, clean


@pytest.mark.parametrize(
    "text",
    [
        "A fracture of the left radius.",
        "10\u00b3/\u00b5L",
        "10\u207b\u00b3 mol/L",
        "\u00bd tablet, 5 \u00b5g, 37 \u00b0C, \u2264 2 \u212b",
        "HbA\u2081c > 6.5\u00a0%",
        "a\n\tb",
        "x < y and y > z, p<0.05, <s5>, [sic], <think about it>, <images>, <pads>",
        "\u9aa8\u6298\u3002 \u041f\u0435\u0440\u0435\u043b\u043e\u043c. \u0643\u0633\u0631",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, whose spelling has a joiner
        "\u0915\u094d\u200d\u0937",  # Devanagari, likewise
        "Fine \U0001f642",
    ],
)
def test_what_a_person_can_read_stays_as_it_is(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert clean(text) == (composed, 0, 0)
    assert composed == text.replace("\u212b", "\u00c5")


def test_letters_are_composed_and_signs_are_not_replaced() -> None:
    assert clean("fie\u0301vre").text == "fi\u00e9vre"
    assert clean("10\u00b3/\u00b5L").text != unicodedata.normalize("NFKC", "10\u00b3/\u00b5L")


@pytest.mark.parametrize(
    ("text", "seen", "dropped"),
    [
        ("frac\u200bture", "fracture", 1),
        ("\ufefffracture", "fracture", 1),
        ("\u202eerutcarf\u202c", "erutcarf", 2),
        ("a\U000e0041\U000e0042b", "ab", 2),
        ("a\ufe0f\U000e0100", "a", 2),
        ("a\u00adb", "ab", 1),
        ("a\x00\x07\x1b[31mb", "a[31mb", 3),
        ("a\ue000b", "ab", 1),
        ("a\ud800b", "ab", 1),
        ("a\U0001ffffb", "ab", 1),
        ("a\u200db", "ab", 1),
        ("\u200c\u0643", "\u0643", 1),
        ("\u0643\u200c", "\u0643", 1),
        ("\u0643\u200cx", "\u0643x", 1),
        ("e\u200b\u0301", "\u00e9", 1),
        ("\u3164\u115f\u1160\uffa0", "", 4),
        ("a\u034f\u180b\u17b5b", "ab", 3),
    ],
)
def test_what_nobody_can_see_is_taken_out_and_counted(text: str, seen: str, dropped: int) -> None:
    assert clean(text) == (seen, dropped, 0)


@pytest.mark.parametrize("mark", ["\r\n", "\r", "\f", "\v", "\x1c", "\x1d", "\x1e", "\x85"])
def test_a_break_of_any_system_keeps_two_numbers_apart(mark: str) -> None:
    assert clean(f"5 mg{mark}10 mg") == ("5 mg\n10 mg", 0, 0)
    assert clean(f"10{mark}5").text == "10\n5"


TOKENS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|start_header_id|>",
    "<|eot_id|>",
    "<|IM_START|>",
    "<\uff5cUser\uff5c>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "[INST]",
    "[/INST]",
    "[/inst]",
    "[SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<think>",
    "</think>",
    "</THINKING>",
    "<reasoning>",
    "</Reasoning>",
    "<image>",
    "</image>",
    "<unk>",
    "<pad>",
    "<end_of_utterance>",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_control_token_is_broken_open_and_stays_readable(token: str) -> None:
    found = clean(f"before {token} after")
    assert token not in found.text
    assert found.text.replace("\u00b7", "") == f"before {token} after"
    assert found.defused == 1


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\U000e0001", "\ufe0f", "\x00"])
def test_a_token_put_together_by_cleaning_is_broken_open_too(token: str, hidden: str) -> None:
    found = clean(token[:2] + hidden + token[2:])
    assert token not in found.text
    assert (found.dropped, found.defused) == (1, 1)


@pytest.mark.parametrize("name", THOUGHT_TAGS)
def test_no_text_can_open_or_close_a_judges_thoughts(name: str) -> None:
    assert clean(f"<{name}>a</{name.upper()}>").defused == 2


MARKS = "\u0316\u0301"  # a run of them is sorted, and they stand in the wrong order


@pytest.mark.clocked
@pytest.mark.parametrize("between", ["", "\u200b", "\u034f", "\u200d", "\x00"])
def test_a_run_of_marks_is_cut_before_it_is_sorted(between: str) -> None:
    count = 31_500 // (1 + len(between))
    began = time.process_time()
    found = clean("a" + (MARKS + 2 * between) * count)
    assert time.process_time() - began < 0.5
    # The first mark of all composes with the letter.
    assert found == ("\u00e1" + "\u0316" * 16 + "\u0301" * 15, 2 * count * (1 + len(between)) - 32, 0)


@pytest.mark.clocked
@pytest.mark.parametrize(
    "pair", ["\u0f73\u0f71", "\u0f81\u0f71", "\u0344\u0316", "\u0301\uff9e", "\u0301\uff9f\u0f75"]
)
def test_what_only_becomes_marks_is_cut_too(pair: str) -> None:
    began = time.process_time()
    found = clean("a" + pair * (64_000 // len(pair)))
    unicodedata.normalize("NFKC", found.text)
    assert time.process_time() - began < 0.5
    assert clean(found.text) == (found.text, 0, 0)


@pytest.mark.parametrize(("count", "dropped"), [(31, 0), (32, 0), (33, 1), (40, 8)])
def test_as_many_marks_as_any_script_needs_are_kept(count: int, dropped: int) -> None:
    assert clean("x" + "\u0316" * count + "y").dropped == dropped
    assert clean(("x" + "\u0316" * count) * 3).dropped == 3 * dropped


def test_marks_that_become_two_are_counted_as_two() -> None:
    found = clean("q" + "\u0344" * 32)
    assert (found.text.count("\u0308") + found.text.count("\u0301"), found.dropped) == (32, 32)
    assert clean(found.text) == (found.text, 0, 0)


@given(
    st.text(
        st.sampled_from(
            "ae\u0301\u0316\u0344\u0f73\u0f71\u200b\u034f\u0645\u064b\uff9e\u0bc6\u0bbe\u1100\u1161"
        ),
        max_size=200,
    )
)
def test_cleaning_marks_is_done_at_once(text: str) -> None:
    found = clean(text)
    assert clean(found.text) == (found.text, 0, 0)


hostile = st.lists(
    st.sampled_from(TOKENS)
    | st.sampled_from(["<", "|", ">", "[", "]", "/", "\u200b", "\u0301", "s"])
    | st.text(max_size=3)
).map("".join)


@given(hostile)
def test_cleaning_is_done_at_once_and_leaves_no_token(text: str) -> None:
    found = clean(text)
    assert clean(found.text) == (found.text, 0, 0)
    assert not any(token in found.text for token in TOKENS)
    assert unicodedata.is_normalized("NFC", found.text)


@given(st.text(st.characters(), max_size=40))
def test_a_cleaned_text_can_be_sent_and_holds_nothing_unseen(text: str) -> None:
    seen = clean(text).text
    seen.encode()
    allowed = {"\n", "\t", "\u200c", "\u200d"}
    assert not any(
        unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"} for char in set(seen) - allowed
    )
    assert len(seen) <= 3 * len(text) + 1
