"""Where two texts give one thing another side, direction, degree, cause or advice."""

from itertools import islice

from judge_service.lexical.conflict import Conflict
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
_NAMES = {
    "orientation": "Site", "stroke": "Type of stroke", "meal": "Timing with food", "daytime": "Time of day",
    "time": "Timing", "action": "Advice", "pattern": "Pattern of disease",
}  # fmt: skip
# A word on one of these axes may be said of the whole matter, with no word in common beside it.
_ANYWHERE = frozenset({"side", "nature", "cause", "stroke"})
_HEALTHY = frozenset({"normal", "intact", "stable", "resolution"})
_EFFECTS = frozenset({
    "explains", "explain", "explaining", "causes", "cause", "causing", "caused", "leads", "produces", "gives",
})  # fmt: skip
_OF_AILMENTS = frozenset({"course", "severity"})
_AFTERWARDS, _ON = frozenset({"the"}), frozenset({"on", "to", "towards"})  # "a haematoma on the left"
NEAR = 3
FEW = 40  # what is compared of a very long text


def parted(one: Unit, other: Unit, text: Text) -> bool:
    """Tell whether a word of cause stands between two mentions, so that one is not where the other is."""
    first, last = sorted((one.first, other.first))
    return any(t.word in _EFFECTS for t in text.tokens[first:last])


def _next_ailment(unit: Unit, others: list[Unit]) -> set[str]:
    """Return the disease right behind a word such as "chronic", which is then said of it alone."""
    return {u.concept.key for u in others if u.first - unit.last == 1 and u.concept.kind == "diagnosis"}


def anchors(unit: Unit, text: Text) -> set[str]:
    """Return the keys a side or place word belongs to: what it stands next to, else its clause."""
    clause = text.by_clause[unit.clause]
    rivals = {
        u.concept.key for u in clause if u.concept.group == unit.concept.group and u.concept.kind == "axis"
    }
    others = [u for u in clause if u.concept.kind not in {"axis", "general"} and not parted(u, unit, text)]
    ailment = _next_ailment(unit, others)
    if ailment and unit.concept.group in _OF_AILMENTS:
        return ailment
    if len(rivals) == 1:
        return {u.concept.key for u in others}
    after = [u for u in others if 0 < u.first - unit.last <= NEAR][:1]
    if after and after[0].concept.kind in {"site", "anatomy"}:
        after += [u for u in others if u.first - after[0].last == 1]
    before = [u for u in others if 0 < unit.first - u.last <= NEAR + 1][-1:]
    lead = {t.word for t in text.tokens[max(0, unit.first - 2) : unit.first]}
    chosen = (before or after) if lead >= _AFTERWARDS and lead & _ON else (after or before)
    return {u.concept.key for u in chosen}


def _agree(one: str, other: str) -> bool:
    return one == other or frozenset((one, other)) in _COMPATIBLE


def _axis_units(text: Text, axis: str) -> list[Unit]:
    return [u for u in text.units if u.concept.kind == "axis" and u.concept.group == axis and not u.denied]


def _ill(unit: Unit, text: Text) -> set[str]:
    """Return the findings that the clause of this word affirms."""
    return {u.concept.key for u in text.by_clause[unit.clause] if _is_ill(u) and not parted(u, unit, text)}


def _is_ill(unit: Unit) -> bool:
    concept = unit.concept
    return concept.kind in {"diagnosis", "finding"} and not unit.denied and concept.key not in _HEALTHY


def _regions(unit: Unit, text: Text) -> set[str]:
    known = vocabulary().regions
    return {known[u.concept.key] for u in text.by_clause[unit.clause] if u.concept.key in known}


def _same_matter(ours: Unit, theirs: Unit, reference: Text, response: Text) -> bool:
    """Tell whether both words can be of one thing: of ill parts or of healthy ones, and not far apart."""
    if bool(_ill(ours, reference)) != bool(_ill(theirs, response)):
        return False
    mine, other = _regions(ours, reference), _regions(theirs, response)
    return not mine or not other or bool(mine & other)


def _axis_conflict(axis: str, ours: Unit, theirs: Unit, response: Text) -> Conflict:
    name = _NAMES.get(axis, axis.capitalize())
    words = f"{name} differs: reference {ours.concept.key}, response {theirs.concept.key}."
    return Conflict(AXIS_FLAGS[axis], words, response.clause_span(theirs.clause))


class _Axis:
    """The words of one axis in two texts, and which of them are of the same thing."""

    def __init__(self, axis: str, reference: Text, response: Text) -> None:
        self.axis, self.reference, self.response = axis, reference, response
        self.ours, self.theirs = _axis_units(reference, axis), _axis_units(response, axis)
        held = islice(self.theirs, FEW) if self.ours else ()
        self.held = [(u, anchors(u, response)) for u in held]
        self.known = {u.concept.key for u in self.ours}

    def rivals(self, unit: Unit) -> list[Unit]:
        """Return the words the response has for the thing this word of the reference is of."""
        mine = anchors(unit, self.reference)
        near = [u for u, keys in self.held if self._shared(unit, u, keys & mine)]
        if near or self.axis not in _ANYWHERE or len(self.known) > 1:
            return near
        spoken = {u.concept.key for u in self.response.units if u.concept.group == self.axis}
        if unit.concept.key in spoken:
            return []
        return [u for u in self.theirs[:FEW] if _same_matter(unit, u, self.reference, self.response)]

    def _shared(self, ours: Unit, theirs: Unit, keys: set[str]) -> bool:
        """Tell whether the keys two words share show that both are of one thing."""
        if not keys:
            return False
        mine, other = _ill(ours, self.reference), _ill(theirs, self.response)
        shared = keys & mine
        if len(self.known) > 1 and not shared and mine and other and not mine & other:
            return False
        return bool(shared) or _same_matter(ours, theirs, self.reference, self.response)

    def conflict(self) -> Conflict | None:
        """Return the first word of the reference that the response replaces by a different one."""
        for unit in islice(self.ours, FEW):
            rivals = self.rivals(unit)
            if self.axis == "action" and any(u.concept.key in self.known for u in rivals):
                continue
            if rivals and not any(_agree(unit.concept.key, u.concept.key) for u in rivals):
                return _axis_conflict(self.axis, unit, rivals[0], self.response)
        return None


def axes(reference: Text, response: Text) -> list[Conflict]:
    """Find sides, places, degrees and the like that differ for the same thing."""
    found = [_Axis(axis, reference, response).conflict() for axis in AXIS_FLAGS]
    return [conflict for conflict in found if conflict is not None]
