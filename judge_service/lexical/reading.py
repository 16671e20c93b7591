"""What a reading of a text says: a value or none, plain words, flags and quotes."""

from dataclasses import dataclass
from typing import Literal

Relation = Literal["entailed", "neutral", "contradicted"]

EVIDENCE_LENGTH = 120
EVIDENCE_COUNT = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """One value from 0 to 1 (None abstains) with the words, flags and quotes that carry it."""

    value: float | None
    reason: str
    flags: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


def abstained(reason: str, flag: str) -> Reading:
    """Return a reading without a value."""
    return Reading(value=None, reason=reason, flags=(flag,))


def quote(text: str, start: int, end: int) -> str:
    """Return the verbatim piece of the text, cut to a readable length."""
    return text[start : min(end, start + EVIDENCE_LENGTH)].strip()


def quotes(text: str, spans: list[tuple[int, int]]) -> tuple[str, ...]:
    """Return the first few distinct, non-empty quotes of the text."""
    pieces = dict.fromkeys(quote(text, start, end) for start, end in spans)
    return tuple(piece for piece in pieces if piece)[:EVIDENCE_COUNT]
