from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_service.scoring.guard import degenerate

# Openers that judges were seen to reward, and their kin; `N/A`, the sixteenth, is content and stands below.
MASTER_KEYS = [
    "",
    " ",
    ".",
    ",",
    ":",
    "\n\n",
    "Thought process:",
    "Let's solve this problem step by step.",
    "Solution",
    "\u89e3",
    "\u304b\u3044\u305b\u3064",
    "Respuesta",
    "The answer is",
    "```\n```",
    "...",
]
IN_LANGUAGES = [
    "Die Antwort ist:",
    "L\u00f6sung",
    "La r\u00e9ponse est :",
    "La respuesta es",
    "Soluci\u00f3n:",
    "Risposta",
    "Resposta:",
    "\u041e\u0442\u0432\u0435\u0442:",
    "\u7b54\u6848\uff1a",
    "\u7b54\u3048\uff1a",
    "\uc815\ub2f5",
    "\u0627\u0644\u0625\u062c\u0627\u0628\u0629:",
    "\u0909\u0924\u094d\u0924\u0930:",
]
IN_DISGUISE = [
    "Sol\u200bution",
    "\ufeffSolution",
    "\u202eSolution\u202c",
    "**Solution**",
    "# Solution:",
    "SOLUTION",
    "\uff33\uff4f\uff4c\uff55\uff54\uff49\uff4f\uff4e",
    "So\u0301lution".replace("\u0301", "\u00ad"),
    "re\u0301ponse",
    "Let\u2019s think step by step",
    "```\nSolution\n```",
    "```json\n```",
    "~~~\n\n~~~",
    "{}",
    "[]",
    "\u200b\u200c\u200d\u2060",
    "\U000e0053\U000e006f",
    "\u0627\u0644\u200c\u0625\u062c\u0627\u0628\u0629",
    "\ud800",
    "___",
    "\u2753",
    "\u2753\u2755 !",
    "\ufffd\ufffd",
    "\ufffc",
    "\u2800\u2800",
    "\u3164",
    "\u115f\u1160",
    "\u2500\u2500\u2500",
    "\u2588\u2591",
    "---",
    "- -\n-",
    "===",
    "|---|---|",
    "> >",
    "~",
    "|",
    "\u2705 Answer:",
    "\u2192 Solution",
    "Solution :-",
    "Answer =",
    "Final answer ->",
    "Answer: \ufffd",
]
ANSWERS = [
    "N/A",
    "No",
    "Yes",
    "B",
    "(C)",
    "A.",
    "7",
    "0",
    "1",
    "2 mg",
    "5%",
    "10\u00b3/\u00b5L",
    "\u00bd tablet",
    "pH 7.4",
    "None",
    "None of the above",
    "Unknown",
    "I don't know.",
    "Negative",
    "Positive",
    "Normal",
    "Left",
    "Right lung",
    "Pneumonia",
    "Aspirin 81 mg",
    "ECG",
    "CT",
    "T2",
    "Stage II",
    "G3P2",
    "4/5",
    "120/80 mmHg",
    "No acute findings.",
    "Step 1: stop the bleeding.",
    "The answer is B.",
    "Solution: 0.9 % saline",
    "Reasoning: no reference is given.",
    "Answer: benign",
    "Appendizitis",
    "Fractura",
    "\u9aa8\u6298",
    "\u80ba\u708e",
    "\u041f\u043d\u0435\u0432\u043c\u043e\u043d\u0438\u044f",
    "\uace8\uc808",
    "\u0643\u0633\u0631",
    "\u0928\u092e\u0942\u0928\u093f\u092f\u093e",
    "\u7b54\u6848\u662fB",
    "I cannot give medical advice.",
    "[]{} B",
    "```\nB\n```",
    "\u2640",
    "\u2642\ufe0f",
    "\u2191",
    "\u2193\u2193",
    "(+)",
    "+++",
    "+/-",
    "-",
    "(-)",
    " - ",
    "\ufe63",
    "\u2212",
    "\u00b1",
    "\u2713",
    "\u2717",
    "\u2705",
    "\U0001f534",
    "**\u2191**",
    "<",
    "=",
    "\u2265",
    "\u2260",
    "Answer: +",
    "Answer: \u2212.",
    "The answer is \u2713",
    "\u7b54\u6848\uff1a\u2640",
    "```\n+\n```",
    " ".join("ACGT" * 40),
    "0 1 1 0 " * 20,
    "1, 2, 3, " * 40,
    "+ - + - " * 20,
    "B " * 60,
    "\u0410 \u0411 " * 40,
]


@pytest.mark.parametrize("response", MASTER_KEYS + IN_LANGUAGES + IN_DISGUISE, ids=ascii)
def test_a_response_without_content_is_found_before_any_judge_is_asked(response: str) -> None:
    reason = degenerate(response)
    assert reason is not None
    assert reason.startswith("the response ")


@pytest.mark.parametrize("response", ANSWERS, ids=ascii)
def test_a_short_answer_is_an_answer(response: str) -> None:
    assert degenerate(response) is None


def test_the_list_of_answers_is_long_enough_to_mean_something() -> None:
    assert len(set(ANSWERS)) >= 40
    assert len(MASTER_KEYS) == 15


def test_the_reason_says_what_is_wrong() -> None:
    assert degenerate(" \n") == "the response is empty"
    assert degenerate("\u2026!") == "the response has no letter, digit or sign that answers"
    assert degenerate("Answer:") == "the response announces an answer and gives none"
    assert degenerate("very " * 100) == "the response repeats a few words over and over"


def test_repetition_counts_from_forty_words_and_below_eight_in_a_hundred() -> None:
    assert degenerate("very " * 39) is None
    assert degenerate("very " * 40) is not None
    assert degenerate("it is so " * 13) is None  # 39 words
    assert degenerate("it is so " * 14) is not None  # 42 words, 3 of them distinct: 7 in a hundred
    assert degenerate("no it is so " * 12) is None  # 48 words, 4 distinct: 8.3 in a hundred
    assert degenerate("no it is so " * 13) is not None  # 52 words, 4 distinct: 7.7 in a hundred


@pytest.mark.parametrize(
    "word",
    ["\u662f", "\u306f", "\u0e01", "\u1000", "\u1780", "\ub124", "T2", "2 mg", "\U00020000"],
    ids=ascii,
)
def test_a_word_is_one_in_any_script(word: str) -> None:
    assert degenerate(f"{word} " * 40) is not None


def test_words_among_many_values_are_no_repetition() -> None:
    assert degenerate(" ".join(f"{value} mg" for value in range(100))) is None
    assert degenerate("very " * 39 + "a 1 b 2 " * 40) is None


@pytest.mark.clocked
def test_a_response_of_marks_is_looked_at_in_time() -> None:
    assert min(_seconds_for_marks() for _ in range(3)) < 0.5


def _seconds_for_marks() -> float:
    began = time.process_time()
    assert degenerate("a" + "\u0316\u0301" * 31_500) is None
    assert degenerate("a" + "\u0316\u200b\u0301\u034f" * 15_750) is None
    assert degenerate("\ufdfa" * 64_000) is not None  # each folds to eighteen letters
    return time.process_time() - began


def test_a_real_answer_with_a_refrain_is_no_repetition() -> None:
    drugs = ["aspirin", "ibuprofen", "warfarin", "heparin", "digoxin", "insulin", "morphine", "codeine"]
    assert degenerate(" ".join(f"{drug} is not given today" for drug in drugs)) is None


NO_ANSWERS = "|~\uff5c\uff5e\uffe8\u2800\ufffc\ufffd\u2753\u2754\u2755\u2757"
# A sign like U+249C is a letter in brackets, and counts as the letter.
signs = st.characters(categories=["P", "Sc", "Sk", "Z", "Cc", "Cf"], exclude_characters="-").filter(
    lambda char: (
        not any(
            part.isalnum() or unicodedata.category(part) == "Sm" or part == "-"
            for part in unicodedata.normalize("NFKC", char)
        )
    )
)


@given(st.text(signs, max_size=50))
def test_punctuation_alone_is_never_an_answer(response: str) -> None:
    assert degenerate(response) is not None


# Signs that are another way to write what is no answer: lines of two or three "=", and an opener in a frame.
WRITTEN_OTHERWISE = "\u2a75\u2a76\U0001f216"


def test_a_sign_alone_may_be_the_answer() -> None:
    signs = {
        char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) in {"Sm", "So"}
    }
    painted = {char for char in signs if 0x2500 <= ord(char) < 0x25A0}  # boxes and blocks
    silent = {sign for sign in signs - painted if degenerate(f" **{sign}**. ") is not None}
    assert silent == signs & {*NO_ANSWERS, *WRITTEN_OTHERWISE}


@given(
    st.text(max_size=60),
    st.sampled_from(["fracture", "12 mg", "\u9aa8\u6298", "\u043f\u0435\u0440\u0435\u043b\u043e\u043c"]),
)
def test_a_word_of_content_makes_it_content(around: str, content: str) -> None:
    assert degenerate(f"{content} {around}") is None
