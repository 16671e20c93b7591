"""Reads a chat completion: what the model said, and whether that is an answer at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge_client.errors import Incompatible
from judge_client.run.parsing import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_client.calls import Reply

# Why an answer ended, in the words of chat endpoints.
CUT_OFF = "length"
_FILTERED, _BROKE = "content_filter", "error"
# More than any model reads or writes: such a count is a mistake, and no float holds its price.
_TOKENS_CAP = 10**12


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said. `tokens`: of the request and of the answer, `None` where that was not told.

    `broken`: why this is no answer of the model's, though it was paid; `None` where it is one.
    """

    text: str
    finish: str | None
    model: str | None
    fingerprint: str | None
    tokens: tuple[int | None, int | None]
    thoughts: str | None = None
    broken: str | None = None


def completion_of(reply: Reply) -> Completion:
    """Read an answer; raises `Incompatible` for one that is no chat completion."""
    try:
        told = json.loads(reply.body)
        choice = told["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), _text(message.get("refusal"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Incompatible(
            "the address of the model answers with something other than a chat completion"
        ) from None
    finish = _word(choice.get("finish_reason"))
    text = _text(content)
    said = refusal if refusal and not text else text
    usage = told.get("usage") if isinstance(told.get("usage"), dict) else {}
    return Completion(
        text=said or "",
        finish=finish,
        model=_word(told.get("model")),
        fingerprint=_word(told.get("system_fingerprint")),
        tokens=(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))),
        thoughts=_text(message.get("reasoning_content")) or _text(message.get("reasoning")) or None,
        broken=_ended_badly(finish, said or "") or _says_nothing(message, said),
    )


def _ended_badly(finish: str | None, text: str) -> str | None:
    """Why a text is not what the model had to say: it was broken off before that, or by another."""
    if finish == _FILTERED:
        return "the provider's filter " + ("cut the answer off" if text else "let no answer through")
    if finish == _BROKE:
        return "the provider broke the answer off with an error"
    if finish == CUT_OFF and not visible(text).strip():
        return "the answer was cut off at its longest length before it began"
    return None


def _says_nothing(message: Mapping[str, Any], text: str | None) -> str | None:
    """Why there is no text; an empty one is a text, and an answer."""
    if text is not None:
        return None
    if message.get("content") is not None:
        return "the content of the answer is no text"
    if message.get("tool_calls") or message.get("function_call"):
        return "the model called a tool and answered nothing"
    return "the answer has no content"


def _text(content: Any) -> str | None:
    """A text, or the texts of a list of parts; `None` for anything else."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return None
    texts = [part["text"] for part in content if "text" in part]
    return "".join(texts) if texts and all(isinstance(each, str) for each in texts) else None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    told = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _TOKENS_CAP
    return value if told else None
