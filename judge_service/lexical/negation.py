"""Which words of a clause are denied: cues before, cues after, and denials that deny nothing (NegEx kind)."""

from judge_service.lexical.scan import Token

SCOPE = 9
NEITHER, DENIED, SHUNNED = 0, 1, 2
_VERBAL = frozenset({"not", "never", "cannot"})
_LISTING = frozenset({"have", "show", "take", "use", "give", "see", "eat", "contain", "include", "any"})
_SHUNNING = frozenset({"avoid", "avoiding"})
# What follows a comma with one of these near its start is no further item of a denied list.
_TURNS = frozenset({
    "with", "consistent", "compatible", "suggesting", "suggestive", "indicating", "keeping", "due", "typical",
    "diagnostic", "confirming", "representing", "favouring", "favoring", "hence", "plus", "likely",
    "probably",
    "as", "for", "in", "this", "these", "the", "a", "an", "caused", "because", "meaning", "making", "fits",
    "fitting", "pointing", "and",
})  # fmt: skip
_CIRCUMSTANCES = frozenset({"during", "before", "after", "while"})
_JOINING = frozenset({"or", "nor"})
_ITEM = 3

# A cue is a sequence of words; longer ones are tried first (after Chapman et al. 2001, "A simple algorithm
# for identifying negated findings and diseases in discharge summaries", rewritten for answers to questions).
_BEFORE = (
    "no", "not", "without", "denies", "denied", "deny", "never", "neither", "nor", "cannot", "none of",
    "negative for", "absence of", "absent", "free of", "free from", "lack of", "lacks", "lacking",
    "rules out", "ruled out", "rule out", "excludes", "excluded", "no evidence of",
    "nothing to suggest", "no sign of", "no signs of", "rather than", "instead of", "avoid", "avoiding",
    "fails to", "failed to", "clear of", "unlikely to be", "unlikely", "argues against", "against",
    "devoid of", "stay away from", "refrain from", "resolution of", "except",
)  # fmt: skip
_AFTER = (
    "absent", "ruled out", "excluded", "not seen", "not present", "not identified", "not visible",
    "not visualised", "not visualized", "not detected", "not evident", "not demonstrated", "not noted",
    "not found", "not apparent", "not shown", "not observed", "unlikely", "negative", "contraindicated",
    "should be avoided", "must be avoided", "be avoided", "avoided", "is unsafe", "not recommended",
    "not needed", "not required", "not indicated", "not necessary", "not advised", "not appropriate",
    "not safe", "not suitable", "not suspected", "not involved", "not affected", "not allowed",
    "not used", "not given", "never given", "unnecessary", "not be used", "not be given",
    "not be taken", "not be started", "can be discounted", "not be needed", "not be seen",
    "no longer present", "has resolved", "not work", "not there", "not a concern", "not a feature",
    "not an option", "not acceptable", "not warranted",
)  # fmt: skip
_NOTHING = (
    "not only", "not just", "no doubt", "not uncommon", "without delay", "no change", "not rule out",
    "not ruled out", "cannot exclude", "not exclude", "not be excluded", "not be ruled out",
    "not been excluded", "not been ruled out", "not excluded", "no more than", "not exceed",
    "not more than", "no later than", "no less than", "not sure", "not certain", "is not clear",
    "no longer than", "not to exceed", "no further", "rule out", "to rule out", "to exclude",
    "not necessarily", "not always", "not hesitate", "not delay", "not wait", "not ignore",
    "do not forget", "not usually", "not all", "not every", "not everyone",
    "not commonly", "not typically", "not often", "not normally",
    "not uncommonly", "no matter", "not least", "not to mention", "not avoid", "not be avoided",
    "not skip", "not miss", "not forget",
)  # fmt: skip

# Denials of a halt deny the halt alone: what goes on is not denied.
_ALONE = (
    "not stop", "never stop", "not discontinue", "not be stopped", "not withhold", "no need to stop",
    "not suddenly stop",
)  # fmt: skip
_CONDITIONS = frozenset({"if", "when", "unless", "until"})

_Table = dict[str, list[tuple[str, ...]]]


def _table(cues: tuple[str, ...]) -> _Table:
    by_first: _Table = {}
    for cue in sorted(cues, key=len, reverse=True):
        words = tuple(cue.split())
        by_first.setdefault(words[0], []).append(words)
    return by_first


_BEFORE_CUES, _AFTER_CUES, _EMPTY_CUES = _table(_BEFORE), _table(_AFTER), _table(_NOTHING)
_ALONE_CUES = _table(_ALONE)


_FIRST_WORDS = _BEFORE_CUES.keys() | _AFTER_CUES.keys() | _EMPTY_CUES.keys() | _ALONE_CUES.keys()


def _cue(words: list[str], at: int, table: _Table) -> int:
    """Return how many words a cue of the table takes at this place, 0 for none."""
    for cue in table.get(words[at], ()):
        if tuple(words[at : at + len(cue)]) == cue:
            return len(cue)
    return 0


def _reach(words: list[str], at: int, taken: int) -> int:
    """Return where the scope of a cue ends: a denied verb at the comma, a denied list at its last item."""
    start, end = at + taken, min(len(words), at + taken + SCOPE)
    lists = words[at] not in _VERBAL or start >= len(words) or words[start] in _LISTING
    for place in range(start, end):
        if words[place] in _CIRCUMSTANCES and words[at] in _VERBAL:
            return place
        if words[place] == "," and not (lists and _goes_on(words, place, joined=words[at] == "without")):
            return place
    return end


def _goes_on(words: list[str], comma: int, *, joined: bool) -> bool:
    """Tell whether a denied list has another item after the comma; after "without" an "or" must join it."""
    if joined and not _JOINING.intersection(words[comma:]):
        return False
    item = words[comma + 1 : comma + 1 + _ITEM]
    stop = next((n for n, word in enumerate(item) if word in _JOINING or word == ","), len(item))
    return not _TURNS.intersection(item[: max(stop, 1)]) or item[:1] == ["and"]


def _step(words: list[str], at: int) -> tuple[int, range, int]:
    """Read the cue at this place: how many words it takes, which places it marks and how."""
    if words[at] not in _FIRST_WORDS:
        return 1, range(0), NEITHER
    if taken := _cue(words, at, _EMPTY_CUES):
        return taken, range(0), NEITHER
    if taken := _cue(words, at, _ALONE_CUES):
        return taken, range(at + taken - 1, at + taken), DENIED
    if at and (taken := _cue(words, at, _AFTER_CUES)):
        return taken, range(max(0, at - SCOPE), at + taken), DENIED
    if taken := _cue(words, at, _BEFORE_CUES):
        how = SHUNNED if words[at] in _SHUNNING else DENIED
        return taken, range(at + taken, _reach(words, at, taken)), how
    return 1, range(0), NEITHER


def _clause(words: list[str], denied: list[int], first: int) -> None:
    """Mark the denied places of one clause; a condition denies nothing."""
    at = len(words) if words[0] in _CONDITIONS else 0
    while at < len(words):
        taken, places, how = _step(words, at)
        for place in places:
            denied[first + place] = how
        at += taken


def denials(found: list[Token]) -> list[int]:
    """Return, for each token, whether its clause denies it, shuns it ("avoid") or neither."""
    denied = [NEITHER] * len(found)
    start = 0
    while start < len(found):
        end = start
        while end < len(found) and found[end].clause == found[start].clause:
            end += 1
        _clause([token.word for token in found[start:end]], denied, start)
        start = end
    return denied
