"""How well the sentences of a response hang together: an entity graph, weighed by how well it reads.

Source: C. Guinaudeau and M. Strube, "Graph-based local coherence modeling", ACL 2013 (sentences linked by
the entities they share, less with distance), after the entity grid of R. Barzilay and M. Lapata, "Modeling
local coherence: an entity-based approach", Computational Linguistics 34(1), 2008. Entities here are the
concepts of the vocabulary and other content words, not parsed noun phrases with roles. A word that ties a
sentence to the one before it (this, it, however, also) counts as a weaker link, since advice often names no
entity twice; one that only claims to follow (therefore, thus) counts little by itself, and nothing where
there is no sentence before it.

Shapes: a text of n sentences gives n - 1 links, each from 0 to 1. Units: none. One well-formed sentence is
trivially coherent (1.0); a text that says nothing has no line of thought (0.0). Errors: none.
"""

from dataclasses import dataclass
from itertools import islice

from judge_service.lexical.reading import Reading, quotes
from judge_service.lexical.silence import silent
from judge_service.lexical.structure import MESS, scrambled
from judge_service.lexical.text import Text, parse

TIED_BY_WORD = 0.8
JOINED_BY_WORD = 0.3
LINKED_SHARE, LONG_LINKED_SHARE, LONG = 0.5, 0.6, 4
OPENING = 4
FIRM = 0.5
REACH = 6
MOST_SENTENCES = 2000

# A word that takes up what was said, and one that only claims to follow from it.
_TAKING_UP = frozenset({
    "this", "these", "that", "those", "it", "its", "they", "them", "their", "he", "she", "his",
    "her", "such", "both",
})  # fmt: skip
_JOINING = frozenset({
    "however", "therefore", "thus", "hence", "so", "consequently", "also", "then", "but", "and",
    "additionally", "moreover", "furthermore", "instead", "otherwise", "meanwhile", "first",
    "second", "third", "finally", "next", "if", "while", "because", "although", "overall", "result", "answer",
})  # fmt: skip
_FOLLOWING = frozenset({"therefore", "thus", "hence", "consequently", "so"})
_REASONS = frozenset({("because", "of", "this"), ("for", "this", "reason"), ("as", "a", "result")})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's entities, its first words and how strongly a word ties it to what came before."""

    entities: set[str]
    opening: tuple[str, ...]

    @property
    def tie(self) -> float:
        """Return the strength of the tie by a word, 0 for none."""
        if self.opening[:3] in _REASONS:
            return JOINED_BY_WORD
        if _TAKING_UP.intersection(self.opening):
            return TIED_BY_WORD
        return JOINED_BY_WORD if _JOINING.intersection(self.opening) else 0.0

    @property
    def dangling(self) -> bool:
        """Tell whether it draws a conclusion, as only a sentence after another can."""
        return self.opening[:3] in _REASONS or self.opening[0] in _FOLLOWING


def _sentences(text: Text) -> list[Sentence]:
    entities: dict[int, set[str]] = {}
    first: dict[int, list[str]] = {}
    for unit in text.units:
        entities.setdefault(unit.sentence, set()).update((unit.concept.key, *unit.concept.broader))
    for token in text.tokens:
        if not token.mark:
            first.setdefault(token.sentence, []).append(token.word)
    some = islice(first.items(), MOST_SENTENCES)
    return [Sentence(entities.get(number, set()), tuple(words[:OPENING])) for number, words in some]


def _link(sentences: list[Sentence], at: int) -> float:
    """Return how strongly one sentence hangs on those before it."""
    best = sentences[at].tie
    for back in range(1, min(REACH, at) + 1):
        if sentences[at].entities & sentences[at - back].entities:
            return max(best, 1.0 / back)
    return best


def links_of(text: Text) -> list[float]:
    """Return the link of each sentence after the first, and a broken one for a conclusion from nothing."""
    sentences = _sentences(text)
    links = [_link(sentences, at) for at in range(1, len(sentences))]
    return [*links, 0.0] if links and sentences[0].dangling else links


def cohesion(response: str | Text) -> Reading:
    """Read how well the response hangs together; a lone well-formed sentence is trivially coherent."""
    text = parse(response)
    if silent(text.source):
        return Reading(0.0, "The response says nothing, so there is no line of thought.", ("says_nothing",))
    mess, place = scrambled(text)
    links = links_of(text)
    if mess >= MESS:
        words = "The words do not form sentences that read as English."
        whole = (0, len(text.source))
        value = round((1 - mess) * _value(links), 4)
        return Reading(value, words, ("scrambled",), quotes(text.source, [place or whole]))
    return Reading(round((1 - mess) * _value(links), 4), _reason(links))


def _value(links: list[float]) -> float:
    """Return the value of a text by its links; the longer the text, the more they count."""
    if not links:
        return 1.0
    share = LONG_LINKED_SHARE if len(links) + 1 >= LONG else LINKED_SHARE
    return 1 - share + share * sum(links) / len(links)


def _reason(links: list[float]) -> str:
    if not links:
        return "One sentence, which hangs together by itself."
    firm = sum(link >= FIRM for link in links)
    return f"{firm} of {len(links)} steps from sentence to sentence take up what was said before."
