"""What happens to a case's text before a judge sees it: clean characters, defused control tokens."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

TEXTS_VERSION = 1  # part of the cache key: raise it when a text would reach a judge in another form

# NFC and never NFKC: the latter turns 10³/µL into 103/μL, which is another laboratory value.
_KEPT_CONTROLS = frozenset("\n\t")
# Where another system breaks the line or the page. Dropped like other controls, they would join two numbers.
_BREAKS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85]")
_JOINERS = frozenset("\u200c\u200d")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# Scripts in which a joiner between two letters changes how, and what, one reads: Arabic and its kin, then the
# Indic ones up to Sinhala.
_JOINING = (range(0x0600, 0x0900), range(0x0900, 0x0E00))

_CONTROL_TOKENS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>"  # ChatML, Llama 3, Phi, Qwen
    r"|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>"  # DeepSeek's full-width bars
    r"|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]"  # Mistral
    r"|<</?SYS>>"  # Llama 2
    r"|</?(?:s|bos|eos|start_of_turn|end_of_turn|think|thinking)>",  # Gemma, and reasoning blocks
    re.IGNORECASE,
)


class Cleaned(NamedTuple):
    """A text as a judge may see it, and how much was taken out or made visible."""

    text: str
    dropped: int
    defused: int


def clean(text: str) -> Cleaned:
    """Normalise to NFC, drop invisible characters, and break the control tokens of chat templates."""
    visible, dropped = (text, 0) if text.isascii() and text.isprintable() else _visible(text)
    defused, count = _CONTROL_TOKENS.subn(_break_open, visible)
    return Cleaned(defused, dropped, count)


def _break_open(token: re.Match[str]) -> str:
    # A visible separator after the first character: people still read the token, a tokenizer does not.
    found = token.group()
    return f"{found[0]}\u00b7{found[1:]}"


def _visible(text: str) -> tuple[str, int]:
    composed = unicodedata.normalize("NFC", _BREAKS.sub("\n", text))
    kept = [char for at, char in enumerate(composed) if _stays(composed, at, char)]
    # Once more: what stood apart only by what was dropped composes now.
    return unicodedata.normalize("NFC", "".join(kept)), len(composed) - len(kept)


def _stays(text: str, at: int, char: str) -> bool:
    if char.isprintable() or char in _KEPT_CONTROLS:
        return not any(ord(char) in selectors for selectors in _VARIATION_SELECTORS)
    if char in _JOINERS:
        return 0 < at < len(text) - 1 and _joins(text[at - 1]) and _joins(text[at + 1])
    return unicodedata.category(char) not in _DROPPED_CATEGORIES


def _joins(char: str) -> bool:
    return any(ord(char) in script for script in _JOINING)
