"""How well the sentences of a response hang together: an entity graph, weighed by how well it reads.

Source: C. Guinaudeau and M. Strube, "Graph-based local coherence modeling", ACL 2013 (sentences linked by
the entities they share, less with distance), after the entity grid of R. Barzilay and M. Lapata, "Modeling
local coherence: an entity-based approach", Computational Linguistics 34(1), 2008. Entities here are the
concepts of the vocabulary and other content words, not parsed noun phrases with roles. A word that ties a
sentence to the one before it (this, it, however, also) counts as a weaker link, since advice often names no
entity twice.

Shapes: a text of n sentences gives n - 1 links, each from 0 to 1. Units: none. One well-formed sentence is
trivially coherent (1.0). Errors: none; a text that says nothing abstains.
"""

from itertools import islice

from judge_service.lexical.agreement import silent
from judge_service.lexical.reading import Reading, abstained, quotes
from judge_service.lexical.structure import scrambled
from judge_service.lexical.text import Text, parse

TIED_BY_WORD = 0.8
LINKED_SHARE = 0.5
REACH = 6
MOST_SENTENCES = 2000

_TIES = frozenset({
    "this", "these", "that", "those", "it", "its", "they", "them", "their", "he", "she", "his",
    "her", "such", "both", "however", "therefore", "thus", "so", "also", "then", "but", "and",
    "additionally", "moreover", "furthermore", "instead", "otherwise", "meanwhile", "first",
    "second", "third", "finally", "next", "if", "while", "because", "although", "overall",
})  # fmt: skip


def _sentences(text: Text) -> list[tuple[set[str], bool]]:
    """Return each sentence's entities and whether a word ties it to what came before."""
    entities: dict[int, set[str]] = {}
    first: dict[int, list[str]] = {}
    for unit in text.units:
        entities.setdefault(unit.sentence, set()).update((unit.concept.key, *unit.concept.broader))
    for token in text.tokens:
        if not token.mark:
            first.setdefault(token.sentence, []).append(token.word)
    return [
        (entities.get(number, set()), any(word in _TIES for word in words[:4]))
        for number, words in islice(first.items(), MOST_SENTENCES)
    ]


def _link(sentences: list[tuple[set[str], bool]], at: int) -> float:
    """Return how strongly one sentence hangs on those before it."""
    entities, tied = sentences[at]
    best = TIED_BY_WORD if tied else 0.0
    for back in range(1, min(REACH, at) + 1):
        if entities & sentences[at - back][0]:
            return max(best, 1.0 / back)
    return best


def linked(text: Text) -> tuple[float, int]:
    """Return the mean link of the sentences after the first, and how many sentences there are."""
    sentences = _sentences(text)
    links = [_link(sentences, at) for at in range(1, len(sentences))]
    return (sum(links) / len(links) if links else 1.0), len(sentences)


def cohesion(response: str) -> Reading:
    """Read how well the response hangs together; a lone well-formed sentence is trivially coherent."""
    if silent(response):
        return abstained("The response says nothing that could hang together.", "too_short")
    text = parse(response)
    mess, place = scrambled(text)
    links, count = linked(text)
    value = round((1 - mess) * (1 - LINKED_SHARE + LINKED_SHARE * links), 4)
    if mess >= LINKED_SHARE:
        words = "The words do not form sentences that read as English."
        return Reading(value, words, ("scrambled",), quotes(response, [place or (0, len(response))]))
    if count == 1:
        return Reading(value, "One sentence, which hangs together by itself.")
    return Reading(value, f"{count} sentences; mean link of each to those before it {links:.2f} of 1.")
