"""Where a judge's mass lay: the probability of each level, read from the tokens of a reply or from several replies.

A reply names one level; the server may tell what else the model could have written in its place. The chance
of a level is the chance of the tokens that write it, multiplied along the tokens that were written; what
branches off elsewhere is counted only where it can become one level alone. What cannot be told is a typed
reason, and never a guess.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_service.backends.base import Token
    from judge_service.domain.verdict import Withheld

MASS_NEEDED = 0.9  # of the levels together; below it too much is unseen to speak of a distribution

_BLANKS = " \t\r\n"
_LEADS = b" \t\r\n:"
_AFTER = b" \t\r\n,}"
_VALUE = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Probabilities of a scale's levels, in its order, adding up to 1, and the mass they were read from."""

    shares: tuple[float, ...]
    mass: float
    source: Literal["tokens", "samples", "guard"]


def of_tokens(
    text: str, tokens: Sequence[Token], path: tuple[str, str], labels: Sequence[int | str]
) -> Distribution | Withheld:
    """Read the level's distribution at `path` of the one JSON object in `text`, which `tokens` spell.

    A level's chance is that before the temperature, as servers tell it. Null, with which a judge says that
    it cannot tell, is no level: its chance is not in the mass.
    """
    if not tokens:
        return "tokens_not_told"
    place = _place(text, path)
    spelled = b"".join(token.said for token in tokens)
    whole = text.encode("utf-8", "surrogatepass")
    begins = spelled.find(whole)
    if place is None or begins < 0:
        return "level_not_located"
    start = begins + len(text[:place].encode("utf-8", "surrogatepass"))
    written = [json.dumps(label, ensure_ascii=False).encode() for label in labels]
    masses = _masses(tokens, start, written)
    mass = sum(masses)
    if mass < MASS_NEEDED:
        return "mass_unseen"
    return Distribution(tuple(part / mass for part in masses), min(mass, 1.0), "tokens")


def certain(label: int | str, labels: Sequence[int | str]) -> Distribution:
    """All on one level: what the guard says is said without a judge, and without doubt."""
    return Distribution(tuple(float(other == label) for other in labels), 1.0, "guard")


def of_samples(
    levels: Sequence[int | str], asked: int, labels: Sequence[int | str]
) -> Distribution | Withheld:
    """Shares of levels among `asked` answers, of which some may have none."""
    mass = len(levels) / asked
    if mass < MASS_NEEDED:
        return "mass_unseen"
    return Distribution(tuple(levels.count(label) / len(levels) for label in labels), mass, "samples")


def _place(text: str, path: tuple[str, str]) -> int | None:
    """Index of the first character of the value at `path`; None where there is none."""
    at: int | None = text.find("{")
    for key in path:
        at = _member(text, at, key) if at is not None and 0 <= at < len(text) and text[at] == "{" else None
    return at


def _member(text: str, at: int, key: str) -> int | None:
    """Index of the value of `key` in the object that opens at `at`."""
    at = _skip(text, at + 1)
    while at < len(text) and text[at] == '"':
        try:
            name, at = _VALUE.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # over the colon
            if name == key:
                return at
            _, at = _VALUE.raw_decode(text, at)
        except ValueError:
            return None
        at = _skip(text, _skip(text, at) + 1)  # over the comma, or the end
    return None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _masses(tokens: Sequence[Token], start: int, written: Sequence[bytes]) -> list[float]:
    """Chance of each level: follow the tokens from `start` until they can be one level alone."""
    masses = [0.0] * len(written)
    reached, prefix, place = 1.0, b"", 0
    for token in tokens:
        begins, place = place, place + len(token.said)
        if place <= start:
            continue
        lead = token.said[: max(0, start - begins)]
        ends = prefix + token.said[len(lead) :]
        own = 0.0
        for said, chance in _alternatives(token).items():
            if said == token.said:
                own = chance
            elif (other := said if prefix else _after(said, lead)) is not None:
                _give(masses, prefix + other, written, reached * chance)
        reached, prefix = reached * own, ends
        if len(_can_be(prefix, written)) <= 1:
            break
    _give(masses, prefix, written, reached)
    return masses


def _alternatives(token: Token) -> Mapping[bytes, float]:
    return {said: exp(min(logprob, 0.0)) for said, logprob in (*token.others, (token.said, token.logprob))}


def _after(said: bytes, lead: bytes) -> bytes | None:
    """What of another token stands where the level does; blanks and the colon before it are no part of it."""
    if lead and said.startswith(lead):
        return said[len(lead) :].lstrip(_LEADS)
    return None if lead.strip(_LEADS) else said.lstrip(_LEADS)


def _give(masses: list[float], prefix: bytes, written: Sequence[bytes], chance: float) -> None:
    found = _can_be(prefix, written)
    if len(found) == 1:
        masses[found[0]] += chance


def _can_be(prefix: bytes, written: Sequence[bytes]) -> list[int]:
    """The levels whose writing begins so, or that stand there whole."""
    return [
        at
        for at, whole in enumerate(written)
        if whole.startswith(prefix) or (prefix.startswith(whole) and prefix[len(whole)] in _AFTER)
    ]
