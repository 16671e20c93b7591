"""Reads the two formats of answers: a letter, and reasoning with an answer. What cannot be read is invalid."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Decoration that models put around a letter: bold, brackets, a full stop.
_BEFORE, _AFTER = r"[\s*_`\"'(\[{<]*", r"[\s*_`\"')\]}>.,:;!]*"
_WHOLE = re.compile(rf"{_BEFORE}([A-Z]){_AFTER}", re.IGNORECASE)
_ANSWER_LINE = re.compile(
    rf"{_BEFORE}(?:(?:the|final|correct|my)\s+)*answer(?:\s+is)?{_AFTER}\s*[:=]?\s*"
    rf"(?:option\s+)?{_BEFORE}([A-Z])[\s*_`\"']*(?:$|[)\]}}>.,:;!]|[-–—]\s)",
    re.IGNORECASE,
)
_LEADING = re.compile(r"[\s*_`\"'(\[]*([A-J])[*_`\"']*(?:[).\]:]|\s+[-–—])(?:[\s*_`]|$)")
_THOUGHT, _THOUGHT_END = "<think>", "</think>"
_PART = re.compile(r"^[\s*_#>`]*(reasoning|answer)[\s*_`]*:[\s*_`]*", re.IGNORECASE | re.MULTILINE)


def visible(reply: str) -> str:
    """A reply without what a reasoning model thought before it; of thoughts that never ended nothing is left."""
    if _THOUGHT_END in reply:
        return reply.rpartition(_THOUGHT_END)[2].strip()
    return "" if reply.lstrip().startswith(_THOUGHT) else reply


@dataclass(frozen=True, slots=True)
class Choice:
    """The option that a reply chooses, and by which rule it was found; `letter` is `None` where it chooses none."""

    letter: str | None
    rule: str


def choice_of(reply: str, letters: Collection[str]) -> Choice:
    """Find the chosen option. Two different answers by the same rule are none: no guess is made.

    The rules in their order: the whole reply is a letter; a line `Answer: X`; a line that is a letter; the label
    of an option at the beginning of the reply, unless it lists several.
    """
    reply = visible(reply)
    lines = [line for line in reply.splitlines() if line.strip()]
    rules: tuple[tuple[str, Callable[[], list[re.Match[str] | None]]], ...] = (
        ("whole", lambda: [_WHOLE.fullmatch(reply)]),
        ("answer_line", lambda: [_ANSWER_LINE.match(line) for line in lines]),
        ("letter_line", lambda: [_WHOLE.fullmatch(line) for line in lines]),
        ("leading_label", lambda: [_LEADING.match(line) for line in lines] if _LEADING.match(reply) else []),
    )
    for rule, matches in rules:
        found = {match[1].upper() for match in matches() if match} & set(letters)
        if len(found) == 1:
            return Choice(found.pop(), rule)
        if found:
            return Choice(None, "contradictory")
    return Choice(None, "invalid")


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """The two parts of an open answer; a part that was not marked is `None`."""

    reasoning: str | None
    answer: str | None

    @property
    def in_format(self) -> bool:
        """Whether both parts are there."""
        return bool(self.reasoning and self.answer)


def parts_of(reply: str) -> OpenAnswer:
    """Cut a reply at its last `Answer:` and its first `Reasoning:`."""
    marks = [(match[1].lower(), match.start(), match.end()) for match in _PART.finditer(reply)]
    answers = [mark for mark in marks if mark[0] == "answer"]
    reasons = [mark for mark in marks if mark[0] == "reasoning"]
    answer = reply[answers[-1][2] :].strip() if answers else None
    end = answers[-1][1] if answers else len(reply)
    reasoning = reply[reasons[0][2] : end].strip() if reasons and reasons[0][2] <= end else None
    return OpenAnswer(reasoning or None, answer or None)
