"""A cheap test for English: script first, then function words against those of other languages."""

import re

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
FOREIGN_LETTERS = 0.15
READ = 4000
FEW_WORDS = 400
ONE_IN = 12

_ENGLISH = frozenset({
    "the", "of", "and", "to", "is", "are", "was", "were", "with", "for", "this", "that", "there",
    "it", "be", "been", "has", "have", "had", "not", "by", "from", "which", "should", "would",
    "could", "may", "might", "will", "can", "you", "your", "they", "he", "she", "his", "her",
    "their", "what", "when", "if", "but", "or", "an", "at", "into", "than", "then", "these",
    "those", "does", "do", "did", "about", "because", "after", "before", "take",
})  # fmt: skip
# Words of other European languages that clinical English does not use (words in capitals are shorthand).
_OTHERS = frozenset({
    "adalah", "al", "ao", "att", "au", "auch", "auf", "aux", "avec", "bei", "bir", "bu", "ces",
    "cette", "che", "como", "con", "dans", "das", "de", "degli", "dei", "del", "della", "delle",
    "dem", "dengan", "der", "des", "det", "di", "du", "een", "ein", "eine", "einem", "einen", "el",
    "elle", "en", "es", "est", "esta", "este", "et", "gli", "het", "ikke", "il", "ile", "ils",
    "ist", "i\xe7in", "jest", "keine", "la", "las", "le", "les", "lo", "los", "mais", "mit", "muy",
    "nel", "nella", "nicht", "nie", "niet", "nos", "nous", "n\xe3o", "och", "oder", "og", "ou",
    "pada", "pas", "pero", "por", "p\xe5", "que", "qui", "se", "sich", "sie", "si\u0119", "som",
    "sont", "su", "sur", "sus", "s\xe3o", "tidak", "um", "uma", "una", "und", "une", "untuk", "ve",
    "von", "voor", "vous", "werden", "wir", "wird", "wordt", "yang", "zijn", "zu", "\xe4r", "\xe9",
})  # fmt: skip
_SYMBOLS = frozenset("\u03b1\u03b2\u03b3\u03b4\u00b5\u03bc\u03bb\u03c9")


def _other_script(letters: list[str]) -> bool:
    odd = sum(not letter.isascii() for letter in letters)
    return odd > max(2.0, FOREIGN_LETTERS * len(letters))


def english(text: str) -> bool:
    """Tell whether the text reads as English; short answers of clinical words do."""
    written = [word for word in _WORD.findall(text[:READ]) if word not in _SYMBOLS][:FEW_WORDS]
    if _other_script(list("".join(written))):
        return False
    words = [word.lower() for word in written if len(word) == 1 or not word.isupper()]
    ours = sum(word in _ENGLISH for word in words)
    theirs = sum(word in _OTHERS for word in words)
    accented = sum(not word.isascii() for word in words)
    if not theirs and accented <= 1:
        return True
    return ours >= theirs + accented or (ours == 0 and theirs + accented <= len(words) / ONE_IN)
