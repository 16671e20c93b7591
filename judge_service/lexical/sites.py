"""Where two texts put one finding in different parts of the body."""

from itertools import product

from judge_service.lexical.axes import parted
from judge_service.lexical.conflict import Conflict
from judge_service.lexical.coverage import Coverage
from judge_service.lexical.text import Text, Unit
from judge_service.lexical.vocabulary import vocabulary

FEW = 12
_CARRIED = frozenset({"diagnosis", "finding", "treatment", "test", "organism", "word"})
_HEALTHY = frozenset({"normal", "intact", "stable", "resolution"})


def _grouped(text: Text, kind: str) -> dict[str, dict[str, Unit]]:
    groups: dict[str, dict[str, Unit]] = {}
    for unit in text.units:
        if unit.concept.kind == kind and unit.concept.group and not unit.denied:
            groups.setdefault(unit.concept.group, {}).setdefault(unit.concept.key, unit)
    return groups


def _carried(unit: Unit, text: Text) -> set[str]:
    """Return what a site's clause says is there: findings, diagnoses, procedures, unlisted words."""
    held = [u for u in text.by_clause[unit.clause] if u.concept.kind in _CARRIED and not u.denied]
    held = [u for u in held if not parted(u, unit, text)]
    keys = {u.concept.key for u in held if u.concept.key not in _HEALTHY}
    return keys.union(*(u.concept.broader for u in held))


def _same_thing(ours: Unit, theirs: Unit, reference: Text, response: Text) -> bool:
    return bool(_carried(ours, reference) & _carried(theirs, response))


def sites(reference: Text, response: Text, covered: Coverage) -> list[Conflict]:
    """Find a site of the reference the response lacks while it puts the same finding at another."""
    missing = {c.key for c in covered.credits if c.kind == "site" and c.credit == 0.0}
    theirs = _grouped(response, "site")
    for group, ours in _grouped(reference, "site").items():
        lost = [unit for key, unit in ours.items() if key in missing]
        new = [unit for key, unit in theirs.get(group, {}).items() if key not in ours]
        for mine, other in product(lost[:FEW], new[:FEW]):
            if _same_thing(mine, other, reference, response):
                return [_conflict(mine, other, response)]
    return _regions(reference, response)


def _regions(reference: Text, response: Text) -> list[Conflict]:
    """Find a response that puts the same finding in another part of the body alone."""
    known = vocabulary().regions
    ours = {known[u.concept.key]: u for u in reference.units if u.concept.key in known and not u.denied}
    theirs = {known[u.concept.key]: u for u in response.units if u.concept.key in known and not u.denied}
    if not ours or not theirs or ours.keys() & theirs.keys():
        return []
    for mine, other in product(ours.values(), theirs.values()):
        if _same_thing(mine, other, reference, response):
            return [_conflict(mine, other, response)]
    return []


def _conflict(mine: Unit, other: Unit, response: Text) -> Conflict:
    words = f"Site differs: reference {mine.concept.key}, response {other.concept.key}."
    return Conflict("site_differs", words, response.clause_span(other.clause))
