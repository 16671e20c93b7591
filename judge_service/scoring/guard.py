"""Finds responses without content before any judge is asked: judges are known to reward some of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

from judge_service.texts import clean

GUARD_VERSION = 1

# Openers of an answer that never comes. Judges have called these correct in up to 80 % of cases
# ("One Token to Fool LLM-as-a-Judge", arXiv 2507.08794). The list is ours, in several languages.
_OPENERS = frozenset(
    {
        "answer",
        "final answer",
        "here is the answer",
        "here is my answer",
        "lets solve this step by step",
        "lets solve this problem step by step",
        "lets think step by step",
        "reasoning",
        "reasoning answer",
        "response",
        "solution",
        "step 1",
        "the answer is",
        "thought process",
        "antwort",
        "die antwort ist",
        "lösung",
        "réponse",
        "la réponse est",
        "solución",
        "respuesta",
        "la respuesta es",
        "resposta",
        "risposta",
        "ответ",
        "решение",
        "解",
        "解答",
        "答案",
        "かいせつ",
        "答え",
        "정답",
        "الإجابة",
        "उत्तर",
    }
)
_WORDS = re.compile(r"[^\W_]+")
# Neither letters nor digits to `re`: joiners, and the vowel signs of Indic scripts, would split a word.
_MARKS = frozenset({"Cf", "Mn", "Mc"})
_CODE_FENCE = re.compile(r"^[ \t]*(?:```|~~~)\w*[ \t]*$", re.MULTILINE)
# A sign may be the whole answer: of a sex, a finding, a trend. These are only paint, a gap, or a question.
_SIGNS = frozenset({"Sm", "So"})
_RULES = "-<=>"  # an answer where there is one alone; more of them draw a line or an arrow
_BOXES = range(0x2500, 0x25A0)
_NO_ANSWER = frozenset(f"{_RULES}|~\u2800\ufffc\ufffd\u2753\u2754\u2755\u2757") | frozenset(map(chr, _BOXES))
# Scripts that put no space between words, so that one character may be a word: Thai and Lao, Burmese, Korean
# syllables, Khmer, kana, and Chinese.
_UNSPACED = (
    range(0x0E00, 0x0F00),
    range(0x1000, 0x10A0),
    range(0x1780, 0x1800),
    range(0x3040, 0x3100),
    range(0x3400, 0xA000),
    range(0xAC00, 0xD7B0),
    range(0x20000, 0x34000),
)
_REPEATED_FROM = 40  # words
_DISTINCT_SHARE = 0.08


def degenerate(response: str) -> str | None:
    """Why this response has nothing to judge, or None when it has; `N/A` is content and is judged."""
    folded = _folded(_CODE_FENCE.sub("", clean(response).text))
    words = _WORDS.findall(folded)
    if not words:
        return None if _has_sign(folded) or _is_one_rule(folded) else _without_words(response)
    # A sign behind the opener is the answer; one before it is paint.
    if tuple(words) in _openers() and not _has_sign(_WORDS.split(folded)[-1]):
        return "the response announces an answer and gives none"
    counts = Counter(words)
    spoken = sum(count for word, count in counts.items() if _is_word(word))
    if spoken >= _REPEATED_FROM and len(counts) < _DISTINCT_SHARE * len(words):
        return "the response repeats a few words over and over"
    return None


def _without_words(response: str) -> str:
    if not response.strip():
        return "the response is empty"
    return "the response has no letter, digit or sign that answers"


def _has_sign(text: str) -> bool:
    return any(unicodedata.category(char) in _SIGNS and char not in _NO_ANSWER for char in text)


def _is_one_rule(text: str) -> bool:
    return sum(map(text.count, _RULES)) == 1


def _is_word(token: str) -> bool:
    """A sequence of single letters or of digits is content: bases of a gene, answers to many questions."""
    if len(token) == 1:
        return any(ord(token) in script for script in _UNSPACED)
    return not token.isdigit()


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("\u2019", "")
    # One letter may fold to eighteen, so each that occurs is looked up once.
    marks = {ord(char): None for char in set(folded) if unicodedata.category(char) in _MARKS}
    return folded.translate(marks) if marks else folded


@cache
def _openers() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(_WORDS.findall(_folded(opener))) for opener in _OPENERS)
