"""How much of one text's content another text carries: exact, by parts, by broader or narrower idea."""

from dataclasses import dataclass
from itertools import islice

from judge_service.lexical.quantities import Quantity
from judge_service.lexical.text import Text, Unit

BY_PARTS, BY_NARROWER, BY_WHOLE, BY_BROADER, BY_SPELLING, BY_HINT = 0.9, 0.85, 0.75, 0.6, 0.7, 0.5
_SPOKEN_AXES = frozenset({"cause", "nature", "stroke", "pattern", "action"})
NUMBER_WEIGHT = 1.0
PREFIX = 5
LENGTHS_APART = 3
MOST_NUMBERS = 100
KEY_WEIGHT, FOUND = 0.6, 0.5


@dataclass(slots=True)
class Credit:
    """What one distinct idea or quantity of a text earned from the other text."""

    key: str
    kind: str
    weight: float
    credit: float
    opposed: bool
    unit: Unit | None = None


@dataclass(slots=True)
class Coverage:
    """The credits of a text's distinct ideas and quantities."""

    credits: list[Credit]

    def share(self) -> float:
        """Return the weighted share covered, 0 to 1; 0 without content."""
        total = sum(c.weight for c in self.credits)
        return sum(c.weight * c.credit for c in self.credits) / total if total else 0.0

    def mentioned(self) -> float:
        """Return the weighted share spoken of at all, whether affirmed or denied."""
        total = sum(c.weight for c in self.credits)
        return (
            sum(c.weight * (1.0 if c.opposed else c.credit) for c in self.credits) / total if total else 0.0
        )

    def terms(self) -> tuple[int, int]:
        """Return how many key terms were found and how many there are."""
        keys = [c for c in self.credits if c.weight >= KEY_WEIGHT]
        return sum(c.credit >= FOUND for c in keys), len(keys)


def _unspoken(unit: Unit) -> bool:
    """Tell whether denying a clause leaves this idea of it alone, as with a side or a place."""
    kind = unit.concept.kind
    return kind in {"site", "anatomy"} or (kind == "axis" and unit.concept.group not in _SPOKEN_AXES)


class Offer:
    """What a text offers to cover another: its keys, their parts and broader ideas, each with denials."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.soft: dict[str, tuple[float, bool]] = {}
        self.spellings: dict[str, list[str]] = {}
        for key, units in text.by_key.items():
            denied = all(unit.denied for unit in units)
            concept = units[0].concept
            for broader in concept.broader:
                self._put(broader, BY_NARROWER, denied)
            for parts in concept.parts:
                for part in parts:
                    self._put(part, BY_WHOLE, denied)
            for hint in concept.hints:
                self._put(hint, BY_HINT, denied)
            if concept.kind == "word" and len(key) >= PREFIX:
                self.spellings.setdefault(key[:PREFIX], []).append(key)

    def _put(self, key: str, credit: float, denied: bool) -> None:
        if key not in self.soft or self.soft[key][0] < credit:
            self.soft[key] = (credit, denied)

    def _in_parts(self, unit: Unit) -> float:
        for parts in unit.concept.parts:
            if not all(part in self.text.by_key for part in parts):
                continue
            places = [
                {u.sentence for u in self.text.by_key[part] if u.denied == unit.denied} for part in parts
            ]
            if set.intersection(*places):
                return BY_PARTS
        return 0.0

    def _nearly(self, unit: Unit) -> float:
        key = unit.concept.key
        if unit.concept.kind != "word" or len(key) < PREFIX:
            return 0.0
        near = self.spellings.get(key[:PREFIX], ())
        return BY_SPELLING if any(abs(len(other) - len(key)) <= LENGTHS_APART for other in near) else 0.0

    def _places(self, unit: Unit) -> set[str]:
        clause = self.text.by_clause[unit.clause]
        return {u.concept.key for u in clause if u.concept.kind in {"site", "anatomy"}}

    def credit(self, unit: Unit, places: set[str]) -> tuple[float, bool]:
        """Return the credit for one idea and whether the text says its opposite at one of the places."""
        same = self.text.by_key.get(unit.concept.key)
        if same is not None:
            if _unspoken(unit) or any(u.denied == unit.denied for u in same):
                return 1.0, False
            kinder = self.soft.get(unit.concept.key)
            if kinder is not None and kinder[1] == unit.denied:
                return kinder[0], False
            return 0.0, any(self._places(u) <= places for u in same)
        soft = self.soft.get(unit.concept.key)
        if soft is not None:
            return (soft[0], False) if soft[1] == unit.denied else (0.0, False)
        for broader in (*unit.concept.broader, *unit.concept.hints):
            if any(u.denied == unit.denied for u in self.text.by_key.get(broader, ())):
                return BY_BROADER, False
        return max(self._in_parts(unit), self._nearly(unit)), False

    def number(self, quantity: Quantity) -> float:
        """Return 1 when the text gives the same quantity, 0.7 when it gives the number of something else."""
        same = [q for q in islice(self.text.quantities, MOST_NUMBERS) if q.meets(quantity)]
        if any(q.of == quantity.of for q in same):
            return 1.0
        counts = [q for q in same if q.of.startswith("count") or quantity.of.startswith("count")]
        return 0.7 if counts else 0.0


def _known_places(text: Text) -> set[str]:
    """Return the places the text names, in words of their own or within a term."""
    named = set(text.by_key)
    for units in text.by_key.values():
        named |= units[0].concept.hints.union(*units[0].concept.parts)
    return named


def _distinct(text: Text) -> list[Unit]:
    """Return the first mention of each idea as affirmed and of each as denied."""
    first: dict[tuple[str, bool], Unit] = {}
    for unit in text.units:
        first.setdefault((unit.concept.key, unit.denied), unit)
    return list(first.values())


def coverage(of: Text, by: Offer) -> Coverage:
    """Return what the offer covers of the text's distinct ideas and quantities."""
    earned: list[Credit] = []
    mixed = {key for key, units in of.by_key.items() if len({u.denied for u in units}) > 1}
    places = _known_places(of)
    for unit in _distinct(of):
        share, opposed = by.credit(unit, places)
        if opposed and unit.concept.key in mixed:
            share, opposed = 1.0, False
        earned.append(Credit(unit.concept.key, unit.concept.kind, unit.concept.weight, share, opposed, unit))
    earned.extend(
        Credit(quantity.of, "number", NUMBER_WEIGHT, by.number(quantity), opposed=False)
        for quantity in islice(of.quantities, MOST_NUMBERS)
        if quantity.of != "count "
    )
    return Coverage(earned)
