from __future__ import annotations

import time

import pytest

from judge_client.run.parsing import choice_of, parts_of, visible

LETTERS = "ABCDE"

REPLIES = [
    ("B", "B", "whole"),
    (" b \n", "B", "whole"),
    ("**C**", "C", "whole"),
    ("(D).", "D", "whole"),
    ("`E`", "E", "whole"),
    ("[A]", "A", "whole"),
    ("Answer: B", "B", "answer_line"),
    ("The lung is clear.\nAnswer: B", "B", "answer_line"),
    ("**Answer:** C", "C", "answer_line"),
    ("The correct answer is D.", "D", "answer_line"),
    ("Final answer: (E)", "E", "answer_line"),
    ("answer = a", "A", "answer_line"),
    ("Answer: option B", "B", "answer_line"),
    ("Answer: C) Pleural effusion", "C", "answer_line"),
    ("Answer: C - Pleural effusion", "C", "answer_line"),
    ("Answer: B\nSo it is settled.\nAnswer: B", "B", "answer_line"),
    ("I see a nodule.\n\nD\n", "D", "letter_line"),
    ("I see a nodule.\n**D**.", "D", "letter_line"),
    ("A) A solid nodule", "A", "leading_label"),
    ("B. Because of the fever.", "B", "leading_label"),
    ("(C) Chest CT, as the patient smokes", "C", "leading_label"),
    ("**E:** all of it", "E", "leading_label"),
    ("D - drainage", "D", "leading_label"),
    ("<think>Answer: A is tempting.</think>\nB", "B", "whole"),
    ("<think>A or B?</think>\n\nAnswer: C", "C", "answer_line"),
    ("", None, "invalid"),
    ("F", None, "invalid"),
    ("I cannot tell from the image.", None, "invalid"),
    ("A solid nodule lies in the right upper lobe.", None, "invalid"),
    ("Answer: A fracture of the radius", None, "invalid"),
    ("Answer: I do not know", None, "invalid"),
    ("It could be B or C.", None, "invalid"),
    ("Answer: A or B", None, "invalid"),
    ("Answer: A/B", None, "invalid"),
    ("<think>Answer: A, because", None, "invalid"),
    ("Answer: A\nAnswer: B", None, "contradictory"),
    ("A\nB", None, "contradictory"),
    ("A) nodule\nB) cavity\nC) effusion", None, "contradictory"),
    # A label is only the first word: what the reply states is its answer.
    ("A. This option is wrong because of the age.\n\nTherefore the answer is B", "B", "statement"),
    ("A - is incorrect; B is right", "B", "statement"),
    ("A) nodule\nB) cavity\nThe correct option is B.", "B", "statement"),
    ("A. Tempting, but the correct answer is option C.", "C", "statement"),
    ("A. It is a nodule. So, B.", "B", "statement"),
    ("A. It is a nodule, yet I choose B.", "B", "statement"),
    ("A\nNo: the answer must be B.", "B", "statement"),
    ("The correct option is B", "B", "statement"),
    ("The best choice is **(B)**.", "B", "statement"),
    ("It is round. The answer is B because of its rim.", "B", "statement"),
    ("Option B is the correct answer.", "B", "statement"),
    ("\\boxed{B}", "B", "boxed"),
    ("The rim is thin, so $\\boxed{\\text{B}}$.", "B", "boxed"),
    ("Hence \\boxed{\\textbf{(C)} cavity}", "C", "boxed"),
    ("The answer is A? It has no rim.\nAnswer: B", "B", "answer_line"),
    ("If the answer is A, there is a rim.\n\nB", "B", "letter_line"),
    ("A. Pneumonia. Option B is wrong, and option C is less likely.", "A", "leading_label"),
    ("A. Hepatitis B is the correct diagnosis", "A", "leading_label"),
    ("B. Because A is incorrect", "B", "leading_label"),
    ("A. Pneumonia.\n\nExplanation: (B) and (C) are less likely.", "A", "leading_label"),
    ("A. Pneumonia. Unlike option B, it fits.", "A", "leading_label"),
    ("B) Effusion\n\nOption A is wrong, option C does not fit.", "B", "leading_label"),
    ("The correct option is: B", "B", "statement"),
    ("<answer>B</answer>", "B", "answer_line"),
    ("Option B", "B", "whole"),
    ("Option B: effusion", "B", "leading_label"),
    ("The answer is not A, so the answer is B.", "B", "statement"),
    # Where it speaks against itself, nothing is read.
    ("A. This option is wrong.", None, "contradictory"),
    ("A - is incorrect", None, "contradictory"),
    ("A. A is clearly not the answer", None, "contradictory"),
    ("A. It is not A but option B", None, "contradictory"),
    ("Option A: nodule\nOption B: cavity", None, "contradictory"),
    ("A. It fits, as does option B", None, "contradictory"),
    ("A) nodule. B is right. No, C is right.", None, "contradictory"),
    ("Answer: A. Wait, the correct option is B.", None, "contradictory"),
    ("\\boxed{A} or \\boxed{B}", None, "contradictory"),
    ("Answer: A\n\\boxed{B}", None, "contradictory"),
    ("Answer: A, B", None, "invalid"),
    ("Answer: A, B and C", None, "invalid"),
    ("Answer: (A) or (B)", None, "invalid"),
    ("I do not think the answer is A.", None, "invalid"),
    ("The answer is not A.", None, "invalid"),
    ("Perhaps the answer is a fracture.", None, "invalid"),
    ("The answer is A fracture.", None, "invalid"),
    ("Hepatitis B is the correct diagnosis.", None, "invalid"),
    ("Option A is not the correct answer.", None, "invalid"),
    ("Which answer is B?", None, "invalid"),
    ("The other option is D.", None, "invalid"),
    ("(A) vs (B): hard to say", None, "invalid"),
    ("A. or B.", None, "invalid"),
    ("A) no rim is seen. B) has a rim.", None, "contradictory"),
    ("A: there is none. B: there is one.", None, "contradictory"),
    ("A) nodule, since (B) is wrong", "A", "leading_label"),
    # Options on one line are a list; what is said against another option is none.
    ("A) Pneumonia B) Effusion C) Normal", None, "contradictory"),
    ("A. one B. two", None, "contradictory"),
    ("A: one B: two", None, "contradictory"),
    ("A - one, B - two", None, "contradictory"),
    ("A) No abnormality B) Pneumonia", None, "contradictory"),
    ("A) Pneumonia or B.", None, "contradictory"),
    ("Answer: A) one B) two", None, "contradictory"),
    ("\\boxed{A) one B) two}", None, "contradictory"),
    ("A. one", "A", "leading_label"),
    ("A) one. B) is wrong.", "A", "leading_label"),
    ("A. Hepatitis B. The serology says so.", "A", "leading_label"),
    ("C) Hepatitis A or B", "C", "leading_label"),
    ("A) Pneumonia is more likely than option B", "A", "leading_label"),
    # An explicit answer, too, is taken back by a denial or a correction.
    ("Answer: (A) is incorrect.", None, "contradictory"),
    ("Answer: A) is wrong, so none", None, "contradictory"),
    ("Answer: A; B", None, "invalid"),
    ("Answer: A, possibly B", None, "invalid"),
    ("Answer: A - B", None, "invalid"),
    ("Answer: A. Wait, no: B.", None, "contradictory"),
    ("Answer: A\nCorrection: B", None, "contradictory"),
    ("The answer is A. Actually, I would say B.", None, "contradictory"),
    ("Answer: A. B", None, "contradictory"),
    ("Answer: A, which is wrong.", None, "contradictory"),
    ("Answer: A\nThat is incorrect.", None, "contradictory"),
    ("Answer: A. I think this is wrong.", None, "contradictory"),
    ("Answer: B. A reader sees that it is wrong.", None, "contradictory"),
    ("I choose B.\nAnswer: A", "A", "answer_line"),
    ("B\n\nAnswer: A", "A", "answer_line"),
    ("I doubt that the answer is A.", None, "invalid"),
    ("Answer: A, not B", "A", "answer_line"),
    ("Answer: A, since (B) and (C) are wrong.", "A", "answer_line"),
    ("Answer: C - B cell lymphoma", "C", "answer_line"),
    ("Answer: C. Actually, C fits best.", "C", "answer_line"),
    ("Answer: B\nOption A seems likely, but it is wrong.", "B", "answer_line"),
    ("Unlike A or B, C fits the age.\nAnswer: C", "C", "answer_line"),
    ("Wait, B, C and D are wrong.\nAnswer: A", "A", "answer_line"),
    ("A: no. B: no. C: yes.\nAnswer: C", "C", "answer_line"),
    ("Answer: A. It is solid; it is not consistent with a cyst.", "A", "answer_line"),
    ("The correct answer is **C. Cavity**.\n\n- **A. Nodule**: not seen.", "C", "answer_line"),
]


@pytest.mark.parametrize(("reply", "letter", "rule"), REPLIES)
def test_an_option_is_read_by_the_first_rule_that_finds_one(
    reply: str, letter: str | None, rule: str
) -> None:
    choice = choice_of(reply, LETTERS)
    assert (choice.letter, choice.rule) == (letter, rule)


@pytest.mark.parametrize(
    "begin", ["Answer:", "B", "so", "A) or", "\\boxed{", "option A -", "I choose", "A) it is"]
)
@pytest.mark.parametrize(
    "filler",
    [
        " ",
        "\n",
        "*",
        " A",
        "\nA. x",
        " B) is wrong",
        " A -",
        " wait, no,",
        " \\boxed{A}",
    ],
)
def test_a_reply_that_repeats_itself_is_read_at_once(begin: str, filler: str) -> None:
    began = time.process_time()
    choice_of(begin + filler * 20_000 + "x", LETTERS)
    assert time.process_time() - began < 5


def test_only_letters_of_the_options_are_choices() -> None:
    assert choice_of("C", "AB").letter is None
    assert choice_of("C", "ABC").letter == "C"


def test_what_is_thought_and_never_said_is_not_seen() -> None:
    assert visible("<think>a</think> b ") == "b"
    assert visible("<think>a") == ""
    assert visible("a <think> is a word here") == "a <think> is a word here"


@pytest.mark.parametrize(
    ("reply", "reasoning", "answer"),
    [
        ("Reasoning: a nodule.\nAnswer: cancer", "a nodule.", "cancer"),
        ("**Reasoning:** one\ntwo\n\n**Answer:** three\nfour", "one\ntwo", "three\nfour"),
        ("## Reasoning: x\n## Answer: y", "x", "y"),
        ("Answer: y", None, "y"),
        ("Reasoning: x", "x", None),
        ("Reasoning: x\nAnswer:", "x", None),
        ("cancer", None, None),
        ("Reasoning: Answer: is a word\nAnswer: y", "Answer: is a word", "y"),
    ],
)
def test_the_two_parts_of_an_open_answer(reply: str, reasoning: str | None, answer: str | None) -> None:
    parts = parts_of(reply)
    assert (parts.reasoning, parts.answer) == (reasoning, answer)
    assert parts.in_format is (reasoning is not None and answer is not None)
