"""Reads the two formats of answers: a letter, and reasoning with an answer. What cannot be read is invalid."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

# Decoration that models put around a letter: bold, brackets, a full stop. Possessive: a reply may be all blanks.
_MARKS, _CLOSED = r"[*_`\"'(\[{<]*+", r"[*_`\"')\]}>]*+"
_BEFORE, _AFTER = r"[\s*_`\"'(\[{<]*+", r"[\s*_`\"')\]}>.,:;!]*+"
# A letter that is one of several is no choice: "A or B", "A, B and C".
_NO_LIST = (
    r"(?![\s*_`\"')\]}>.]*+(?:[,/&+]|(?:and|or|vs|versus)\b)[\s*_`\"'(\[]*+(?:(?:and|or)\s[\s*_`\"'(\[]*+)?"
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
    rf"|(?i:\b(?:therefore|thus|hence|so),?\s++(?:option\s++)?){_MARKS}([A-J]){_CLOSED}(?:[.;!]|$)"
    rf"|\bI\s+(?i:(?:would\s+)?(?:choose|chose|pick|select|go\s+with)\s++(?:option\s++)?){_MARKS}([A-J]){_ENDS}"
    rf"|(?:^|[.;:!,]\s|(?i:\b(?:but|option|choice|so|hence|thus|therefore|no|yes),?\s)){_MARKS}([A-J]){_CLOSED}\s++"
    rf"(?i:is\s+(?:the\s+)?(?:right|correct|best|answer)(?:\s+(?:answer|option|choice|one))?){_CLOSED}(?:[.;,!]|$)",
    re.MULTILINE,
)
# A sentence that denies, asks or supposes states nothing.
_DOUBT = re.compile(
    r"\b(?:not|never|if|whether|unless|suppose|might|could|may|tempting|other|wrong|incorrect|second)\b|n['’]t\b",
    re.IGNORECASE,
)
_NEAR = 300
_CLAUSE = re.compile(r"[.;!?\n]|\b(?:but|however|so|therefore|thus|hence)\b", re.IGNORECASE)
_LEADING = re.compile(
    rf"[\s*_`\"'(\[]*+(?:(?i:option)\s+)?([A-J]){_NO_LIST}[*_`\"']*+(?:[).\]:]|\s++[-–—])(?:[\s*_`]|$)"
)
_MENTIONED = re.compile(
    r"(?:\b(?i:option|choice|answer)\s+[*_`\"'(\[]*+([A-J])\b|(?<!\w)\(?([A-J])\)|[.;!?]\s+([A-J])[.:]\s)[^.;!?\n]*+"
)
_WRONG = (
    r"(?:wrong|incorrect|false|excluded|(?:less\s+|un)likely|ruled\s+out"
    r"|not\s+(?:the\s+)?(?:right|correct|best|answer|option|choice|likely|supported|consistent))\b"
)
# A sentence that speaks of another option with one of these does not speak for it.
_AGAINST = re.compile(
    rf"\b(?:not|no|never|unlike|rather\s+than|instead\s+of|against|whereas|lacks?|would|exclud\w+|rules?\s+out|{_WRONG})\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;!?\n]")
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
    r"""Find the chosen option. Two different answers by the same rule are none: no guess is made.

    The rules in their order: the whole reply is a letter; a line `Answer: X`; `\boxed{X}`; a sentence that states
    an option; a line that is a letter. Behind what a rule finds, nothing may state another option. Last the label of
    an option at the beginning of the reply, unless it lists several, calls that one wrong or speaks for another.
    """
    reply = visible(reply)
    whole = _WHOLE.fullmatch(reply)
    if whole and whole[1].upper() in letters:
        return Choice(whole[1].upper(), "whole")
    rules: dict[str, list[_Claim]] = {
        "answer_line": _of_lines(reply, _ANSWER_LINE.match),
        "boxed": [_Claim(match.start(), match[1]) for match in _BOXED.finditer(reply)],
        "statement": list(_statements(reply)),
        "letter_line": _of_lines(reply, _WHOLE.fullmatch),
    }
    claims = [(rule, claim) for rule, found in rules.items() for claim in found if claim.letter in letters]
    if not claims:
        return _by_label(reply, letters)
    rule = claims[0][0]
    last = max(claim.at for other, claim in claims if other == rule)
    return _agreed({claim.letter for other, claim in claims if other == rule or claim.at > last}, rule)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A place of a reply that names an option as the answer."""

    at: int
    letter: str


def _agreed(found: Collection[str], rule: str) -> Choice:
    return Choice(next(iter(found)), rule) if len(found) == 1 else Choice(None, "contradictory")


def _of_lines(reply: str, match_of: Callable[[str], re.Match[str] | None]) -> list[_Claim]:
    found, at = [], 0
    for line in reply.splitlines(keepends=True):
        match = match_of(line.strip("\r\n"))
        if match:
            found.append(_Claim(at, match[1].upper()))
        at += len(line)
    return found


def _statements(reply: str) -> Iterator[_Claim]:
    for match in _STATED.finditer(reply):
        at = match.start(match.lastindex or 0)
        if not _DOUBT.search(_CLAUSE.split(reply[max(0, at - _NEAR) : at])[-1]):
            yield _Claim(at, reply[at])


def _by_label(reply: str, letters: Collection[str]) -> Choice:
    """The label that a reply begins with, where nothing behind it speaks against it."""
    first = _LEADING.match(reply)
    if first is None or first[1] not in letters:
        return Choice(None, "invalid")
    choice = _agreed(
        {claim.letter for claim in _of_lines(reply, _LEADING.match)} & set(letters), "leading_label"
    )
    if choice.letter and (_rejects(reply, choice.letter) or _speaks_for_another(reply, choice.letter)):
        return Choice(None, "contradictory")
    return choice


def _rejects(reply: str, letter: str) -> bool:
    """Whether the reply calls its own first option wrong: "A - is incorrect", "A. This option is wrong"."""
    subject = rf"(?:\b(?i:this|that|it)\b(?:\s+(?i:option|answer|choice|one))?|\b{letter}\b[*_`\"'.):]*+(?:\s*+[-–—])?)"
    verb = r"(?i:is|was|seems|can\s+be)"
    denied = rf"\b(?i:not\s+(?:option\s+)?){_MARKS}{letter}\b"
    return bool(re.search(rf"{subject}\s+{verb}\s+(?:\w++\s+)?(?i:{_WRONG})|{denied}", reply))


def _speaks_for_another(reply: str, letter: str) -> bool:
    """Whether it mentions another option and does not, in the same sentence, call it wrong."""
    for match in _MENTIONED.finditer(reply):
        at = match.start(match.lastindex or 0)
        before = _SENTENCE.split(reply[max(0, at - _NEAR) : at])[-1]
        if reply[at] != letter and not _AGAINST.search(before + reply[at : match.end()]):
            return True
    return False


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
