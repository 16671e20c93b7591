"""Which characters of a text can be seen: what nobody can see is no input and reaches no judge."""

from __future__ import annotations

import re
import unicodedata

# NFC and never NFKC: the latter turns 10³/µL into 103/μL, which is another laboratory value.
_KEPT_CONTROLS = frozenset("\n\t")
# Where another system breaks the line or the page. Dropped like other controls, they would join two numbers.
_BREAKS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85]")
_JOINERS = frozenset("\u200c\u200d")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
# Letters and marks by their category, and yet nothing to see: fillers, and selectors of a variant.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_BRAILLE_BLANK = "\u2800"  # a sign by its category, and a blank
# Scripts in which a joiner between two letters changes how, and what, one reads: Arabic and its kin, then the
# Indic ones up to Sinhala.
_JOINING = "\u0600-\u08ff\u0900-\u0dff"
_LONE_JOINERS = re.compile(f"(?<![{_JOINING}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINING}])")
# Normalising sorts each run of marks, in time that grows with the square of its length; no script needs more.
_MARKS_CAP = 32
_LATE_MARKS = "\uff9e\uff9f"  # letters, until NFKC makes marks of them


def visible(text: str) -> tuple[str, int]:
    """Normalise to NFC without what cannot be seen; also tells how many characters were taken out."""
    broken = _BREAKS.sub("\n", text)
    joined = _LONE_JOINERS.sub("", broken)
    # A long text has few characters that differ: each is looked up once.
    seen = joined.translate({ord(char): None for char in set(joined) if not _stays(char)})
    bounded = _few_marks(seen)
    # Once more: some marks become two when they are normalised.
    composed = unicodedata.normalize("NFC", bounded)
    found = _few_marks(composed)
    return found, len(broken) - len(bounded) + len(composed) - len(found)


def shows(text: str) -> bool:
    """Whether a person would see anything of it; stops at the first character that one sees."""
    return any(char.isprintable() and not _is_blank(char) for char in text)


def _is_blank(char: str) -> bool:
    return char.isspace() or char in _UNSEEN or char == _BRAILLE_BLANK


def _few_marks(text: str) -> str:
    marks = {char for char in set(text) if unicodedata.category(char)[0] == "M" or char in _LATE_MARKS}
    if not marks:
        return text
    kept, run = [], 0
    for char in text:
        run = run + 1 if char in marks else 0
        if run <= _MARKS_CAP:
            kept.append(char)
    return "".join(kept)


def _stays(char: str) -> bool:
    if char.isprintable() or char in _KEPT_CONTROLS:
        return char not in _UNSEEN
    return char in _JOINERS or unicodedata.category(char) not in _DROPPED_CATEGORIES
