"""Whether a response contradicts itself: a finding affirmed and denied, on both sides, with two numbers."""

from itertools import combinations, islice

from judge_service.lexical.agreement import silent
from judge_service.lexical.conflict import Conflict
from judge_service.lexical.guards import anchors
from judge_service.lexical.quantities import Quantity
from judge_service.lexical.reading import Reading, abstained, quotes
from judge_service.lexical.text import Text, Unit, parse

ONE, SEVERAL = 0.25, 0.1
MOST_MENTIONS = 12

_FINDINGS = frozenset({"diagnosis", "finding", "organism"})
_PLACES = frozenset({"axis", "site", "anatomy"})
_OPEN = frozenset({
    "if", "when", "unless", "until", "may", "might", "could", "can", "possible", "possibly",
    "sometimes", "some", "often", "usually", "likely", "whether", "other", "further", "additional",
    "another", "new", "previous", "previously", "prior", "history", "later", "now", "former",
    "formerly", "earlier", "risk", "suspected", "exclude", "excluded", "should", "would", "than",
    "versus", "vs", "example", "such",
})  # fmt: skip
_BOTH_SIDES = frozenset({
    "both", "bilateral", "bilaterally", "contralateral", "opposite", "second", "other", "also",
    "another",
})  # fmt: skip
_OF_ONE_THING = frozenset(
    {"mass", "length", "percent", "pressure", "temperature", "temperaturec", "units", "mass/kg"}
)
_SEVERAL_DOSES = frozenset({
    "maximum", "max", "up", "then", "initial", "initially", "first", "second", "loading", "start",
    "increase", "increased", "reduce", "reduced", "children", "child", "or", "to", "from", "was",
    "previously", "after", "before", "total", "daily", "adults", "over", "under", "between",
})  # fmt: skip


class _Reader:
    """Holds a parsed response and the words of its clauses while contradictions are looked for."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.words: dict[int, set[str]] = {}
        for token in text.tokens:
            self.words.setdefault(token.clause, set()).add(token.word)

    def settled(self, clause: int) -> bool:
        return not self.words[clause] & _OPEN

    def places(self, unit: Unit) -> set[str]:
        near = self.text.by_clause[unit.clause]
        return {u.concept.key for u in near if u.concept.kind in _PLACES and u is not unit}

    def denials(self) -> list[Conflict]:
        """Find findings that one clause affirms and another denies, of the same place."""
        found = []
        for key, units in self.text.by_key.items():
            if units[0].concept.kind not in _FINDINGS or len({u.denied for u in units}) == 1:
                continue
            firm = [u for u in islice(units, MOST_MENTIONS) if self.settled(u.clause)]
            for one, other in combinations(firm, 2):
                if one.denied != other.denied and self._same_place(one, other):
                    words = f"The response both affirms and denies {key}."
                    found.append(Conflict("self_contradiction", words, self.text.clause_span(other.clause)))
                    break
        return found

    def _same_place(self, one: Unit, other: Unit) -> bool:
        mine, theirs = self.places(one), self.places(other)
        return one.clause != other.clause and (mine <= theirs or theirs <= mine)

    def sides(self) -> list[Conflict]:
        """Find diagnoses put on the left in one clause and on the right in another."""
        sided: dict[str, dict[str, Unit]] = {}
        for side in ("left", "right"):
            for unit in islice(self.text.by_key.get(side, ()), MOST_MENTIONS):
                if not unit.denied and self.settled(unit.clause):
                    for key in anchors(unit, self.text):
                        sided.setdefault(key, {}).setdefault(side, unit)
        if any(_BOTH_SIDES & words for words in self.words.values()):
            return []
        return [
            Conflict(
                "self_contradiction",
                f"The response puts {key} on both sides.",
                self.text.clause_span(u["right"].clause),
            )
            for key, u in sided.items()
            if {"left", "right"} <= u.keys()
            and u["left"].clause != u["right"].clause
            and self._kind(key) == "diagnosis"
        ]

    def _kind(self, key: str) -> str:
        return self.text.by_key[key][0].concept.kind

    def _measured(self) -> dict[tuple[str, str], list[Quantity]]:
        things: dict[tuple[str, str], list[Quantity]] = {}
        for quantity in islice(self.text.quantities, 200):
            if quantity.of not in _OF_ONE_THING or self.words[quantity.clause] & _SEVERAL_DOSES:
                continue
            units = self.text.by_clause.get(quantity.clause, ())
            keys = {u.concept.key for u in units if u.concept.kind in _FINDINGS | {"drug", "test"}}
            if len(keys) == 1:
                things.setdefault((keys.pop(), quantity.of), []).append(quantity)
        return things

    def numbers(self) -> list[Conflict]:
        """Find things given two different numbers of one kind."""
        found = []
        for (key, _), given in self._measured().items():
            for one, other in combinations(given[:MOST_MENTIONS], 2):
                if one.clause != other.clause and not one.meets(other):
                    words = f"The response gives two different numbers for {key}."
                    found.append(Conflict("self_contradiction", words, self.text.clause_span(other.clause)))
                    break
        return found


def self_consistency(response: str) -> Reading:
    """Read whether the response contradicts itself: 1 if not, 0.25 for one contradiction, 0.1 for more."""
    if silent(response):
        return abstained("The response says nothing that could contradict itself.", "says_nothing")
    reader = _Reader(parse(response))
    found = [*reader.denials(), *reader.sides(), *reader.numbers()]
    if not found:
        return Reading(1.0, "No contradiction found within the response.")
    words = " ".join(dict.fromkeys(conflict.words for conflict in found[:3]))
    value = ONE if len(found) == 1 else SEVERAL
    return Reading(value, words, ("self_contradiction",), quotes(response, [c.span for c in found]))
