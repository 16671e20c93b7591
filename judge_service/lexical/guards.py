"""Where two texts contradict each other: denial, side, site, number, degree, main term, in plain words."""

from collections.abc import Collection
from itertools import islice

from judge_service.lexical.conflict import Conflict
from judge_service.lexical.coverage import BY_BROADER, Coverage, Credit
from judge_service.lexical.quantities import Quantity
from judge_service.lexical.text import Text, Unit

_OPPOSABLE = frozenset(
    {"diagnosis", "drug", "finding", "treatment", "organism", "test", "word", "general", "axis"}
)
_HEADS = frozenset({"diagnosis", "drug", "organism"})
_LOUD_GENERAL = frozenset(
    {
        "need",
        "recommend",
        "cause",
        "cure",
        "prevent",
        "improve",
        "worsen",
        "common",
        "treat",
        "take",
        "contact",
    }
)
_INTERVALS = frozenset({"duration", "frequency", "times"})
NEAR = 3
FEW, MANY = 40, 200  # what is compared of a very long text
DENIAL_WEIGHT = 0.9
DENIAL_SHARE = 0.12


def _span(unit: Unit, text: Text) -> tuple[int, int]:
    return text.clause_span(unit.clause)


def _loud(credit: Credit, covered: Coverage, response: Text) -> bool:
    """Tell whether a denied general word (need, recommend) is denied of what the reference says it of."""
    if credit.kind != "general":
        return True
    if credit.key not in _LOUD_GENERAL or credit.unit is None:
        return False
    said = response.by_clause[response.by_key[credit.key][0].clause]
    keys = {unit.concept.key for unit in said} - {credit.key}
    beside = {c.key for c in covered.credits if c.unit and c.unit.clause == credit.unit.clause} - {credit.key}
    return len(keys & beside) >= max(1, len(keys) // 2)


def denial(covered: Coverage, response: Text) -> list[Conflict]:
    """Find ideas that one text affirms and the other denies."""
    opposed = [
        c for c in covered.credits if c.opposed and c.kind in _OPPOSABLE and _loud(c, covered, response)
    ]
    weight = sum(DENIAL_WEIGHT if c.kind == "general" else c.weight for c in opposed)
    total = sum(c.weight for c in covered.credits)
    if not opposed or (weight < DENIAL_WEIGHT and weight < DENIAL_SHARE * total):
        return []
    main = max(opposed, key=lambda c: c.weight)
    said, meant = ("affirms", "denies") if main.unit and main.unit.denied else ("denies", "affirms")
    words = f"The response {said} {main.key}, which the reference {meant}."
    return [Conflict("negation_differs", words, _span(response.by_key[main.key][0], response))]


def _drugs(quantity: Quantity, text: Text) -> set[str]:
    return {u.concept.key for u in text.by_clause.get(quantity.clause, ()) if u.concept.kind == "drug"}


def _may_be(mine: set[str], theirs: set[str]) -> bool:
    return not mine or not theirs or bool(mine & theirs)


def _replaces(theirs: Quantity, ours: Quantity, reference: Text) -> bool:
    """Tell whether the response's value is new: a number not in the reference, or in another unit."""
    if any(theirs.meets(r) for r in islice(reference.quantities, FEW) if r.of == theirs.of):
        return False
    alike = _INTERVALS if ours.of in _INTERVALS else {ours.of}
    written = frozenset[float]().union(
        *(r.written for r in islice(reference.quantities, FEW) if r.of in alike)
    )
    return not theirs.written <= written or theirs.written == ours.written or not theirs.written


def numbers(reference: Text, response: Text) -> list[Conflict]:
    """Find quantities of the reference the response lacks while it gives another value of that kind."""
    for ours in islice(reference.quantities, FEW):
        same = [q for q in islice(response.quantities, MANY) if q.of == ours.of and q.of != "count "]
        if not same or any(q.meets(ours) for q in same):
            continue
        mine = _drugs(ours, reference)
        new = [q for q in same if _replaces(q, ours, reference) and _may_be(mine, _drugs(q, response))]
        if new:
            said, meant = response.written(new[0]), reference.written(ours)
            span = (response.tokens[new[0].first].start, response.tokens[new[0].last].end)
            return [Conflict("number_differs", f"Number differs: reference {meant}, response {said}.", span)]
    return []


def _affirmed(covered: Coverage, kinds: Collection[str]) -> list[tuple[Credit, Unit]]:
    return [(c, c.unit) for c in covered.credits if c.unit and c.kind in kinds and not c.unit.denied]


def main_term(response: Text, covered: Coverage, back: Coverage) -> list[Conflict]:
    """Find a main diagnosis, drug or organism of the reference that another one has replaced."""
    heads = [c for c, _ in _affirmed(covered, _HEADS)]
    if not heads or max(c.credit for c in heads) > 0:
        return []
    new = [(c, unit) for c, unit in _affirmed(back, {c.kind for c in heads}) if not (c.credit or c.opposed)]
    if not new:
        return []
    words = f"Main term differs: reference {heads[0].key}, response {new[0][0].key}."
    return [Conflict("main_term_differs", words, _span(new[0][1], response))]


def variant(covered: Coverage, back: Coverage) -> list[Conflict]:
    """Find a variant of a disease or drug replaced by a sister of it, as type 1 by type 2."""
    new = {b: u for c, u in _affirmed(back, _HEADS) if c.credit <= BY_BROADER for b in u.concept.broader}
    for credit, unit in _affirmed(covered, _HEADS):
        rival = next((new[b] for b in unit.concept.broader if b in new), None)
        if rival is not None and credit.credit <= BY_BROADER:
            words = f"Variant differs: reference {credit.key}, response {rival.concept.key}."
            return [Conflict("variant_differs", words, (rival.start, rival.end))]
    return []


def denied_by_normality(reference: Text, response: Text, covered: Coverage) -> list[Conflict]:
    """Find a response that calls things normal where the reference names only what is abnormal."""
    ours = any(not u.denied for u in reference.by_key.get("normal", ()))
    theirs = [u for u in response.by_key.get("normal", ()) if not u.denied]
    ill = [c for c, _ in _affirmed(covered, {"diagnosis", "finding"}) if c.key != "normal"]
    if ours or not theirs or not ill or max(c.credit for c in ill) > 0:
        return []
    words = f"The response calls things normal where the reference names {ill[0].key}."
    return [Conflict("negation_differs", words, _span(theirs[0], response))]
