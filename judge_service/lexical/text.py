"""A text as the baseline sees it: concepts in their clauses, denied or not, with quantities."""

import re
from dataclasses import dataclass, field

from judge_service.lexical.negation import DENIED, SHUNNED, denials
from judge_service.lexical.quantities import Quantity, quantities
from judge_service.lexical.scan import Token, tokens
from judge_service.lexical.vocabulary import WEIGHTS, Concept, Name, Vocabulary, vocabulary

OTHER_WEIGHT = 0.6
SHORTEST_CONTENT = 2

_DISEASE = re.compile(
    r".{2,}(?:itis|osis|oses|oma|omas|aemia|emia|pathy|plegia|algia|trophy|plasia|penia|megaly|rrhage|rrhoea|"
    r"rrhea|lithiasis|syndrome|phobia|cele|ectasis|malacia)$"
)
_DRUG = re.compile(
    r".{2,}(?:cillin|mycin|olol|pril|sartan|statin|azole|mab|tinib|floxacin|dipine|gliptin|gliflozin|cycline|"
    r"parin|xaban|triptan|setron|vir|thiazide|azepam|caine|tidine|lukast|dronate|zepine)$"
)
_TREATMENT = re.compile(r".{3,}(?:ectomy|otomy|ostomy|plasty|scopy|centesis|therapy|graphy|gram)$")
_LEVEL = re.compile(r"^[ctls]\d{1,2}$")


@dataclass(slots=True)
class Unit:
    """One mention of a concept in the text."""

    concept: Concept
    denied: bool
    first: int
    last: int
    clause: int
    sentence: int
    start: int
    end: int


@dataclass(slots=True)
class Text:
    """A parsed text."""

    source: str
    tokens: list[Token]
    units: list[Unit]
    quantities: list[Quantity]
    by_key: dict[str, list[Unit]] = field(default_factory=dict)
    by_clause: dict[int, list[Unit]] = field(default_factory=dict)

    def sentence_span(self, sentence: int) -> tuple[int, int]:
        """Return where a sentence starts and ends in the source."""
        inside = [t for t in self.tokens if t.sentence == sentence and t.word != "\n"]
        return (inside[0].start, inside[-1].end) if inside else (0, 0)

    def written(self, quantity: Quantity) -> str:
        """Return a quantity as the source writes it."""
        return self.source[self.tokens[quantity.first].start : self.tokens[quantity.last].end]

    def clause_span(self, clause: int) -> tuple[int, int]:
        """Return where a clause starts and ends in the source."""
        inside = [t for t in self.tokens if t.clause == clause]
        words = [t for t in inside if not t.mark] or inside
        return (words[0].start, words[-1].end) if words else (0, 0)


def part(text: Text, sentences: range) -> Text:
    """Return the piece of a text that these sentences make up, its places still those of the whole."""
    held = [unit for unit in text.units if unit.sentence in sentences]
    numbers = [q for q in text.quantities if text.tokens[q.first].sentence in sentences]
    return _indexed(Text(text.source, text.tokens, held, numbers))


def _indexed(text: Text) -> Text:
    for unit in text.units:
        text.by_key.setdefault(unit.concept.key, []).append(unit)
        text.by_clause.setdefault(unit.clause, []).append(unit)
    return text


def _matched(found: list[Token], at: int, words: Vocabulary) -> tuple[Name, int] | None:
    """Return the longest name that starts at this place and how many tokens it takes."""
    token = found[at]
    if token.capitals and token.word.upper() in words.capitals:
        return words.capitals[token.word.upper()], 1
    for name in words.names.get(token.root, ()):
        taken = _reach(found, at, name.roots)
        if taken and (len(name.roots) > 1 or token.word not in words.common or token.word in words.written):
            return name, taken
    return None


def _reach(found: list[Token], at: int, roots: tuple[str, ...]) -> int:
    """Return how many tokens the roots take from this place on, hyphens skipped; 0 when they do not match."""
    place = at
    for nth, root in enumerate(roots):
        if nth and place < len(found) and found[place].word in {"-", "/"}:
            place += 1
        if place >= len(found) or found[place].root != root or found[place].sentence != found[at].sentence:
            return 0
        place += 1
    return place - at


def _unlisted(token: Token) -> Concept | None:
    """Return a concept for a content word outside the vocabulary."""
    word = token.word
    if len(word) < SHORTEST_CONTENT or token.mark:
        return None
    if _LEVEL.match(word):
        return Concept(word, "site", "spinal level", WEIGHTS["site"])
    for pattern, kind in ((_DRUG, "drug"), (_DISEASE, "diagnosis"), (_TREATMENT, "treatment")):
        if pattern.match(word):
            return Concept(token.root, kind, "", WEIGHTS[kind])
    return Concept(token.root, "word", "", 1.0 if token.capitals else OTHER_WEIGHT)


def _denies(how: int, concept: Concept) -> bool:
    """Tell whether the clause denies the concept: only medicine that is to be avoided is denied by that."""
    return how == DENIED or (how == SHUNNED and concept.kind in {"drug", "treatment"})


def _units(found: list[Token], counted: set[int]) -> list[Unit]:
    words, denied = vocabulary(), denials(found)
    units: list[Unit] = []
    at = 0
    while at < len(found):
        token = found[at]
        if token.mark or token.number:
            at += 1
            continue
        match = _matched(found, at, words)
        taken = match[1] if match else 1
        concept = match[0].concept if match else None
        if concept is None and token.word not in words.common and at not in counted:
            concept = _unlisted(token)
        if concept is not None and not (at in counted and taken == 1):
            end = found[at + taken - 1]
            flipped = _denies(denied[at], concept) != bool(match and match[0].denies)
            units.append(
                Unit(concept, flipped, at, at + taken - 1, token.clause, token.sentence, token.start, end.end)
            )
        at += taken
    return units


def parse(source: str | Text) -> Text:
    """Read a text into concepts, denials and quantities; one that has been read is returned as it is."""
    if isinstance(source, Text):
        return source
    found = tokens(source)
    numbers = quantities(found)
    counted = {place for quantity in numbers for place in range(quantity.first, quantity.last + 1)}
    return _indexed(Text(source, found, _units(found, counted), numbers))
