"""Where a judge's mass lay: the probability of each level, read from the tokens of a reply or from several replies.

A reply names one level; the server may tell what else the model could have written in its place. The chance
of a level is the chance of the tokens that write it, multiplied along the tokens that were written; what
branches off elsewhere is counted only where it can become one level alone. What cannot be told is a typed
reason, and never a guess.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import exp, fsum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from judge_service.backends.base import Token
    from judge_service.domain.verdict import Withheld

MASS_NEEDED = 0.9  # of all answers seen; below it too much is unseen to speak of a distribution
LEVELS_NEEDED = 0.5  # of that, on levels: a judge that would rather abstain has none either
MASS_POSSIBLE = 1.01  # 1, and what rounding of chances may add
_NULL = b"null"

_BLANKS = " \t\r\n"
_BLANK_BYTES = _BLANKS.encode()
_AFTER = b" \t\r\n,}"
_MOST = 1.0  # of a logarithmic chance: far more than there can be, and no overflow
_VALUE = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Probabilities of a scale's levels, in its order, adding up to 1, and the mass they were read from."""

    shares: tuple[float, ...]
    mass: float
    source: Literal["tokens", "samples", "guard", "members"]


def of_tokens(
    text: str, tokens: Sequence[Token], path: tuple[str, str], labels: Sequence[int | str]
) -> Distribution | Withheld:
    """Read the level's distribution at `path` of the one JSON object in `text`, which `tokens` spell.

    A level's chance is that before the temperature, as servers tell it. Null, with which a judge says that
    it cannot tell, is seen, but no level: the shares are those given a level, and the mass is the levels'.
    """
    if not tokens:
        return "tokens_not_told"
    place = _place(text, path)
    spelled = b"".join(token.said for token in tokens)
    whole = text.encode("utf-8", "surrogatepass")
    begins = spelled.rfind(whole)  # the thoughts before it may hold the same as a draft
    if place is None or begins < 0:
        return "level_not_located"
    start = begins + len(text[:place].encode("utf-8", "surrogatepass"))
    written = [json.dumps(label, ensure_ascii=False).encode() for label in labels]
    (*masses, null), told = _masses(tokens, start, [*written, _NULL])
    if told > MASS_POSSIBLE:
        return "mass_impossible"
    mass = sum(masses)
    if mass + null < MASS_NEEDED or mass < LEVELS_NEEDED:
        return "mass_unseen"
    return Distribution(tuple(part / mass for part in masses), min(mass, 1.0), "tokens")


def certain(label: int | str, labels: Sequence[int | str]) -> Distribution:
    """All on one level: what the guard says is said without a judge, and without doubt."""
    return Distribution(tuple(float(other == label) for other in labels), 1.0, "guard")


def mixed(parts: Sequence[tuple[float, Sequence[float], float]]) -> Distribution:
    """The mixture of several judges' distributions: of each its weight (adding up to 1), its shares and mass."""
    shares = (
        fsum(weight * share for (weight, _, _), share in zip(parts, column, strict=True))
        for column in zip(*(shares for _, shares, _ in parts), strict=True)
    )
    return Distribution(tuple(shares), fsum(weight * mass for weight, _, mass in parts), "members")


def of_samples(
    levels: Sequence[int | str], asked: int, labels: Sequence[int | str]
) -> Distribution | Withheld:
    """Shares of levels among `asked` answers, of which some may have none."""
    mass = len(levels) / asked
    if mass < MASS_NEEDED:
        return "mass_unseen"
    return Distribution(tuple(levels.count(label) / len(levels) for label in labels), mass, "samples")


def _place(text: str, path: tuple[str, str]) -> int | None:
    """Index right after the colon before the value at `path`; None where there is none."""
    at = max(text.find("{"), 0)
    for key in path:
        at = _skip(text, at)
        found = _member(text, at, key) if text.startswith("{", at) else None
        if found is None:
            return None
        at = found
    return at


def _member(text: str, at: int, key: str) -> int | None:
    """Index right after the colon that follows `key` in the object that opens at `at`."""
    at = _skip(text, at + 1)
    while at < len(text) and text[at] == '"':
        try:
            name, at = _VALUE.raw_decode(text, at)
            at = _skip(text, at) + 1  # over the colon
            if name == key:
                return at
            _, at = _VALUE.raw_decode(text, _skip(text, at))
        except ValueError:
            return None
        at = _skip(text, _skip(text, at) + 1)  # over the comma, or the end
    return None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _masses(tokens: Sequence[Token], start: int, written: Sequence[bytes]) -> tuple[list[float], float]:
    """Chance of each level, and of all that was told: follow the tokens until they can be one level alone.

    The first is that after the colon, which ends at `start`, or the colon's own where that writes of the level
    too. Blanks before a level are no part of it, but a level may stand in their place.
    """
    masses, told = [0.0] * len(written), 0.0
    reached, prefix, place = 1.0, b"", 0
    for token in tokens:
        begins, place = place, place + len(token.said)
        lead = token.said[: max(0, start - begins)]
        rest = token.said[len(lead) :]
        if place <= start or (lead and not rest.strip(_BLANK_BYTES)):
            continue
        own = 0.0
        for said, chance in _alternatives(token).items():
            if said == token.said:
                own = chance
                continue
            told += reached * chance
            if said.startswith(lead):
                _give(masses, prefix + said[len(lead) :], written, reached * chance)
        reached, prefix = reached * own, (prefix + rest).lstrip(_BLANK_BYTES)
        if len(_can_be(prefix, written)) <= 1:
            break
    _give(masses, prefix, written, reached)
    return masses, told + reached


def _alternatives(token: Token) -> Mapping[bytes, float]:
    return {said: exp(min(logprob, _MOST)) for said, logprob in (*token.others, (token.said, token.logprob))}


def _give(masses: list[float], prefix: bytes, written: Sequence[bytes], chance: float) -> None:
    found = _can_be(prefix.lstrip(_BLANK_BYTES), written)
    if len(found) == 1:
        masses[found[0]] += chance


def _can_be(prefix: bytes, written: Sequence[bytes]) -> list[int]:
    """The levels whose writing begins so, or that stand there whole."""
    return [
        at
        for at, whole in enumerate(written)
        if whole.startswith(prefix) or (prefix.startswith(whole) and prefix[len(whole)] in _AFTER)
    ]
