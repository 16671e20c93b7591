"""What one text affirms here and denies there: findings, the health of an organ, advice on a drug."""

from collections.abc import Collection, Iterator
from itertools import combinations, islice

from judge_service.lexical.conflict import Conflict
from judge_service.lexical.coverage import Coverage
from judge_service.lexical.mentions import Mentions, beside
from judge_service.lexical.text import Text, Unit

FLAG = "self_contradiction"
MOST_MENTIONS = 12
NEAR = 4

_FINDINGS = frozenset({"diagnosis", "finding", "organism"})
# Too general to be one thing: two sentences may well speak of two of them.
_VAGUE = frozenset({
    "normal", "intact", "risk", "symptom", "complication", "side effect", "trauma", "safe", "stable",
    "positive", "death", "failure", "resolution", "spread", "midline", "lesion", "viable", "dysfunction",
    "pain", "enhancement", "withdrawal", "contagious", "relapse", "tolerance", "resistance",
})  # fmt: skip
_SIZES = frozenset({"enlarged", "dilated", "atrophy", "compression", "stenosis"})
_SIZE_WORDS = frozenset({"size", "sized", "calibre", "caliber", "width", "diameter"})
_PARTLY = frozenset({
    "otherwise", "other", "others", "remaining", "rest", "apart", "except", "elsewhere", "position",
    "alignment", "aligned", "shape", "contour", "contours", "colour", "color", "function", "functions",
    "course", "flow", "signal", "pressure", "movement", "movements", "sounds", "limits", "development",
})  # fmt: skip
_HEALTHY = frozenset({"normal", "intact"})
_LUNG_SHADOWS = frozenset({"consolidation", "pneumonia", "ground glass", "pulmonary oedema", "atelectasis"})
_DEGREES = frozenset({"course", "severity", "nature", "cause"})
_LOOSE = frozenset({"of", "in", "is", "and", "with", "the"})
_ORDERS = frozenset({"take", "give", "start", "use", "prescribe", "continue", "begin"})
_BOUNDED = frozenset({
    "more", "longer", "with", "on", "together", "alone", "yourself", "double", "extra", "stop", "stopping",
    "forget", "skip", "without", "than", "crush", "chew", "suddenly", "yet",
})  # fmt: skip


def _families(unit: Unit) -> set[str]:
    """Return the more general ideas a mention also speaks of (pleural effusion: effusion)."""
    return set(unit.concept.broader).union(*unit.concept.parts)


class Denials:
    """Finds what is both affirmed and denied."""

    def __init__(self, mentions: Mentions, only: Collection[str] | None = None) -> None:
        self.at = mentions
        asked = (u for u in mentions.text.units if only is None or u.concept.key in only)
        self.units = [u for u in asked if self._countable(u)]

    def _countable(self, unit: Unit) -> bool:
        if unit.concept.key in _VAGUE or self.at.describes(unit):
            return False
        kind = unit.concept.kind
        return kind in _FINDINGS or (kind == "treatment" and (unit.denied or self.at.possessed(unit)))

    def _pairs(self) -> Iterator[tuple[Unit, Unit]]:
        by_key: dict[str, list[Unit]] = {}
        for unit in self.units:
            for key in {unit.concept.key, *_families(unit)}:
                by_key.setdefault(key, []).append(unit)
        for key, units in by_key.items():
            few = list(islice(units, MOST_MENTIONS))
            for one, other in combinations(few, 2):
                if one.denied != other.denied and key in {one.concept.key, other.concept.key}:
                    yield one, other

    def _opposed(self, one: Unit, other: Unit) -> bool:
        """Tell whether the later mention says the opposite of the earlier one, of the same thing."""
        if one.clause == other.clause or not (self.at.firm(one) and self.at.firm(other)):
            return False
        known = self.at.known(other) and one.sentence != other.sentence
        loose = one.concept.key != other.concept.key or "treatment" in (one.concept.kind, other.concept.kind)
        past = "history" in self.at.words[one.clause] | self.at.words[other.clause]
        if (loose or past) and not known:
            return False
        if not self._same_degree(one, other):
            return False
        return beside(self.at.places(one), self.at.places(other), known=known)

    def _same_degree(self, one: Unit, other: Unit) -> bool:
        """Tell whether a denial reaches the other mention: "no acute bleeding" leaves an old bleed open."""
        denied, affirmed = (one, other) if one.denied else (other, one)
        beside_it = self.at.text.by_clause[denied.clause]
        degrees = {
            u.concept.key for u in beside_it if u.concept.group in _DEGREES and u.last + 1 == denied.first
        }
        return degrees <= {u.concept.key for u in self.at.text.by_clause[affirmed.clause]}

    def _in_parts(self, unit: Unit) -> Unit | None:
        """Return the denial of a finding in other words, as of "ST elevation" in "ST is not elevated"."""
        for parts in unit.concept.parts:
            for part in islice(self.at.text.by_key.get(next(iter(parts)), ()), MOST_MENTIONS):
                held = {u.concept.key: u for u in self.at.text.by_clause[part.clause]}
                denied = next((held[key] for key in parts if key in held and held[key].denied), None)
                apart = part.sentence == unit.sentence or part.sentence in self.at.apart
                if denied is not None and parts <= held.keys() and not apart:
                    return denied
        return None

    def spelt_out(self) -> list[Conflict]:
        """Return findings taken for granted in one sentence and denied in other words in another."""
        for unit in self.units:
            if unit.denied or not (self.at.known(unit) and self.at.firm(unit)):
                continue
            denied = self._in_parts(unit)
            if denied is not None and beside(self.at.places(denied), self.at.places(unit), known=True):
                words = f"The response both affirms and denies {unit.concept.key}."
                return [two_places(self.at, denied, unit, words)]
        return []

    def found(self) -> list[Conflict]:
        """Return findings that one clause affirms and another denies, of the same place."""
        said: dict[str, Conflict] = {}
        for one, other in self._pairs():
            name = min(one.concept.key, other.concept.key, key=len)
            if name not in said and self._opposed(one, other):
                affirmed = other if one.denied else one
                words = f"The response both affirms and denies {affirmed.concept.key}."
                said[name] = two_places(self.at, one, other, words)
        return list(said.values())


def two_places(at: Mentions, one: Unit, other: Unit, words: str) -> Conflict:
    """Return a contradiction within a text with both places."""
    text = at.text
    return Conflict(FLAG, words, text.clause_span(other.clause), text.clause_span(one.clause))


def _whole(at: Mentions, unit: Unit, clause: set[str]) -> bool:
    """Tell whether a clause calls this organ healthy as it stands, not one trait, time or test of it."""
    kinds = {u.concept.kind for u in at.text.by_clause[unit.clause] if u.concept.key not in _HEALTHY}
    return not clause & _PARTLY and unit.sentence not in at.apart and not kinds & {"test", "diagnosis"}


def _healthy(at: Mentions) -> Iterator[tuple[Unit, bool]]:
    """Yield the organs called normal, and whether only their size is."""
    for clause, units in at.text.by_clause.items():
        words = at.words[clause]
        normal = any(u.concept.key in _HEALTHY and not u.denied for u in units)
        if not normal and not ("clear" in words and words & {"is", "are"}):
            continue
        for unit in units:
            if unit.concept.kind in {"site", "anatomy"} and _whole(at, unit, words):
                yield unit, bool(words & _SIZE_WORDS)


def _touching(at: Mentions, finding: Unit, organ: Unit) -> bool:
    """Tell whether a finding and an organ stand in one noun phrase ("the swollen knee")."""
    if finding.clause != organ.clause:
        return False
    first, last = sorted((finding, organ), key=lambda u: u.first)
    between = {t.word for t in at.text.tokens[first.last + 1 : last.first]}
    if first is finding and between == {"of", "the"}:
        return True
    return last.first - first.last <= NEAR and not between & _LOOSE


def _ails(at: Mentions, unit: Unit, organ: Unit) -> bool:
    """Tell whether a finding is one of this organ, by its name or by the words around it."""
    key = organ.concept.key
    if any(key in parts for parts in unit.concept.parts):
        return True
    if key == "lung" and unit.concept.key in _LUNG_SHADOWS:
        return True
    span = {t.root for t in at.text.tokens[unit.first : unit.last + 1]}
    name = {t.root for t in at.text.tokens[organ.first : organ.last + 1]}
    same = (u for u in at.text.by_key[key] if u is not organ)
    return name <= span or any(_touching(at, unit, u) for u in same)


def _of_size(unit: Unit) -> bool:
    return unit.concept.key in _SIZES or any(parts & _SIZES for parts in unit.concept.parts)


def normality(at: Mentions) -> list[Conflict]:
    """Find organs called normal in one sentence and diseased in another."""
    ill = [u for u in at.text.units if u.concept.kind in {"diagnosis", "finding"} and not u.denied]
    ill = [u for u in islice(ill, MOST_MENTIONS * 4) if u.concept.key not in _VAGUE and at.firm(u)]
    for organ, size in islice(_healthy(at), MOST_MENTIONS):
        for unit in ill:
            if unit.sentence == organ.sentence or (size and not _of_size(unit)):
                continue
            if _ails(at, unit, organ) and beside(at.places(organ), at.places(unit), known=True):
                ill_as = f"{organ.concept.key} normal and also names {unit.concept.key}"
                return [two_places(at, organ, unit, f"The response calls the {ill_as}.")]
    return []


def advice(at: Mentions) -> list[Conflict]:
    """Find a drug the response both forbids outright and tells the patient to take."""
    for key, units in at.text.by_key.items():
        if units[0].concept.kind != "drug":
            continue
        told = [u for u in islice(units, MOST_MENTIONS) if u.sentence not in at.apart and _alone(at, u)]
        against = [u for u in told if u.denied and not at.words[u.clause] & _BOUNDED]
        toward = [u for u in told if not u.denied and _ordered(at, u)]
        if against and toward and against[0].sentence != toward[0].sentence:
            words = f"The response advises both for and against {key}."
            return [two_places(at, against[0], toward[0], words)]
    return []


def _alone(at: Mentions, unit: Unit) -> bool:
    drugs = {u.concept.key for u in at.text.by_clause[unit.clause] if u.concept.kind == "drug"}
    numbers = any(q.clause == unit.clause for q in at.text.quantities)
    return len(drugs) == 1 and not (unit.denied and numbers)


def _ordered(at: Mentions, unit: Unit) -> bool:
    before = at.text.tokens[max(0, unit.first - NEAR) : unit.first]
    return any(t.word in _ORDERS for t in before if t.clause == unit.clause)


def wavering(covered: Coverage, response: Text) -> list[Conflict]:
    """Find ideas of a reference that the response both affirms and denies, so that it agrees by half."""
    keys = {c.key for c in covered.credits if c.kind in _FINDINGS}
    mixed = {k for k in keys if len({u.denied for u in response.by_key.get(k, ())}) > 1}
    if not mixed:
        return []
    found = Denials(Mentions(response), mixed).found()
    return [Conflict("negation_differs", conflict.words, conflict.span) for conflict in found[:1]]
