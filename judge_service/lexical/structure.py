"""Whether shared words stand as they do in the reference, and whether a text reads as sentences at all."""

from dataclasses import dataclass
from itertools import pairwise

from judge_service.lexical.scan import Token
from judge_service.lexical.text import Text

LONGEST_SEQUENCE = 60
FEWEST_SHARED = 4
FEWEST_WORDS, WORDS_PER_BREAK = 6, 12
BARE_WORDS, BARE_SHARE = 8, 0.12
MESS = 0.5

_DETERMINERS = frozenset({
    "a", "an", "the", "this", "these", "those", "its", "his", "her", "their", "my", "your", "our",
    "every",
})  # fmt: skip
_PREPOSITIONS = frozenset({
    "of", "in", "on", "at", "by", "for", "with", "from", "to", "into", "onto", "between", "during",
    "via", "per", "upon", "without",
})  # fmt: skip
_VERBS = frozenset({
    "is", "are", "was", "were", "be", "been", "has", "have", "had", "does", "do", "did", "can",
    "could", "may", "might", "will", "would", "should", "must",
})  # fmt: skip
_JOINERS = frozenset({
    "and", "or", "but", "because", "although", "while", "whereas", "if", "than",
})  # fmt: skip
_AFTER_DETERMINER = _DETERMINERS | _PREPOSITIONS | _VERBS | _JOINERS
_AFTER_PREPOSITION = (
    (_PREPOSITIONS - {"to", "in", "on", "at", "between", "by", "without"})
    | _VERBS - {"do", "be", "have"}
    | {"and", "but"}
)
_FINE_PAIRS = frozenset({("from", "within"), ("by", "and"), ("on", "and"), ("in", "and")})
_PRONOUNS = frozenset({"this", "these", "those", "her", "his"})
_STOPS = frozenset({".", ",", ";"})
_NEVER_LAST = frozenset({
    "a", "an", "the", "every", "your", "my", "its", "our", "their", "of", "from", "into", "with",
})  # fmt: skip


def _items(text: Text) -> list[str]:
    """Return the ideas, numbers and units of the text in their order."""
    places = {unit.first: unit.concept.key for unit in text.units}
    for quantity in text.quantities:
        for place in range(quantity.first, quantity.last + 1):
            if not text.tokens[place].mark:
                places[place] = text.tokens[place].root
    return [places[place] for place in sorted(places)[:LONGEST_SEQUENCE]]


def _order(ours: list[str], theirs: list[str]) -> float:
    """Return the longest common subsequence of the shared items over their number (as Lin 2004, ROUGE-L)."""
    place = {key: nth for nth, key in reversed(list(enumerate(theirs)))}
    ranks = [place[key] for key in dict.fromkeys(ours)]
    best = [1] * len(ranks)
    for i, rank in enumerate(ranks):
        best[i] = 1 + max((best[j] for j in range(i) if ranks[j] < rank), default=0)
    return max(best) / len(ranks)


@dataclass(frozen=True, slots=True)
class Shape:
    """How the items two texts share stand in both: kept neighbours and order (0..1), their number, reuse."""

    kept: float
    shared: int
    reuse: float


def shape(reference: Text, response: Text) -> Shape:
    """Return how far the response keeps the neighbours and the order of what it takes from the reference."""
    ours, theirs = _items(reference), _items(response)
    shared = set(ours) & set(theirs)
    if len(shared) < FEWEST_SHARED:
        return Shape(1.0, len(shared), 0.0)
    mine = [key for key in ours if key in shared]
    other = [key for key in theirs if key in shared]
    asked, given = set(pairwise(mine)), set(pairwise(other))
    either = given | {(b, a) for a, b in given}
    beside = sum(pair in either for pair in asked) / len(asked)
    onward = len(asked & given) / len(asked)
    kept = (beside + onward + _order(mine, other)) / 3
    return Shape(kept, len(shared), len(other) / len(theirs))


def broken(found: list[Token]) -> tuple[int, tuple[int, int] | None]:
    """Count neighbouring words that no English sentence holds, and give the first place."""
    count, first = 0, None
    for one, other in pairwise(found):
        if one.sentence == other.sentence and _impossible(one.word, other.word):
            count += 1
            first = first or (one.start, other.end)
    return count, first


def _impossible(one: str, other: str) -> bool:
    """Tell whether the second word cannot follow the first."""
    if (one, other) in _FINE_PAIRS:
        return False
    if other in _STOPS:
        return one in _NEVER_LAST
    if one in _DETERMINERS:
        return other in _AFTER_DETERMINER and one not in _PRONOUNS
    return one in _PREPOSITIONS and other in _AFTER_PREPOSITION


def scrambled(text: Text) -> tuple[float, tuple[int, int] | None]:
    """Return how scrambled the text reads, 0 to 1, and where first: broken pairs or no grammar."""
    words = [t for t in text.tokens if not t.mark]
    if len(words) < FEWEST_WORDS:
        return 0.0, None
    count, first = broken(text.tokens)
    rate = min(1.0, count / max(1.0, len(words) / WORDS_PER_BREAK))
    return max(rate, _bare(text, words)), first


def _bare(text: Text, words: list[Token]) -> float:
    """Return 1 for a long run of content words with neither grammar nor punctuation between them."""
    grammar = _DETERMINERS | _PREPOSITIONS | _VERBS | _JOINERS | {"no", "not", "you", "it", "there", "as"}
    marks = sum(t.mark and t.word in {",", ".", ";", ":", "\n", "-"} for t in text.tokens)
    share = (sum(t.word in grammar or t.number for t in words) + marks) / len(words)
    return 1.0 if len(words) >= BARE_WORDS and share < BARE_SHARE else 0.0
