"""Reads the two formats of answers: a letter, and reasoning with an answer. What cannot be read is invalid."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge_client.run.doubting import CLOSED, MARKS, speaks_against, speaks_for_another, states_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_BEFORE, _AFTER = r"[\s*_`\"'(\[{<]*+", r"[\s*_`\"')\]}>.,:;!]*+"
# A letter that is one of several is no choice: "A or B", "A, B and C", "A; perhaps B".
_NO_LIST = (
    r"(?![\s*_`\"')\]}>.]*+(?:[,;/&+|]|[-–—]\s|(?:and|or|vs|versus|plus)\b)[\s*_`\"'(\[]*+"
    r"(?:(?:and|or|also|even|either|else|maybe|perhaps|possibly|probably|then|again|alternatively|option)\b"
    r"[\s,/*_`\"'(\[]*+){0,3}"
    r"[A-J](?:[)\]}>.,:;!\s]*+$|[)\].,:;]|\s+(?:and|or)\b))"
)
# What follows a letter that stands for an option: an end, or a dash.
_ENDS = rf"{_NO_LIST}[\s*_`\"']*+(?:$|[)\]}}<>.,:;!]|[-–—]\s)"
_WHOLE = re.compile(rf"{_BEFORE}(?:option\s{_BEFORE})?([A-Z]){_AFTER}", re.IGNORECASE)
_ANSWER_LINE = re.compile(
    rf"{_BEFORE}(?:(?:the|final|correct|my)\s+)*answer(?:\s+is\b)?{_AFTER}=?{_BEFORE}"
    rf"(?:option\s{_BEFORE})?([A-Z]){_ENDS}",
    re.IGNORECASE,
)
_BOXED = re.compile(
    r"\\boxed\s*+\{\s*+(?:\\(?:text|textbf|mathrm|mathbf)\s*+\{\s*+)?\(?([A-J])\s*+(?:[).:][^{}\n]*+)?\}"
)
# An option that a sentence states, wherever it stands: "the correct option is B", "so B", "I choose B", "B is right".
_STATED = re.compile(
    r"(?i:\b(?:answer|option|choice)(?:\s+(?:is|must\s+be|should\s+be|would\s+be)\b\s*+:?|\s*+:))"
    rf"{_BEFORE}(?:(?i:therefore|thus|clearly|indeed|option|choice|answer)\b{_BEFORE})*([A-J])"
    rf"(?:{_ENDS}|\s+(?i:because|since|as)\b)"
    rf"|(?i:\b(?:therefore|thus|hence|so),?\s++(?:option\s++)?){MARKS}([A-J]){_NO_LIST}{CLOSED}(?:[.;!]|$)"
    rf"|\bI\s+(?i:(?:would\s+)?(?:choose|chose|pick|select|go\s+with)\s++(?:option\s++)?){MARKS}([A-J]){_ENDS}"
    rf"|(?:^|[.;:!,]\s|(?i:\b(?:but|option|choice|so|hence|thus|therefore|no|yes),?\s)){MARKS}([A-J]){CLOSED}\s++"
    rf"(?i:is\s+(?:the\s+)?(?:right|correct|best|answer)(?:\s+(?:answer|option|choice|one))?){CLOSED}(?:[.;,!]|$)",
    re.MULTILINE,
)
_LEADING = re.compile(
    rf"[\s*_`\"'(\[]*+(?:(?i:option)\s+)?([A-J]){_NO_LIST}[*_`\"']*+(?:[).\]:]|\s++[-–—])(?:[\s*_`]|$)"
)
# A line that says no at once takes the letter above it back.
_NO = re.compile(r"\s*+[*_`\"']*+(?:no|not|wrong)\b", re.IGNORECASE)
_MARKED = frozenset({"answer_line", "boxed"})
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
    r"""Find the chosen option. Two different answers are none: no guess is made.

    The rules in their order: the whole reply is a letter; a line `Answer: X`; `\boxed{X}`; a sentence that states
    an option; a line that is a letter. What they find must agree, and nothing in the reply may deny it, correct it or
    list it among others; before a last line `Answer: X` only other marks (`Answer: Y`, a box) count, for there a reply
    weighs. Last the label of an option at the beginning of the reply, unless it lists several, calls that one wrong or
    speaks for another.
    """
    reply = visible(reply)
    whole = _WHOLE.fullmatch(reply)
    if whole and whole[1].upper() in letters:
        return Choice(whole[1].upper(), "whole")
    rules: dict[str, list[_Claim]] = {
        "answer_line": _of_lines(reply, _ANSWER_LINE.match),
        "boxed": [_Claim(match.start(1), match[1]) for match in _BOXED.finditer(reply)],
        "statement": list(_statements(reply)),
        "letter_line": [
            claim
            for claim in _of_lines(reply, _WHOLE.fullmatch)
            if not _NO.match(reply, _end(reply, claim.at))
        ],
    }
    claims = [(rule, claim) for rule, found in rules.items() for claim in found if claim.letter in letters]
    if not claims:
        return _by_label(reply, letters)
    since = _decided(reply, claims)
    claims = [(rule, claim) for rule, claim in claims if rule in _MARKED or claim.at >= since]
    choice = _agreed({claim.letter for _, claim in claims}, claims[0][0])
    places = [claim.at - since for _, claim in claims if claim.at >= since]
    if choice.letter and speaks_against(reply[since:], choice.letter, places, letters):
        return Choice(None, "contradictory")
    return choice


@dataclass(frozen=True, slots=True)
class _Claim:
    """A place of a reply that names an option as the answer."""

    at: int
    letter: str


def _decided(reply: str, claims: Collection[tuple[str, _Claim]]) -> int:
    """Where the last line `Answer: X` begins, if no claim is behind it; else 0. What was weighed before is settled."""
    rule, last = max(claims, key=lambda each: each[1].at)
    return reply.rfind("\n", 0, last.at) + 1 if rule == "answer_line" else 0


def _agreed(found: Collection[str], rule: str) -> Choice:
    return Choice(next(iter(found)), rule) if len(found) == 1 else Choice(None, "contradictory")


def _of_lines(reply: str, match_of: Callable[[str], re.Match[str] | None]) -> list[_Claim]:
    found, at = [], 0
    for line in reply.splitlines(keepends=True):
        match = match_of(line.strip("\r\n"))
        if match:
            found.append(_Claim(at + match.start(1), match[1].upper()))
        at += len(line)
    return found


def _end(reply: str, at: int) -> int:
    """Where the line of this place ends."""
    end = reply.find("\n", at)
    return end if end >= 0 else len(reply)


def _statements(reply: str) -> Iterator[_Claim]:
    for match in _STATED.finditer(reply):
        at = match.start(match.lastindex or 0)
        if not states_nothing(reply, at):
            yield _Claim(at, reply[at])


def _by_label(reply: str, letters: Collection[str]) -> Choice:
    """The label that a reply begins with, where nothing behind it speaks against it."""
    first = _LEADING.match(reply)
    if first is None or first[1] not in letters:
        return Choice(None, "invalid")
    choice = _agreed(
        {claim.letter for claim in _of_lines(reply, _LEADING.match)} & set(letters), "leading_label"
    )
    if choice.letter and (
        speaks_against(reply, choice.letter, [first.start(1)], letters)
        or speaks_for_another(reply, choice.letter, letters)
    ):
        return Choice(None, "contradictory")
    return choice


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
