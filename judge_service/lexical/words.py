"""Word forms: British and American spelling folded together, endings taken off lightly."""

import re
import unicodedata
from functools import lru_cache

LONGEST_WORD = 40
SHORTEST_STEM = 4

_FOLDS = (
    (re.compile(r"ae(?=.)"), "e"),
    (re.compile(r"oe(?=.)"), "e"),
    (re.compile(r"our(?=s?$|ed$|ing$|less$)"), "or"),
    (re.compile(r"yse(?=[sdr]?$)"), "yze"),
    (re.compile(r"is(?=e[sdr]?$|ing$|ation)"), "iz"),
    (re.compile(r"sulph"), "sulf"),
    (re.compile(r"tre(?=s?$)"), "ter"),
    (re.compile(r"ll(?=ed$|ing$)"), "l"),
)
_ENDINGS = (
    "ation", "ating", "ated", "ate", "ative", "atory", "ition", "itory",
    "ement", "ment", "ness", "ically", "ical", "ility", "ity", "ively", "ive", "ion", "ious", "eous", "ous",
    "ially", "ally", "ial", "al", "ary", "ory", "ism", "us", "ic", "ia", "ing", "er", "ed", "is", "ly",
    "ies", "ied", "i", "e", "y",
)  # fmt: skip
# Words whose endings would fold them into another word's root (several and severe, frontal and front).
_KEPT = frozenset({
    "basic", "basis", "cancerous", "caudal", "corneal", "costal", "criteria", "criterion",
    "dangerous", "diffuse", "expecting", "extension", "fasting", "following", "frontal", "general",
    "generally", "healthy", "hemorrhagic", "indicated", "infective", "initial", "lactation",
    "lateral", "laterally", "lowered", "majority", "marked", "markedly", "massive", "medical",
    "medically", "medium", "mental", "minority", "number", "numbered", "numbers", "obstructive",
    "organism", "organisms", "party", "pathological", "pinky", "portion", "position", "positioned",
    "positions", "question", "questions", "radiation", "relatives", "several", "severity",
    "shoulder", "shower", "sleepy", "stemi", "straining", "temporary", "testes", "testis",
    "topical", "transfusion", "uniform", "unit", "united", "units", "urinary", "weary", "whiteness",
})  # fmt: skip
_BY_LAST: dict[str, tuple[str, ...]] = {
    last: tuple(sorted((e for e in _ENDINGS if e[-1] == last), key=len, reverse=True))
    for last in {e[-1] for e in _ENDINGS}
}


def plain(word: str) -> str:
    """Return the word in lower case without accents or curly marks."""
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    opened = lowered.replace("\u2019", "'").replace("æ", "ae").replace("œ", "oe")
    return "".join(c for c in unicodedata.normalize("NFKD", opened) if not unicodedata.combining(c))


def _shorter(word: str) -> str:
    for ending in _BY_LAST.get(word[-1:], ()):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and word[-2] not in "sui" and not word.endswith("ies") else word


def _folded(word: str) -> str:
    for pattern, replacement in _FOLDS:
        word = pattern.sub(replacement, word)
    return word


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the common root of a lower-case word's spellings and endings."""
    if len(word) <= SHORTEST_STEM - 1 or len(word) > LONGEST_WORD or word in _KEPT or not word.isascii():
        return word
    if len(word) == SHORTEST_STEM:
        return word[:-1] if word[-1] == "s" and word[-2] not in "sui" else word
    single = _singular(_folded(word).removesuffix("'s"))
    if single in _KEPT:
        return single
    root = _shorter(_shorter(single))
    if root.endswith("ot") and word.endswith("otic"):
        root = root[:-2] + "os"
    return root[:-1] if len(root) > SHORTEST_STEM and root[-1] == root[-2] and root[-1] not in "ls" else root
