"""The chat completions format: what both doors to language models send, and how they read what comes back."""

from __future__ import annotations

from itertools import zip_longest
from math import isnan
from typing import TYPE_CHECKING, Final

from judge_service.backends.base import Completion, Token, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.backends.base import Finish, Prompt
    from judge_service.domain.judge import JudgeSpec

_FINISHES: Final[dict[str, Finish]] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "refusal": "refusal",
}


_QUOTATIONS = 4  # of one verdict, where texts are bounded


class NotACompletion(ValueError):
    """The reply is JSON of some other shape."""


def messages(prompt: Prompt) -> list[dict[str, object]]:
    """Lay out the prompt's parts; text alone stays one string, which servers cache by prefix best."""
    text = f"{prompt.user}\n\n{prompt.reminder}" if prompt.reminder else prompt.user
    content: object = _parts(prompt) if prompt.images or prompt.labels else text
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": content}]


def _parts(prompt: Prompt) -> list[dict[str, object]]:
    pictures: list[dict[str, object]] = []
    for label, url in zip_longest(prompt.labels, prompt.images):
        pictures += [_text_part(label)] if label else []
        pictures += [{"type": "image_url", "image_url": {"url": url}}] if url else []
    after = [_text_part(text) for text in (prompt.closing, prompt.reminder) if text]
    return [_text_part(prompt.user), *pictures, *after]


def _text_part(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def response_format(prompt: Prompt, spec: JudgeSpec) -> dict[str, object]:
    """Build the field that asks for the answer's shape; none for mode `none`."""
    if spec.schema_mode == "none":
        return {}
    if spec.schema_mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    shape = {"name": prompt.schema_name, "strict": True, "schema": schema_of(prompt, spec)}
    return {"response_format": {"type": "json_schema", "json_schema": shape}}


def schema_of(prompt: Prompt, spec: JudgeSpec) -> Mapping[str, object]:
    """The answer's schema; its texts are bounded where the judge's settings say that this holds."""
    return prompt.schema if spec.text_cap is None else _bounded(prompt.schema, spec.text_cap)


def _bounded(schema: Mapping[str, object], cap: int) -> dict[str, object]:
    found = {name: _bounded(part, cap) if isinstance(part, dict) else part for name, part in schema.items()}
    if schema.get("type") == "string":
        found["maxLength"] = cap
    if schema.get("type") == "array":
        found["maxItems"] = _QUOTATIONS
    return found


def settings(spec: JudgeSpec, prompt: Prompt) -> dict[str, object]:
    """Decoding settings of one request."""
    seed = {} if spec.seed is None else {"seed": spec.seed + prompt.sample}
    tokens = {} if spec.logprobs is None else {"logprobs": True, "top_logprobs": spec.logprobs}
    return {"temperature": spec.temperature, spec.cap_field: prompt.max_tokens, **seed, **tokens}


def request_body(spec: JudgeSpec, prompt: Prompt) -> dict[str, object]:
    """Build the body of a chat completions request."""
    return {
        "model": spec.model,
        "messages": messages(prompt),
        **settings(spec, prompt),
        **response_format(prompt, spec),
        **spec.extra_body,
    }


def completion_of(reply: object, spec: JudgeSpec, prompt: Prompt) -> Completion:
    """Read a decoded chat completion; raises NotACompletion, whose text quotes nothing."""
    body = _object(reply)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise NotACompletion("no choices")
    choice = _object(choices[0])
    message = _object(choice.get("message"))
    usage = _usage(body.get("usage"))
    return Completion(
        text=_text(message.get("content")),
        finish=_finish(choice.get("finish_reason"), message, usage, prompt.max_tokens),
        model=_word(body.get("model")),
        fingerprint=_word(body.get("system_fingerprint")),
        usage=usage,
        schema_mode=spec.schema_mode_in_use,
        tokens=_tokens(choice.get("logprobs")) if spec.logprobs is not None else None,
    )


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise NotACompletion("not an object")
    return value


def _text(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise NotACompletion("content is neither text nor parts")
    return "".join(_part_text(_object(part)) for part in content)


def _part_text(part: Mapping[str, object]) -> str:
    """Parts of other kinds hold reasoning or a refusal, not the answer."""
    text = part.get("text") if part.get("type") == "text" else ""
    if not isinstance(text, str):
        raise NotACompletion("a text part without text")
    return text


def _finish(reason: object, message: Mapping[str, object], usage: Usage, room: int) -> Finish:
    if _refuses(message):
        return "refusal"
    finish = _FINISHES.get(reason, "other") if isinstance(reason, str) else "other"
    if finish == "stop" and (usage.output_tokens or 0) >= room:
        # Some servers report `stop` when reasoning has eaten the room; the answer may be cut all the same.
        return "length"
    return finish


def _refuses(message: Mapping[str, object]) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return bool(message.get("refusal")) or any(_object(part).get("type") == "refusal" for part in parts)


def _usage(value: object) -> Usage:
    counts = value if isinstance(value, dict) else {}
    if counts.get("prompt_tokens") == 0:  # servers that do not count say so: no prompt has zero tokens
        return Usage()
    details = counts.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")), cached)


def _tokens(logprobs: object) -> tuple[Token, ...]:
    """The reply's tokens with their alternatives; none where any of it has another shape."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return ()
    try:
        return tuple(_token(_object(entry)) for entry in content)
    except (NotACompletion, TypeError, ValueError):
        return ()


def _token(entry: Mapping[str, object]) -> Token:
    top = entry.get("top_logprobs")
    others = [_object(other) for other in top] if isinstance(top, list) else []
    return Token(_said(entry), _logprob(entry), tuple((_said(other), _logprob(other)) for other in others))


def _said(entry: Mapping[str, object]) -> bytes:
    """Bytes of a token: its text may be half a character."""
    spelled, text = entry.get("bytes"), entry.get("token")
    return bytes(spelled) if isinstance(spelled, list) else str(text).encode("utf-8", "surrogatepass")


def _logprob(entry: Mapping[str, object]) -> float:
    value = entry.get("logprob")
    if not isinstance(value, int | float) or isnan(value):
        raise NotACompletion("a token without its chance")
    return float(value)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
