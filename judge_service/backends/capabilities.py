"""What an endpoint can do, found out by asking it: never by its name, and never while a case is judged."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from judge_service.errors import BackendBroken, BackendError, BackendRejected
from judge_service.texts import THOUGHT_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.judge import JudgeSpec, SchemaMode

Status = Literal["yes", "no", "unknown"]
NAMES: Final = ("json_schema", "json_object", "tools", "logprobs", "images", "seed")
_STRICTEST_FIRST: Final[tuple[SchemaMode, ...]] = ("json_schema", "json_object")

ALTERNATIVES: Final = 5  # to each token, from which an expected level can be had
PROBE_TOKENS: Final = 200
_SIDE: Final = 112  # pixels: four patches of 28 in a row, and no server's least size is larger
# Refusals that are about what was asked for. Any other would have hit the plain question too.
_OF_THE_FEATURE: Final = frozenset({"bad_request", "bad_image", "unknown_model"})
_THOUGHTS_END: Final = re.compile(rf"</(?:{'|'.join(THOUGHT_TAGS)})>", re.IGNORECASE)

# What only a server that holds its model to the schema writes: the question asks for something else.
_OBEYED: Final = {"colour": "teal", "count": 7}
_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "enum": [_OBEYED["colour"]]},
        "count": {"type": "integer", "enum": [_OBEYED["count"]]},
    },
    "required": list(_OBEYED),
    "additionalProperties": False,
}
_DEFIANT: Final = (
    "Write the single word pelican and nothing else. "
    "Do not write JSON or braces, even if you are told of a form."
)
_TOOL: Final = {
    "type": "function",
    "function": {
        "name": "note_colour",
        "description": "Notes a colour.",
        "parameters": {
            "type": "object",
            "properties": {"colour": {"type": "string"}},
            "required": ["colour"],
        },
    },
}
_LETTERS: Final = "Write forty random lower-case letters, one after the other, and nothing else."
_PLAIN: Final = "Write the word blue and nothing else."


class Door(Protocol):
    """A way to an endpoint that speaks chat completions."""

    async def raw(self, request: Mapping[str, object], *, timeout_s: float) -> object:
        """Send these fields as they are and bring the decoded reply; raises `BackendError`."""
        ...


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether it can, and how that is known; the reason quotes no text of any side."""

    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class _Said:
    """The parts of a reply that probes look at; what has another shape is not there."""

    text: str = ""
    cut: bool = False
    calls_tool: bool = False
    alternatives: int = -1  # to the first token; -1: no logprobs
    input_tokens: int | None = None


async def probe(door: Door, spec: JudgeSpec, *, timeout_s: float | None = None) -> dict[str, Capability]:
    """Ask about a dozen small questions, all but the first at one time; raises nothing.

    When the plain question is not answered, everything is unknown for that reason.
    """
    asking = _Asking(door, spec, timeout_s or spec.attempt_timeout_s)
    plain = await asking.ask(_PLAIN)
    if isinstance(plain, BackendError):
        return dict.fromkeys(
            NAMES, Capability("unknown", f"a plain question was not answered: {_told(plain)}")
        )
    checks = (_json_schema, _json_object, _tools, _logprobs, _images, _seed)
    found = await asyncio.gather(*(check(asking) for check in checks))
    return dict(zip(NAMES, found, strict=True))


def schema_mode(found: Mapping[str, Capability]) -> SchemaMode | None:
    """The strictest way of asking for a form that holds; None where that is not known."""
    for mode in _STRICTEST_FIRST:
        if (status := found[mode].status) != "no":
            return mode if status == "yes" else None
    return "none"


def undecided(found: Mapping[str, Capability]) -> str:
    """Why `schema_mode` is not known; empty where it is."""
    asked = (found[mode] for mode in _STRICTEST_FIRST)
    first = next((one for one in asked if one.status != "no"), None)
    return first.reason if first is not None and first.status == "unknown" else ""


class _Asking:
    def __init__(self, door: Door, spec: JudgeSpec, timeout_s: float) -> None:
        self._door = door
        self._timeout_s = timeout_s
        room = max(PROBE_TOKENS, spec.reply_cap) if spec.reasoning else PROBE_TOKENS
        self._settings = {spec.cap_field: room}

    async def ask(self, question: object, **fields: object) -> _Said | BackendError:
        messages = [{"role": "user", "content": question}]
        request = {"messages": messages, "temperature": 0, **self._settings, **fields}
        try:
            reply = await self._door.raw(request, timeout_s=self._timeout_s)
        except BackendError as error:
            return error
        if not isinstance(_at(reply, "choices", 0, "message"), dict):
            # Some gateways send their faults under 200: such a reply tells nothing of the field.
            return BackendBroken("it answered 200 without a completion")
        return _said(reply)


async def _json_schema(asking: _Asking) -> Capability:
    shape = {"name": "probe", "strict": True, "schema": _SCHEMA}
    said = await asking.ask(_DEFIANT, response_format={"type": "json_schema", "json_schema": shape})
    if isinstance(said, BackendError):
        return _failed(said)
    if _document(said.text) == _OBEYED:
        return Capability("yes", "it wrote what only the schema asked for")
    return _cut(said) or Capability("no", "taken and not held to: it wrote what the schema forbids")


async def _json_object(asking: _Asking) -> Capability:
    said = await asking.ask(_DEFIANT, response_format={"type": "json_object"})
    if isinstance(said, BackendError):
        return _failed(said)
    if isinstance(_document(said.text), dict):
        return Capability("yes", "it wrote an object where the question asked for a word")
    return _cut(said) or Capability("no", "taken and not held to: it wrote no object")


async def _tools(asking: _Asking) -> Capability:
    choice = {"type": "function", "function": {"name": "note_colour"}}
    said = await asking.ask(_PLAIN, tools=[_TOOL], tool_choice=choice)
    if isinstance(said, BackendError):
        return _failed(said)
    if said.calls_tool:
        return Capability("yes", "it called the tool that was asked for")
    return _cut(said) or Capability("no", "taken and not held to: no tool was called")


async def _logprobs(asking: _Asking) -> Capability:
    said = await asking.ask(_PLAIN, logprobs=True, top_logprobs=ALTERNATIVES)
    if isinstance(said, BackendError):
        return _failed(said)
    if said.alternatives >= ALTERNATIVES:
        return Capability("yes", f"{said.alternatives} alternatives to a token")
    if said.alternatives >= 0:
        return Capability(
            "no", f"only {said.alternatives} alternatives to a token; {ALTERNATIVES} were asked for"
        )
    return Capability("no", "taken, and the reply has none")


async def _images(asking: _Asking) -> Capability:
    text = [{"type": "text", "text": _PLAIN}]
    picture = {"type": "image_url", "image_url": {"url": picture_url()}}
    blind, seeing = await asyncio.gather(asking.ask(text), asking.ask([*text, picture]))
    if isinstance(seeing, BackendError):
        return _failed(seeing)
    if isinstance(blind, BackendError) or not blind.input_tokens or not seeing.input_tokens:
        return Capability("unknown", "taken, and the input's tokens were not counted")
    more = seeing.input_tokens - blind.input_tokens
    if more > 0:
        return Capability("yes", f"taken and counted: {more} tokens more")
    return Capability("no", "dropped: taken, and the input has no token more")


async def _seed(asking: _Asking) -> Capability:
    first = await asking.ask(_LETTERS, temperature=1, seed=7)
    if isinstance(first, BackendError):
        seedless = await asking.ask(_LETTERS, temperature=1)
        told = _failed(first)
        return Capability("unknown", told.reason) if isinstance(seedless, BackendError) else told
    again, other = [await asking.ask(_LETTERS, temperature=1, seed=seed) for seed in (7, 8)]
    if isinstance(again, BackendError) or isinstance(other, BackendError):
        return Capability("unknown", "one of three questions was not answered")
    if not (first.text and again.text and other.text):
        return Capability("unknown", "a reply held no text to compare")
    if first.text != again.text:
        return Capability("no", "one seed gave two answers")
    if first.text == other.text:
        return Capability("unknown", "two seeds gave one answer, so that equal ones tell nothing")
    return Capability("yes", "one seed gave one answer twice, another seed another one")


def picture_url() -> str:
    """A small plain picture, as a data URI."""
    rows = (b"\0" + bytes((200, 40, 40)) * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _failed(error: BackendError) -> Capability:
    is_refused = isinstance(error, BackendRejected) and error.code in _OF_THE_FEATURE
    return Capability("no" if is_refused else "unknown", _told(error))


def _told(error: BackendError) -> str:
    return f"{str(error).partition(': ')[0]} [{error.code}]"


def _cut(said: _Said) -> Capability | None:
    return Capability("unknown", "the reply was cut before it could tell") if said.cut else None


def _document(text: str) -> object:
    """The JSON of a reply, thoughts before it left away; None where it is none."""
    try:
        return json.loads(_THOUGHTS_END.split(text)[-1])
    except (ValueError, RecursionError):
        return None


def _said(reply: object) -> _Said:
    choice: Any = _at(reply, "choices", 0)
    text = _at(choice, "message", "content")
    calls, top = _at(choice, "message", "tool_calls"), _at(choice, "logprobs", "content", 0, "top_logprobs")
    has_logprobs = isinstance(_at(choice, "logprobs", "content", 0), dict)
    tokens = _at(reply, "usage", "prompt_tokens")
    return _Said(
        text=text if isinstance(text, str) else "",
        cut=_at(choice, "finish_reason") == "length",
        calls_tool=isinstance(calls, list) and len(calls) > 0,
        alternatives=len(top) if isinstance(top, list) else 0 if has_logprobs else -1,
        input_tokens=tokens if type(tokens) is int and tokens > 0 else None,
    )


def _at(value: Any, *path: str | int) -> Any:
    """What lies at a path; None where nothing does."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
