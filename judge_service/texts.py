"""What happens to a case's text before a judge sees it: clean characters, defused control tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from judge_service.domain.visible import visible

TEXTS_VERSION = 1  # part of the cache key: raise it when a text would reach a judge in another form

# What judges put around their thoughts; a reply's are taken off, and a case may hold none.
THOUGHT_TAGS = ("think", "thinking", "reasoning")
_TAGS = (
    *THOUGHT_TAGS,
    *("s", "bos", "eos", "unk", "pad"),  # the beginning, the end, and what no text holds
    *("start_of_turn", "end_of_turn"),  # Gemma
    *("image", "end_of_utterance"),  # where the models that see put a picture, and end a turn
)
_CONTROL_TOKENS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>"  # ChatML, Llama 3, Phi, Qwen
    r"|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>"  # DeepSeek's full-width bars
    r"|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]"  # Mistral
    r"|<</?SYS>>"  # Llama 2
    rf"|</?(?:{'|'.join(_TAGS)})>",
    re.IGNORECASE,
)


class Cleaned(NamedTuple):
    """A text as a judge may see it, and how much was taken out or made visible."""

    text: str
    dropped: int
    defused: int


def clean(text: str) -> Cleaned:
    """Normalise to NFC, drop invisible characters, and break the control tokens of chat templates."""
    seen, dropped = (text, 0) if text.isascii() and text.isprintable() else visible(text)
    defused, count = _CONTROL_TOKENS.subn(_break_open, seen)
    return Cleaned(defused, dropped, count)


def _break_open(token: re.Match[str]) -> str:
    # A visible separator after the first character: people still read the token, a tokenizer does not.
    found = token.group()
    return f"{found[0]}\u00b7{found[1:]}"
