"""How a document of megabytes is written to be kept: header with schema and digest, then JSON under zstd."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import NoReturn

from judge_service.stores.records import Codec, RecordFault

MAX_DOCUMENT_BYTES = 64 * 2**20
_MAGIC = b"JSA1"
_HEADER = struct.Struct(">4s32sB")  # magic, sha256, length of the schema's name, which follows

_codec = Codec(MAX_DOCUMENT_BYTES)


def pack(document: object, *, schema: str) -> bytes:
    """Write plain JSON data, its keys sorted; any fault is a `RecordFault`.

    The largest take a second: call it in a thread. Another release of zstd may write other bytes for the same
    document, so what `Store.swap` is to expect is what was read.
    """
    name = schema.encode()
    frame = _codec.compress(_written(document))
    return _HEADER.pack(_MAGIC, _digest(name, frame), len(name)) + name + frame


def unpack(blob: bytes, *, schema: str) -> object:
    """Read a document back; any fault is a `RecordFault`."""
    if len(blob) < _HEADER.size:
        raise RecordFault("corrupt")
    magic, digest, length = _HEADER.unpack_from(blob)
    if magic != _MAGIC:
        raise RecordFault("corrupt")
    name, frame = blob[_HEADER.size : _HEADER.size + length], blob[_HEADER.size + length :]
    if _digest(name, frame) != digest:
        raise RecordFault("corrupt")
    if name != schema.encode():
        raise RecordFault("stale_schema")
    return _read(_codec.expand(frame))


def _digest(name: bytes, frame: bytes) -> bytes:
    subject = hashlib.sha256(struct.pack(">4sB", _MAGIC, len(name)) + name)
    subject.update(frame)
    return subject.digest()


def _written(document: object) -> bytes:
    try:
        text = json.dumps(
            document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise RecordFault("unfit") from exc


def _read(plain: bytes) -> object:
    try:
        return json.loads(plain.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise RecordFault("corrupt") from exc


def _no_constant(_: str) -> NoReturn:
    raise ValueError
