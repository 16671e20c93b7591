"""Two values a text gives to one thing: sides, opposite natures, sizes, doses, ages."""

from collections.abc import Iterator
from itertools import islice

from judge_service.lexical.axes import anchors
from judge_service.lexical.conflict import Conflict
from judge_service.lexical.contradiction import FLAG, MOST_MENTIONS, NEAR, two_places
from judge_service.lexical.mentions import Mentions, beside
from judge_service.lexical.quantities import Quantity
from judge_service.lexical.text import Unit

MOST_NUMBERS = 60
YEAR = 8760.0

_LESIONS = frozenset({
    "consolidation", "nodule", "mass", "tumour", "lesion", "cyst", "effusion", "haematoma", "clot",
    "stenosis", "occlusion", "cavity", "calcification", "ground glass", "bleeding", "ulcer", "abscess",
    "foreign body", "stone", "polyp", "open wound", "blister", "plaque", "papule", "lucency", "aneurysm",
    "infection", "inflammation",
})  # fmt: skip
_SEVERAL = frozenset({
    "both", "bilateral", "bilaterally", "contralateral", "opposite", "second", "other", "also", "another",
    "several", "multiple", "each", "respectively", "either", "smaller", "larger",
})  # fmt: skip
_OPPOSITES = {
    "nature": {"benign", "malignant"},
    "course": {"acute", "chronic"},
    "severity": {"mild", "severe"},
    "cause": {"bacterial", "viral"},
}
_CHANGING = frozenset({
    "on", "can", "could", "may", "might", "become", "change", "if", "possible", "or", "than",
})  # fmt: skip
_SIZES = frozenset({"length", "volume", "percent", "temperature", "temperaturec", "pressure"})
_DOSES = frozenset({"mass", "units", "mass/kg"})
_NOT_ONE_VALUE = frozenset({
    "from", "above", "below", "within", "margin", "margins", "apart", "away", "or", "than", "under", "over",
    "between", "less", "up", "x", "by", "was", "were", "normal", "limit", "expected", "reference", "proximal",
})  # fmt: skip
_SEVERAL_DOSES = frozenset({
    "maximum", "max", "up", "then", "initial", "loading", "increase", "increased", "reduce", "reduced", "or",
    "adults", "over", "under", "between", "was", "tablet", "tablets", "capsules", "total", "start", "titrate",
    "night", "morning", "evening", "maintenance", "than", "instead", "contain", "contains",
})  # fmt: skip
_TRAITS = {
    "length": "length", "long": "length", "width": "width", "wide": "width", "diameter": "width",
    "across": "width", "calibre": "width", "thick": "thickness", "thickness": "thickness",
    "depth": "depth", "deep": "depth", "height": "height", "high": "height",
}  # fmt: skip


def _lesion(unit: Unit) -> bool:
    return unit.concept.kind == "diagnosis" or unit.concept.key in _LESIONS


def _single(at: Mentions, key: str) -> bool:
    """Tell whether the text speaks of one thing of this kind."""
    return not any(at.plural(u) for u in islice(at.text.by_key[key], MOST_MENTIONS))


def _sided(at: Mentions) -> dict[str, list[tuple[Unit, Unit]]]:
    """Return, for each lesion, its mentions with the side each is given."""
    found: dict[str, list[tuple[Unit, Unit]]] = {}
    for side in at.text.units:
        if side.concept.key not in {"left", "right"} or side.denied or _toward(at, side):
            continue
        keys = anchors(side, at.text)
        for unit in at.text.by_clause[side.clause]:
            if unit.concept.key in keys and _lesion(unit) and not unit.denied and at.firm(unit):
                found.setdefault(unit.concept.key, []).append((unit, side))
    return found


def _toward(at: Mentions, side: Unit) -> bool:
    """Tell whether the side is a direction ("shifts to the left")."""
    before = [t.word for t in at.text.tokens[max(0, side.first - 2) : side.first]]
    return "to" in before or "towards" in before or "toward" in before


def _within(at: Mentions, unit: Unit, side: Unit) -> bool:
    """Tell whether the side stands between "the" and the noun, as where two are told apart."""
    return side.first < unit.first and at.determiner(unit) == "the" == at.determiner(side)


def _elsewhere(at: Mentions, one: tuple[Unit, Unit], other: tuple[Unit, Unit]) -> bool:
    """Tell whether a later mention takes up the same lesion but puts it on the other side."""
    if one[1].concept.key == other[1].concept.key or one[0].sentence == other[0].sentence:
        return False
    return at.known(other[0]) and not (_within(at, *one) and _within(at, *other))


def sides(at: Mentions) -> list[Conflict]:
    """Find one lesion that is put on the left in one sentence and on the right in another."""
    if any(_SEVERAL & words for words in at.words.values()):
        return []
    found = []
    for key, mentions in _sided(at).items():
        if not _single(at, key):
            continue
        (first, side), *later = mentions[:MOST_MENTIONS]
        rival = next((m for m in later if _elsewhere(at, (first, side), m)), None)
        if rival is not None:
            where = f"on the {side.concept.key} and on the {rival[1].concept.key}"
            found.append(two_places(at, first, rival[0], f"The response puts the same {key} {where}."))
    return found


def _qualified(at: Mentions, group: str) -> Iterator[tuple[str, Unit, Unit]]:
    """Yield each lesion beside a word of this group: its key, its mention and the word."""
    for word in at.text.units:
        if word.concept.group != group or word.denied or word.sentence in at.apart:
            continue
        if at.words[word.clause] & _CHANGING:
            continue
        for unit in at.text.by_clause[word.clause]:
            near = word.first - unit.last <= NEAR and unit.first - word.last <= NEAR - 1
            if near and _lesion(unit) and not unit.denied:
                yield unit.concept.key, unit, word


def natures(at: Mentions) -> list[Conflict]:
    """Find one lesion that is called benign and malignant, acute and chronic, or mild and severe."""
    if any(_SEVERAL & words for words in at.words.values()):
        return []
    found = []
    for group, pair in _OPPOSITES.items():
        first: dict[str, tuple[Unit, Unit]] = {}
        for key, unit, word in _qualified(at, group):
            before = first.setdefault(key, (unit, word))
            names = {before[1].concept.key, word.concept.key}
            if names == pair and _one_thing(at, before[0], unit):
                words = f"The response calls the same {key} {before[1].concept.key} and {word.concept.key}."
                found.append(two_places(at, before[0], unit, words))
                break
    return found


def _one_thing(at: Mentions, one: Unit, other: Unit) -> bool:
    """Tell whether a later mention takes up the thing of an earlier one."""
    if one.sentence == other.sentence or not at.known(other) or not _single(at, one.concept.key):
        return False
    return beside(at.places(one), at.places(other), known=True)


def _trait(words: set[str]) -> set[str]:
    return {_TRAITS[w] for w in words if w in _TRAITS}


class Numbers:
    """Finds things given two different numbers."""

    def __init__(self, at: Mentions) -> None:
        self.at = at
        self.given: dict[tuple[str, str], list[tuple[Quantity, Unit]]] = {}
        for quantity in islice(at.text.quantities, MOST_NUMBERS):
            for unit in self._things(quantity):
                self.given.setdefault((unit.concept.key, quantity.of), []).append((quantity, unit))

    def _things(self, quantity: Quantity) -> list[Unit]:
        """Return what the number can belong to: a lesion first, else an organ, a drug or the size itself."""
        units, words = self.at.text.by_clause.get(quantity.clause, []), self.at.words[quantity.clause]
        if not units or units[0].sentence in self.at.apart:
            return []
        if quantity.of in _DOSES:
            drugs = [u for u in units if u.concept.kind == "drug" and not u.denied]
            return drugs if len({u.concept.key for u in drugs}) == 1 and not words & _SEVERAL_DOSES else []
        if words & (_NOT_ONE_VALUE - {"normal"} if "and" in words else _NOT_ONE_VALUE):
            return []
        if quantity.of.startswith("value "):
            root = quantity.of.removeprefix("value ")
            return [u for u in units if self.at.text.tokens[u.last].root == root]
        return self._measured(units, tested=quantity.of != "length") if quantity.of in _SIZES else []

    @staticmethod
    def _measured(units: list[Unit], *, tested: bool) -> list[Unit]:
        for fits in (_is_test, _lesion, _is_organ, _is_size) if tested else (_lesion, _is_organ, _is_size):
            found = [u for u in units if fits(u) and not u.denied]
            if found:
                return found + [u for u in units if _is_size(u) and u not in found]
        return []

    def _differ(self, one: tuple[Quantity, Unit], other: tuple[Quantity, Unit]) -> bool:
        (mine, unit), (theirs, again) = one, other
        if mine.meets(theirs) or unit.sentence == again.sentence:
            return False
        known = self.at.known(again)
        if not known or not _single(self.at, unit.concept.key):
            return False
        traits = _trait(self.at.words[unit.clause]), _trait(self.at.words[again.clause])
        if all(traits) and not traits[0] & traits[1]:
            return False
        return beside(self.at.places(unit), self.at.places(again), known=unit.concept.kind != "site")

    def found(self) -> list[Conflict]:
        """Return things given two different numbers of one kind."""
        if any({"another", "second", "other", "respectively"} & words for words in self.at.words.values()):
            return []
        for (key, _), given in self.given.items():
            for nth, later in enumerate(given[1:MOST_MENTIONS], 1):
                if all(self._differ(earlier, later) for earlier in given[:nth]):
                    words = f"two different numbers for {key}: {self._both(given[0], later)}"
                    return [two_places(self.at, given[0][1], later[1], f"The response gives {words}.")]
        return []

    def _both(self, one: tuple[Quantity, Unit], other: tuple[Quantity, Unit]) -> str:
        return " and ".join(self.at.text.written(q) for q, _ in (one, other))


def _is_test(unit: Unit) -> bool:
    return unit.concept.kind == "test"


def _is_organ(unit: Unit) -> bool:
    return unit.concept.kind in {"site", "anatomy", "test"}


def _is_size(unit: Unit) -> bool:
    return unit.concept.key == "size"


def _age(at: Mentions, quantity: Quantity) -> bool:
    """Tell whether a number of years is the age of the one person the text is about."""
    tokens, words = at.text.tokens, at.words[quantity.clause]
    if tokens[quantity.first].sentence in at.apart or words & _NOT_ONE_VALUE:
        return False
    after = [t.word for t in tokens[quantity.last + 1 : quantity.last + 3] if t.word != "-"]
    person = words & {"woman", "man", "girl", "boy", "lady", "gentleman"}
    before = tokens[quantity.first - 1].word if quantity.first else ""
    said = "old" in after or "age" in after or before == "aged" or (before == "of" and bool(person))
    said = said and before not in {"for", "since", "in", "every", "past", "last", "within"}
    return said and quantity.of == "duration" and quantity.low % YEAR == 0


def ages(at: Mentions) -> list[Conflict]:
    """Find two ages given to the same person."""
    given = [q for q in islice(at.text.quantities, MOST_NUMBERS) if _age(at, q)]
    for other in given[1:]:
        if not other.meets(given[0]):
            said = f"{at.text.written(given[0])} and {at.text.written(other)}"
            spans = at.text.clause_span(other.clause), at.text.clause_span(given[0].clause)
            return [Conflict(FLAG, f"The response gives two different ages: {said}.", *spans)]
    return []
