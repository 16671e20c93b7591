"""How a text speaks of a thing: firmly or not, as already known, and where in the body."""

from itertools import pairwise

from judge_service.lexical.text import Text, Unit

# A clause with one of these leaves open whether what it speaks of is there.
_OPEN = frozenset({
    "may", "might", "could", "can", "possible", "possibly", "sometimes", "some", "often", "usually",
    "likely", "probably", "whether", "would", "should", "than", "versus", "vs", "example", "or", "other",
    "further", "additional", "another", "elsewhere", "otherwise", "typical", "typically", "always",
})  # fmt: skip
# A sentence with one of these speaks of another time, another person or under a condition.
_APART = frozenset({
    "if", "when", "unless", "until", "whenever", "previous", "previously", "prior", "former", "formerly",
    "earlier", "later", "now", "initially", "originally", "first", "second", "last", "ago", "yesterday",
    "after", "before", "during", "new", "again", "became", "become", "becomes", "turned", "turn", "appeared",
    "developed", "resolved", "resolving", "disappeared", "gone", "longer", "recurred",
    "father", "mother", "brother", "sister", "son", "daughter", "family", "parents", "uncle", "aunt",
    "grandmother", "grandfather", "husband", "wife", "relatives", "rest", "exertion", "exercise", "walking",
    "children", "child", "people", "patients", "someone", "once", "meanwhile", "eventually", "follow",
})  # fmt: skip
# What follows one of these in its clause is not yet held to be true.
_TENTATIVE = frozenset({
    "suspected", "suspicion", "suspicious", "suggest", "suggests", "suggested", "suggestive", "consider",
    "considered", "considering", "differential", "mimic", "mimics", "resemble", "resembles", "thought",
    "question", "history", "risk", "concern", "concerns", "worry", "like", "raises", "raise", "asked",
    "exclude", "look", "looking", "check", "screen", "prevent", "against", "possibility", "danger",
    "complication", "complications", "effect",
})  # fmt: skip
_POSSESSIVES = frozenset({"her", "his", "their", "your", "my", "its"})
_DEFINITE = frozenset({"the", "this", "these", "those"}) | _POSSESSIVES
_OUT_OF_PHRASE = frozenset({
    "a", "an", "no", "not", "without", "any", "every", "each", "some", "of", "in", "on", "at", "by", "for",
    "with", "from", "to", "into", "is", "are", "was", "were", "has", "have", "had", "be", "been", "and",
    "or", "but", "as", "that", "which", "because", "since", "shows", "show", "there", "than", "neither",
})  # fmt: skip
_OTHER_HEADS = frozenset({
    "risk", "clinic", "chart", "vaccine", "unit", "team", "nurse", "ward", "test", "tests", "screening",
    "score", "prevention", "guideline", "guidelines", "protocol", "programme", "pathway", "marker", "markers",
})  # fmt: skip
_CONCLUDING = frozenset({"answer", "conclusion", "summary", "impression", "conclude", "verdict"})
_PLACES = frozenset({"site", "anatomy"})
_PLACED_AXES = frozenset({"side", "orientation"})
_SIDES = frozenset({"left", "right"})
_PHRASE = 7
_OPENING = 5
_DATED = frozenset({"in", "since"})
_YEARS = frozenset(map(str, range(1900, 2101)))


class Mentions:
    """A parsed text with what its clauses and sentences leave open."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.words: dict[int, set[str]] = {}
        self.said: dict[int, set[str]] = {}
        self.openings: dict[int, list[str]] = {}
        for token in text.tokens:
            self.words.setdefault(token.clause, set()).add(token.word)
            self.said.setdefault(token.sentence, set()).add(token.word)
            self.openings.setdefault(token.sentence, []).append(token.word)
        self.apart = {sentence for sentence, words in self.said.items() if words & _APART}
        self.apart |= {y.sentence for p, y in pairwise(text.tokens) if p.word in _DATED and y.word in _YEARS}

    def determiner(self, unit: Unit) -> str:
        """Return the word that makes the mention a known thing ("the", "this", "her"), or nothing."""
        tokens = self.text.tokens
        if self.describes(unit):
            return ""
        for place in range(unit.first - 1, max(-1, unit.first - 1 - _PHRASE), -1):
            token = tokens[place]
            if token.word in _DEFINITE:
                return token.word
            if token.sentence != unit.sentence or token.word in _OUT_OF_PHRASE or token.word in {".", ";"}:
                break
        return ""

    def describes(self, unit: Unit) -> bool:
        """Tell whether the mention only describes something else ("the pneumonia vaccine")."""
        after = self.text.tokens[unit.last + 1 : unit.last + 2]
        return any(token.word in _OTHER_HEADS for token in after)

    def possessed(self, unit: Unit) -> bool:
        """Tell whether the thing is spoken of as somebody's ("her diabetes")."""
        return self.determiner(unit) in _POSSESSIVES

    def concluding(self, unit: Unit) -> bool:
        """Tell whether the mention stands in the sentence or line that sums the text up."""
        opening = self.openings[unit.sentence][:_OPENING]
        return bool(_CONCLUDING.intersection(opening)) or opening[:2] == ["diagnosis", ":"]

    def known(self, unit: Unit) -> bool:
        """Tell whether the mention takes the thing for granted."""
        return bool(self.determiner(unit)) or self.concluding(unit)

    def firm(self, unit: Unit) -> bool:
        """Tell whether the text commits itself to what it says of this mention, here and now."""
        if unit.sentence in self.apart:
            return False
        if not unit.denied and self._tentative(unit):
            return False
        return self.known(unit) or not self.words[unit.clause] & _OPEN

    def _tentative(self, unit: Unit) -> bool:
        before = self.text.tokens[max(0, unit.first - _PHRASE) : unit.first]
        return any(t.word in _TENTATIVE for t in before if t.clause == unit.clause)

    def plural(self, unit: Unit) -> bool:
        """Tell whether the mention is of several things of its kind."""
        word = self.text.tokens[unit.last].word
        return word.endswith("s") and not word.endswith(("us", "is", "ss", "ps"))

    def places(self, unit: Unit) -> frozenset[str]:
        """Return where the thing is: places of its clause, else of the one before in its sentence."""
        for clause in (unit.clause, unit.clause - 1):
            near = [u for u in self.text.by_clause.get(clause, ()) if u.sentence == unit.sentence]
            found = frozenset(u.concept.key for u in near if u is not unit and _is_place(u))
            if found or clause == 0:
                return found
        return frozenset()


def _is_place(unit: Unit) -> bool:
    concept = unit.concept
    return concept.kind in _PLACES or (concept.kind == "axis" and concept.group in _PLACED_AXES)


def one_side(places: frozenset[str]) -> str:
    """Return the one side the places name, or nothing."""
    sides = places & _SIDES
    return next(iter(sides)) if len(sides) == 1 else ""


def beside(one: frozenset[str], other: frozenset[str], *, known: bool) -> bool:
    """Tell whether two mentions can be of one place; what is known need not repeat where it is."""
    mine, theirs = one_side(one), one_side(other)
    if mine and theirs and mine != theirs:
        return False
    return one <= other or other <= one or (known and bool(one & other - _SIDES))
