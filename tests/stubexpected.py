"""What a door must make of each shape of the stub judge."""

from __future__ import annotations

from typing import Any

from asking import SCHEMA
from stubshapes import AT_CAP, SHAPES, document_of

from judge_service.backends.base import Usage

FINISHES = {
    "truncated": "length",
    "length_though_parseable": "length",
    "stop_at_cap": "length",
    "finish_max_tokens": "length",
    "null_at_cap": "length",
    "finish_unknown": "other",
    "finish_null": "other",
    "refusal": "refusal",
    "content_filter": "content_filter",
}
WAITS = {
    "rate_seconds": 7.0,
    "rate_seconds_one": 1.0,
    "rate_ms": 1.5,
    "rate_date": 30.0,
    "busy_503_seconds": 3.0,
}


def told(name: str) -> str:
    """Tell which text a shape's content amounts to."""
    content: Any = SHAPES[name].content(document_of(SCHEMA))
    return "".join(part["text"] for part in content) if isinstance(content, list) else content or ""


def counted(name: str) -> Usage:
    """Tell the usage that a shape reports."""
    tokens = SHAPES[name].output_tokens
    return Usage() if tokens is None else Usage(321, 512 if tokens == AT_CAP else tokens)


def refused_for(name: str) -> str:
    """Tell the code that a rejection's name stands for."""
    kinds = {"context": "context_too_long", "filter": "content_filter", "image": "bad_image"}
    names = {"unauthorized": "unauthorized", "forbidden": "unauthorized", "unknown_model": "unknown_model"}
    return names.get(name) or kinds.get(name.partition("_")[0], "bad_request")
