"""How alike two texts are, in [0, 1]; each measure from its definition, so that it can be checked by hand."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CAP = 20_000  # characters of each text
_WORDS = re.compile(r"\w+")
_ORDERS = (1, 2, 3, 4)


def words(text: str) -> list[str]:
    """What is counted: runs of letters and digits, case folded."""
    return _WORDS.findall(text.casefold())


def fuzzy_match(said: str, reference: str) -> float:
    """Twice the longest common subsequence of characters, over both lengths."""
    return _f1(_common(said, reference), len(said), len(reference))


def bleu(said: str, reference: str) -> float:
    """BLEU of one sentence with n-grams up to 4, not smoothed: without four words alike in a row it is 0."""
    ours, theirs = words(said), words(reference)
    shares = [_overlap(ours, theirs, n) / max(1, len(ours) - n + 1) for n in _ORDERS]
    if not all(shares):
        return 0.0
    brevity = min(1.0, math.exp(1 - len(theirs) / len(ours)))
    return brevity * math.exp(math.fsum(map(math.log, shares)) / len(_ORDERS))


def gleu(said: str, reference: str) -> float:
    """The smaller of precision and recall over all n-grams up to 4."""
    ours, theirs = words(said), words(reference)
    most = max(sum(max(0, len(text) - n + 1) for n in _ORDERS) for text in (ours, theirs))
    return sum(_overlap(ours, theirs, n) for n in _ORDERS) / most if most else 0.0


def rouge_l(said: str, reference: str) -> float:
    """F1 of the longest common subsequence of words."""
    ours, theirs = words(said), words(reference)
    return _f1(_common(ours, theirs), len(ours), len(theirs))


def _rouge(n: int) -> Callable[[str, str], float]:
    def measure(said: str, reference: str) -> float:
        """F1 of n-grams of words."""
        ours, theirs = words(said), words(reference)
        return _f1(_overlap(ours, theirs, n), max(0, len(ours) - n + 1), max(0, len(theirs) - n + 1))

    return measure


MEASURES: Mapping[str, Callable[[str, str], float]] = {
    "fuzzy_match": fuzzy_match,
    "bleu": bleu,
    "gleu": gleu,
    **{f"rouge_{n}": _rouge(n) for n in range(1, 6)},
    "rouge_l": rouge_l,
}

# Words that a reference needs for a measure to have anything to compare.
LEAST: Mapping[str, int] = {
    "fuzzy_match": 0,
    **dict.fromkeys(("gleu", "rouge_l"), 1),
    "bleu": max(_ORDERS),
    **{f"rouge_{n}": n for n in range(1, 6)},
}


def _overlap(ours: list[str], theirs: list[str], n: int) -> int:
    return (_grams(ours, n) & _grams(theirs, n)).total()


def _grams(text: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(text[start:] for start in range(n)), strict=False))


def _f1(common: int, ours: int, theirs: int) -> float:
    return 2 * common / (ours + theirs) if ours + theirs else 0.0


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, a whole row of the table at a time as one integer's bits.

    A bit that is 0 says that the row grows there (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
    """
    places: dict[str, int] = {}
    for at, part in enumerate(one):
        places[part] = places.get(part, 0) | 1 << at
    full = (1 << len(one)) - 1
    row = full
    for part in other:
        match = row & places.get(part, 0)
        row = ((row + match) | (row - match)) & full
    return len(one) - row.bit_count()
