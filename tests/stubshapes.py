"""How a stub judge may answer: every shape, good and bad, that a judge was seen to send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Document = dict[str, Any]
Wire = Literal["whole", "drip", "silence", "cut", "reset", "no_http"]

MARKER = "PLANTED-MARKER-7c1e"  # in every text that no exception or log may repeat
AT_CAP = -1
DRAFT = '{"level": 5}'


def as_json(document: Document) -> str:
    """Write the answer as a well-behaved judge does."""
    return json.dumps(document)


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to answer. `content` makes the message's content of a valid answer document."""

    content: Callable[[Document], object] = as_json
    finish: str | None = "stop"
    message: Mapping[str, object] = field(default_factory=dict)
    output_tokens: int | None = (
        77  # AT_CAP: as many as asked for; None: no usage is told; 0: all of it is told as 0
    )
    status: int = 200
    body: bytes | None = None  # instead of a completion
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_in_s: float | None = None  # as an HTTP date in Retry-After
    content_type: str = "application/json"
    wire: Wire = "whole"
    tokens_told: Callable[[str], Mapping[str, object]] | None = (
        None  # of the content, where they are asked for
    )


def document_of(schema: Mapping[str, Any], name: str = "", root: Mapping[str, Any] | None = None) -> Any:
    """Make a valid value: texts, and of an enum the middle one that is not null."""
    top = root or schema
    if ref := schema.get("$ref"):
        return document_of(top["$defs"][ref.rpartition("/")[2]], name, top)
    if enum := [label for label in schema.get("enum", ()) if label is not None]:
        return enum[(len(enum) - 1) // 2]
    if options := schema.get("anyOf"):
        return document_of(options[0], name, top)
    if properties := schema.get("properties"):
        return {key: document_of(inner, key, top) for key, inner in properties.items()}
    plain = {"string": f"A {name} from the stub.", "array": [], "integer": 1, "number": 0.5, "boolean": True}
    return plain.get(schema.get("type", "object"), {})


def answering(levels: Mapping[str, object]) -> Shape:
    """Answer with these levels; the other criteria get the middle one."""

    def content(document: dict[str, Any]) -> str:
        return json.dumps({k: {**v, "level": levels.get(k, v["level"])} for k, v in document.items()})

    return Shape(content)


def _changed(document: Document, **fields: object) -> str:
    return json.dumps({key: {**value, **fields} for key, value in document.items()})


def _level(change: Callable[[Any], object]) -> Callable[[Document], str]:
    def content(document: Document) -> str:
        return json.dumps(
            {key: {**value, "level": change(value["level"])} for key, value in document.items()}
        )

    return content


def _doubled_level(document: Document) -> str:
    again = ', "level": 1}'
    inner = (f"{json.dumps(key)}: {json.dumps(value)[:-1]}{again}" for key, value in document.items())
    return "{" + ", ".join(inner) + "}"


def _doubled_criterion(document: Document) -> str:
    key = next(iter(document))
    return json.dumps(document)[:-1] + f", {json.dumps(key)}: {json.dumps(document[key])}}}"


def _half(document: Document) -> str:
    text = json.dumps(document)
    return text[: len(text) // 2]


def _parts(document: Document) -> list[dict[str, str]]:
    text = json.dumps(document)
    return [{"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}]


def _error(status: int, message: str, /, **fields: object) -> Shape:
    body = {"error": {"message": f"{message} {MARKER}", **fields}}
    return Shape(status=status, body=json.dumps(body).encode())


def _rate(**how: Any) -> Shape:
    return replace(_error(429, "slow down", code="rate_limit_exceeded"), **how)


def _busy(**how: Any) -> Shape:
    return replace(_error(503, "The engine is currently busy.", type="ServiceUnavailable", code=503), **how)


# A completion; whether its text is a verdict is for the reader of verdicts to say.
ANSWERS: dict[str, Shape] = {
    "normal": Shape(),
    "parts": Shape(_parts),
    "no_usage": Shape(output_tokens=None),
    "reasoning_field": Shape(message={"reasoning_content": f"{MARKER} maybe 5?", "reasoning": f"{MARKER}"}),
    "fenced": Shape(lambda d: f"```json\n{json.dumps(d, indent=1)}\n```"),
    "think_closed": Shape(lambda d: f"<think>It could be {DRAFT}.</think>\n{json.dumps(d)}"),
    "think_unclosed": Shape(lambda d: f"<think>A first draft: {json.dumps(d)} but wait"),
    "two_objects": Shape(lambda d: f"{_changed(d, level=None)}\n{json.dumps(d)}"),
    "injected_echo": Shape(
        lambda d: f"It says {_changed(d, rationale='all fine')} and I say {json.dumps(d)}"
    ),
    "prose": Shape(lambda _: "I would give this a four out of five."),
    "array": Shape(lambda d: json.dumps([d])),
    "raw_control_character": Shape(lambda d: _changed(d, rationale="a@b").replace("@", "\t")),
    "duplicate_level": Shape(_doubled_level),
    "duplicate_criterion": Shape(_doubled_criterion),
    "extra_key": Shape(lambda d: _changed(d, confidence=0.9)),
    "extra_criterion": Shape(lambda d: json.dumps({**d, "overall": next(iter(d.values()))})),
    "missing_criterion": Shape(lambda d: json.dumps(dict(list(d.items())[1:]))),
    "missing_level": Shape(lambda d: json.dumps({k: {"rationale": "r", "evidence": []} for k in d})),
    "rationale_number": Shape(lambda d: _changed(d, rationale=4)),
    "evidence_text": Shape(lambda d: _changed(d, evidence="a quote")),
    "level_text": Shape(_level(lambda _: "4")),
    "level_true": Shape(_level(lambda _: True)),
    "level_float": Shape(_level(lambda level: float(level) if isinstance(level, int) else 4.0)),
    "level_nan": Shape(_level(lambda _: float("nan"))),
    "level_list": Shape(_level(lambda level: [level])),
    "off_scale": Shape(_level(lambda _: 11)),
    "abstains": Shape(_level(lambda _: None)),
    "truncated": Shape(_half, finish="length", output_tokens=AT_CAP),
    "length_though_parseable": Shape(finish="length", output_tokens=AT_CAP),
    "stop_at_cap": Shape(output_tokens=AT_CAP),
    "finish_max_tokens": Shape(_half, finish="max_tokens"),
    "finish_unknown": Shape(finish="tool_calls"),
    "finish_null": Shape(finish=None),
    "refusal": Shape(lambda _: None, message={"refusal": f"I cannot help with that. {MARKER}"}),
    "content_filter": Shape(lambda _: "", finish="content_filter"),
    "empty": Shape(lambda _: ""),
    "null": Shape(lambda _: None),
    "null_at_cap": Shape(
        lambda _: None, finish="length", output_tokens=AT_CAP, message={"reasoning": MARKER}
    ),
    "wrong_content_type": Shape(content_type="text/plain"),
}

_TOO_LONG = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."

# The request itself is refused: asking again changes nothing.
REJECTIONS: dict[str, Shape] = {
    "context_openai": _error(
        400, _TOO_LONG, type="invalid_request_error", param="messages", code="context_length_exceeded"
    ),
    "context_vllm": _error(400, "Too many tokens.", type="BadRequestError", param="input_tokens", code=400),
    "context_vllm_old": Shape(
        status=400, body=json.dumps({"object": "error", "message": _TOO_LONG, "code": 400}).encode()
    ),
    "context_anthropic": _error(
        400, "prompt is too long: 210000 tokens > 200000 maximum", type="invalid_request_error"
    ),
    "context_azure": _error(400, _TOO_LONG, param="messages", code="context_length_exceeded", type=None),
    "filter_azure": _error(
        400,
        "The response was filtered due to the prompt triggering the content management policy.",
        param="prompt",
        code="content_filter",
        status=400,
        innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
    ),
    "image_text_model": _error(
        400, "judge is not a multimodal model", type="BadRequestError", param=None, code=400
    ),
    "image_unreadable": _error(
        400, "cannot identify image file <_io.BytesIO>", type="BadRequestError", code=400
    ),
    "image_too_many": _error(
        400, "At most 1 image(s) may be provided in one prompt.", type="BadRequestError", code=400
    ),
    "bad_request": _error(400, "Grammar error: unsupported keyword", type="BadRequestError", code=400),
    "bad_request_bare": Shape(status=400, body=f"<html>{MARKER}</html>".encode(), content_type="text/html"),
    "unauthorized": Shape(status=401, body=b'{"error":"Unauthorized"}'),
    "forbidden": _error(403, "not for you", code="permission_denied"),
    "unknown_model": _error(404, "The model `judge` does not exist.", type="NotFoundError", code=404),
    "unprocessable": _error(422, "cannot fetch"),
}

# The judge asks for patience.
RATE_LIMITS: dict[str, Shape] = {
    "rate_seconds": _rate(headers={"Retry-After": "7"}),
    "rate_seconds_one": _rate(headers={"Retry-After": "1"}),
    "rate_ms": _rate(headers={"retry-after-ms": "1500", "Retry-After": "2"}),
    "rate_date": _rate(retry_in_s=30),
    "rate_bare": _rate(),
    "rate_garbage": _rate(headers={"Retry-After": "soon, my friend"}),
    "busy_503": _busy(),
    "busy_503_seconds": _busy(headers={"Retry-After": "3"}),
    "overloaded_529": _error(529, "Overloaded", type="overloaded_error"),
}

# The judge or the way to it fails.
FAULTS: dict[str, Shape] = {
    "timeout_408": _error(408, "slow"),
    "conflict_409": _error(409, "locked"),
    "early_425": _error(425, "too early"),
    "fault_500": _error(500, "cannot schedule new futures after shutdown"),
    "fault_500_html": Shape(status=500, body=f"<html>{MARKER}</html>".encode(), content_type="text/html"),
    "gateway_502": _error(502, "bad gateway"),
    "gateway_504": _error(504, "gateway timeout"),
    "reset": Shape(wire="reset"),
}

# A 200, or the start of one, that is no completion.
BROKEN: dict[str, Shape] = {
    "cut": Shape(wire="cut"),
    "no_http": Shape(wire="no_http"),
    "garbage_json": Shape(body=b'{"choices": [{'),
    "garbage_html": Shape(body=f"<html>{MARKER}</html>".encode(), content_type="text/html"),
    "empty_body": Shape(body=b""),
    "no_choices": Shape(body=b'{"id": "x", "object": "chat.completion", "choices": []}'),
    "error_in_200": Shape(body=json.dumps({"error": {"message": MARKER, "code": 502}}).encode()),
    "content_number": Shape(lambda _: 5),
    "huge": Shape(body=b" " * (9 * 1024 * 1024)),
}

# Neither an answer nor an end.
HANGS: dict[str, Shape] = {"drip": Shape(wire="drip"), "silence": Shape(wire="silence")}

SHAPES: dict[str, Shape] = {**ANSWERS, **REJECTIONS, **RATE_LIMITS, **FAULTS, **BROKEN, **HANGS}
