"""Spells replies as a server tells their tokens."""

from __future__ import annotations

import json
from math import log
from typing import TYPE_CHECKING

from judge_service.backends.base import Token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def a_token(said: str, chance: float = 1.0, others: Mapping[str, float] | None = None) -> Token:
    """A token with its chance and what else could have stood there."""
    rest = tuple((text.encode(), log(part)) for text, part in (others or {}).items() if part > 0)
    return Token(said.encode(), log(chance), rest)


def spelled(text: str, marks: Mapping[int, tuple[float, Mapping[str, float]]]) -> tuple[Token, ...]:
    """One token a character; those at the indices of `marks` are in doubt."""
    return tuple(a_token(char, *marks.get(at, (1.0, {}))) for at, char in enumerate(text))


def in_doubt(text: str, chances: Mapping[int | str, float]) -> tuple[Token, ...]:
    """One token a character; each level of one character has the chances named."""
    marks, key = {}, '"level": '
    at = text.find(key)
    while at >= 0:
        place = at + len(key)
        level = text[place]
        shares = {str(label): chance for label, chance in chances.items()}
        if level in shares:
            marks[place] = (shares[level], {other: part for other, part in shares.items() if other != level})
        at = text.find(key, place)
    return spelled(text, marks)


def wire(tokens: Sequence[Token], *, with_bytes: bool = True) -> dict[str, object]:
    """The `logprobs` of a choice, as chat completions carry it."""

    def entry(said: bytes, logprob: float) -> dict[str, object]:
        told: dict[str, object] = {"token": said.decode("utf-8", "replace"), "logprob": logprob}
        return told | ({"bytes": list(said)} if with_bytes else {})

    content = [
        entry(token.said, token.logprob)
        | {"top_logprobs": [entry(*other) for other in ((token.said, token.logprob), *token.others)]}
        for token in tokens
    ]
    plain: dict[str, object] = json.loads(json.dumps({"content": content}))
    return plain
