"""Finds responses without content before any judge is asked: judges are known to reward some of them."""

from __future__ import annotations

import re
import unicodedata
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
_REPEATED_FROM = 40  # words
_DISTINCT_SHARE = 0.08


def degenerate(response: str) -> str | None:
    """Why this response has nothing to judge, or None when it has; `N/A` is content and is judged."""
    words = _words(_CODE_FENCE.sub("", clean(response).text))
    if not words:
        return "the response is empty" if not response.strip() else "the response has no letter or digit"
    if tuple(words) in _openers():
        return "the response announces an answer and gives none"
    if len(words) >= _REPEATED_FROM and len(set(words)) / len(words) < _DISTINCT_SHARE:
        return "the response repeats a few words over and over"
    return None


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("\u2019", "")
    return _WORDS.findall("".join(char for char in folded if unicodedata.category(char) not in _MARKS))


@cache
def _openers() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(_words(opener)) for opener in _OPENERS)
