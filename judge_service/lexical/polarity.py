"""Whether two sentences of the same words say opposite things because one of their verbs is denied."""

from judge_service.lexical.words import plain, stem

# How far after the denial its verb may stand: "not take", "not be taken", "never, ever, take".
REACH = 3
_DENIALS = frozenset({"not", "never", "cannot", "don't", "doesn't", "mustn't", "shouldn't", "can't", "won't"})
_TURNING = _DENIALS | {"no", "without", "avoid", "avoided", "avoiding", "unless", "except", "stop", "until"}
# Words between a denial and its verb; and answers to which everything is attached.
_LIGHT = frozenset({
    "be", "been", "being", "to", "ever", "have", "has", "had", "do", "does", "it", "is", "are", "was", "were",
    "you", "they", "the", "a", "an", "any", "need", "needed", "usually", "always", "only", "just", "all",
})  # fmt: skip
_IRREGULAR = {
    "taken": "take",
    "given": "give",
    "driven": "drive",
    "eaten": "eat",
    "seen": "see",
    "drunk": "drink",
}


def opposed(said: list[str], claimed: list[str]) -> bool:
    """Whether just one of two word sequences denies a verb which both hold, and nothing turns it again."""
    one, other = _roots(said), _roots(claimed)
    denied_here, denied_there = _denied(one) & set(other), _denied(other) & set(one)
    turns = sum(word in _TURNING for word in one) - sum(word in _TURNING for word in other)
    return turns % 2 == 1 and bool(denied_here ^ denied_there) and not _also_affirmed(one, denied_here)


def _roots(words: list[str]) -> list[str]:
    lowered = [plain(word) for word in words]
    return [
        word if word in _TURNING or word in _LIGHT else stem(_IRREGULAR.get(word, word)) for word in lowered
    ]


def _denied(words: list[str]) -> set[str]:
    found = set()
    for at, word in enumerate(words):
        if word in _DENIALS:
            after = (w for w in words[at + 1 : at + 1 + REACH] if w not in _LIGHT)
            found.add(next(after, ""))
    return found - {""}


def _also_affirmed(words: list[str], verbs: set[str]) -> bool:
    return any(words.count(verb) > 1 for verb in verbs)
