"""Where two texts contradict each other: denial, side, site, number, degree, main term, in plain words."""

from collections.abc import Collection
from itertools import islice

from judge_service.lexical.conflict import Conflict
from judge_service.lexical.coverage import BY_BROADER, Coverage, Credit
from judge_service.lexical.quantities import Quantity
from judge_service.lexical.text import Text, Unit
from judge_service.lexical.vocabulary import vocabulary

AXIS_FLAGS = {
    "side": "side_differs",
    "orientation": "site_differs",
    "severity": "severity_differs",
    "course": "course_differs",
    "direction": "direction_differs",
    "nature": "nature_differs",
    "cause": "nature_differs",
    "stroke": "nature_differs",
    "pattern": "nature_differs",
    "time": "timing_differs",
    "meal": "timing_differs",
    "daytime": "timing_differs",
    "action": "advice_differs",
    "route": "route_differs",
}
_COMPATIBLE = {
    frozenset(pair)
    for pair in (
        ("inferior", "basal"), ("superior", "apical"), ("distal", "inferior"), ("proximal", "superior"),
        ("mild", "moderate"), ("moderate", "severe"), ("anterior", "superior"), ("central", "medial"),
        ("peripheral", "lateral"), ("distal", "peripheral"), ("proximal", "central"), ("morning", "fasting"),
    )
}  # fmt: skip
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


def anchors(unit: Unit, text: Text) -> set[str]:
    """Return the keys a side or place word belongs to: what it stands next to, else its clause."""
    clause = text.by_clause[unit.clause]
    rivals = {
        u.concept.key for u in clause if u.concept.group == unit.concept.group and u.concept.kind == "axis"
    }
    others = [u for u in clause if u.concept.kind not in {"axis", "general"}]
    if len(rivals) == 1:
        return {u.concept.key for u in others}
    after = [u for u in others if 0 < u.first - unit.last <= NEAR][:1]
    before = [u for u in others if 0 < unit.first - u.last <= NEAR + 1][-1:]
    return {u.concept.key for u in (after or before)}


def _agree(one: str, other: str) -> bool:
    return one == other or frozenset((one, other)) in _COMPATIBLE


def _axis_units(text: Text, axis: str) -> list[Unit]:
    return [u for u in text.units if u.concept.kind == "axis" and u.concept.group == axis and not u.denied]


def _axis(axis: str, reference: Text, response: Text, *, anywhere: bool) -> Conflict | None:
    ours, theirs = _axis_units(reference, axis), _axis_units(response, axis)
    if not ours or not theirs:
        return None
    held = [(u, anchors(u, response)) for u in islice(theirs, FEW)]
    known = {u.concept.key for u in ours}
    for unit in islice(ours, FEW):
        mine = anchors(unit, reference)
        near = [u for u, keys in held if keys & mine]
        rivals = near or ([u for u, _ in held] if anywhere else [])
        if axis == "action" and any(u.concept.key in known for u in rivals):
            continue
        if rivals and not any(_agree(unit.concept.key, u.concept.key) for u in rivals):
            return _axis_conflict(axis, unit, rivals[0], response)
    return None


def _axis_conflict(axis: str, ours: Unit, theirs: Unit, response: Text) -> Conflict:
    name = {"orientation": "Site"}.get(axis, axis.capitalize())
    words = f"{name} differs: reference {ours.concept.key}, response {theirs.concept.key}."
    return Conflict(AXIS_FLAGS[axis], words, _span(theirs, response))


def axes(reference: Text, response: Text) -> list[Conflict]:
    """Find sides, places, degrees and the like that differ for the same thing."""
    found = [
        _axis(
            axis, reference, response, anywhere=axis in {"side", "orientation", "nature", "cause", "stroke"}
        )
        for axis in AXIS_FLAGS
    ]
    return [conflict for conflict in found if conflict is not None]


def _grouped(text: Text, kind: str) -> dict[str, dict[str, Unit]]:
    groups: dict[str, dict[str, Unit]] = {}
    for unit in text.units:
        if unit.concept.kind == kind and unit.concept.group and not unit.denied:
            groups.setdefault(unit.concept.group, {}).setdefault(unit.concept.key, unit)
    return groups


def sites(reference: Text, response: Text, covered: Coverage) -> list[Conflict]:
    """Find body sites of the reference the response lacks while it names another site of that sort."""
    missing = {c.key for c in covered.credits if c.kind == "site" and c.credit == 0.0}
    theirs = _grouped(response, "site")
    for group, ours in _grouped(reference, "site").items():
        lost = [key for key in ours if key in missing]
        new = [unit for key, unit in theirs.get(group, {}).items() if key not in ours]
        if lost and new:
            words = f"Site differs: reference {lost[0]}, response {new[0].concept.key}."
            return [Conflict("site_differs", words, _span(new[0], response))]
    return _regions(reference, response)


def _regions(reference: Text, response: Text) -> list[Conflict]:
    """Find a response that speaks only of another part of the body."""
    known = vocabulary().regions
    ours = {known[u.concept.key]: u for u in reference.units if u.concept.key in known and not u.denied}
    theirs = {known[u.concept.key]: u for u in response.units if u.concept.key in known and not u.denied}
    if not ours or not theirs or ours.keys() & theirs.keys():
        return []
    mine, other = next(iter(ours.values())), next(iter(theirs.values()))
    words = f"Site differs: reference {mine.concept.key}, response {other.concept.key}."
    return [Conflict("site_differs", words, _span(other, response))]


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
