"""From characters to words: tokens with their places, sentences and clauses."""

import re
from dataclasses import dataclass

from judge_service.lexical.vocabulary import vocabulary
from judge_service.lexical.words import plain, stem

LONGEST_TEXT = 65_536
COMMA_LOOKAHEAD = 12

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_][^\W_]*(?:['\u2019][^\W\d_]+)?|[.;:,!?()%°/<>\n\u2013\u2014-]")
_SENTENCE_ENDS = frozenset(".!?\n")
_CLAUSE_ENDS = frozenset(";:()\u2014")
_BREAKS = frozenset({
    "but", "however", "although", "though", "whereas", "while", "because", "so", "therefore",
    "except", "unless", "if", "when", "which", "who", "that", "despite", "thus", "hence", "instead",
    "then", "until", "since",
})  # fmt: skip
_FINITE = frozenset({
    "is", "are", "was", "were", "has", "have", "had", "can", "could", "may", "might", "will",
    "would", "shall", "should", "must", "do", "does", "did", "be", "shows", "show", "showed",
    "appears", "appear", "demonstrates", "reveals", "suggests", "needs", "need", "remains", "looks",
    "seems", "contains", "there", "it", "you", "they", "he", "she", "we", "take", "use", "avoid",
    "call", "see", "stop", "start", "keep", "continue", "causes", "means", "makes",
})  # fmt: skip
_ORDERS = frozenset({
    "take", "use", "lose", "give", "get", "seek", "drink", "eat", "do", "try", "see", "go", "rest",
    "apply", "raise", "start", "stop", "continue", "call", "keep", "reduce", "refer", "repeat",
    "check", "recheck", "monitor", "withhold", "restart", "consider", "ask", "wear", "wash", "lie",
    "lay", "inject", "ring", "ensure", "treat", "limit", "increase", "exercise", "phone", "switch",
    "add", "arrange",
})  # fmt: skip
_DENYING = frozenset({"no", "not", "without", "never", "avoid"})
_SHORT_FORMS = frozenset({
    "e.g", "i.e", "g", "dr", "mr", "mrs", "vs", "approx", "etc", "fig", "no", "st",
})  # fmt: skip


@dataclass(slots=True)
class Token:
    """One word, number or mark: as compared, as rooted, and where it stands."""

    word: str
    root: str
    start: int
    end: int
    sentence: int = 0
    clause: int = 0
    number: bool = False
    mark: bool = False
    capitals: bool = False


def _made(written: str, start: int, end: int) -> Token:
    first = written[0]
    if first.isdigit():
        return Token(written, written, start, end, number=True)
    if not first.isalpha():
        return Token(written, written, start, end, mark=True)
    word = plain(written)
    return Token(word, stem(word), start, end, capitals=len(written) > 1 and written.isupper())


def _expanded(token: Token) -> list[Token]:
    words = vocabulary().expansions.get(token.word)
    if words is None:
        return [token]
    return [Token(word, stem(word), token.start, token.end) for word in words]


def tokens(text: str) -> list[Token]:
    """Return the tokens of the text's first 64k characters, shorthand written out, clauses numbered."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text[:LONGEST_TEXT]):
        found.extend(_expanded(_made(match.group(), match.start(), match.end())))
    _sentences(found)
    _clauses(found)
    return found


def _ends_sentence(found: list[Token], at: int) -> bool:
    token = found[at]
    if token.word not in _SENTENCE_ENDS:
        return False
    if token.word != "." or at == 0:
        return True
    before = found[at - 1].word
    if found[at - 1].mark:
        return True
    return (len(before) > 1 and before not in _SHORT_FORMS) or before.isdigit()


def _sentences(found: list[Token]) -> None:
    sentence = 0
    for at, token in enumerate(found):
        token.sentence = sentence
        if token.mark and _ends_sentence(found, at):
            sentence += 1


def _opens_clause(found: list[Token], at: int) -> bool:
    """Tell whether what follows a comma or an "and" is an order or has a verb of its own."""
    after = [t.word for t in found[at + 1 : at + 3]]
    if after and (after[0] in _ORDERS or (after[0] in {"and", "or"} and after[-1] in _ORDERS)):
        return True
    for token in found[at + 1 : at + 1 + COMMA_LOOKAHEAD]:
        if token.sentence != found[at].sentence or token.word == "," or token.word in _CLAUSE_ENDS:
            return False
        if token.word in _FINITE:
            return True
    return False


def _breaks(found: list[Token], at: int, *, whole: bool) -> bool:
    token = found[at]
    if token.word in _CLAUSE_ENDS or token.word in _BREAKS:
        return True
    if token.word not in {",", "and"}:
        return False
    return (at + 1 < len(found) and found[at + 1].word in _DENYING) or (whole and _opens_clause(found, at))


def _clauses(found: list[Token]) -> None:
    """Number the clauses; one without a verb or denial so far is not whole, so that lists stay together."""
    clause, whole = 0, False
    for at, token in enumerate(found):
        if at and (token.sentence != found[at - 1].sentence or _breaks(found, at, whole=whole)):
            clause, whole = clause + 1, False
        whole = whole or token.word in _FINITE or token.word in _ORDERS or token.word in _DENYING
        token.clause = clause
